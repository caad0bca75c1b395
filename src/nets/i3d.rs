//! I3D (Carreira & Zisserman 2017): Inception-v1 with all kernels inflated to three dimensions, for clips of images or
//! of flow.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear};
use burn::tensor::{Device, Tensor, TensorData};

use super::backbone::I3D_MIDDLE;
use super::conv_norm3d::{ConvNorm3d, max_pool};
use super::layers::{Head, linear, with_linear_head};
use super::preprocessing::MEAN_BGR;
use super::stream_input::{Modality, StreamInput};
use super::{StreamConfig, flow_normalisation};

/// Dropout before the classifier.
const DROPOUT: f64 = 0.5;

/// I3D.
#[derive(Module, Debug)]
#[expect(missing_docs, reason = "the layers are named and described by the paper's Figure 3")]
pub struct I3d {
    pub conv3d_1a: ConvNorm3d,
    pub conv3d_2b: ConvNorm3d,
    pub conv3d_2c: ConvNorm3d,
    pub mixed_3b: Mixed,
    pub mixed_3c: Mixed,
    pub mixed_4b: Mixed,
    pub mixed_4c: Mixed,
    pub mixed_4d: Mixed,
    pub mixed_4e: Mixed,
    pub mixed_4f: Mixed,
    pub mixed_5b: Mixed,
    pub mixed_5c: Mixed,
    pub logits: Linear,
    dropout: Dropout,
    /// Nominal clip length in images or flows; any length is accepted.
    clip: usize,
}

impl I3d {
    /// Builds the classifier described by `config`, with fresh parameters.
    pub(super) fn new(config: &StreamConfig, device: &Device) -> Self {
        Self::with_divisor(1, config, device)
    }

    /// Returns the network with all numbers of maps divided by `divisor`, a power of two up to 16.
    pub(super) fn with_divisor(divisor: usize, config: &StreamConfig, device: &Device) -> Self {
        let [first, second] = [64, 192].map(|maps| maps / divisor);
        let mixed = |from: usize, maps: [usize; 6]| Mixed::new(from / divisor, maps.map(|maps| maps / divisor), device);
        Self {
            conv3d_1a: ConvNorm3d::new([config.input.planes(), first], 7, 2, device),
            conv3d_2b: ConvNorm3d::new([first, first], 1, 1, device),
            conv3d_2c: ConvNorm3d::new([first, second], 3, 1, device),
            mixed_3b: mixed(192, [64, 96, 128, 16, 32, 32]),
            mixed_3c: mixed(256, [128, 128, 192, 32, 96, 64]),
            mixed_4b: mixed(480, [192, 96, 208, 16, 48, 64]),
            mixed_4c: mixed(512, [160, 112, 224, 24, 64, 64]),
            mixed_4d: mixed(512, [128, 128, 256, 24, 64, 64]),
            mixed_4e: mixed(512, [112, 144, 288, 32, 64, 64]),
            mixed_4f: mixed(528, [256, 160, 320, 32, 128, 128]),
            mixed_5b: mixed(832, [256, 160, 320, 32, 128, 128]),
            mixed_5c: mixed(832, [384, 192, 384, 48, 128, 128]),
            logits: linear(1024 / divisor, config.classes, device),
            dropout: DropoutConfig::new(config.dropout.unwrap_or(DROPOUT)).init(),
            clip: config.input.count,
        }
    }

    /// Returns the input that the network takes.
    pub(super) fn input(&self) -> StreamInput {
        let modality = if self.conv3d_1a.input_maps() == 3 { Modality::Pictures } else { Modality::Flow };
        StreamInput { modality, count: self.clip }
    }

