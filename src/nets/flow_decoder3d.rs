//! The flow decoder after the convolutions of C3D, as released with it for voxel-to-voxel prediction (Tran et al.
//! 2016). 3DNet (Diba et al. 2016) uses it to learn flow and actions jointly.

use burn::module::{Initializer, Module};
use burn::nn::conv::{Conv3d, ConvTranspose3d, ConvTranspose3dConfig};
use burn::tensor::{Device, Tensor, activation};

use super::layers::{HE_NORMAL, conv3x3x3};

/// Pixels per unit of the predicted flow.
pub const FLOW3D_UNIT_PX: f32 = 8.0;

/// A decoder from C3D's maps to flow.
#[derive(Module, Debug)]
#[expect(missing_docs, reason = "the layers bear the names of the released files")]
pub struct FlowDecoder3d {
    pub deconv5b: ConvTranspose3d,
    pub predict4b: Conv3d,
    pub deconv4b: ConvTranspose3d,
    pub predict3b: Conv3d,
    pub deconv3b: ConvTranspose3d,
    pub predict: Conv3d,
}

impl FlowDecoder3d {
    /// Creates the decoder for a C3D of `base` maps in its first layer, with `maps` maps of its own.
    pub(super) fn new(base: usize, maps: usize, device: &Device) -> Self {
        let double = |from: usize| deconv([from, maps], [4; 3], [2; 3], [1; 3], device);
        Self {
            deconv5b: double(8 * base),
            predict4b: conv3x3x3([8 * base, maps], device),
            deconv4b: double(2 * maps),
            predict3b: conv3x3x3([4 * base, maps], device),
            deconv3b: deconv([2 * maps, maps], [4, 8, 8], [2, 4, 4], [1, 2, 2], device),
            predict: conv3x3x3([maps, 2], device),
        }
    }

    /// `conv3b` [b, 256, t/2, h/4, w/4], `conv4b` and `conv5b`, each half the size of the one before → flow
    /// [b, 2, t, h, w] in pixels / 8. t must be a multiple of 8, h and w of 16.
    pub(super) fn forward(&self, conv3b: Tensor<5>, conv4b: Tensor<5>, conv5b: Tensor<5>) -> Tensor<5> {
        let x = activation::relu(self.deconv5b.forward(conv5b));
        let x = Tensor::cat(vec![x, self.predict4b.forward(conv4b)], 1);
        let x = activation::relu(self.deconv4b.forward(x));
        let x = Tensor::cat(vec![x, self.predict3b.forward(conv3b)], 1);
        self.predict.forward(activation::relu(self.deconv3b.forward(x)))
    }
}

fn deconv(
    channels: [usize; 2],
    kernel: [usize; 3],
    stride: [usize; 3],
    padding: [usize; 3],
    device: &Device,
) -> ConvTranspose3d {
    let config = ConvTranspose3dConfig::new(channels, kernel).with_stride(stride).with_padding(padding);
    let mut deconv = config.with_initializer(HE_NORMAL).init(device);
    deconv.bias = Some(Initializer::Zeros.init([channels[1]], device));
    deconv
}
