//! One level of the pyramid: warps, median filters and iterations until the flow rests.

use rayon::prelude::*;

use super::median::Median;
use super::rows::{DataRow, Pair, Row};
use super::sweep::{BLOCK, Sweep};
use super::texture::Texture;
use crate::flow::Plane;
use crate::flow::tvl1::Tvl1Parameters;

/// Bands are at least as high; below that the rows they share would cost more than another core brings.
const BAND_MIN: usize = 3 * BLOCK;

/// All that a level needs, to be used for one pair of pictures after the other.
#[derive(Debug)]
pub struct Level {
    /// The two pictures.
    pub pictures: [Plane; 2],
    /// u and v between levels.
    pub flow: [Plane; 2],
    texture: Texture,
    data: Vec<DataRow>,
    median: Median,
    /// The unknowns, and where the next block of iterations puts them.
    pairs: Vec<Pair>,
    next: Vec<Pair>,
    /// One for each band.
    sweeps: Vec<Sweep>,
    /// The sums of squared changes since the last warp.
    errors: Vec<f64>,
    parameters: Tvl1Parameters,
}

impl Level {
    /// For pictures of a size, in `bands` bands at most that are worked on side by side.
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

    /// Improves `self.flow`; `warped` is called after each warp with the share of them that is done.
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

    /// The flow as it came from the coarser level; duals start from zero at every level.
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

    /// Returns the iterations between two median filters; whether the flow has come to rest.
    fn iterate(&mut self) -> bool {
        let stop_below = self.parameters.stop_below(self.pictures[0].values.len());
        let mut left = self.parameters.inner_iterations;
        while left > 0 {
            let block = self.block(left, stop_below);
            let errors = self.sweep(block);
            if let Some(last) = errors[..block].iter().position(|&error| error <= stop_below) {
                if last + 1 < block {
                    // Too far: the same rows again, but no further than to where the flow came to rest.
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

    /// Returns how many iterations to carry out at once: as many as will be needed if the changes decline as they did lately.
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

    /// Carries out `iterations` iterations from `pairs` to `next`; the sum of squared changes of each.
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
