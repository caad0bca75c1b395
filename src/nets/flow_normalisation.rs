//! The layer between the motion network and the temporal stream (paper, Section 3.2).
//!
//! Flow is clipped, scaled to the range of images and upsampled to the size of the frames, as input for a classifier
//! pretrained on images. The layer has no parameters and passes gradients on, except where it clips.

use burn::module::Param;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, ConvTranspose2d};
use burn::tensor::{Tensor, TensorData};

use super::FLOW_UNIT_PX;
use super::convolve::{Convolve, has_kernels};
use super::kernels::{Activation, Convolution, ConvolutionSizes, convolution};
use super::stream_input::{FlowMean, FlowReading, FlowResolution};

/// Flow beyond ±20 px is clipped.
pub const CLIP_PX: f32 = 20.0;
/// Grey levels per pixel of flow: ±20 px fill 0…255.
pub(super) const LEVELS_PER_PX: f32 = 255.0 / (2.0 * CLIP_PX);
/// Grey level subtracted before the classifier.
pub const MID_LEVEL: f32 = 128.0;
/// One axis of the bilinear ×2 kernel.
pub(super) const TAPS: [f32; 4] = [0.25, 0.75, 0.75, 0.25];

/// Raw finest flow [b, 2n, h/2, w/2] → the temporal stream's input [b, 2n, h, w] in −128…127.
///
/// As in the authors' files the upsampling is a transposed convolution with fixed weights, so the taps outside the map
/// count as level 0 and the outermost ring is darker. Levels are not rounded.
pub fn classifier_input(flow2: Tensor<4>) -> Tensor<4> {
    stream_input(flow2, FlowReading::default())
}

/// Converts the raw finest flow [b, 2n, h/2, w/2] to the first layer's input in a temporal stream under `reading`:
/// [b, 2n, h, w], or at the resolution of the flow, minus the middle level or the mean of each map. The mean is taken
/// before upsampling and thus excludes the darker border.
pub(super) fn stream_input(flow2: Tensor<4>, reading: FlowReading) -> Tensor<4> {
    let levels = levels(flow2);
    let means = (reading.mean == FlowMean::Field).then(|| levels.clone().mean_dim(3).mean_dim(2));
    let levels = match reading.resolution {
        FlowResolution::Frames => upsample(levels),
        FlowResolution::Flow => levels,
    };
    match means {
        Some(means) => levels - means,
        None => levels.sub_scalar(MID_LEVEL),
    }
}

/// Converts raw flow to levels in 0…255; ±20 px map to the ends.
fn levels(flow: Tensor<4>) -> Tensor<4> {
    let px = flow.mul_scalar(FLOW_UNIT_PX).clamp(-CLIP_PX, CLIP_PX);
    px.add_scalar(CLIP_PX).mul_scalar(LEVELS_PER_PX)
}

/// Returns `conv` and `activation` applied to [`classifier_input`].
///
/// On the CPU, a convolution of stride 2 without padding is fused with the upsampling: it equals a convolution of
/// stride 1 over the original maps with a smaller kernel (5×5 instead of 7×7), at half the multiply-adds.
pub(super) fn convolved_input(conv: &Conv2d, flow2: Tensor<4>, activation: Activation) -> Tensor<4> {
    let [batch, from, height, width] = flow2.dims();
    let is_padded = !matches!(conv.padding, PaddingConfig2d::Valid | PaddingConfig2d::Explicit(0, 0, 0, 0));
    let fits = 2 * height >= conv.kernel_size[0] && 2 * width >= conv.kernel_size[1];
    let is_differentiated = flow2.device().is_autodiff() || conv.weight.val().device().is_autodiff();
    let is_plain = conv.stride == [2, 2] && conv.groups == 1 && !is_padded && fits;
    if !is_plain || is_differentiated || !has_kernels(conv, &flow2) {
        return conv.apply(classifier_input(flow2), activation);
    }
    let weight = conv.weight.val();
    let [to, ..] = weight.dims();
    let kernel = conv.kernel_size.map(undoubled_length);
    let sizes = ConvolutionSizes {
        batch,
        maps: [from, to],
        groups: 1,
        x: [height + 2, width + 2],
        y: [(2 * height - conv.kernel_size[0]) / 2 + 1, (2 * width - conv.kernel_size[1]) / 2 + 1],
        kernel,
        stride: [1, 1],
        padding: [0, 0],
    };
    let device = flow2.device();
    let flow = flow2.into_data();
    let levels = framed_levels(flow.as_slice().expect("f32, as was checked"), [height, width]);
    let levels = Tensor::from_data(TensorData::new(levels, [batch, from, height + 2, width + 2]), &device);
    let weights = weight.into_data();
    let weights = undoubled(weights.as_slice().expect("f32, as was checked"), conv.kernel_size);
    let weight = Tensor::from_data(TensorData::new(weights, [to, from, kernel[0], kernel[1]]), &device);
    let bias = conv.bias.as_ref().map(Param::val);
    convolution(levels, weight, bias, Convolution { sizes, transposed: false, scale: None, activation })
}

/// Returns raw flow as levels minus the middle one, with a border one pixel wide of level 0.
fn framed_levels(flow: &[f32], [height, width]: [usize; 2]) -> Vec<f32> {
    let maps = flow.len() / (height * width);
    let mut framed = vec![-MID_LEVEL; maps * (height + 2) * (width + 2)];
    for (map, framed) in flow.chunks(height * width).zip(framed.chunks_mut((height + 2) * (width + 2))) {
        for (row, framed) in map.chunks(width).zip(framed.chunks_mut(width + 2).skip(1)) {
            for (level, raw) in framed[1..].iter_mut().zip(row) {
                *level = ((raw * FLOW_UNIT_PX).clamp(-CLIP_PX, CLIP_PX) + CLIP_PX) * LEVELS_PER_PX - MID_LEVEL;
            }
        }
    }
    framed
}

