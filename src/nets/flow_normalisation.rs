//! The layer between the motion network and the temporal stream (paper, Section 3.2).
//!
//! Flow is clipped, scaled to the range of pictures and upsampled to the size of the frames, so that a classifier
//! trained on pictures can read it. It has no parameters of its own and passes gradients on, except where it clips.

use burn::module::Param;
use burn::nn::conv::ConvTranspose2d;
use burn::tensor::{Tensor, TensorData};

use super::FLOW_UNIT_PX;
use super::convolve::Convolve;

/// Flow beyond ±20 px is clipped.
pub const CLIP_PX: f32 = 20.0;
/// Grey levels per pixel of flow: ±20 px fill 0…255.
const LEVELS_PER_PX: f32 = 255.0 / (2.0 * CLIP_PX);
/// The grey level taken off before a classifier.
pub const MID_LEVEL: f32 = 128.0;
/// One axis of the bilinear ×2 kernel.
const TAPS: [f32; 4] = [0.25, 0.75, 0.75, 0.25];

/// Raw finest flow [b, 2n, h/2, w/2] → the temporal stream's input [b, 2n, h, w] in −128…127.
///
/// As in the authors' files the upsampling is a transposed convolution with fixed weights, so the taps outside the map
/// count as level 0 and the outermost ring is darker. Levels are not rounded.
pub fn classifier_input(flow2: Tensor<4>) -> Tensor<4> {
    let px = flow2.mul_scalar(FLOW_UNIT_PX).clamp(-CLIP_PX, CLIP_PX);
    let levels = px.add_scalar(CLIP_PX).mul_scalar(LEVELS_PER_PX);
    upsample(levels).sub_scalar(MID_LEVEL)
}

/// Bilinear ×2 upsampling, zero outside: [b, c, h, w] → [b, c, 2h, 2w].
fn upsample(maps: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = maps.dims();
    let taps: Vec<f32> = TAPS.iter().flat_map(|y| TAPS.map(|x| x * y)).collect();
    let kernel = Tensor::from_data(TensorData::new(taps, [1, 1, 4, 4]), &maps.device());
    // Every map by itself: one kernel for all is one batch of single maps.
    let maps = maps.reshape([batch * channels, 1, height, width]);
    let upsample = ConvTranspose2d {
        weight: Param::from_tensor(kernel).set_require_grad(false),
        bias: None,
        stride: [2, 2],
        kernel_size: [4, 4],
        dilation: [1, 1],
        groups: 1,
        padding: [1, 1],
        padding_out: [0, 0],
        channels: [1, 1],
    };
    upsample.linear(maps).reshape([batch, channels, 2 * height, 2 * width])
}
