//! Convolutions with their activation: on the CPU with our own [kernels](super::kernels), on a GPU with Burn's.

use burn::module::Param;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, ConvTranspose2d};
use burn::tensor::{DType, Tensor, activation};

use super::kernels::{Activation, Convolution, ConvolutionSizes, convolution};
use super::multiply_adds;
use crate::gpu::is_gpu;

/// LeakyReLU with slope 0.1, shared by all motion networks.
pub(super) const LEAKY: Activation = Activation { slope: 0.1, ceiling: f32::INFINITY };

/// A convolutional layer.
pub(super) trait Convolve {
    /// Returns the convolution of `x`, followed by `activation`.
    fn apply(&self, x: Tensor<4>, activation: Activation) -> Tensor<4>;

    /// Returns the convolution of `x`.
    fn linear(&self, x: Tensor<4>) -> Tensor<4> {
        self.apply(x, Activation::NONE)
    }

    /// Returns the convolution of `x`, followed by ReLU.
    fn relu(&self, x: Tensor<4>) -> Tensor<4> {
        self.apply(x, Activation::RELU)
    }

    /// Returns the convolution of `x`, followed by ReLU6.
    fn relu6(&self, x: Tensor<4>) -> Tensor<4> {
        self.apply(x, Activation::RELU6)
    }

    /// Returns the convolution of `x`, followed by the motion networks' LeakyReLU.
    fn leaky(&self, x: Tensor<4>) -> Tensor<4> {
        self.apply(x, LEAKY)
    }
}

impl Convolve for Conv2d {
    fn apply(&self, x: Tensor<4>, activation: Activation) -> Tensor<4> {
        if !has_kernels(self, &x) {
            let y = self.forward(x);
            multiply_adds::count(self.weight.val().dims(), y.dims());
            return activated(y, activation);
        }
        convolved(self, x, None, self.bias.as_ref().map(Param::val), activation)
    }
}

/// Returns `true` if our own kernels support this convolution.
pub(super) fn has_kernels(conv: &Conv2d, x: &Tensor<4>) -> bool {
    conv.dilation == [1, 1] && is_on_cpu(x) && conv.weight.val().dtype() == DType::F32
}

/// Returns the convolution of `x` computed by our own kernels, with each map multiplied by its `scale` and `bias`
/// added.
pub(super) fn convolved(
    conv: &Conv2d,
    x: Tensor<4>,
    scale: Option<Vec<f32>>,
    bias: Option<Tensor<1>>,
    activation: Activation,
) -> Tensor<4> {
    let weight = conv.weight.val();
    let ([batch, from, height, width], [to, ..]) = (x.dims(), weight.dims());
    let [rows, columns] = [0, 1].map(|axis| {
        let (size, kernel, stride) = ([height, width][axis], conv.kernel_size[axis], conv.stride[axis]);
        let (before, after) = match conv.padding {
            PaddingConfig2d::Valid => (0, 0),
            PaddingConfig2d::Explicit(top, left, bottom, right) => [(top, bottom), (left, right)][axis],
            PaddingConfig2d::Same => {
                let zeros = ((size.div_ceil(stride).max(1) - 1) * stride + kernel).saturating_sub(size);
                (zeros / 2, zeros - zeros / 2)
            }
        };
        (before, (size + before + after + stride).saturating_sub(kernel) / stride)
    });
    let sizes = ConvolutionSizes {
        batch,
        maps: [from, to],
        groups: conv.groups,
        x: [height, width],
        y: [rows.1, columns.1],
        kernel: conv.kernel_size,
        stride: conv.stride,
        padding: [rows.0, columns.0],
    };
    multiply_adds::count(weight.dims(), [batch, to, rows.1, columns.1]);
    convolution(x, weight, bias, Convolution { sizes, transposed: false, scale, activation })
}

impl Convolve for ConvTranspose2d {
    fn apply(&self, x: Tensor<4>, activation: Activation) -> Tensor<4> {
        let weight = self.weight.val();
        multiply_adds::count(weight.dims(), x.dims());
        if self.dilation != [1, 1] || !is_on_cpu(&x) || weight.dtype() != DType::F32 {
            return activated(self.forward(x), activation);
        }
        let ([batch, from, height, width], [_, to, ..]) = (x.dims(), weight.dims());
        let out = [0, 1].map(|axis| {
            let reach = ([height, width][axis] - 1) * self.stride[axis] + self.kernel_size[axis];
            reach + self.padding_out[axis] - 2 * self.padding[axis]
        });
        // The convolution is described from `y` to `x`.
        let sizes = ConvolutionSizes {
            batch,
            maps: [to * self.groups, from],
            groups: self.groups,
            x: out,
            y: [height, width],
            kernel: self.kernel_size,
            stride: self.stride,
            padding: self.padding,
        };
        let bias = self.bias.as_ref().map(Param::val);
        convolution(x, weight, bias, Convolution { sizes, transposed: true, scale: None, activation })
    }
}

fn is_on_cpu(x: &Tensor<4>) -> bool {
    !is_gpu(&x.device().without_autodiff()) && x.dtype() == DType::F32
}

/// Applies the motion networks' LeakyReLU to `x`.
pub(super) fn leaky(x: Tensor<4>) -> Tensor<4> {
    activated(x, LEAKY)
}

/// Applies `activation` to `x` with Burn's operations.
pub(super) fn activated(x: Tensor<4>, activation: Activation) -> Tensor<4> {
    let Activation { slope, ceiling } = activation;
    if activation == Activation::NONE {
        x
    } else if slope == 0.0 && ceiling.is_finite() {
        // Flex's two-sided `clamp` prevents vectorisation and takes three times as long.
        activation::relu(x).clamp_max(ceiling)
    } else if slope == 0.0 {
        activation::relu(x)
    } else if x.device().is_autodiff() {
        // Burn differentiates its own LeakyReLU as a composition of masks, which takes three times as long as this sum.
        activation::relu(x.clone()).mul_scalar(1.0 - slope) + x.mul_scalar(slope)
    } else {
        activation::leaky_relu(x, f64::from(slope))
    }
}

#[cfg(test)]
mod tests {
    use burn::module::{Module, Param};
    use burn::nn::conv::{Conv2dConfig, ConvTranspose2dConfig};
    use burn::tensor::{Device, Distribution, Int};

    use super::*;

    /// Returns the output and the gradients of input, weights and bias.
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

    const ACTIVATIONS: [Activation; 4] = [Activation::NONE, Activation::RELU, Activation::RELU6, LEAKY];

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
                let both = [conv.apply(x.clone(), activation), activated(conv.forward(x.clone()), activation)]
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
                let both = [deconv.apply(x.clone(), activation), activated(deconv.forward(x.clone()), activation)]
                    .map(|y| results(&x, &deconv.weight, &deconv.bias, y));
                agree(both, &format!("{deconv}, {activation:?}"));
            }
        }
    }

    #[test]
    fn views_are_convolved_and_what_is_frozen_gets_no_gradient() {
        let device = Device::flex().autodiff();
        let conv = Conv2dConfig::new([3, 2], [3, 3]).init(&device).no_grad();
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
        assert_eq!(conv.relu(x.clone()).into_data(), activated(conv.forward(x), Activation::RELU).into_data());
    }
}
