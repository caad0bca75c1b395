//! The images that the unsupervised loss compares: local response normalisation at full resolution, then a
//! tent-filtered copy for every level of the flow pyramid (spec: released Caffe layers). They receive no gradient.

use burn::tensor::Tensor;

use super::kernels::{self, SparseMatrix, applies};
use crate::nets::separable::{Separable, tent_matrix};

/// Applies local response normalisation over the three channels of each frame: y = x·(1 + (1/9)·Σ_c x_c²)^−0.7;
/// [n, 3·frames, h, w] → the same shape.
pub fn local_response_normalisation(frames: Tensor<4>) -> Tensor<4> {
    if applies(&frames) { kernels::normalised(frames) } else { composed_normalisation(frames) }
}

/// Like [`local_response_normalisation`], by Burn's operations.
pub(super) fn composed_normalisation(frames: Tensor<4>) -> Tensor<4> {
    let [n, c, h, w] = frames.dims();
    let frames = frames.reshape([n * c / 3, 3, h, w]);
    let energy = frames.clone().powi_scalar(2).sum_dim(1) / 9.0; // [n·frames, 1, h, w]
    (frames * (energy + 1.0).powf_scalar(-0.7)).reshape([n, c, h, w])
}

/// Returns the loss images at the sizes `levels` ([height, width] each), given normalised full-resolution frames.
pub fn loss_images(normalised: &Tensor<4>, levels: &[[usize; 2]]) -> Vec<Tensor<4>> {
    let [_, _, h, w] = normalised.dims();
    if !applies(normalised) {
        return composed_images(normalised, levels);
    }
    let tent = |input: usize, output: usize| SparseMatrix::new(&tent_matrix(input, output), input);
    let at = |[height, width]: [usize; 2]| kernels::resized(normalised.clone(), [tent(h, height), tent(w, width)]);
    levels.iter().map(|&level| at(level)).collect()
}

/// Like [`loss_images`], by Burn's operations.
pub(super) fn composed_images(normalised: &Tensor<4>, levels: &[[usize; 2]]) -> Vec<Tensor<4>> {
    let [_, _, h, w] = normalised.dims();
    let device = normalised.device();
    levels.iter().map(|&level| Separable::tent([h, w], level, &device).apply(normalised.clone())).collect()
}
