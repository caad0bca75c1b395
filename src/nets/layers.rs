//! The layers all networks are built from, with the initialisation of the specification.
//!
//! Everything is drawn from He's normal distribution N(0, √(2/fan_in)) with zero biases, as the authors' Caffe files
//! do it; only the layers that predict start near zero.

use burn::module::{Initializer, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::{DType, Device, Tensor, activation};

use super::kernels::{Convolution, Sizes, convolution};
use crate::gpu::is_gpu;

/// He's normal initialisation for layers followed by a rectifier.
pub(super) const HE_NORMAL: Initializer =
    Initializer::KaimingNormal { gain: std::f64::consts::SQRT_2, fan_out_only: false };

/// Slope of every LeakyReLU on its negative side.
const LEAKY_SLOPE: f64 = 0.1;

/// Standard deviation of a flow predictor's weights. He's would start with flows of tens of pixels, far outside the
/// reach of the photometric loss.
const PREDICTOR_STD: f64 = 1e-3;

/// Returns a convolution from `channels[0]` to `channels[1]` maps with bias, padded so that stride 1 keeps the size.
pub(super) fn conv(channels: [usize; 2], kernel: usize, stride: usize, device: &Device) -> Conv2d {
    conv_with(HE_NORMAL, channels, kernel, stride, kernel / 2, device)
}

/// Returns the layer that turns features into `flow_maps` maps of raw flow: 3×3, no activation.
pub(super) fn flow_predictor(features: usize, flow_maps: usize, device: &Device) -> Conv2d {
    conv_with(Initializer::Normal { mean: 0.0, std: PREDICTOR_STD }, [features, flow_maps], 3, 1, 1, device)
}

/// Returns a convolution with everything said: initialisation of the weights, channels, kernel, stride and padding.
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

/// Returns a transposed 4×4 convolution that doubles the size: stride 2, pad 1, no bias.
pub(super) fn deconv(channels: [usize; 2], device: &Device) -> ConvTranspose2d {
    ConvTranspose2dConfig::new(channels, [4, 4])
        .with_stride([2, 2])
        .with_padding([1, 1])
        .with_bias(false)
        .with_initializer(HE_NORMAL)
        .init(device)
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

/// A new last layer: `weight` `[F, K]` and `bias` `[K]` act on the features divided by `scale`.
pub(super) struct Head {
    /// Size of the features.
    pub scale: f32,
    /// `[F, K]`
    pub weight: Tensor<2>,
    /// `[K]`
    pub bias: Tensor<1>,
}

/// `layer` as the whole of `head`: features after batch normalisation are of about one, and need not be divided for
/// good.
pub(super) fn with_linear_head(mut layer: Linear, head: Head) -> Linear {
    layer.weight = replaced(layer.weight, |_| head.weight / head.scale);
    layer.bias = layer.bias.map(|old| replaced(old, |_| head.bias));
    layer
}

/// Returns the parameter with another value, on its own device and as trainable as before. The value comes without the graph of
/// the operations that made it: a parameter is a leaf.
pub(super) fn replaced<const D: usize>(
    parameter: Param<Tensor<D>>,
    value: impl FnOnce(Tensor<D>) -> Tensor<D>,
) -> Param<Tensor<D>> {
    let trainable = parameter.is_require_grad();
    parameter.map(|old| Tensor::from_data(value(old.clone()).into_data(), &old.device())).set_require_grad(trainable)
}

/// What follows a convolution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Activation {
    None,
    Relu,
    /// With the slope all motion networks share.
    Leaky,
}

impl Activation {
    fn slope(self) -> f64 {
        match self {
            Self::None => 1.0,
            Self::Relu => 0.0,
            Self::Leaky => LEAKY_SLOPE,
        }
    }

    fn of(self, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::None => x,
            Self::Relu => activation::relu(x),
            // Burn differentiates its own as a composition of masks, which takes three times as long as this sum.
            Self::Leaky if x.device().is_autodiff() => {
                activation::relu(x.clone()).mul_scalar(1.0 - LEAKY_SLOPE) + x.mul_scalar(LEAKY_SLOPE)
            }
            Self::Leaky => activation::leaky_relu(x, LEAKY_SLOPE),
        }
    }
}

/// A convolution with what follows it: on the CPU by our own kernels, on a GPU by Burn's.
pub(super) trait Convolve {
    /// Returns the convolution of `x`, and `activation` behind it.
    #[doc(hidden)]
    fn apply(&self, x: Tensor<4>, activation: Activation) -> Tensor<4>;

