//! MobileNetV2 (Sandler et al. 2018) with torchvision's layers, the classifier for live pictures on small machines.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear};
use burn::tensor::{Device, Tensor};

use super::StreamConfig;
use super::batch_norm::ConvNorm;
use super::layers::{Head, global_average, linear, with_linear_head};

/// Feature maps of the first convolution.
const FIRST: usize = 32;
/// Features the classifier reads.
const FEATURES: usize = 1280;
/// Dropout before the classifier, as in torchvision.
const DROPOUT: f64 = 0.2;

/// A row of the paper's Table 2: `blocks` inverted residuals of `maps` maps, inside `expansion` times as many as come
/// in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stage {
    expansion: usize,
    maps: usize,
    pub blocks: usize,
    stride: usize,
}

/// A row as the paper writes it: t, c, n, s.
pub(super) const fn stage(expansion: usize, maps: usize, blocks: usize, stride: usize) -> Stage {
    Stage { expansion, maps, blocks, stride }
}

/// The paper's Table 2.
pub(super) const STAGES: [Stage; 7] = [
    stage(1, 16, 1, 1),
    stage(6, 24, 2, 2),
    stage(6, 32, 3, 2),
    stage(6, 64, 4, 2),
    stage(6, 96, 3, 1),
    stage(6, 160, 3, 2),
    stage(6, 320, 1, 1),
];

/// MobileNetV2.
#[derive(Module, Debug)]
pub struct MobileNetV2 {
    /// 3×3, stride 2.
    pub first: ConvNorm,
    /// The inverted residuals.
    pub blocks: Vec<InvertedResidual>,
    /// 1×1 to the features.
    pub last: ConvNorm,
    /// Features → logits.
    pub classifier: Linear,
    dropout: Dropout,
}

impl MobileNetV2 {
    /// Builds the classifier `config` describes, with fresh parameters.
    pub(super) fn new(config: &StreamConfig, device: &Device) -> Self {
        Self::with_stages(&STAGES, [FIRST, FEATURES], config, device)
    }

    /// The network of these stages between the `[first, last]` convolution's maps.
    pub(super) fn with_stages(
        stages: &[Stage],
        [first, features]: [usize; 2],
        config: &StreamConfig,
        device: &Device,
    ) -> Self {
        let mut blocks = Vec::new();
        let mut from = first;
        for stage in stages {
            for number in 0..stage.blocks {
                let stride = if number == 0 { stage.stride } else { 1 };
                blocks.push(InvertedResidual::new([from, stage.maps], stage.expansion, stride, device));
                from = stage.maps;
            }
        }
        Self {
            first: ConvNorm::new([config.input.channels(), first], 3, 2, 1, device),
            blocks,
            last: ConvNorm::new([from, features], 1, 1, 1, device),
            classifier: linear(features, config.classes, device),
            dropout: DropoutConfig::new(config.dropout.unwrap_or(DROPOUT)).init(),
        }
    }

    /// `x` [b, c, h, w] → averaged features [b, 1280].
    pub(super) fn features(&self, x: Tensor<4>) -> Tensor<2> {
        let x = relu6(self.first.forward(x)); // [b, 32, h/2, w/2]
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x)); // [b, 320, h/32, w/32]
        global_average(relu6(self.last.forward(x)))
    }

    /// `features` [b, 1280] → logits [b, K].
    pub(super) fn classify(&self, features: Tensor<2>) -> Tensor<2> {
        self.classifier.forward(self.dropout.forward(features))
    }

    /// The network with another last layer.
    pub(super) fn with_head(self, head: Head) -> Self {
        Self { classifier: with_linear_head(self.classifier, head), ..self }
    }
}

/// Few maps → many → few, with a convolution of each map by itself in between and a shortcut where shapes allow.
#[derive(Module, Debug)]
pub struct InvertedResidual {
    /// 1×1 to many maps; the first block has none.
    pub expand: Option<ConvNorm>,
    /// 3×3, each map by itself.
    pub depthwise: ConvNorm,
    /// 1×1 to few maps, without activation.
    pub project: ConvNorm,
}

impl InvertedResidual {
    fn new([from, to]: [usize; 2], expansion: usize, stride: usize, device: &Device) -> Self {
        let inner = from * expansion;
        Self {
            expand: (expansion != 1).then(|| ConvNorm::new([from, inner], 1, 1, 1, device)),
            depthwise: ConvNorm::new([inner, inner], 3, stride, inner, device),
            project: ConvNorm::new([inner, to], 1, 1, 1, device),
        }
    }

    /// [b, from, h, w] → [b, to, h/stride, w/stride].
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let shortcut = x.clone();
        let x = match &self.expand {
            Some(expand) => relu6(expand.forward(x)),
            None => x,
        };
        let x = self.project.forward(relu6(self.depthwise.forward(x)));
        if x.dims() == shortcut.dims() { x + shortcut } else { x }
    }
}

/// The rectifier that ends at 6.
fn relu6(x: Tensor<4>) -> Tensor<4> {
    x.clamp(0.0, 6.0)
}
