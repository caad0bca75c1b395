//! Inverse search (section 2.1 of the paper): the motion of every patch of the first picture by gradient descent on
//! the squared difference, without its mean, to where it is in the second.
//!
//! The gradient is that of the first picture, so its structure tensor is inverted once per patch (equation 4). As in
//! OpenCV the search passes over the patches twice, from the upper left and back, and each patch first tries the motion
//! of its two neighbours that come before it.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::level::{Level, across};
use super::parameters::{DisParameters, PATCH};
use crate::flow::simd::{Lanes, with_lanes};

/// Number of stripes of patch rows that are searched in parallel, OpenCV's value. Motion does not propagate from stripe
/// to stripe, so the number is fixed: the result must not depend on the number of threads.
const STRIPES: usize = 8;

/// Lower bound of the determinant of a structure tensor, for patches without texture.
const DETERMINANT_MIN: f32 = 1e-3;

/// Pixels of a patch.
const AREA: f32 = (PATCH * PATCH) as f32;

/// The motions of the patches of one level.
#[derive(Debug, Default)]
pub struct Patches {
    /// Pixels from one patch to the next.
    pub stride: usize,
    /// Patches in a row.
    pub columns: usize,
    /// Rows of patches.
    pub rows: usize,
    /// `columns * rows` motions in pixels, row after row.
    pub motions: Vec<[f32; 2]>,
}

/// The inverse structure tensor of a patch and its mean gradient.
#[derive(Debug, Clone, Copy, Default)]
struct Tensor {
    /// H⁻¹: xx, xy, yy.
    inverse: [f32; 3],
    mean: [f32; 2],
}

impl Patches {
    /// Finds the motion of every patch of a level, starting from the level's flow.
    pub fn search(level: &Level, parameters: &DisParameters) -> Self {
        let stride = parameters.stride;
        let (width, height) = level.first.size();
        let [columns, rows] = [width, height].map(|length| 1 + (length - PATCH) / stride);
        let mut motions = vec![[0.0; 2]; columns * rows];
        let mut tensors = vec![Tensor::default(); columns * rows];
        let stripe = rows.div_ceil(STRIPES);
        let stripes = motions.par_chunks_mut(stripe * columns).zip(tensors.par_chunks_mut(stripe * columns));
        stripes.enumerate().for_each(|(index, (motions, tensors))| {
            let stripe = Stripe { level, columns, stride, top: index * stripe };
            with_lanes(Search { stripe, motions, tensors, iterations: parameters.descent_iterations / 2 });
        });
        Self { stride, columns, rows, motions }
    }
}

/// The search state of one stripe.
struct Search<'a> {
    stripe: Stripe<'a>,
    motions: &'a mut [[f32; 2]],
    tensors: &'a mut [Tensor],
    /// Steps per patch and pass.
    iterations: usize,
}

impl WithSimd for Search<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if S::F32_LANES == PATCH { self.run::<S, 1>(simd) } else { self.run::<S, 2>(simd) }
    }
}

impl Search<'_> {
    #[inline(always)]
    fn run<S: Simd, const N: usize>(self, simd: S) {
        let Self { stripe, motions, tensors, iterations } = self;
        stripe.start::<S, N>(simd, motions, tensors);
        stripe.pass::<S, N, true>(simd, motions, tensors, iterations);
        stripe.pass::<S, N, false>(simd, motions, tensors, iterations);
    }
}

/// Consecutive rows of patches that one thread searches.
struct Stripe<'a> {
    level: &'a Level,
    columns: usize,
    stride: usize,
    /// The first row of patches.
    top: usize,
}