/// Returns the number of pixels of a map that `doubled` pixels of the upsampled map depend on, starting at an even one,
/// including the one before.
fn undoubled_length(doubled: usize) -> usize {
    doubled / 2 + 2
}

/// Returns kernels on the original maps equivalent to `kernels` of size `kernel` on the upsampled maps.
fn undoubled(kernels: &[f32], kernel: [usize; 2]) -> Vec<f32> {
    let [height, width] = kernel.map(undoubled_length);
    let mut undoubled = vec![0.0; kernels.len() / (kernel[0] * kernel[1]) * height * width];
    let mut rows = vec![0.0; kernel[0] * width];
    for (kernel_of_maps, out) in kernels.chunks(kernel[0] * kernel[1]).zip(undoubled.chunks_mut(height * width)) {
        rows.fill(0.0);
        for (row, out) in kernel_of_maps.chunks(kernel[1]).zip(rows.chunks_mut(width)) {
            for (place, weight) in row.iter().enumerate() {
                for (tap, share) in shares(place) {
                    out[tap] += weight * share;
                }
            }
        }
        for (place, row) in rows.chunks(width).enumerate() {
            for (tap, share) in shares(place) {
                out[tap * width..(tap + 1) * width]
                    .iter_mut()
                    .zip(row)
                    .for_each(|(out, weight)| *out += weight * share);
            }
        }
    }
    undoubled
}

/// Returns the two source pixels of pixel `doubled` of the upsampled map, counted from the one before the first, and
/// their weights.
fn shares(doubled: usize) -> [(usize, f32); 2] {
    let first = doubled / 2 + doubled % 2;
    let [near, far] = [TAPS[1], TAPS[0]];
    if doubled.is_multiple_of(2) { [(first, far), (first + 1, near)] } else { [(first, near), (first + 1, far)] }
}

/// Bilinear ×2 upsampling with zero padding: [b, c, h, w] → [b, c, 2h, 2w].
fn upsample(maps: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = maps.dims();
    let taps: Vec<f32> = TAPS.iter().flat_map(|y| TAPS.map(|x| x * y)).collect();
    let kernel = Tensor::from_data(TensorData::new(taps, [1, 1, 4, 4]), &maps.device());
    // One kernel for every map: maps are processed as a batch of single-channel images.
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

#[cfg(test)]
mod tests {
    use burn::nn::conv::Conv2dConfig;
    use burn::tensor::{Device, Distribution, Tolerance};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_first_layer_sees_the_input_that_is_not_made(
            maps in [1_usize..5, 1_usize..9],
            kernel in [1_usize..8, 1_usize..8],
            beyond in [0_usize..9, 0_usize..9],
            stride in 1_usize..3,
        ) {
            let device = Device::flex();
            let conv = Conv2dConfig::new(maps, kernel).with_stride([stride; 2]).init(&device);
            let size = [0, 1].map(|axis| kernel[axis].div_ceil(2) + beyond[axis]);
            let flow = Tensor::random([2, maps[0], size[0], size[1]], Distribution::Normal(0.0, 0.7), &device);
            let expected = conv.relu(classifier_input(flow.clone())).into_data();
            let layer = convolved_input(&conv, flow, Activation::RELU).into_data();
            prop_assert_eq!(layer.shape(), expected.shape());
            let (layer, expected) = (layer.as_slice::<f32>().unwrap(), expected.as_slice::<f32>().unwrap());
            for (layer, expected) in layer.iter().zip(expected) {
                prop_assert!((layer - expected).abs() < 2e-3, "{layer} instead of {expected}"); // of 128 levels
            }
        }
    }

    #[test]
    fn the_mean_of_each_field_takes_off_a_cameras_motion() {
        let device = Device::flex();
        let flow = Tensor::<4>::random([2, 4, 5, 6], Distribution::Uniform(-0.4, 0.4), &device); // within ±8 px
        let panned = flow.clone() + Tensor::<1>::from_floats([0.3, -0.2, 0.1, 0.5], &device).reshape([1, 4, 1, 1]);
        for resolution in FlowResolution::ALL {
            let read = |flow: &Tensor<4>, mean| {
                stream_input(flow.clone(), FlowReading { resolution, mean, ..FlowReading::default() })
            };
            let means = levels(flow.clone()).mean_dim(3).mean_dim(2);
            let expected = read(&flow, FlowMean::Middle) + MID_LEVEL - means;
            let near = Tolerance::absolute(1e-3); // of 255 levels
            read(&flow, FlowMean::Field).into_data().assert_approx_eq::<f32>(&expected.into_data(), near);
        }
        let reading = FlowReading { resolution: FlowResolution::Flow, mean: FlowMean::Field, ..FlowReading::default() };
        let [of_flow, of_panned] = [flow, panned].map(|flow| stream_input(flow, reading).into_data());
        of_panned.assert_approx_eq::<f32>(&of_flow, Tolerance::absolute(1e-3));
    }

    #[test]
    fn gradients_pass_the_input() {
        let device = Device::flex().autodiff();
        let conv = Conv2dConfig::new([2, 3], [3, 3]).with_stride([2, 2]).init(&device);
        let flow = Tensor::random([1, 2, 4, 4], Distribution::Default, &device).require_grad();
        let gradients = convolved_input(&conv, flow.clone(), Activation::NONE).sum().backward();
        assert!(flow.grad(&gradients).is_some() && conv.weight.grad(&gradients).is_some());
    }
}
