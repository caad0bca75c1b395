//! Batch normalisation (Ioffe & Szegedy 2015), and a convolution followed by it: the building block of the residual
//! backbones.

use burn::module::{Initializer, Module, Param, RunningState};
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::module::{batch_norm, batch_norm_train};
use burn::tensor::{Bool, Device, Tensor};

use super::convolve::{Convolve, activated, convolved, has_kernels};
use super::kernels::Activation;
use super::layers::HE_NORMAL;

/// Epsilon added to the variance, as in PyTorch.
pub(super) const EPSILON: f64 = 1e-5;
/// Epsilon added to the variance in networks ported from TensorFlow.
pub(super) const TENSORFLOW_EPSILON: f64 = 1e-3;
/// Weight of the current batch in the running statistics, as in PyTorch.
const MOMENTUM: f64 = 0.1;

/// Batch normalisation with PyTorch's parameter names.
///
/// On autodiff devices it normalises with the statistics of the batch and updates the running statistics on every
/// forward pass, as PyTorch does; with gradient accumulation, once per accumulated batch. On other devices, and where
/// its weight is frozen, it normalises with the running statistics and leaves them unchanged.
///
/// Burn's own layer defers its latest update to the next pass; a checkpoint written in between would lack it.
#[derive(Module, Debug)]
pub struct BatchNorm {
    weight: Param<Tensor<1>>,
    bias: Param<Tensor<1>>,
    running_mean: RunningState<Tensor<1>>,
    running_var: RunningState<Tensor<1>>,
    /// Epsilon added to the variance.
    epsilon: f64,
}

impl BatchNorm {
    /// Returns `true` if the tensor `name` of a file is a running statistic, which is measured rather than trained.
    pub(super) fn is_statistic(name: &str) -> bool {
        name.ends_with("running_mean") || name.ends_with("running_var")
    }

    pub(super) fn new(channels: usize, epsilon: f64, device: &Device) -> Self {
        Self {
            weight: Param::from_tensor(Tensor::ones([channels], device)),
            bias: Param::from_tensor(Tensor::zeros([channels], device)),
            running_mean: RunningState::new(Tensor::zeros([channels], device)),
            running_var: RunningState::new(Tensor::ones([channels], device)),
            epsilon,
        }
    }

    /// Returns the running mean and variance.
    fn statistics(&self, device: &Device) -> [Tensor<1>; 2] {
        [&self.running_mean, &self.running_var].map(|statistic| statistic.value().to_device(device))
    }

    /// Returns the factor and the offset of each channel that follow from the running statistics.
    fn scale_and_shift(&self, device: &Device) -> (Tensor<1>, Tensor<1>) {
        let [mean, variance] = self.statistics(device);
        let scale = self.weight.val() / (variance + self.epsilon).sqrt();
        (scale.clone(), self.bias.val() - mean * scale)
    }

    /// Normalises `x` [b, c, …]; the shape is unchanged.
    pub(super) fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let device = x.device();
        let (weight, bias) = (self.weight.val(), self.bias.val());
        if !device.is_autodiff() || !self.weight.is_require_grad() {
            let [mean, variance] = self.statistics(&device);
            return batch_norm(x, weight, bias, mean, variance, self.epsilon);
        }
        let shape = x.dims();
        let samples = (shape.iter().product::<usize>() / shape[1]) as f64;
        let normalised = batch_norm_train(x, weight, bias, self.epsilon);
        // A single non-finite batch would corrupt the running statistics for good, long after its step was skipped.
        let counts = (normalised.mean.clone().detach() + normalised.variance.clone().detach()).is_finite();
        update(&self.running_mean, normalised.mean, &counts, &device);
        // The batch variance is biased; the running variance is the unbiased estimate.
        let variance = normalised.variance * (samples / (samples - 1.0).max(1.0));
        update(&self.running_var, variance, &counts, &device);
        normalised.output
    }
}

/// Moves a running statistic towards that of a batch, in the channels where `counts` is true.
fn update(statistic: &RunningState<Tensor<1>>, of_batch: Tensor<1>, counts: &Tensor<1, Bool>, device: &Device) {
    let old = statistic.value().to_device(device);
    let moved = (old.clone() * (1.0 - MOMENTUM) + of_batch.detach() * MOMENTUM).detach();
    statistic.update(old.mask_where(counts.clone(), moved));
    statistic.value_sync();
}

