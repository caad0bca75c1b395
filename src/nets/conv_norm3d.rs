//! Layers of networks for clips: convolution with batch normalisation, and pooling, over time and space, with
//! TensorFlow's "SAME" padding: a layer of stride s maps n positions to ⌈n/s⌉.

use burn::module::Module;
use burn::nn::conv::{Conv3d, Conv3dConfig};
use burn::nn::pool::MaxPool2dConfig;
use burn::tensor::ops::PadMode;
use burn::tensor::{Device, Tensor, activation};

use super::batch_norm::{BatchNorm, TENSORFLOW_EPSILON};
use super::layers::HE_NORMAL;
use super::pooling;

/// Returns the zeros before and after an axis of `size`; an odd one goes after.
fn padding(size: usize, kernel: usize, stride: usize) -> (usize, usize) {
    let last = if size.is_multiple_of(stride) { stride } else { size % stride };
    let zeros = kernel.saturating_sub(last);
    (zeros / 2, zeros - zeros / 2)
}

/// Zero-pads [b, c, t, h, w] for a kernel and stride in time, height and width.
fn padded(x: Tensor<5>, kernel: [usize; 3], stride: [usize; 3]) -> Tensor<5> {
    let [_, _, time, height, width] = x.dims();
    let [t, h, w] = [(time, 0), (height, 1), (width, 2)].map(|(size, axis)| padding(size, kernel[axis], stride[axis]));
    if [t, h, w] == [(0, 0); 3] { x } else { x.pad([t, h, w], PadMode::Constant(0.0)) }
}

/// Returns the max pooling of x [b, c, t, h, w] ≥ 0 over boxes of `[time, side]` at distances of `stride`. Burn has no
/// 3-D pooling; as the maximum is separable, two 2-D poolings give the same result.
pub(super) fn max_pool(x: Tensor<5>, kernel: [usize; 2], stride: [usize; 2]) -> Tensor<5> {
    let x = padded(x, [kernel[0], kernel[1], kernel[1]], [stride[0], stride[1], stride[1]]);
    let [batch, channels, time, height, width] = x.dims();
    let pictures = x.reshape([batch, channels * time, height, width]);
    let pooled = flat_pool(pictures, [kernel[1]; 2], [stride[1]; 2]);
    let [_, _, height, width] = pooled.dims();
    if kernel[0] == 1 {
        return pooled.reshape([batch, channels, time, height, width]);
    }
    let lines = pooled.reshape([batch, channels, time, height * width]);
    let pooled = flat_pool(lines, [kernel[0], 1], [stride[0], 1]);
    let time = pooled.dims()[2];
    pooled.reshape([batch, channels, time, height, width])
}

fn flat_pool(x: Tensor<4>, kernel: [usize; 2], stride: [usize; 2]) -> Tensor<4> {
    pooling::max_pool(&MaxPool2dConfig::new(kernel).with_strides(stride).init(), x)
}

/// A 3-D convolution, batch normalisation and ReLU.
#[derive(Module, Debug)]
pub struct ConvNorm3d {
    conv: Conv3d,
    bn: BatchNorm,
}

impl ConvNorm3d {
    /// Creates a bias-free convolution from `channels[0]` to `channels[1]` maps with a cubic kernel of `side`.
    pub(super) fn new(channels: [usize; 2], side: usize, stride: usize, device: &Device) -> Self {
        let conv = Conv3dConfig::new(channels, [side; 3])
            .with_stride([stride; 3])
            .with_bias(false)
            .with_initializer(HE_NORMAL)
            .init(device);
        Self { conv, bn: BatchNorm::new(channels[1], TENSORFLOW_EPSILON, device) }
    }

    /// `x` [b, from, t, h, w] → [b, to, ⌈t/stride⌉, ⌈h/stride⌉, ⌈w/stride⌉].
    pub(super) fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        let x = padded(x, self.conv.kernel_size, self.conv.stride);
        activation::relu(self.bn.forward(self.conv.forward(x)))
    }

    /// Returns the number of input maps.
    pub(super) fn input_maps(&self) -> usize {
        self.conv.weight.lazy_shape()[1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_those_of_tensorflow() {
        let of = |kernel, stride, sizes: [usize; 4]| sizes.map(|size| padding(size, kernel, stride));
        assert_eq!(of(7, 2, [64, 65, 224, 1]), [(2, 3), (3, 3), (2, 3), (3, 3)]);
        assert_eq!(of(3, 2, [112, 57, 28, 1]), [(0, 1), (1, 1), (0, 1), (1, 1)]);
        assert_eq!(of(2, 2, [8, 7, 1, 14]), [(0, 0), (0, 1), (0, 1), (0, 0)]);
        assert_eq!(of(3, 1, [8, 7, 1, 14]), [(1, 1); 4]);
        assert_eq!(of(1, 1, [8, 7, 1, 14]), [(0, 0); 4]);
    }

    #[test]
    fn the_largest_of_a_box_is_found() {
        let values: Vec<f32> = (0..3 * 4 * 5).map(|i| (i * 37 % 60) as f32).collect();
        let x = Tensor::<5>::from_data(burn::tensor::TensorData::new(values.clone(), [1, 1, 3, 4, 5]), &Device::flex());
        let pooled = max_pool(x, [3, 3], [2, 2]);
        assert_eq!(pooled.dims(), [1, 1, 2, 2, 3]);
        let at = |t: usize, h: usize, w: usize| values[(t * 4 + h) * 5 + w];
        // Zeros: one before and one after in time and width, one after in height.
        let largest = |[t, h, w]: [usize; 3]| {
            let around = |place: usize, size: usize| (2 * place).saturating_sub(1)..(2 * place + 2).min(size);
            let rows = 2 * h..(2 * h + 3).min(4);
            let boxed = around(t, 3).flat_map(|t| rows.clone().flat_map(move |h| around(w, 5).map(move |w| (t, h, w))));
            boxed.map(|(t, h, w)| at(t, h, w)).fold(0.0, f32::max)
        };
        let places = (0..2).flat_map(|t| (0..2).flat_map(move |h| (0..3).map(move |w| [t, h, w])));
        assert_eq!(pooled.into_data().try_to_vec::<f32>().unwrap(), places.map(largest).collect::<Vec<_>>());
    }
}