    /// `x` [b, c·t, h, w], image by image or flow by flow → averaged features [b, 1024].
    ///
    /// The published network averages over boxes of 2×7×7, then averages the logits over time. For 224×224 images this
    /// is a mean over space and over pairs of adjacent time steps, in which the first and the last step have half the
    /// weight. For other sizes the spatial mean covers the whole map, and a single time step (clips of up to 8 images)
    /// has full weight. The last layer is linear, so the logits of the mean equal the mean of the logits; in training,
    /// dropout acts on the mean.
    pub(super) fn features(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self.conv3d_1a.forward(self.clip(x)); // [b, 64, t/2, h/2, w/2]
        let x = max_pool(x, [1, 3], [1, 2]);
        let x = self.conv3d_2c.forward(self.conv3d_2b.forward(x));
        let x = max_pool(x, [1, 3], [1, 2]); // [b, 192, t/2, h/8, w/8]
        let x = self.mixed_3c.forward(self.mixed_3b.forward(x));
        let x = max_pool(x, [3, 3], [2, 2]); // [b, 480, t/4, h/16, w/16]
        let x = self.mixed_4c.forward(self.mixed_4b.forward(x));
        let x = self.mixed_4e.forward(self.mixed_4d.forward(x));
        let x = max_pool(self.mixed_4f.forward(x), [2, 2], [2, 2]); // [b, 832, t/8, h/32, w/32]
        average(self.mixed_5c.forward(self.mixed_5b.forward(x)))
    }

    /// Reshapes `x` [b, c·t, h, w] to [b, c, t, h, w] and shifts it to zero middle level, so that zero padding equals
    /// that of the published networks.
    fn clip(&self, x: Tensor<4>) -> Tensor<5> {
        let [batch, channels, height, width] = x.dims();
        let offsets = match self.input().modality {
            Modality::Flow => vec![flow_normalisation::MID_LEVEL - I3D_MIDDLE; 2],
            _ => MEAN_BGR.map(|mean| mean - I3D_MIDDLE).to_vec(), // RGB differences are not supported
        };
        let planes = offsets.len();
        let offsets = Tensor::<5>::from_data(TensorData::new(offsets, [1, 1, planes, 1, 1]), &x.device());
        (x.reshape([batch, channels / planes, planes, height, width]) + offsets).swap_dims(1, 2)
    }

    /// `features` [b, 1024] → logits [b, K].
    pub(super) fn classify(&self, features: Tensor<2>) -> Tensor<2> {
        self.logits.forward(self.dropout.forward(features))
    }

    /// Returns the network with its last layer replaced.
    pub(super) fn with_head(self, head: Head) -> Self {
        Self { logits: with_linear_head(self.logits, head), ..self }
    }
}

/// Averages maps [b, c, t, h, w] over space, over pairs of adjacent time steps, and over those pairs → [b, c].
fn average(x: Tensor<5>) -> Tensor<2> {
    let times: Tensor<3> = x.flatten::<4>(3, 4).mean_dim(3).squeeze_dim(3); // [b, c, t]
    let count = times.dims()[2];
    let times = match count {
        1 => times,
        _ => (times.clone().narrow(2, 0, count - 1) + times.narrow(2, 1, count - 1)) / 2.0,
    };
    times.mean_dim(2).squeeze_dim(2)
}

/// An inflated Inception module: four parallel branches.
#[derive(Module, Debug)]
#[expect(missing_docs, reason = "the layers bear the names of the published PyTorch weights")]
pub struct Mixed {
    pub b0: ConvNorm3d,
    pub b1a: ConvNorm3d,
    pub b1b: ConvNorm3d,
    pub b2a: ConvNorm3d,
    pub b2b: ConvNorm3d,
    pub b3b: ConvNorm3d,
}

impl Mixed {
    /// Creates the module; `maps` are the numbers of maps of its layers in order.
    fn new(from: usize, maps: [usize; 6], device: &Device) -> Self {
        let [b0, b1a, b1b, b2a, b2b, b3b] = maps;
        let conv = |channels: [usize; 2], side| ConvNorm3d::new(channels, side, 1, device);
        Self {
            b0: conv([from, b0], 1),
            b1a: conv([from, b1a], 1),
            b1b: conv([b1a, b1b], 3),
            b2a: conv([from, b2a], 1),
            b2b: conv([b2a, b2b], 3),
            b3b: conv([from, b3b], 1),
        }
    }

    /// `x` [b, from, t, h, w] → [b, b0 + b1b + b2b + b3b, t, h, w].
    fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        let b1 = self.b1b.forward(self.b1a.forward(x.clone()));
        let b2 = self.b2b.forward(self.b2a.forward(x.clone()));
        let b3 = self.b3b.forward(max_pool(x.clone(), [3, 3], [1, 1]));
        Tensor::cat(vec![self.b0.forward(x), b1, b2, b3], 1)
    }
}
