//! The branched hidden two-stream network (paper, supplementary material): MotionNet's encoder is shared by its
//! decoder, which predicts flow, and by three fully connected layers, which classify.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear};
use burn::tensor::module::adaptive_avg_pool2d;
use burn::tensor::{Device, Tensor, activation};

use super::JointConfig;
use crate::nets::layers::linear;
use crate::nets::{FlowPyramid, MotionNet};

/// Dropout after `fc6` and `fc7`, as in the authors' temporal stream.
const DROPOUT: [f64; 2] = [0.9, 0.8];
/// Maps of `conv6_1` per map of `conv1`.
const LAST_MAPS: usize = 16;

/// MotionNet with a classification branch.
#[derive(Module, Debug)]
pub struct Branched {
    /// Encoder and decoder.
    pub motion: MotionNet,
    /// The classifier on the encoder.
    pub branch: Branch,
}

/// Three fully connected layers on `conv6_1`, as in VGG16. Their sizes are not published.
#[derive(Module, Debug)]
#[expect(missing_docs, reason = "the layers are named after those of VGG16")]
pub struct Branch {
    pub fc6: Linear,
    pub fc7: Linear,
    pub fc8: Linear,
    dropout6: Dropout,
    dropout7: Dropout,
    rows: usize,
    columns: usize,
}

impl Branched {
    /// Builds the network described by `config`, with fresh parameters.
    pub(super) fn new(config: &JointConfig, classes: usize, device: &Device) -> Self {
        Self::around(MotionNet::new(&config.motion(), device), config, classes, device)
    }

    /// Builds the network described by `config` around a trained MotionNet of its width, with a fresh branch.
    pub fn around(motion: MotionNet, config: &JointConfig, classes: usize, device: &Device) -> Self {
        let ([rows, columns], hidden) = (config.map(), config.hidden());
        let [dropout6, dropout7] = config.dropout.map_or(DROPOUT, |p| [p, p]).map(|p| DropoutConfig::new(p).init());
        let branch = Branch {
            fc6: linear(LAST_MAPS * config.width * rows * columns, hidden, device),
            fc7: linear(hidden, hidden, device),
            fc8: linear(hidden, classes, device),
            dropout6,
            dropout7,
            rows,
            columns,
        };
        Self { motion, branch }
    }

    /// `frames` [b, 33, h, w], sides multiples of 32 → levels 2 to 6 and logits [b, K].
    pub(super) fn forward(&self, frames: Tensor<4>) -> (FlowPyramid, Tensor<2>) {
        let encoding = self.motion.encode(frames);
        let logits = self.branch.forward(encoding.last.clone());
        (self.motion.decode(encoding), logits)
    }

    /// Returns the network with all layers of `trained`, including the last one if `with_last`, and its own dropout.
    pub(super) fn with_layers_of(self, trained: &Self, with_last: bool) -> Self {
        let Branch { fc6, fc7, fc8, .. } = trained.branch.clone();
        let fc8 = if with_last { fc8 } else { self.branch.fc8 };
        Self { motion: trained.motion.clone(), branch: Branch { fc6, fc7, fc8, ..self.branch } }
    }
}

impl Branch {
    /// `conv6_1` [b, 16w, h/32, w/32] → logits [b, K]; flattened in the order channel, row, column.
    fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let [_, _, rows, columns] = x.dims();
        let map = [self.rows, self.columns];
        let x = if [rows, columns] == map { x } else { adaptive_avg_pool2d(x, map) };
        let x = activation::relu(self.fc6.forward(x.flatten::<2>(1, 3)));
        let x = activation::relu(self.fc7.forward(self.dropout6.forward(x)));
        self.fc8.forward(self.dropout7.forward(x))
    }
}
