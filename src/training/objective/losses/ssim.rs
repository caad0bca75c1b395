//! Structural similarity over Gaussian-weighted windows (Wang et al. 2004; window geometry of the released Caffe layer).

use burn::tensor::Tensor;

use super::separable::{Separable, SeparableWindow};

/// Keeps the quotient of dark windows finite.
pub(super) const C1: f32 = 1e-4;
/// Keeps the quotient of flat windows finite.
pub(super) const C2: f32 = 1e-3;

/// 8×8 windows, stride 8, σ = 4/3, centred at index 4.0 (released Caffe training files).
pub const CAFFE_WINDOW: SeparableWindow = SeparableWindow { side: 8, stride: 8, sigma: 4.0 / 3.0, centre: 4.0 };
/// 11×11 windows at every pixel, σ = 1.5 (DeepEthogram).
pub const DENSE_WINDOW: SeparableWindow = SeparableWindow { side: 11, stride: 1, sigma: 1.5, centre: 5.0 };

/// SSIM of two [n, c, h, w] images per channel and window: [n, c, windows down, windows across], 1 = equal.
pub fn ssim(a: Tensor<4>, b: Tensor<4>, window: SeparableWindow) -> Tensor<4> {
    let [_, _, h, w] = a.dims();
    let weigh = Separable::gaussian_windows([h, w], window, &a.device());
    let mean_a = weigh.apply(a.clone());
    let mean_b = weigh.apply(b.clone());
    let variance_a = weigh.apply(a.clone().powi_scalar(2)) - mean_a.clone().powi_scalar(2);
    let variance_b = weigh.apply(b.clone().powi_scalar(2)) - mean_b.clone().powi_scalar(2);
    let covariance = weigh.apply(a * b) - mean_a.clone() * mean_b.clone();
    let numerator = (mean_a.clone() * mean_b.clone() * 2.0 + C1) * (covariance * 2.0 + C2);
    let denominator = (mean_a.powi_scalar(2) + mean_b.powi_scalar(2) + C1) * (variance_a + variance_b + C2);
    numerator / denominator
}
