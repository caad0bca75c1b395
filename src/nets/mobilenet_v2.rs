//! MobileNetV2 (Sandler et al. 2018) with torchvision's layers, a classifier for live video on small machines.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear};
use burn::tensor::{Device, Tensor};

use super::StreamConfig;
use super::batch_norm::ConvNorm;
use super::convolve::Convolve;
use super::inverted_residual::{InvertedResidual, MobileStage};
use super::layers::{Head, global_average, linear, with_linear_head};

/// Feature maps of the first convolution.
const FIRST: usize = 32;
/// Width of the features read by the classifier.
const FEATURES: usize = 1280;
/// Dropout before the classifier, as in torchvision.
const DROPOUT: f64 = 0.2;

/// The paper's Table 2.
pub(super) const STAGES: [MobileStage; 7] = [
    MobileStage::new(1, 16, 1, 1),
    MobileStage::new(6, 24, 2, 2),
    MobileStage::new(6, 32, 3, 2),
    MobileStage::new(6, 64, 4, 2),
    MobileStage::new(6, 96, 3, 1),
    MobileStage::new(6, 160, 3, 2),
    MobileStage::new(6, 320, 1, 1),
];

/// MobileNetV2.
#[derive(Module, Debug)]
pub struct MobileNetV2 {
    /// First convolution: 3×3, stride 2.
    pub first: ConvNorm,
    /// The inverted residual blocks.
    pub blocks: Vec<InvertedResidual>,
    /// 1×1 convolution to the features.
    pub last: ConvNorm,
    /// Linear classifier: features → logits.
    pub classifier: Linear,
    dropout: Dropout,
}

impl MobileNetV2 {
    /// Builds the classifier described by `config`, with fresh parameters.
    pub(super) fn new(config: &StreamConfig, device: &Device) -> Self {
        Self::with_stages(&STAGES, [FIRST, FEATURES], config, device)
    }

    /// Returns the network of these stages between convolutions of `[first, last]` maps.
    pub(super) fn with_stages(
        stages: &[MobileStage],
        [first, features]: [usize; 2],
        config: &StreamConfig,
        device: &Device,
    ) -> Self {
        let blocks = InvertedResidual::chain(first, stages, device);
        let maps = stages.last().map_or(first, |stage| stage.maps);
        Self {
            first: ConvNorm::new([config.input.channels(), first], 3, 2, 1, device),
            blocks,
            last: ConvNorm::new([maps, features], 1, 1, 1, device),
            classifier: linear(features, config.classes, device),
            dropout: DropoutConfig::new(config.dropout.unwrap_or(DROPOUT)).init(),
        }
    }

    /// `x` [b, c, h, w] → averaged features [b, 1280].
    pub(super) fn features(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self.first.relu6(x); // [b, 32, h/2, w/2]
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x)); // [b, 320, h/32, w/32]
        global_average(self.last.relu6(x))
    }

    /// `features` [b, 1280] → logits [b, K].
    pub(super) fn classify(&self, features: Tensor<2>) -> Tensor<2> {
        self.classifier.forward(self.dropout.forward(features))
    }

    /// Returns the network with its last layer replaced.
    pub(super) fn with_head(self, head: Head) -> Self {
        Self { classifier: with_linear_head(self.classifier, head), ..self }
    }
}