    /// Returns the convolution of `x`.
    fn linear(&self, x: Tensor<4>) -> Tensor<4> {
        self.apply(x, Activation::None)
    }

    /// Returns the convolution of `x`, rectified.
    fn relu(&self, x: Tensor<4>) -> Tensor<4> {
        self.apply(x, Activation::Relu)
    }

    /// Returns the convolution of `x` behind LeakyReLU with the slope all motion networks share.
    fn leaky(&self, x: Tensor<4>) -> Tensor<4> {
        self.apply(x, Activation::Leaky)
    }
}

impl Convolve for Conv2d {
    fn apply(&self, x: Tensor<4>, activation: Activation) -> Tensor<4> {
        let weight = self.weight.val();
        if self.dilation != [1, 1] || !has_kernels(&x, &weight) {
            return activation.of(self.forward(x));
        }
        let ([batch, from, height, width], [to, ..]) = (x.dims(), weight.dims());
        let [y, x_axis] = [0, 1].map(|axis| {
            let size = [height, width][axis];
            let (kernel, stride) = (self.kernel_size[axis], self.stride[axis]);
            let (before, after) = match self.padding {
                PaddingConfig2d::Valid => (0, 0),
                PaddingConfig2d::Explicit(top, left, bottom, right) => [(top, bottom), (left, right)][axis],
                PaddingConfig2d::Same => {
                    let zeros = ((size.div_ceil(stride).max(1) - 1) * stride + kernel).saturating_sub(size);
                    (zeros / 2, zeros - zeros / 2)
                }
            };
            (before, (size + before + after + stride).saturating_sub(kernel) / stride)
        });
        let sizes = Sizes {
            batch,
            maps: [from, to],
            groups: self.groups,
            x: [height, width],
            y: [y.1, x_axis.1],
            kernel: self.kernel_size,
            stride: self.stride,
            padding: [y.0, x_axis.0],
        };
        let slope = activation.slope() as f32;
        convolution(x, weight, self.bias.as_ref().map(Param::val), Convolution { sizes, transposed: false, slope })
    }
}

impl Convolve for ConvTranspose2d {
    fn apply(&self, x: Tensor<4>, activation: Activation) -> Tensor<4> {
        let weight = self.weight.val();
        if self.dilation != [1, 1] || !has_kernels(&x, &weight) {
            return activation.of(self.forward(x));
        }
        let ([batch, from, height, width], [_, to, ..]) = (x.dims(), weight.dims());
        // It goes from `y` to `x`.
        let out = [0, 1].map(|axis| {
            let reach = ([height, width][axis] - 1) * self.stride[axis] + self.kernel_size[axis];
            reach + self.padding_out[axis] - 2 * self.padding[axis]
        });
        let sizes = Sizes {
            batch,
            maps: [to * self.groups, from],
            groups: self.groups,
            x: out,
            y: [height, width],
            kernel: self.kernel_size,
            stride: self.stride,
            padding: self.padding,
        };
        let slope = activation.slope() as f32;
        convolution(x, weight, self.bias.as_ref().map(Param::val), Convolution { sizes, transposed: true, slope })
    }
}

/// Returns whether our own kernels take these: they know the CPU and `f32`.
fn has_kernels(x: &Tensor<4>, weight: &Tensor<4>) -> bool {
    !is_gpu(&x.device().without_autodiff()) && x.dtype() == DType::F32 && weight.dtype() == DType::F32
}

/// One step of a motion network's decoder: features and flow of the level below become those of this level, at twice
/// the resolution.
pub(super) struct Refinement<'a> {
    /// Upsamples the features of the level below.
    pub deconv: &'a ConvTranspose2d,
    /// Upsamples the flow of the level below.
    pub upsample_flow: &'a ConvTranspose2d,
    /// The "convolution between deconvolutions"; `None` in that ablation.
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

#[cfg(test)]
mod tests {
    use burn::module::Module;
    use burn::tensor::{Distribution, Int};

    use super::*;

    /// Output and gradients for input, weights and bias.
    fn results(
        x: &Tensor<4>,
        weight: &Param<Tensor<4>>,
        bias: &Option<Param<Tensor<1>>>,
        y: Tensor<4>,
    ) -> Vec<Vec<f32>> {
        let numbers = Tensor::<1, Int>::arange(0..y.shape().num_elements() as i64, &y.device()).float();
        let gradients = (y.clone() * numbers.sin().reshape(y.shape())).sum().backward();
        let of_bias = bias.as_ref().map(|bias| bias.grad(&gradients).expect("tracked").into_data());
        let [of_x, of_weight] = [x.grad(&gradients), weight.grad(&gradients)].map(|g| g.expect("tracked").into_data());
        let all = [Some(y.into_data()), Some(of_x), Some(of_weight), of_bias];
        all.into_iter().flatten().map(|data| data.try_to_vec::<f32>().expect("f32")).collect()
    }

