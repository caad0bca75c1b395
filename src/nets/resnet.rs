//! ResNet-18 and ResNet-50 (He et al. 2016) with torchvision's layers.

use burn::module::Module;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Dropout, DropoutConfig, Linear, PaddingConfig2d};
use burn::tensor::{Device, Tensor, activation};

use super::batch_norm::ConvNorm;
use super::convolve::Convolve;
use super::layers::{Head, global_average, linear, with_linear_head};
use super::pooling::max_pool;
use super::{Backbone, StreamConfig};

/// Feature maps of the first layer, by which all others scale.
const WIDTH: usize = 64;
/// Dropout before the classifier. (The ImageNet networks have none, but were trained on far more images than there are
/// clips.)
const DROPOUT: f64 = 0.5;

/// The layout of a ResNet.
#[derive(Debug, Clone, Copy)]
pub(super) struct ResNetLayout {
    /// Blocks in each of the four stages.
    pub blocks: [usize; 4],
    /// `true` for blocks of 1×1, 3×3 and 1×1 convolutions with four times the maps at their ends, `false` for two 3×3
    /// convolutions.
    pub bottleneck: bool,
}

impl ResNetLayout {
    /// Table 1, 18 layers.
    pub const RESNET18: Self = Self { blocks: [2, 2, 2, 2], bottleneck: false };
    /// Table 1, 50 layers.
    pub const RESNET50: Self = Self { blocks: [3, 4, 6, 3], bottleneck: true };

    fn expansion(self) -> usize {
        if self.bottleneck { 4 } else { 1 }
    }
}

/// A residual network. The stride of a bottleneck block is in its 3×3 convolution, as in torchvision.
#[derive(Module, Debug)]
#[expect(missing_docs, reason = "the layers are named and described by the ResNet paper's Table 1")]
pub struct ResNet {
    pub conv1: ConvNorm,
    pub layer1: Vec<Block>,
    pub layer2: Vec<Block>,
    pub layer3: Vec<Block>,
    pub layer4: Vec<Block>,
    pub fc: Linear,
    dropout: Dropout,
    pub(super) pool: MaxPool2d,
}

impl ResNet {
    /// Builds the classifier described by `config`, with fresh parameters.
    pub(super) fn new(layout: ResNetLayout, config: &StreamConfig, device: &Device) -> Self {
        Self::with_width(layout, WIDTH, config, device)
    }

    /// Returns the network with `width` maps in its first layer.
    pub(super) fn with_width(layout: ResNetLayout, width: usize, config: &StreamConfig, device: &Device) -> Self {
        let stage = |index: usize| {
            let inner = width << index;
            let out = inner * layout.expansion();
            let first_from = if index == 0 { width } else { out / 2 };
            let block = |number: usize| match number {
                0 => Block::new(layout, [first_from, inner], if index == 0 { 1 } else { 2 }, device),
                _ => Block::new(layout, [out, inner], 1, device),
            };
            (0..layout.blocks[index]).map(block).collect()
        };
        Self {
            conv1: ConvNorm::new([config.input.channels(), width], 7, 2, 1, device),
            layer1: stage(0),
            layer2: stage(1),
            layer3: stage(2),
            layer4: stage(3),
            fc: linear(8 * width * layout.expansion(), config.classes, device),
            dropout: DropoutConfig::new(config.dropout.unwrap_or(DROPOUT)).init(),
            pool: MaxPool2dConfig::new([3, 3])
                .with_strides([2, 2])
                .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                .init(),
        }
    }

    /// Returns the architecture.
    pub(super) fn backbone(&self) -> Backbone {
        match self.layer1.first().map(|block| &block.conv3) {
            Some(Some(_)) => Backbone::ResNet50,
            _ => Backbone::ResNet18,
        }
    }

    /// `x` [b, c, h, w] → averaged features [b, 512], or [b, 2048] for ResNet-50.
    pub(super) fn features(&self, x: Tensor<4>) -> Tensor<2> {
        let x = max_pool(&self.pool, self.conv1.relu(x)); // [b, 64, h/4, w/4]
        let stages = [&self.layer1, &self.layer2, &self.layer3, &self.layer4];
        global_average(stages.into_iter().flatten().fold(x, |x, block| block.forward(x))) // of h/32 × w/32
    }

    /// `features` [b, F] → logits [b, K].
    pub(super) fn classify(&self, features: Tensor<2>) -> Tensor<2> {
        self.fc.forward(self.dropout.forward(features))
    }

    /// Returns the network with its last layer replaced.
    pub(super) fn with_head(self, head: Head) -> Self {
        Self { fc: with_linear_head(self.fc, head), ..self }
    }
}

/// A residual block: two or three convolutions and a shortcut.
#[derive(Module, Debug)]
#[expect(missing_docs, reason = "the layers bear torchvision's names")]
pub struct Block {
    pub conv1: ConvNorm,
    pub conv2: ConvNorm,
    pub conv3: Option<ConvNorm>,
    pub downsample: Option<ConvNorm>,
}

impl Block {
    /// Creates a block with `[from, inner]` maps.
    fn new(layout: ResNetLayout, [from, inner]: [usize; 2], stride: usize, device: &Device) -> Self {
        let conv = |channels, kernel, stride| ConvNorm::new(channels, kernel, stride, 1, device);
        let out = inner * layout.expansion();
        let [first, second] = if layout.bottleneck { [(1, 1), (3, stride)] } else { [(3, stride), (3, 1)] };
        Self {
            conv1: conv([from, inner], first.0, first.1),
            conv2: conv([inner, inner], second.0, second.1),
            conv3: layout.bottleneck.then(|| conv([inner, out], 1, 1)),
            downsample: (stride != 1 || from != out).then(|| conv([from, out], 1, stride)),
        }
    }

    /// `x` [b, from, h, w] → [b, out, h/stride, w/stride].
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let shortcut = match &self.downsample {
            Some(downsample) => downsample.linear(x.clone()),
            None => x.clone(),
        };
        let x = self.conv1.relu(x);
        let x = match &self.conv3 {
            Some(conv3) => conv3.linear(self.conv2.relu(x)),
            None => self.conv2.linear(x),
        };
        activation::relu(x + shortcut)
    }
}
