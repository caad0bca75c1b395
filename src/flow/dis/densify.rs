//! Densification (section 2.2 of the paper, equation 3): the flow of a pixel is the mean of the motions of the patches
//! that cover it, weighted by how well each explains the pixel.

use std::ops::Range;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::level::{Bordered, Level, across};
use super::parameters::PATCH;
use super::search::Patches;
use crate::flow::Plane;
use crate::flow::simd::{Lanes, with_lanes};

/// Rows of pixels per parallel task.
const BAND: usize = 24;

/// Fills the level's flow from the motions of its patches.
///
/// Pixels at the right and lower edge that no patch covers use the last patch of their row or column.
pub fn densify(level: &mut Level, patches: &Patches) {
    let (width, height) = level.first.size();
    let Level { first, second, flow: [u, v], .. } = level;
    let bands = u.values.par_chunks_mut(BAND * width).zip(v.values.par_chunks_mut(BAND * width)).enumerate();
    bands.for_each_init(
        || std::array::from_fn(|_| vec![0.0; BAND * width]),
        |sums: &mut [Vec<f32>; 3], (index, (u, v))| {
            let rows = index * BAND..(index * BAND + BAND).min(height);
            with_lanes(Band { first, second, patches, rows, sums, flow: [u, v] });
        },
    );
}

/// Rows of pixels and the sums over their patches.
struct Band<'a> {
    first: &'a Plane,
    second: &'a Bordered,
    patches: &'a Patches,
    rows: Range<usize>,
    /// Weighted u, weighted v, weights.
    sums: &'a mut [Vec<f32>; 3],
    /// The rows of u and v to be filled.
    flow: [&'a mut [f32]; 2],
}

/// Pixels of a patch: some rows, and [`PATCH`] columns from `left` on.
struct Block {
    rows: Range<usize>,
    left: usize,
    motion: [f32; 2],
}

impl WithSimd for Band<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if S::F32_LANES == PATCH { self.run::<S, 1>(simd) } else { self.run::<S, 2>(simd) }
    }
}

impl Band<'_> {
    #[inline(always)]
    fn run<S: Simd, const N: usize>(mut self, simd: S) {
        for sum in self.sums.iter_mut() {
            sum.fill(0.0);
        }
        let Patches { stride, columns, rows, ref motions } = *self.patches;
        let (width, height) = self.first.size();
        for row in 0..rows {
            let top = row * stride;
            let bottom = if row + 1 == rows { height } else { top + PATCH };
            let lines = top.max(self.rows.start)..bottom.min(self.rows.end);
            for (column, &motion) in motions[row * columns..][..columns].iter().enumerate() {
                let left = column * stride;
                self.add::<S, N>(simd, Block { rows: lines.clone(), left, motion }, [1.0; PATCH]);
            }
            let covered = (columns - 1) * stride + PATCH;
            if covered < width {
                let left = width - PATCH;
                let free = std::array::from_fn(|k| if left + k < covered { 0.0 } else { 1.0 });
                let motion = motions[row * columns + columns - 1];
                self.add::<S, N>(simd, Block { rows: lines, left, motion }, free);
            }
        }
        self.means();
    }

    /// Adds what a patch says about a block, its columns weighted by `share`.
    #[inline(always)]
    fn add<S: Simd, const N: usize>(&mut self, simd: S, block: Block, share: [f32; PATCH]) {
        let Block { rows, left, motion } = block;
        let place = self.second.place(left as f32 + motion[0], rows.start as f32 + motion[1]);
        let [right, down] = place.offset.map(|offset| Lanes::<S, N>::splat(simd, offset));
        let [u, v] = motion.map(|component| Lanes::<S, N>::splat(simd, component));
        let (one, share) = (Lanes::splat(simd, 1.0), Lanes::load(simd, &share));
        let moved = &self.second.values[place.index..];
        let mut above = across(simd, moved, right);
        for (index, y) in rows.enumerate() {
            let below = across(simd, &moved[(index + 1) * self.second.pitch..], right);
            let pixels = Lanes::load(simd, &self.first.row(y)[left..]);
            let difference = above + down * (below - above) - pixels;
            let weight = share / difference.abs().max(one);
            let start = (y - self.rows.start) * self.first.width + left;
            for (sum, value) in self.sums.iter_mut().zip([weight * u, weight * v, weight]) {
                let sum = &mut sum[start..][..PATCH];
                (Lanes::load(simd, sum) + value).store(sum);
            }
            above = below;
        }
    }

    #[inline(always)]
    fn means(self) {
        let [u, v] = self.flow;
        let length = u.len();
        let [sum_u, sum_v, sum] = self.sums.each_ref().map(|sum| &sum[..length]);
        let v = &mut v[..length];
        for x in 0..length {
            u[x] = sum_u[x] / sum[x];
            v[x] = sum_v[x] / sum[x];
        }
    }
}
