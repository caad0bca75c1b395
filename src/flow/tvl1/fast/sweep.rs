//! Several iterations in one pass over the rows.
//!
//! Iteration t handles row y as soon as iteration t − 1 is done with row y + 1. So one pass carries out a block of
//! iterations while only as many rows are in motion, which the nearest cache holds, and the picture itself is read
//! and written once per block. Cores take a band of rows each; a band begins with as many rows of its neighbours as
//! the block has iterations, because what it does not know of the rows beyond spreads by one row per iteration.

use std::ops::Range;

use super::rows::{self, DataRow, Pair, Row};
use crate::flow::simd::widest;
use crate::flow::tvl1::Tvl1Parameters;

/// Iterations in a block at most. More would share the cost of reading among them, but make bands overlap further.
pub const BLOCK: usize = 8;

/// The window of rows in progress, and the scratch rows of an iteration.
#[derive(Debug)]
pub struct Sweep {
    /// A ring: row y of the picture is row y modulo `BLOCK + 1` here.
    window: Vec<Pair>,
    shares: Vec<f32>,
    errors: Vec<f32>,
    theta: Vec<f32>,
    zeros: Vec<f32>,
    limit: f32,
    step: f32,
    width: usize,
}

impl Sweep {
    pub fn new(width: usize, parameters: &Tvl1Parameters) -> Self {
        let zeros = vec![0.0; rows::stride(width)];
        let mut theta = zeros.clone();
        theta[..width].fill(parameters.theta);
        Self {
            window: vec![[Row::zeros(width), Row::zeros(width)]; BLOCK + 1],
            shares: zeros.clone(),
            errors: zeros.clone(),
            theta,
            zeros,
            limit: parameters.data_step(),
            step: parameters.dual_step(),
            width,
        }
    }

    /// Carries out `iterations` ≤ [`BLOCK`] iterations on the rows `band` of `before` and puts them into `after`,
    /// which has just these rows. Returns the sum of squared changes within the band for each iteration.
    pub fn run(
        &mut self,
        before: &[Pair],
        data: &[DataRow],
        band: Range<usize>,
        iterations: usize,
        after: &mut [Pair],
    ) -> [f64; BLOCK] {
        widest(
            #[inline(always)]
            || self.pass(before, data, band, iterations, after),
        )
    }

    #[inline(always)]
    fn pass(
        &mut self,
        before: &[Pair],
        data: &[DataRow],
        band: Range<usize>,
        iterations: usize,
        after: &mut [Pair],
    ) -> [f64; BLOCK] {
        let height = before.len();
        let first = band.start.saturating_sub(iterations);
        let last = (band.end + iterations).min(height);
        let mut errors = [0.0; BLOCK];
        for front in first..band.end + iterations {
            if let Some(pair) = before[..last].get(front) {
                let slot = front % self.window.len();
                self.window[slot].iter_mut().zip(pair).for_each(|(row, source)| row.copy(source));
            }
            for (iteration, error) in errors.iter_mut().enumerate().take(iterations) {
                let Some(y) = front.checked_sub(iteration) else { break };
                // The rows that this iteration can know, and of which it can know the one below.
                let top = if first == 0 { 0 } else { first + iteration + 1 };
                let bottom = if last == height { height } else { last - iteration };
                if (top..bottom).contains(&y) {
                    let sum = self.primal(y, &data[y]);
                    if band.contains(&y) {
                        *error += sum;
                    }
                }
                if y > top && (y < bottom || y == height) {
                    self.dual(y - 1, height);
                }
            }
            if let Some(done) = front.checked_sub(iterations).filter(|done| band.contains(done)) {
                let slot = done % self.window.len();
                std::mem::swap(&mut self.window[slot], &mut after[done - band.start]);
            }
        }
        errors
    }

    /// Runs the primal step of row `y`; returns the sum of squared changes.
    #[inline(always)]
    fn primal(&mut self, y: usize, data: &DataRow) -> f64 {
        let ring = self.window.len();
        // The slot before is that of row y − 1, or for the first row any other: its dual counts as zero.
        let slots = [(y + ring - 1) % ring, y % ring];
        let [above, pair] = self.window.get_disjoint_mut(slots).expect("neighbours have different slots");
        rows::shares(data, [&pair[0].u, &pair[1].u], self.limit, &mut self.shares);
        self.errors.fill(0.0);
        for ((row, above), slopes) in pair.iter_mut().zip(above).zip(&data.slopes) {
            let above = if y == 0 { &self.zeros } else { &above.py };
            rows::primal(row, above, slopes, &self.shares, &self.theta, &mut self.errors);
            row.u[self.width] = row.u[self.width - 1];
        }
        rows::sum(&self.errors)
    }

    /// Runs the dual step of row `y` of `height`.
    #[inline(always)]
    fn dual(&mut self, y: usize, height: usize) {
        let ring = self.window.len();
        let slots = [y % ring, (y + 1) % ring];
        let [pair, below] = self.window.get_disjoint_mut(slots).expect("neighbours have different slots");
        for (row, below) in pair.iter_mut().zip(below) {
            if y + 1 == height {
                // The difference across the edge is zero; the slot is free, for there are no more rows.
                below.u.copy_from_slice(&row.u);
            }
            rows::dual(row, &below.u, self.step);
        }
    }
}
