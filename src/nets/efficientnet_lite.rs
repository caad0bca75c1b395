//! EfficientNet-Lite0, 1 and 2 (Tan & Le 2019, without squeeze-and-excitation and with ReLU6): classifiers for small
//! machines, more accurate on ImageNet than the other backbones of their size.
//!
//! Layers, scaling, padding and batch normalisation are those of TensorFlow's reference, which
//! `efficientnet_lite_pytorch` mirrors. That package always pads for images of its nominal size; here, as in
//! TensorFlow, the padding depends on the actual image size.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear};
use burn::tensor::{Device, Tensor, TensorData};

use super::backbone::EFFICIENTNET_MIDDLE;
use super::batch_norm::ConvNorm;
use super::convolve::Convolve;
use super::inverted_residual::{InvertedResidual, MobileStage};
use super::layers::{Head, global_average, linear, with_linear_head};
use super::preprocessing::MEAN_BGR;
use super::{Backbone, StreamConfig};

/// Feature maps of the first convolution, at every scale.
const FIRST: usize = 32;
/// Width of the features read by the classifier, at every scale.
const FEATURES: usize = 1280;
/// Numbers of maps are rounded to multiples of this.
const DIVISOR: usize = 8;

/// EfficientNet-B0's Table 1, the base of all scales.
const STAGES: [MobileStage; 7] = [
    MobileStage::new(1, 16, 1, 1),
    MobileStage::new(6, 24, 2, 2),
    MobileStage::new(6, 40, 2, 2).with_kernel(5),
    MobileStage::new(6, 80, 3, 2),
    MobileStage::new(6, 112, 3, 1).with_kernel(5),
    MobileStage::new(6, 192, 4, 2).with_kernel(5),
    MobileStage::new(6, 320, 1, 1),
];

/// The scaling parameters of an EfficientNet-Lite.
#[derive(Debug, Clone, Copy)]
pub(super) struct CompoundScale {
    /// Width factor on the maps of [`STAGES`], in tenths.
    width: usize,
    /// Depth factor on the blocks of all stages but the first and the last, in tenths.
    depth: usize,
    /// Dropout before the classifier.
    dropout: f64,
}

impl CompoundScale {
    /// EfficientNet-Lite0, published for images of 224×224.
    pub const LITE0: Self = Self { width: 10, depth: 10, dropout: 0.2 };
    /// EfficientNet-Lite1, published for images of 240×240.
    pub const LITE1: Self = Self { width: 10, depth: 11, dropout: 0.2 };
    /// EfficientNet-Lite2, published for images of 260×260.
    pub const LITE2: Self = Self { width: 11, depth: 12, dropout: 0.3 };

    /// Returns the stages at this scale.
    pub fn stages(self) -> [MobileStage; 7] {
        let last = STAGES.len() - 1;
        std::array::from_fn(|index| {
            let mut stage = STAGES[index];
            stage.maps = self.maps(stage.maps);
            if ![0, last].contains(&index) {
                stage.blocks = (stage.blocks * self.depth).div_ceil(10);
            }
            stage
        })
    }

    /// Returns `maps` at this scale, rounded to the nearest multiple of the divisor, or up if rounding down would
    /// remove more than a tenth.
    fn maps(self, maps: usize) -> usize {
        let tenths = maps * self.width;
        let nearest = ((tenths + 5 * DIVISOR) / (10 * DIVISOR) * DIVISOR).max(DIVISOR);
        if 100 * nearest < 9 * tenths { nearest + DIVISOR } else { nearest }
    }
}

/// EfficientNet-Lite.
#[derive(Module, Debug)]
pub struct EfficientNetLite {
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

impl EfficientNetLite {
    /// Builds the classifier described by `config`, with fresh parameters.
    pub(super) fn new(scale: CompoundScale, config: &StreamConfig, device: &Device) -> Self {
        Self::with_stages(&scale.stages(), [FIRST, FEATURES], scale.dropout, config, device)
    }

    /// Returns the network of these stages between convolutions of `[first, last]` maps.
    pub(super) fn with_stages(
        stages: &[MobileStage],
        [first, features]: [usize; 2],
        dropout: f64,
        config: &StreamConfig,
        device: &Device,
    ) -> Self {
        let maps = stages.last().map_or(first, |stage| stage.maps);
        let blocks = InvertedResidual::chain(first, stages, device).into_iter();
        Self {
            first: ConvNorm::new([config.input.channels(), first], 3, 2, 1, device).like_tensorflow(),
            blocks: blocks.map(InvertedResidual::like_tensorflow).collect(),
            last: ConvNorm::new([maps, features], 1, 1, 1, device).like_tensorflow(),
            classifier: linear(features, config.classes, device),
            dropout: DropoutConfig::new(config.dropout.unwrap_or(dropout)).init(),
        }
    }

    /// Returns the architecture: Lite0 has fewer blocks than the others, Lite2 more maps.
    pub(super) fn backbone(&self) -> Backbone {
        let is = |scale: CompoundScale| {
            let stages = scale.stages();
            let blocks: usize = stages.iter().map(|stage| stage.blocks).sum();
            (self.blocks.len(), self.last.input_maps()) == (blocks, stages[6].maps)
        };
        if is(CompoundScale::LITE2) {
            Backbone::EfficientNetLite2
        } else if is(CompoundScale::LITE1) {
            Backbone::EfficientNetLite1
        } else {
            Backbone::EfficientNetLite0
        }
    }

    /// `x` [b, c, h, w] → averaged features [b, 1280].
    pub(super) fn features(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self.first.relu6(self.centred(x)); // [b, 32, h/2, w/2]
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x)); // [b, 352, h/32, w/32]
        global_average(self.last.relu6(x))
    }

    /// Shifts images from zero mean to zero middle level, so that zero padding equals that of the published networks.
    /// Flow is unchanged.
    fn centred(&self, x: Tensor<4>) -> Tensor<4> {
        if self.first.input_maps() != MEAN_BGR.len() {
            return x;
        }
        let offsets = MEAN_BGR.map(|mean| mean - EFFICIENTNET_MIDDLE);
        let offsets = TensorData::new(offsets.to_vec(), [1, offsets.len(), 1, 1]);
        let device = x.device();
        x + Tensor::from_data(offsets, &device)
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

#[cfg(test)]
mod tests {
    use super::*;

    const NARROW: CompoundScale = CompoundScale { width: 1, depth: 10, dropout: 0.0 };

    impl EfficientNetLite {
        /// Builds EfficientNet-Lite0 with a tenth of its maps, in the first and last convolution too.
        pub(in crate::nets) fn narrow(config: &StreamConfig, device: &Device) -> Self {
            Self::with_stages(&NARROW.stages(), [NARROW.maps(FIRST), NARROW.maps(FEATURES)], 0.0, config, device)
        }
    }

    #[test]
    fn scales_round_as_in_tensorflow() {
        let table = |scale: CompoundScale| scale.stages().map(|stage| (stage.maps, stage.blocks));
        assert_eq!(table(CompoundScale::LITE1), [(16, 1), (24, 3), (40, 3), (80, 4), (112, 4), (192, 5), (320, 1)]);
        assert_eq!(table(CompoundScale::LITE2), [(16, 1), (24, 3), (48, 3), (88, 4), (120, 4), (208, 5), (352, 1)]);
        assert_eq!(NARROW.stages().map(|stage| stage.maps), [8, 8, 8, 8, 16, 24, 32]);
    }
}
