//! Correlation, channel norm, warping and upsampling, all differentiable and on any device.

use burn::tensor::ops::PadMode;
use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};

use crate::named::named;
use crate::nets::Separable;

/// Largest displacement of the correlation, in pixels of its maps.
pub(in crate::nets) const RADIUS: usize = 20;
/// Distance between displacements.
pub(in crate::nets) const SHIFT_STEP: usize = 2;
/// Number of displacements along an axis.
pub(in crate::nets) const SHIFTS: usize = 2 * RADIUS / SHIFT_STEP + 1;
/// Number of correlation maps: one per displacement.
pub const CORRELATIONS: usize = SHIFTS * SHIFTS;
/// Keeps the gradient of a norm finite where it is 0.
const LEAST_NORM: f32 = 1e-9;

named! {
    /// Border handling of a warp.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum WarpBorder {
        /// Zeros, as in the Caffe release.
        #[default]
        Zero = "zero",
        /// The nearest edge pixel, as in NVIDIA's port.
        Clamp = "clamp",
    }
}

named! {
    /// Interpolation that upsamples flow from quarter to full resolution.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum Enlargement {
        /// Bilinear with aligned corners: the Caffe release, and NVIDIA's port as published.
        #[default]
        AlignCorners = "align-corners",
        /// Bilinear with half-pixel centres: NVIDIA's port in later versions of PyTorch.
        HalfPixel = "half-pixel",
        /// The nearest pixel.
        Nearest = "nearest",
    }
}

/// Returns the mean product over the channels of `a` and of `b` displaced by up to ±20 pixels in steps of 2:
/// [n, c, h, w] twice → [n, 441, h, w]. The horizontal displacement varies fastest; `b` is 0 outside.
///
/// For each row, a matrix product computes all pairs of columns; the diagonals that correspond to a displacement are
/// cut out of it.
pub fn correlation(a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
    let [n, channels, height, width] = a.dims();
    let padded = width + 2 * RADIUS;
    let rows = a.permute([0, 2, 3, 1]); // [n, h, w, c]
    let others = b.pad([(RADIUS, RADIUS), (RADIUS, RADIUS)], PadMode::Constant(0.0)).permute([0, 2, 1, 3]); // [n, h + 40, c, w + 40]
    let beyond = Tensor::zeros([n, height, width], &rows.device());
    let at_vertical_shift = |shift: usize| {
        let products = rows.clone().matmul(others.clone().narrow(1, shift * SHIFT_STEP, height)); // [n, h, w, w + 40]
        // Reshaped to rows one element longer, row x starts at column x, so diagonals become columns.
        let flat = Tensor::cat(vec![products.reshape([n, height, width * padded]), beyond.clone()], 2);
        let skewed = flat.reshape([n, height, width, padded + 1]);
        let shifts = skewed.narrow(3, 0, SHIFTS * SHIFT_STEP).reshape([n * height, width, SHIFTS, SHIFT_STEP]);
        shifts.narrow(3, 0, 1).reshape([n, height, width, SHIFTS])
    };
    let all = Tensor::cat((0..SHIFTS).map(at_vertical_shift).collect(), 3);
    all.permute([0, 3, 1, 2]).mul_scalar(1.0 / channels as f32)
}

/// Returns the norm over the channels at each pixel: [n, c, h, w] → [n, 1, h, w]. Its gradient is 0 where the norm is
/// 0.
pub fn channel_norm(x: Tensor<4>) -> Tensor<4> {
    let constant = x.clone().detach();
    let norm = constant.clone().powi_scalar(2).sum_dim(1).sqrt();
    let direction = constant / (norm + LEAST_NORM);
    (x * direction).sum_dim(1)
}

/// Samples `image` [n, c, h, w] bilinearly at (x + u, y + v); `flow` [n, 2, h, w] is in pixels. Differentiable in both.
/// Taps beyond the edge repeat it; with [`WarpBorder::Zero`], samples outside 0 ≤ x < w, 0 ≤ y < h are 0.
pub fn warp(image: Tensor<4>, flow: Tensor<4>, border: WarpBorder) -> Tensor<4> {
    let [n, channels, height, width] = image.dims();
    let device = image.device();
    let ramp = |side: usize| Tensor::<1, Int>::arange(0..side as i64, &device).float();
    let x = flow.clone().narrow(1, 0, 1) + ramp(width).reshape([1, 1, 1, width]); // [n, 1, h, w]
    let y = flow.narrow(1, 1, 1) + ramp(height).reshape([1, 1, height, 1]);
    let [left, top] = [&x, &y].map(|position| position.clone().detach().floor());
    let [fx, fy] = [x.clone() - left.clone(), y.clone() - top.clone()];

    let pixels = image.reshape([n, channels, height * width]);
    let tap = |right: f32, down: f32| {
        let column = (left.clone() + right).clamp(0.0, (width - 1) as f32);
        let row = (top.clone() + down).clamp(0.0, (height - 1) as f32);
        let index = (row * width as f32 + column).int().reshape([n, 1, height * width]);
        pixels.clone().gather(2, index.expand([n, channels, height * width])).reshape([n, channels, height, width])
    };
    let between = |near: Tensor<4>, far: Tensor<4>, share: &Tensor<4>| near.clone() + (far - near) * share.clone();
    let upper = between(tap(0.0, 0.0), tap(1.0, 0.0), &fx);
    let lower = between(tap(0.0, 1.0), tap(1.0, 1.0), &fx);
    let sampled = between(upper, lower, &fy);
    match border {
        WarpBorder::Clamp => sampled,
        WarpBorder::Zero => sampled * (within(x, width) * within(y, height)),
    }
}

/// 1 where 0 ≤ position < side, else 0.
fn within(position: Tensor<4>, side: usize) -> Tensor<4> {
    let position = position.detach();
    position.clone().greater_equal_scalar(0.0).bool_and(position.lower_scalar(side as f32)).float()
}

/// Returns `maps` upsampled by `factor`.
pub fn enlarged(maps: Tensor<4>, factor: usize, enlargement: Enlargement) -> Tensor<4> {
    let [_, _, height, width] = maps.dims();
    let (from, to, device) = ([height, width], [height * factor, width * factor], maps.device());
    let resize = match enlargement {
        Enlargement::AlignCorners => Separable::align_corners(from, to, &device),
        Enlargement::HalfPixel => Separable::bilinear(from, to, &device),
        Enlargement::Nearest => Separable::nearest(from, to, &device),
    };
    resize.apply(maps)
}

/// Converts flow [n, 2·pairs, h, w] (u and v alternating) of an image that was stretched from `to` to `from` to that of
/// the original image: the map is resized to `cells`, and the components are scaled accordingly. All sizes are
/// [height, width].
pub fn stretched_back(flow: Tensor<4>, from: [usize; 2], to: [usize; 2], cells: [usize; 2]) -> Tensor<4> {
    let [n, channels, height, width] = flow.dims();
    let device = flow.device();
    let flow = Separable::bilinear([height, width], cells, &device).apply(flow);
    let [down, across] = [0, 1].map(|axis| to[axis] as f32 / from[axis] as f32);
    let factors = Tensor::<1>::from_floats([across, down], &device).reshape([1, 1, 2, 1]);
    let pairs = flow.reshape([n, channels / 2, 2, cells[0] * cells[1]]) * factors;
    pairs.reshape([n, channels, cells[0], cells[1]])
}
