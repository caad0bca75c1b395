//! One level of the pyramid: warps, median filters and iterations until the flow converges.

use rayon::prelude::*;

use super::median::Median;
use super::rows::{DataRow, Pair, Row};
use super::sweep::{BLOCK, Sweep};
use super::texture::Texture;
use crate::flow::Plane;
use crate::flow::tvl1::Tvl1Parameters;

/// Minimum height of a band; with smaller ones the shared rows would cost more than another core saves.
const BAND_MIN: usize = 3 * BLOCK;

/// The working memory of one level, reused from pair to pair.
#[derive(Debug)]
pub struct Level {
    /// The two pictures.
    pub pictures: [Plane; 2],
    /// u and v as passed from level to level.
    pub flow: [Plane; 2],
    texture: Texture,
    data: Vec<DataRow>,
    median: Median,
    /// The unknowns, and the buffer that the next block of iterations writes to.
    pairs: Vec<Pair>,
    next: Vec<Pair>,
    /// One for each band.
    sweeps: Vec<Sweep>,
    /// The sums of squared changes of each iteration since the last warp.
    errors: Vec<f64>,
    parameters: Tvl1Parameters,
}

impl Level {
    /// Allocates the level for pictures of this size, with at most `bands` bands that are processed in parallel.
    pub fn new((width, height): (usize, usize), parameters: Tvl1Parameters, bands: usize) -> Self {
        let bands = bands.min(height / BAND_MIN).max(1);
        let planes = || [Plane::zeros(width, height), Plane::zeros(width, height)];
        let pairs = vec![[Row::zeros(width), Row::zeros(width)]; height];
        Self {
            pictures: planes(),
            flow: planes(),
            texture: Texture::new(width, height, bands),
            data: vec![DataRow::zeros(width); height],
            median: Median::new(width, height, bands),
            next: pairs.clone(),
            pairs,
            sweeps: (0..bands).map(|_| Sweep::new(width, &parameters)).collect(),
            errors: Vec::new(),
            parameters,
        }
    }

    /// Improves `self.flow`; calls `warped` after each warp with the fraction of warps that is done.
    pub fn solve(&mut self, warped: &mut dyn FnMut(f64)) {
        self.load();
        self.texture.fill(&self.pictures[1]);
        for warp in 1..=self.parameters.warps {
            self.texture.warp(&self.pictures[0], &self.pairs, &mut self.data);
            self.errors.clear();
            for _ in 0..self.parameters.outer_iterations {
                self.median.filter(&mut self.pairs, self.parameters.median);
                if self.iterate() {
                    break;
                }
            }
            warped(warp as f64 / self.parameters.warps as f64);
        }
        self.unload();
    }

    /// Copies the flow from the coarser level into the rows. Dual variables start from zero at every level.
    fn load(&mut self) {
        let width = self.flow[0].width;
        for (y, pair) in self.pairs.iter_mut().enumerate() {
            for (row, flow) in pair.iter_mut().zip(&self.flow) {
                row.u[..width].copy_from_slice(flow.row(y));
                row.px.fill(0.0);
                row.py.fill(0.0);
            }
        }
    }

    fn unload(&mut self) {
        let width = self.flow[0].width;
        for (y, pair) in self.pairs.iter().enumerate() {
            for (row, flow) in pair.iter().zip(&mut self.flow) {
                flow.row_mut(y).copy_from_slice(&row.u[..width]);
            }
        }
    }

    /// Runs the iterations between two median filters; returns whether the flow has converged.
    fn iterate(&mut self) -> bool {
        let stop_below = self.parameters.stop_below(self.pictures[0].values.len());
        let mut left = self.parameters.inner_iterations;
        while left > 0 {
            let block = self.block(left, stop_below);
            let errors = self.sweep(block);
            if let Some(last) = errors[..block].iter().position(|&error| error <= stop_below) {
                if last + 1 < block {
                    // The block went past convergence: repeat it with just the iterations needed to converge.
                    self.sweep(last + 1);
                }
                std::mem::swap(&mut self.pairs, &mut self.next);
                return true;
            }
            std::mem::swap(&mut self.pairs, &mut self.next);
            self.errors.extend_from_slice(&errors[..block]);
            left -= block;
        }
        false
    }

    /// Returns how many iterations to run as one block: the number until convergence, extrapolated from the recent
    /// decline of the changes.
    fn block(&self, left: usize, stop_below: f64) -> usize {
        const LATELY: usize = 4;
        let expected = match *self.errors {
            [.., earlier, _, _, _, latest] if stop_below > 0.0 => {
                let decline = (earlier / latest).ln() / LATELY as f64;
                ((latest / stop_below).ln() / decline) as usize
            }
            _ => BLOCK,
        };
        expected.clamp(1, BLOCK.min(left))
    }

    /// Runs `iterations` iterations from `pairs` to `next`; returns the sum of squared changes of each.
    fn sweep(&mut self, iterations: usize) -> [f64; BLOCK] {
        let (pairs, data) = (&self.pairs, &self.data);
        let rows = pairs.len().div_ceil(self.sweeps.len());
        let bands = self.next.par_chunks_mut(rows).zip(&mut self.sweeps).enumerate();
        let errors = bands.map(|(index, (after, sweep))| {
            let band = index * rows..index * rows + after.len();
            sweep.run(pairs, data, band, iterations, after)
        });
        errors.reduce(|| [0.0; BLOCK], |a, b| std::array::from_fn(|i| a[i] + b[i]))
    }
}
