//! SqueezeNet 1.0 (Iandola et al. 2016), the small classifier among the backbones.

use burn::module::{Initializer, Module};
use burn::nn::conv::Conv2d;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Dropout, DropoutConfig};
use burn::tensor::{Device, Tensor};

use super::StreamConfig;
use super::convolve::Convolve;
use super::flow_normalisation::convolved_input;
use super::kernels::Activation;
use super::layers::{HE_NORMAL, Head, conv_with, global_average, replaced};
use super::pooling::max_pool;

/// Width of the features read by the classifier.
const FEATURES: usize = 512;
/// Dropout before the classifier.
const DROPOUT: f64 = 0.5;

/// SqueezeNet 1.0 with torchvision's layers, under Caffe's names.
///
/// One difference: `conv10` classifies the averaged features, without the ReLU of the ImageNet network. Scores thus
/// keep their sign, a class with only negative scores still receives gradients, and the average can be taken first.
#[derive(Module, Debug)]
#[expect(missing_docs, reason = "the layers are named and described by the SqueezeNet paper's Table 1")]
pub struct SqueezeNet {
    pub conv1: Conv2d,
    pub fire2: Fire,
    pub fire3: Fire,
    pub fire4: Fire,
    pub fire5: Fire,
    pub fire6: Fire,
    pub fire7: Fire,
    pub fire8: Fire,
    pub fire9: Fire,
    pub conv10: Conv2d,
    dropout: Dropout,
    pub(super) pool: MaxPool2d,
}

impl SqueezeNet {
    /// Builds the classifier described by `config`, with fresh parameters.
    pub(super) fn new(config: &StreamConfig, device: &Device) -> Self {
        let fire = |from: usize, squeeze: usize, expand: usize| Fire::new(from, squeeze, expand, device);
        Self {
            conv1: conv_with(HE_NORMAL, [config.input.channels(), 96], 7, 2, 0, device),
            fire2: fire(96, 16, 64),
            fire3: fire(128, 16, 64),
            fire4: fire(128, 32, 128),
            fire5: fire(256, 32, 128),
            fire6: fire(256, 48, 192),
            fire7: fire(384, 48, 192),
            fire8: fire(384, 64, 256),
            fire9: fire(512, 64, 256),
            conv10: conv_with(
                Initializer::Normal { mean: 0.0, std: 0.01 },
                [FEATURES, config.classes],
                1,
                1,
                0,
                device,
            ),
            dropout: DropoutConfig::new(config.dropout.unwrap_or(DROPOUT)).init(),
            pool: MaxPool2dConfig::new([3, 3]).with_strides([2, 2]).with_ceil_mode(true).init(),
        }
    }

    /// `x` [b, c, h, w], sides of at least 32 → averaged features [b, 512].
    pub(super) fn features(&self, x: Tensor<4>) -> Tensor<2> {
        self.rest_of_features(self.conv1.relu(x))
    }

    /// Raw finest flow [b, 2n, h/2, w/2] → averaged features [b, 512].
    pub(super) fn flow_features(&self, flow: Tensor<4>) -> Tensor<2> {
        self.rest_of_features(convolved_input(&self.conv1, flow, Activation::RELU))
    }

    /// Output of the first layer [b, 96, h/2, w/2] → averaged features [b, 512].
    fn rest_of_features(&self, x: Tensor<4>) -> Tensor<2> {
        let x = max_pool(&self.pool, x); // [b, 96, h/4, w/4]
        let x = self.fire4.forward(self.fire3.forward(self.fire2.forward(x)));
        let x = max_pool(&self.pool, x); // [b, 256, h/8, w/8]
        let x = self.fire6.forward(self.fire5.forward(x));
        let x = self.fire8.forward(self.fire7.forward(x));
        let x = self.fire9.forward(max_pool(&self.pool, x)); // [b, 512, h/16, w/16]
        global_average(x)
    }

    /// `features` [b, 512] → logits [b, K].
    pub(super) fn classify(&self, features: Tensor<2>) -> Tensor<2> {
        let [batch, channels] = features.dims();
        let x = self.dropout.forward(features).reshape([batch, channels, 1, 1]);
        self.conv10.linear(x).flatten(1, 3)
    }

    /// Returns the network with its last layer replaced. All layers are positively homogeneous, so scaling down the
    /// parameters before the features scales the features exactly.
    pub(super) fn with_head(mut self, head: Head) -> Self {
        let [features, classes] = head.weight.dims();
        let weight = head.weight.transpose().reshape([classes, features, 1, 1]);
        self.fire9.expand1x1 = divided(self.fire9.expand1x1, head.scale);
        self.fire9.expand3x3 = divided(self.fire9.expand3x3, head.scale);
        self.conv10.weight = replaced(self.conv10.weight, |_| weight);
        self.conv10.bias = self.conv10.bias.map(|old| replaced(old, |_| head.bias));
        self
    }
}

/// A Fire module: a narrow 1×1 layer, then parallel 1×1 and 3×3 layers, with torchvision's names.
#[derive(Module, Debug)]
pub struct Fire {
    pub squeeze1x1: Conv2d,
    pub expand1x1: Conv2d,
    pub expand3x3: Conv2d,
}

impl Fire {
    fn new(from: usize, squeeze: usize, expand: usize, device: &Device) -> Self {
        let conv = |channels: [usize; 2], kernel: usize| conv_with(HE_NORMAL, channels, kernel, 1, kernel / 2, device);
        Self {
            squeeze1x1: conv([from, squeeze], 1),
            expand1x1: conv([squeeze, expand], 1),
            expand3x3: conv([squeeze, expand], 3),
        }
    }

    /// [b, from, h, w] → [b, 2·expand, h, w].
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let x = self.squeeze1x1.relu(x);
        Tensor::cat(vec![self.expand1x1.relu(x.clone()), self.expand3x3.relu(x)], 1)
    }
}

/// Returns the convolution with all its parameters divided by `by`.
fn divided(mut conv: Conv2d, by: f32) -> Conv2d {
    conv.weight = replaced(conv.weight, |old| old / by);
    conv.bias = conv.bias.map(|old| replaced(old, |old| old / by));
    conv
}
