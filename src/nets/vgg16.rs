//! VGG16 (Simonyan & Zisserman 2014), the classifier of the paper's streams.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Dropout, DropoutConfig, Linear};
use burn::tensor::module::adaptive_avg_pool2d;
use burn::tensor::{Device, Tensor, activation};

use super::StreamConfig;
use super::convolve::Convolve;
use super::layers::{Head, conv, linear, replaced, with_linear_head};
use super::pooling::max_pool;

/// Width of the two hidden fully connected layers.
const HIDDEN: usize = 4096;
/// Side of the last feature map for the nominal input of 224×224.
pub(super) const MAP_SIDE: usize = 7;
/// Dropout after `fc6` and `fc7`, as in the authors' temporal stream. (Their spatial stream has 0.9 for both.)
const DROPOUT: [f64; 2] = [0.9, 0.8];

/// VGG16 under Caffe's layer names.
#[derive(Module, Debug)]
#[expect(missing_docs, reason = "the layers are named and described by the VGG paper's Table 1, column D")]
pub struct Vgg16 {
    pub conv1_1: Conv2d,
    pub conv1_2: Conv2d,
    pub conv2_1: Conv2d,
    pub conv2_2: Conv2d,
    pub conv3_1: Conv2d,
    pub conv3_2: Conv2d,
    pub conv3_3: Conv2d,
    pub conv4_1: Conv2d,
    pub conv4_2: Conv2d,
    pub conv4_3: Conv2d,
    pub conv5_1: Conv2d,
    pub conv5_2: Conv2d,
    pub conv5_3: Conv2d,
    pub fc6: Linear,
    pub fc7: Linear,
    pub fc8: Linear,
    dropout6: Dropout,
    dropout7: Dropout,
    pub(super) pool: MaxPool2d,
}

impl Vgg16 {
    /// Builds the classifier described by `config`, with fresh parameters.
    pub(super) fn new(config: &StreamConfig, device: &Device) -> Self {
        let conv3x3 = |from: usize, to: usize| conv([from, to], 3, 1, device);
        let [dropout6, dropout7] = config.dropout.map_or(DROPOUT, |p| [p, p]).map(|p| DropoutConfig::new(p).init());
        Self {
            conv1_1: conv3x3(config.input.channels(), 64),
            conv1_2: conv3x3(64, 64),
            conv2_1: conv3x3(64, 128),
            conv2_2: conv3x3(128, 128),
            conv3_1: conv3x3(128, 256),
            conv3_2: conv3x3(256, 256),
            conv3_3: conv3x3(256, 256),
            conv4_1: conv3x3(256, 512),
            conv4_2: conv3x3(512, 512),
            conv4_3: conv3x3(512, 512),
            conv5_1: conv3x3(512, 512),
            conv5_2: conv3x3(512, 512),
            conv5_3: conv3x3(512, 512),
            fc6: linear(512 * MAP_SIDE * MAP_SIDE, HIDDEN, device),
            fc7: linear(HIDDEN, HIDDEN, device),
            fc8: linear(HIDDEN, config.classes, device),
            dropout6,
            dropout7,
            pool: MaxPool2dConfig::new([2, 2]).init(),
        }
    }

    /// `x` [b, c, h, w] → `fc7` [b, 4096]. For frame sizes other than 224×224, maps are averaged to the same 7×7.
    pub(super) fn features(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self.block(x, &[&self.conv1_1, &self.conv1_2]); // [b, 64, h/2, w/2]
        let x = self.block(x, &[&self.conv2_1, &self.conv2_2]); // [b, 128, h/4, w/4]
        let x = self.block(x, &[&self.conv3_1, &self.conv3_2, &self.conv3_3]); // [b, 256, h/8, w/8]
        let x = self.block(x, &[&self.conv4_1, &self.conv4_2, &self.conv4_3]); // [b, 512, h/16, w/16]
        let x = self.block(x, &[&self.conv5_1, &self.conv5_2, &self.conv5_3]); // [b, 512, h/32, w/32]
        let x = match x.dims() {
            [_, _, MAP_SIDE, MAP_SIDE] => x,
            _ => adaptive_avg_pool2d(x, [MAP_SIDE, MAP_SIDE]),
        };
        let x = activation::relu(self.fc6.forward(x.flatten::<2>(1, 3)));
        activation::relu(self.fc7.forward(self.dropout6.forward(x)))
    }

    /// `features` [b, 4096] → logits [b, K].
    pub(super) fn classify(&self, features: Tensor<2>) -> Tensor<2> {
        self.fc8.forward(self.dropout7.forward(features))
    }

    /// Returns the network with its last layer replaced. All layers are positively homogeneous, so scaling down the
    /// parameters before the features scales the features exactly.
    pub(super) fn with_head(mut self, head: Head) -> Self {
        self.fc7.weight = replaced(self.fc7.weight, |old| old / head.scale);
        self.fc7.bias = self.fc7.bias.map(|old| replaced(old, |old| old / head.scale));
        Self { fc8: with_linear_head(self.fc8, Head { scale: 1.0, ..head }), ..self }
    }

    /// A block of convolutions with ReLU, followed by 2×2 pooling.
    fn block(&self, x: Tensor<4>, convs: &[&Conv2d]) -> Tensor<4> {
        max_pool(&self.pool, convs.iter().fold(x, |x, conv| conv.relu(x)))
    }
}