impl Stripe<'_> {
    /// Column and row of the first pixel of patch `index` of the stripe.
    #[inline(always)]
    fn corner(&self, index: usize) -> [usize; 2] {
        [index % self.columns * self.stride, (self.top + index / self.columns) * self.stride]
    }

    /// Initialises each patch's motion from the flow at its centre, and computes its structure tensor.
    #[inline(always)]
    fn start<S: Simd, const N: usize>(&self, simd: S, motions: &mut [[f32; 2]], tensors: &mut [Tensor]) {
        for (index, (motion, tensor)) in motions.iter_mut().zip(tensors).enumerate() {
            let [x, y] = self.corner(index);
            let [u, v] = &self.level.flow;
            let centre = [x + PATCH / 2, y + PATCH / 2];
            *motion = [u.at(centre[0], centre[1]), v.at(centre[0], centre[1])];
            *tensor = self.tensor::<S, N>(simd, x, y);
        }
    }

    #[inline(always)]
    fn tensor<S: Simd, const N: usize>(&self, simd: S, x: usize, y: usize) -> Tensor {
        let mut sums = [Lanes::<S, N>::splat(simd, 0.0); 5];
        for row in y..y + PATCH {
            let [slope_x, slope_y] = self.slopes(simd, x, row);
            sums[0] = sums[0] + slope_x * slope_x;
            sums[1] = sums[1] + slope_x * slope_y;
            sums[2] = sums[2] + slope_y * slope_y;
            sums[3] = sums[3] + slope_x;
            sums[4] = sums[4] + slope_y;
        }
        let [xx, xy, yy, sum_x, sum_y] = [sum(sums[0]), sum(sums[1]), sum(sums[2]), sum(sums[3]), sum(sums[4])];
        let determinant = xx * yy - xy * xy;
        let determinant = if determinant.abs() < DETERMINANT_MIN { DETERMINANT_MIN } else { determinant };
        Tensor { inverse: [yy / determinant, -xy / determinant, xx / determinant], mean: [sum_x / AREA, sum_y / AREA] }
    }

    #[inline(always)]
    fn slopes<S: Simd, const N: usize>(&self, simd: S, x: usize, y: usize) -> [Lanes<S, N>; 2] {
        let [along_x, along_y] = &self.level.slopes;
        [Lanes::load(simd, &along_x.row(y)[x..][..PATCH]), Lanes::load(simd, &along_y.row(y)[x..][..PATCH])]
    }

    /// Makes one pass over the patches, forwards or backwards.
    #[inline(always)]
    fn pass<S: Simd, const N: usize, const ONWARDS: bool>(
        &self,
        simd: S,
        motions: &mut [[f32; 2]],
        tensors: &[Tensor],
        iterations: usize,
    ) {
        let count = motions.len();
        for step in 0..count {
            let index = if ONWARDS { step } else { count - 1 - step };
            let [x, y] = self.corner(index);
            let column = index % self.columns;
            let beside =
                if ONWARDS { (column > 0).then(|| index - 1) } else { (column + 1 < self.columns).then(|| index + 1) };
            let beyond = if ONWARDS {
                index.checked_sub(self.columns)
            } else {
                Some(index + self.columns).filter(|&i| i < count)
            };
            let mut best = motions[index];
            let mut least = f32::INFINITY;
            for candidate in [Some(index), beside, beyond].into_iter().flatten() {
                let motion = motions[candidate];
                if candidate != index && motion == best {
                    continue; // no better than itself
                }
                let [sum, squares] = self.distance::<S, N>(simd, x, y, motion);
                let distance = squares - sum * sum / AREA;
                if distance < least {
                    (best, least) = (motion, distance);
                }
            }
            motions[index] = self.descend::<S, N>(simd, [x, y], best, &tensors[index], iterations);
        }
    }

    /// Descends from a motion until the distance no longer shrinks; a motion that runs away further than a patch is
    /// dropped.
    #[inline(always)]
    fn descend<S: Simd, const N: usize>(
        &self,
        simd: S,
        [x, y]: [usize; 2],
        start: [f32; 2],
        tensor: &Tensor,
        iterations: usize,
    ) -> [f32; 2] {
        let [xx, xy, yy] = tensor.inverse;
        let mut motion = start;
        let mut least = f32::INFINITY;
        for _ in 0..iterations {
            let [sum, squares, along_x, along_y] = self.gradient::<S, N>(simd, x, y, motion);
            let distance = squares - sum * sum / AREA;
            let (along_x, along_y) = (along_x - sum * tensor.mean[0], along_y - sum * tensor.mean[1]);
            motion = [motion[0] - (xx * along_x + xy * along_y), motion[1] - (xy * along_x + yy * along_y)];
            if distance >= least {
                break;
            }
            least = distance;
        }
        let way = [motion[0] - start[0], motion[1] - start[1]];
        let within = way[0] * way[0] + way[1] * way[1] <= AREA;
        if within { motion } else { start }
    }

    /// Returns the sum of the differences between the patch and its match under `motion`, and the sum of their squares.
    #[inline(always)]
    fn distance<S: Simd, const N: usize>(&self, simd: S, x: usize, y: usize, motion: [f32; 2]) -> [f32; 2] {
        let mut rows = Differences::<S, N>::new(simd, self.level, [x, y], motion);
        let mut sums = [Lanes::<S, N>::splat(simd, 0.0); 2];
        for row in 0..PATCH {
            let difference = rows.row(simd, row);
            sums[0] = sums[0] + difference;
            sums[1] = sums[1] + difference * difference;
        }
        sums.map(sum)
    }

    /// Returns the sums of [`Self::distance`] and the sums of the differences times the gradient.
    #[inline(always)]
    fn gradient<S: Simd, const N: usize>(&self, simd: S, x: usize, y: usize, motion: [f32; 2]) -> [f32; 4] {
        let mut rows = Differences::<S, N>::new(simd, self.level, [x, y], motion);
        let mut sums = [Lanes::<S, N>::splat(simd, 0.0); 4];
        for row in 0..PATCH {
            let difference = rows.row(simd, row);
            let [slope_x, slope_y] = self.slopes(simd, x, y + row);
            sums[0] = sums[0] + difference;
            sums[1] = sums[1] + difference * difference;
            sums[2] = sums[2] + difference * slope_x;
            sums[3] = sums[3] + difference * slope_y;
        }
        sums.map(sum)
    }
}

