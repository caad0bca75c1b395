//! Structural similarity over Gaussian-weighted windows (Wang et al. 2004; window geometry of the released Caffe layer).

use burn::tensor::Tensor;

use crate::nets::separable::{Separable, SeparableWindow};

/// Constant that keeps the quotient of dark windows finite.
pub(super) const C1: f32 = 1e-4;
/// Constant that keeps the quotient of flat windows finite.
pub(super) const C2: f32 = 1e-3;

/// 8×8 windows, stride 8, σ = 4/3, centred at index 4.0 (released Caffe training files).
pub const CAFFE_WINDOW: SeparableWindow = SeparableWindow { side: 8, stride: 8, sigma: 4.0 / 3.0, centre: 4.0 };
/// 11×11 windows at every pixel, σ = 1.5 (DeepEthogram).
pub const DENSE_WINDOW: SeparableWindow = SeparableWindow { side: 11, stride: 1, sigma: 1.5, centre: 5.0 };

/// Visible fraction of a window below which it counts as hidden.
pub(super) const LEAST_VISIBLE: f32 = 1e-6;

/// Returns the SSIM of two [n, c, h, w] images per channel and window: [n, c, window rows, window columns]; 1 means
/// equal.
pub fn ssim(a: Tensor<4>, b: Tensor<4>, window: SeparableWindow) -> Tensor<4> {
    let [_, _, h, w] = a.dims();
    let weigh = Separable::gaussian_windows([h, w], window, &a.device());
    of_means(a, b, |maps| weigh.apply(maps))
}

/// Returns the SSIM of the `visible` part ([n, 1, h, w], 0…1) of two images, and the visible fraction of each window:
/// [n, 1, window rows, window columns].
pub fn visible_ssim(a: Tensor<4>, b: Tensor<4>, visible: Tensor<4>, window: SeparableWindow) -> (Tensor<4>, Tensor<4>) {
    let [_, _, h, w] = a.dims();
    let weigh = Separable::gaussian_windows([h, w], window, &a.device());
    let whole = weigh.apply(Tensor::ones([1, 1, h, w], &a.device()));
    let share = weigh.apply(visible.clone()) / whole;
    let is_seen = share.clone().greater_scalar(LEAST_VISIBLE).float();
    let factor = is_seen.clone() / share.clone().clamp_min(LEAST_VISIBLE);
    let ssim = of_means(a, b, |maps| weigh.apply(maps * visible.clone()) * factor.clone());
    (ssim, share * is_seen)
}

/// Returns the SSIM, given the weighted `mean` of maps over each window.
fn of_means(a: Tensor<4>, b: Tensor<4>, mean: impl Fn(Tensor<4>) -> Tensor<4>) -> Tensor<4> {
    let mean_a = mean(a.clone());
    let mean_b = mean(b.clone());
    let variance_a = mean(a.clone().powi_scalar(2)) - mean_a.clone().powi_scalar(2);
    let variance_b = mean(b.clone().powi_scalar(2)) - mean_b.clone().powi_scalar(2);
    let covariance = mean(a * b) - mean_a.clone() * mean_b.clone();
    let numerator = (mean_a.clone() * mean_b.clone() * 2.0 + C1) * (covariance * 2.0 + C2);
    let denominator = (mean_a.powi_scalar(2) + mean_b.powi_scalar(2) + C1) * (variance_a + variance_b + C2);
    numerator / denominator
}