    fn agree([ours, burns]: [Vec<Vec<f32>>; 2], of: &str) {
        for (ours, burns) in ours.iter().zip(&burns) {
            assert_eq!(ours.len(), burns.len(), "{of}");
            let scale = burns.iter().fold(1.0_f32, |scale, value| scale.max(value.abs()));
            for (ours, burns) in ours.iter().zip(burns) {
                assert!((ours - burns).abs() <= 1e-4 * scale, "{of}: {ours} instead of {burns}");
            }
        }
    }

    const ACTIVATIONS: [Activation; 3] = [Activation::None, Activation::Relu, Activation::Leaky];

    fn random(dims: [usize; 4], device: &Device) -> Tensor<4> {
        Tensor::random(dims, Distribution::Normal(0.0, 1.0), device).require_grad()
    }

    #[test]
    fn convolutions_and_their_gradients_are_burns() {
        let device = Device::flex().autodiff();
        for (kernel, stride, groups, padding) in [
            (3, 1, 1, PaddingConfig2d::Explicit(1, 1, 1, 1)),
            (5, 2, 1, PaddingConfig2d::Explicit(2, 2, 2, 2)),
            (3, 2, 4, PaddingConfig2d::Same),
            (1, 1, 1, PaddingConfig2d::Valid),
            (4, 3, 2, PaddingConfig2d::Explicit(0, 1, 2, 0)),
        ] {
            let config = Conv2dConfig::new([4, 8], [kernel, kernel]).with_stride([stride, stride]).with_groups(groups);
            let conv = config.with_padding(padding).init(&device);
            let x = random([2, 4, 11, 14], &device);
            for activation in ACTIVATIONS {
                let both = [conv.apply(x.clone(), activation), activation.of(conv.forward(x.clone()))]
                    .map(|y| results(&x, &conv.weight, &conv.bias, y));
                agree(both, &format!("{conv}, {activation:?}"));
            }
        }
    }

    #[test]
    fn transposed_convolutions_and_their_gradients_are_burns() {
        let device = Device::flex().autodiff();
        for (kernel, stride, padding, out, groups) in [(4, 2, 1, 0, 1), (3, 2, 0, 1, 2), (3, 1, 1, 0, 1)] {
            let config = ConvTranspose2dConfig::new([4, 6], [kernel, kernel]).with_stride([stride, stride]);
            let config = config.with_padding([padding, padding]).with_padding_out([out, out]).with_groups(groups);
            let deconv = config.init(&device);
            let x = random([2, 4, 5, 7], &device);
            for activation in ACTIVATIONS {
                let both = [deconv.apply(x.clone(), activation), activation.of(deconv.forward(x.clone()))]
                    .map(|y| results(&x, &deconv.weight, &deconv.bias, y));
                agree(both, &format!("{deconv}, {activation:?}"));
            }
        }
    }

    #[test]
    fn views_are_convolved_and_what_is_frozen_gets_no_gradient() {
        let device = Device::flex().autodiff();
        let conv = conv([3, 2], 3, 1, &device).no_grad();
        let x = random([1, 6, 5, 4], &device);
        let view = |x: &Tensor<4>| x.clone().narrow(1, 2, 3).swap_dims(2, 3);
        let both = [conv.linear(view(&x)), conv.forward(view(&x))].map(|y| {
            let gradients = y.clone().powi_scalar(2).sum().backward();
            assert!(conv.weight.grad(&gradients).is_none());
            let all = vec![y.into_data(), x.grad(&gradients).expect("tracked").into_data()];
            all.into_iter().map(|data| data.try_to_vec::<f32>().expect("f32")).collect()
        });
        agree(both, "a view");
    }

    #[test]
    fn wider_spaced_kernels_are_left_to_burn() {
        let device = Device::flex();
        let conv = Conv2dConfig::new([2, 3], [3, 3]).with_dilation([2, 2]).init(&device);
        let x = Tensor::random([1, 2, 9, 9], Distribution::Default, &device);
        assert_eq!(conv.relu(x.clone()).into_data(), activation::relu(conv.forward(x)).into_data());
    }
}
