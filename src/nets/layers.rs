//! The layers all networks are built from, with the initialisation of the specification.
//!
//! Everything is drawn from He's normal distribution N(0, √(2/fan_in)) with zero biases, as the authors' Caffe files
//! do it; only the layers that predict flow for an unsupervised loss start near zero.

use burn::module::{Initializer, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig, Conv3d, Conv3dConfig, ConvTranspose2d, ConvTranspose2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d, PaddingConfig3d};
use burn::tensor::{Device, Tensor};

use super::convolve::Convolve;

/// He's normal initialisation for layers followed by a rectifier.
pub(super) const HE_NORMAL: Initializer =
    Initializer::KaimingNormal { gain: std::f64::consts::SQRT_2, fan_out_only: false };

/// Standard deviation of the weights of MotionNet's flow predictors. He's would start with flows of tens of pixels, far
/// outside the reach of the photometric loss.
pub(super) const PREDICTOR_STD: f64 = 1e-3;

/// Returns a convolution from `channels[0]` to `channels[1]` maps with bias, padded so that stride 1 keeps the size.
pub(super) fn conv(channels: [usize; 2], kernel: usize, stride: usize, device: &Device) -> Conv2d {
    conv_with(HE_NORMAL, channels, kernel, stride, kernel / 2, device)
}

/// Returns the layer that turns features into `flow_maps` maps of raw flow, starting near zero: 3×3, no activation.
pub(super) fn flow_predictor(features: usize, flow_maps: usize, device: &Device) -> Conv2d {
    conv_with(Initializer::Normal { mean: 0.0, std: PREDICTOR_STD }, [features, flow_maps], 3, 1, 1, device)
}

/// Returns a convolution with explicit weight initialisation, channels, kernel, stride and padding.
pub(super) fn conv_with(
    initializer: Initializer,
    channels: [usize; 2],
    kernel: usize,
    stride: usize,
    padding: usize,
    device: &Device,
) -> Conv2d {
    let mut conv = Conv2dConfig::new(channels, [kernel, kernel])
        .with_stride([stride, stride])
        .with_padding(PaddingConfig2d::Explicit(padding, padding, padding, padding))
        .with_initializer(initializer)
        .init(device);
    conv.bias = Some(Initializer::Zeros.init([channels[1]], device));
    conv
}

/// Returns a 3×3×3 convolution over time and space, with bias, that keeps the size.
pub(super) fn conv3x3x3(channels: [usize; 2], device: &Device) -> Conv3d {
    let mut conv = Conv3dConfig::new(channels, [3; 3])
        .with_padding(PaddingConfig3d::Explicit(1, 1, 1))
        .with_initializer(HE_NORMAL)
        .init(device);
    conv.bias = Some(Initializer::Zeros.init([channels[1]], device));
    conv
}

/// Returns a transposed 4×4 convolution that doubles the size: stride 2, pad 1, no bias.
pub(super) fn deconv(channels: [usize; 2], device: &Device) -> ConvTranspose2d {
    ConvTranspose2dConfig::new(channels, [4, 4])
        .with_stride([2, 2])
        .with_padding([1, 1])
        .with_bias(false)
        .with_initializer(HE_NORMAL)
        .init(device)
}

/// Like [`deconv`], with a zero bias.
pub(super) fn deconv_with_bias(channels: [usize; 2], device: &Device) -> ConvTranspose2d {
    let mut deconv = deconv(channels, device);
    deconv.bias = Some(Initializer::Zeros.init([channels[1]], device));
    deconv
}

/// Returns a fully connected layer, N(0, 0.01) as in the authors' files, with zero bias.
pub(super) fn linear(from: usize, to: usize, device: &Device) -> Linear {
    let initializer = Initializer::Normal { mean: 0.0, std: 0.01 };
    let mut linear = LinearConfig::new(from, to).with_initializer(initializer).init(device);
    linear.bias = Some(Initializer::Zeros.init([to], device));
    linear
}

/// Returns the mean of every map: [b, c, h, w] → [b, c].
pub(super) fn global_average(x: Tensor<4>) -> Tensor<2> {
    x.flatten::<3>(2, 3).mean_dim(2).squeeze_dim(2)
}

/// A replacement last layer: `weight` `[F, K]` and `bias` `[K]` are applied to the features divided by `scale`.
pub(super) struct Head {
    /// Divisor of the features.
    pub scale: f32,
    /// Weights `[F, K]`.
    pub weight: Tensor<2>,
    /// Biases `[K]`.
    pub bias: Tensor<1>,
}

/// Replaces `layer` by `head`. The scale is folded into the weights rather than the layers before: features after batch
/// normalisation are of the order of one.
pub(super) fn with_linear_head(mut layer: Linear, head: Head) -> Linear {
    layer.weight = replaced(layer.weight, |_| head.weight / head.scale);
    layer.bias = layer.bias.map(|old| replaced(old, |_| head.bias));
    layer
}

/// Returns the parameter with another value, on the same device and with the same `require_grad`. The value is detached
/// from its graph, as a parameter must be a leaf.
pub(super) fn replaced<const D: usize>(
    parameter: Param<Tensor<D>>,
    value: impl FnOnce(Tensor<D>) -> Tensor<D>,
) -> Param<Tensor<D>> {
    let trainable = parameter.is_require_grad();
    parameter.map(|old| Tensor::from_data(value(old.clone()).into_data(), &old.device())).set_require_grad(trainable)
}

/// One level of a motion network's decoder: computes features and flow of this level from those of the level below, at
/// twice the resolution.
pub(super) struct Refinement<'a> {
    /// Upsamples the features of the level below.
    pub deconv: &'a ConvTranspose2d,
    /// Upsamples the flow of the level below.
    pub upsample_flow: &'a ConvTranspose2d,
    /// The "convolution between deconvolutions"; `None` in the ablation without it.
    pub smooth_conv: Option<&'a Conv2d>,
    /// Predicts this level's flow.
    pub conv_pr: &'a Conv2d,
}

impl Refinement<'_> {
    /// `skip` [b, s, 2h, 2w] from the encoder, `features` [b, f, h, w] and `flow` [b, 2n, h, w] from the level below →
    /// features and flow [b, 2n, 2h, 2w] of this level.
    pub fn forward(&self, skip: Tensor<4>, features: Tensor<4>, flow: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        let upsampled = self.deconv.leaky(features);
        let concat = Tensor::cat(vec![skip, upsampled, self.upsample_flow.linear(flow)], 1);
        let features = match self.smooth_conv {
            Some(smooth_conv) => smooth_conv.linear(concat),
            None => concat,
        };
        let flow = self.conv_pr.linear(features.clone());
        (features, flow)
    }
}
