//! The loss of flow predicted for all frames of a clip at once (Tran et al. 2016).

use burn::tensor::Tensor;

use crate::nets::FLOW3D_UNIT_PX;

/// Returns Σ (predicted − flow / 8)² / 2n, `[1]`, over all values of n clips: `predicted` [n, 2, t, h, w] in pixels /
/// 8, `flow` in pixels.
pub fn flow3d_loss(predicted: Tensor<5>, flow: Tensor<5>) -> Tensor<1> {
    let clips = predicted.dims()[0];
    (predicted - flow / FLOW3D_UNIT_PX).square().sum() / (2.0 * clips as f32)
}
