//! The terms of the unsupervised loss at one level of the pyramid.

use burn::tensor::Tensor;

use super::kernels::{LevelShape, applies, level_losses};
use super::penalty::{Charbonnier, EPSILON, border_width};
use super::separable::SeparableWindow;
use super::ssim::ssim;
use super::warp;

/// The means of the terms of a level, `[1]` each.
#[derive(Debug, Clone)]
pub struct LevelTerms {
    /// Charbonnier distance between frame and rebuilt frame inside the border mask.
    pub pixel: Tensor<1>,
    /// Charbonnier penalty of the differences of u.
    pub smooth_u: Tensor<1>,
    /// Charbonnier penalty of the differences of v.
    pub smooth_v: Tensor<1>,
    /// 1 − SSIM over samples, channels and windows.
    pub ssim: Tensor<1>,
}

impl LevelTerms {
    /// Returns the terms of a level on which a unit of raw flow is `px_from_raw` pixels.
    ///
    /// * `images`: [n, 3·(pairs+1), h, w], the loss images of the level, constants
    /// * `raw`: [n, 2·pairs, h, w]
    pub fn new(images: Tensor<4>, raw: Tensor<4>, px_from_raw: f32, window: SeparableWindow) -> Self {
        if !(applies(&images) && applies(&raw)) {
            return Self::composed(images, raw, px_from_raw, window);
        }
        let [_, _, h, w] = raw.dims();
        let losses = level_losses(images, raw, LevelShape::new([h, w], px_from_raw, window));
        let [pixel, smooth_u, smooth_v, ssim] = [0, 1, 2, 3].map(|index| losses.clone().narrow(0, index, 1));
        Self { pixel, smooth_u, smooth_v, ssim }
    }

    /// Returns the same by Burn's operations.
    pub(super) fn composed(images: Tensor<4>, raw: Tensor<4>, px_from_raw: f32, window: SeparableWindow) -> Self {
        let [n, flow_channels, h, w] = raw.dims();
        let pairs = flow_channels / 2;
        let frames = images.clone().narrow(1, 0, 3 * pairs).reshape([n * pairs, 3, h, w]);
        let next = images.narrow(1, 3, 3 * pairs).reshape([n * pairs, 3, h, w]);
        let maps = raw.reshape([n * pairs, 2, h, w]);
        let rebuilt = warp(next, maps.clone() * px_from_raw);
        let pixel = mean_inside(penalty_of(Charbonnier::PIXEL, frames.clone() - rebuilt.clone()));
        let smoothness = |component| smoothness(maps.clone().narrow(1, component, 1), Charbonnier::smooth(px_from_raw));
        let (smooth_u, smooth_v) = (smoothness(0), smoothness(1));
        let ssim = (ssim(frames, rebuilt, window) * -1.0 + 1.0).mean();
        Self { pixel, smooth_u, smooth_v, ssim }
    }
}

fn penalty_of(Charbonnier { alpha, beta }: Charbonnier, x: Tensor<4>) -> Tensor<4> {
    ((x * beta).powi_scalar(2) + EPSILON * EPSILON).powf_scalar(alpha)
}

/// Mean over what the border mask leaves.
fn mean_inside(map: Tensor<4>) -> Tensor<1> {
    let [_, _, h, w] = map.dims();
    let border = border_width(h, w);
    map.narrow(2, border, h - 2 * border).narrow(3, border, w - 2 * border).mean()
}

/// Mean penalty of the forward differences in x and y of [n, 1, h, w] maps; the differences of the last
/// column and row are zero and counted where the mask lets them.
fn smoothness(map: Tensor<4>, penalty: Charbonnier) -> Tensor<1> {
    let difference = |dim: usize| {
        let side = map.dims()[dim];
        let inner = map.clone().narrow(dim, 0, side - 1) - map.clone().narrow(dim, 1, side - 1);
        let last = map.clone().narrow(dim, 0, 1).zeros_like();
        mean_inside(penalty_of(penalty, Tensor::cat(vec![inner, last], dim)))
    };
    (difference(3) + difference(2)) / 2.0
}
