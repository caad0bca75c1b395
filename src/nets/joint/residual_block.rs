//! The residual block of 3-D networks (He et al. 2016; Tran et al. 2018, R3D), and its convolution and normalisation.

use burn::module::Module;
use burn::nn::PaddingConfig3d;
use burn::nn::conv::{Conv3d, Conv3dConfig};
use burn::tensor::{Device, Tensor, activation};

use crate::nets::BatchNorm;
use crate::nets::batch_norm::EPSILON;
use crate::nets::layers::HE_NORMAL;

/// A bias-free convolution and the batch normalisation after it: `0` and `1` of a layer in torchvision's names.
pub(super) type ConvNormPair = (Conv3d, BatchNorm);

/// Returns a pair from `channels[0]` to `channels[1]` maps, padded so that stride 1 keeps the size.
pub(super) fn conv_norm(channels: [usize; 2], kernel: [usize; 3], stride: [usize; 3], device: &Device) -> ConvNormPair {
    let [t, y, x] = kernel.map(|side| side / 2);
    let conv = Conv3dConfig::new(channels, kernel)
        .with_stride(stride)
        .with_padding(PaddingConfig3d::Explicit(t, y, x))
        .with_bias(false)
        .with_initializer(HE_NORMAL)
        .init(device);
    (conv, BatchNorm::new(channels[1], EPSILON, device))
}

/// `x` [b, from, t, y, x] → [b, to, …], without activation.
pub(super) fn normalised((conv, norm): &ConvNormPair, x: Tensor<5>) -> Tensor<5> {
    norm.forward(conv.forward(x))
}

/// Two 3×3×3 convolutions with a shortcut, under torchvision's names.
#[derive(Module, Debug)]
#[expect(missing_docs, reason = "the layers bear the names of torchvision's r3d_18")]
pub struct ResidualBlock3d {
    pub conv1: (Conv3d, BatchNorm),
    pub conv2: (Conv3d, BatchNorm),
    pub downsample: Option<(Conv3d, BatchNorm)>,
}

impl ResidualBlock3d {
    /// Creates a block from `channels[0]` to `channels[1]` maps; a stride of 2 halves time, height and width.
    pub(super) fn new(channels: [usize; 2], stride: usize, device: &Device) -> Self {
        let [from, to] = channels;
        let changes = stride > 1 || from != to;
        Self {
            conv1: conv_norm(channels, [3; 3], [stride; 3], device),
            conv2: conv_norm([to, to], [3; 3], [1; 3], device),
            downsample: changes.then(|| conv_norm(channels, [1; 3], [stride; 3], device)),
        }
    }

    /// `x` [b, from, t, y, x] → [b, to, t/stride, y/stride, x/stride].
    pub(super) fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        let shortcut = match &self.downsample {
            Some(layer) => normalised(layer, x.clone()),
            None => x.clone(),
        };
        let x = activation::relu(normalised(&self.conv1, x));
        activation::relu(normalised(&self.conv2, x) + shortcut)
    }
}