/// A convolution followed by batch normalisation.
#[derive(Module, Debug)]
pub struct ConvNorm {
    pub(super) conv: Conv2d,
    bn: BatchNorm,
}

impl ConvNorm {
    /// Creates a bias-free convolution from `channels[0]` to `channels[1]` maps in `groups` groups, padded so that
    /// stride 1 keeps the size.
    pub(super) fn new(channels: [usize; 2], kernel: usize, stride: usize, groups: usize, device: &Device) -> Self {
        let padding = kernel / 2;
        let conv = Conv2dConfig::new(channels, [kernel, kernel])
            .with_stride([stride, stride])
            .with_padding(PaddingConfig2d::Explicit(padding, padding, padding, padding))
            .with_groups(groups)
            .with_bias(false)
            .with_initializer(HE_NORMAL)
            .init(device);
        Self { conv, bn: BatchNorm::new(channels[1], EPSILON, device) }
    }

    /// Returns the layer with a zero bias: redundant before the normalisation, but present in some published networks.
    pub(super) fn with_bias(mut self, device: &Device) -> Self {
        let [channels, ..] = self.conv.weight.lazy_shape()[..] else { return self };
        self.conv.bias = Some(Initializer::Zeros.init([channels], device));
        self
    }

    /// Returns the layer with TensorFlow's epsilon and "SAME" padding: stride s maps n positions to ⌈n/s⌉ with as few
    /// zeros as possible, an odd one at the bottom or right.
    pub(super) fn like_tensorflow(mut self) -> Self {
        self.conv.padding = PaddingConfig2d::Same;
        self.bn.epsilon = TENSORFLOW_EPSILON;
        self
    }

    /// Returns the factor and the offset of each output map that follow from the running statistics.
    pub(super) fn scale_and_shift(&self, device: &Device) -> (Tensor<1>, Tensor<1>) {
        self.bn.scale_and_shift(device)
    }

    /// Returns the number of input maps, per group if there are several.
    pub(super) fn input_maps(&self) -> usize {
        self.conv.weight.lazy_shape()[1]
    }
}

impl Convolve for ConvNorm {
    /// `x` [b, from, h, w] → [b, to, h/stride, w/stride].
    fn apply(&self, x: Tensor<4>, activation: Activation) -> Tensor<4> {
        let differentiated = [x.device(), self.bn.weight.val().device()].iter().any(Device::is_autodiff);
        if differentiated || !has_kernels(&self.conv, &x) {
            return activated(self.bn.forward(self.conv.linear(x)), activation);
        }
        // Convolution, normalisation and activation in a single pass over the maps.
        let (scale, shift) = self.bn.scale_and_shift(&x.device());
        let shift = match &self.conv.bias {
            Some(bias) => shift + bias.val() * scale.clone(),
            None => shift,
        };
        let scale = scale.into_data().try_to_vec().expect("f32 on the CPU");
        convolved(&self.conv, x, Some(scale), Some(shift), activation)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Distribution, Tolerance};

    use super::*;

    #[test]
    fn batches_are_normalised_while_training_and_remembered_afterwards() {
        let device = Device::flex().autodiff();
        let norm = BatchNorm::new(1, EPSILON, &device);
        let batch = Tensor::<1>::from_floats([1.0, 3.0, 5.0, 7.0], &device).reshape([2, 1, 1, 2]);
        let trained = norm.forward(batch.clone()); // mean 4, biased variance 5
        let expected = Tensor::<1>::from_floats([-3.0, -1.0, 1.0, 3.0], &device).reshape([2, 1, 1, 2]) / 5f32.sqrt();
        trained.into_data().assert_approx_eq::<f32>(&expected.into_data(), Tolerance::absolute(1e-5));

        // Running: mean 0.1 · 4, variance 0.9 · 1 + 0.1 · 20/3, immediately and also in inference mode.
        let frozen = norm.valid().forward(batch.clone().inner());
        let variance = 0.9f32 + 0.1 * 20.0 / 3.0;
        let expected = (batch.clone().inner() - 0.4) / variance.sqrt();
        frozen.into_data().assert_approx_eq::<f32>(&expected.into_data(), Tolerance::absolute(1e-4));
        let checkpoint = norm.clone().into_record();
        let resumed = BatchNorm::new(1, EPSILON, &device).try_load_record(checkpoint).unwrap();
        for norm in [norm, resumed] {
            let mut kept = Vec::new();
            norm.running_var.visit(&mut NormValues(&mut kept)); // as written to a weights file
            assert!((kept[0] - variance).abs() < 1e-6, "{kept:?}");
        }
    }