/// The rows of the second picture at the moved patch, minus the rows of the patch.
struct Differences<'a, S: Simd, const N: usize> {
    /// The second picture from the place on, and the first one from the patch on.
    moved: &'a [f32],
    patch: &'a [f32],
    /// Samples in a row of each.
    pitches: [usize; 2],
    right: Lanes<S, N>,
    down: Lanes<S, N>,
    /// The row of the second picture above the next one.
    above: Lanes<S, N>,
}

impl<'a, S: Simd, const N: usize> Differences<'a, S, N> {
    #[inline(always)]
    fn new(simd: S, level: &'a Level, [x, y]: [usize; 2], motion: [f32; 2]) -> Self {
        let second = &level.second;
        let place = second.place(x as f32 + motion[0], y as f32 + motion[1]);
        let moved = &second.values[place.index..][..PATCH * second.pitch + PATCH + 1];
        let width = level.first.width;
        let patch = &level.first.values[y * width + x..][..(PATCH - 1) * width + PATCH];
        let [right, down] = place.offset.map(|offset| Lanes::splat(simd, offset));
        Self { moved, patch, pitches: [second.pitch, width], right, down, above: across(simd, moved, right) }
    }

    /// Returns the differences of a row, to be called for each in turn.
    #[inline(always)]
    fn row(&mut self, simd: S, row: usize) -> Lanes<S, N> {
        let below = across(simd, &self.moved[(row + 1) * self.pitches[0]..], self.right);
        let patch = Lanes::load(simd, &self.patch[row * self.pitches[1]..][..PATCH]);
        let difference = self.above + self.down * (below - self.above) - patch;
        self.above = below;
        difference
    }
}

/// Sums lanes, in the same order whatever their number.
#[inline(always)]
fn sum<S: Simd, const N: usize>(lanes: Lanes<S, N>) -> f32 {
    let mut all = [0.0; PATCH];
    lanes.store(&mut all);
    let [a, b, c, d] = [all[0] + all[4], all[1] + all[5], all[2] + all[6], all[3] + all[7]];
    (a + c) + (b + d)
}