    #[test]
    fn a_frozen_layer_keeps_to_what_it_remembers_and_passes_gradients() {
        let device = Device::flex().autodiff();
        let mut norm = BatchNorm::new(1, EPSILON, &device);
        let batch = Tensor::<1>::from_floats([1.0, 3.0, 5.0, 8.0], &device).reshape([2, 1, 1, 2]);
        norm.forward(batch.clone());
        norm.weight = norm.weight.set_require_grad(false);
        norm.bias = norm.bias.set_require_grad(false);
        let remembered = |norm: &BatchNorm| {
            let mut kept = Vec::new();
            norm.running_mean.visit(&mut NormValues(&mut kept));
            norm.running_var.visit(&mut NormValues(&mut kept));
            kept
        };
        let before = remembered(&norm);
        let seen = batch.require_grad();
        let output = norm.forward(seen.clone());
        assert_eq!(remembered(&norm), before);
        let expected = norm.valid().forward(seen.clone().inner()).into_data();
        output.clone().into_data().assert_approx_eq::<f32>(&expected, Tolerance::absolute(1e-6));
        let slope = seen.grad(&output.sum().backward()).unwrap();
        let expected = slope.full_like(1.0 / (before[1] + 1e-5).sqrt()).into_data();
        slope.into_data().assert_approx_eq::<f32>(&expected, Tolerance::absolute(1e-6));
    }

    #[test]
    fn a_batch_that_is_not_finite_leaves_no_trace_in_the_statistics() {
        let device = Device::flex().autodiff();
        let norm = BatchNorm::new(2, EPSILON, &device);
        let remembered = |norm: &BatchNorm| {
            let mut kept = Vec::new();
            norm.running_mean.visit(&mut NormValues(&mut kept));
            norm.running_var.visit(&mut NormValues(&mut kept));
            kept
        };
        let batch = |odd: f32| Tensor::<1>::from_floats([1.0, 2.0, odd, 4.0], &device).reshape([2, 2, 1, 1]);
        norm.forward(batch(3.0));
        let before = remembered(&norm);
        for odd in [f32::NAN, f32::INFINITY] {
            norm.forward(batch(odd)); // in the first channel
            let after = remembered(&norm);
            assert_eq!([after[0], after[2]], [before[0], before[2]], "{odd}");
            assert!(after.iter().all(|value| value.is_finite()), "{after:?}");
        }
    }

    struct NormValues<'a>(&'a mut Vec<f32>);

    impl burn::module::ModuleVisitor for NormValues<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.extend(param.val().into_data().try_into_vec::<f32>().unwrap());
        }
    }

    #[test]
    fn convolution_and_normalisation_in_one_pass_are_those_one_after_the_other() {
        let device = Device::flex().autodiff();
        let mut norm = ConvNorm::new([3, 4], 3, 2, 1, &device);
        norm.conv.bias = Some(Param::from_tensor(Tensor::from_floats([0.5, -1.0, 2.0, 0.0], &device)));
        norm.bn.weight = Param::from_tensor(Tensor::from_floats([1.0, -2.0, 0.5, 3.0], &device));
        let x = Tensor::random([2, 3, 9, 8], Distribution::Normal(1.0, 2.0), &device);
        norm.linear(x.clone()); // moves the running statistics
        let (norm, x) = (norm.valid(), x.inner());
        let expected = activated(norm.bn.forward(norm.conv.forward(x.clone())), Activation::RELU6);
        norm.relu6(x).into_data().assert_approx_eq::<f32>(&expected.into_data(), Tolerance::absolute(1e-4));
    }
}
