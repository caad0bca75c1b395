//! CNN-M-2048 (Chatfield et al. 2014), the classifier of the first two-stream networks (Simonyan & Zisserman 2014), and
//! its variant for motion vectors, EMV-CNN (Zhang et al. 2016).

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Dropout, DropoutConfig, Linear};
use burn::tensor::module::adaptive_avg_pool2d;
use burn::tensor::ops::PadMode;
use burn::tensor::{Device, Tensor, activation};

use super::convolve::Convolve;
use super::layers::{HE_NORMAL, Head, conv_with, linear, replaced, with_linear_head};
use super::local_response::local_response_norm;
use super::pooling::max_pool;
use super::prelu::PRelu;
use super::stream_input::Modality;
use super::{Backbone, StreamConfig};

/// The constant k of local response normalisation in CNN-M-2048.
pub(super) const NORM_K: f64 = 2.0;
/// The constant k of local response normalisation in EMV-CNN.
pub(super) const EMV_NORM_K: f64 = 1.0;
/// Numbers of local response normalisations: in spatial streams and EMV-CNN, and in other temporal streams. (Our
/// reading of the paper: the temporal stream omits the second to save memory.)
const NORMS: usize = 2;
const TEMPORAL_NORMS: usize = 1;
/// Dropout after `fc6` and `fc7`: our reading of the original streams, then the published temporal and spatial EMV-CNN.
const DROPOUT: [f64; 2] = [0.9, 0.9];
const EMV_DROPOUT: [f64; 2] = [0.9, 0.8];
const EMV_SPATIAL_DROPOUT: [f64; 2] = [0.5, 0.5];
/// Window of the pooling layers.
const POOL: usize = 3;

/// Numbers of maps or units of each layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CnnMWidths {
    /// Maps of `conv1`.
    pub conv1: usize,
    /// Maps of `conv2`.
    pub conv2: usize,
    /// Maps of `conv3`, `conv4` and `conv5`.
    pub conv3: usize,
    /// Units of `fc6`.
    pub fc6: usize,
    /// Units of `fc7`.
    pub fc7: usize,
    /// Side of the maps that `fc6` reads.
    pub side: usize,
}

impl CnnMWidths {
    /// The published sizes, for images of 224×224.
    pub const PUBLISHED: Self = Self { conv1: 96, conv2: 256, conv3: 512, fc6: 4096, fc7: 2048, side: 6 };
}

/// CNN-M-2048 or EMV-CNN.
#[derive(Module, Debug)]
#[expect(missing_docs, reason = "the layers are named and described by Chatfield et al., Table 1")]
pub struct CnnM {
    pub conv1: Conv2d,
    pub relu1: Option<PRelu>,
    pub conv2: Conv2d,
    pub relu2: Option<PRelu>,
    pub conv3: Conv2d,
    pub relu3: Option<PRelu>,
    pub conv4: Conv2d,
    pub relu4: Option<PRelu>,
    pub conv5: Conv2d,
    pub relu5: Option<PRelu>,
    pub fc6: Linear,
    pub relu6: Option<PRelu>,
    pub fc7: Linear,
    pub relu7: Option<PRelu>,
    pub fc8: Linear,
    dropout6: Dropout,
    dropout7: Dropout,
    pub(super) pool: MaxPool2d,
    /// `true` for EMV-CNN, the network for motion vectors.
    pub(super) is_emv: bool,
    /// Number of local response normalisations, after the first one or two layers.
    pub(super) norms: usize,
    /// Side of the maps that `fc6` reads.
    pub(super) side: usize,
}

impl CnnM {
    /// Builds the classifier described by `config`, with fresh parameters.
    pub(super) fn new(config: &StreamConfig, device: &Device) -> Self {
        Self::with_widths(CnnMWidths::PUBLISHED, config, device)
    }

    /// Returns the network with other numbers of maps.
    pub fn with_widths(widths: CnnMWidths, config: &StreamConfig, device: &Device) -> Self {
        let CnnMWidths { conv1, conv2, conv3, fc6, fc7, side } = widths;
        let conv = |channels: [usize; 2], kernel, stride, padding| {
            conv_with(HE_NORMAL, channels, kernel, stride, padding, device)
        };
        let is_emv = config.backbone == Backbone::Emv;
        let is_temporal = config.input.modality != Modality::Pictures;
        let relu = |maps: usize| (is_emv && is_temporal).then(|| PRelu::new(maps, device));
        let dropout = match (is_emv, is_temporal) {
            (false, _) => DROPOUT,
            (true, true) => EMV_DROPOUT,
            (true, false) => EMV_SPATIAL_DROPOUT,
        };
        let [dropout6, dropout7] = config.dropout.map_or(dropout, |p| [p, p]).map(|p| DropoutConfig::new(p).init());
        Self {
            conv1: conv([config.input.channels(), conv1], 7, 2, 0),
            relu1: relu(conv1),
            conv2: conv([conv1, conv2], 5, 2, 1),
            relu2: relu(conv2),
            conv3: conv([conv2, conv3], 3, 1, 1),
            relu3: relu(conv3),
            conv4: conv([conv3, conv3], 3, 1, 1),
            relu4: relu(conv3),
            conv5: conv([conv3, conv3], 3, 1, 1),
            relu5: relu(conv3),
            fc6: linear(conv3 * side * side, fc6, device),
            relu6: relu(fc6),
            fc7: linear(fc6, fc7, device),
            relu7: relu(fc7),
            fc8: linear(fc7, config.classes, device),
            dropout6,
            dropout7,
            pool: MaxPool2dConfig::new([POOL, POOL]).with_strides([2, 2]).with_ceil_mode(true).init(),
            is_emv,
            norms: if is_emv || !is_temporal { NORMS } else { TEMPORAL_NORMS },
            side,
        }
    }

    /// Returns the architecture.
    pub(super) fn backbone(&self) -> Backbone {
        if self.is_emv { Backbone::Emv } else { Backbone::CnnM2048 }
    }

    /// `x` [b, c, h, w] → the normalised maps of the first layer [b, 96, (h−5)/2, (w−5)/2].
    pub fn normalised(&self, x: Tensor<4>) -> Tensor<4> {
        self.normalise(0, rectified(&self.conv1, self.relu1.as_ref(), x))
    }

    /// `x` [b, c, h, w] → the last maps [b, 512, 6, 6] for images of 224×224, larger ones for larger images.
    pub fn maps(&self, x: Tensor<4>) -> Tensor<4> {
        let x = self.pooled(self.normalised(x));
        let x = self.normalise(1, rectified(&self.conv2, self.relu2.as_ref(), x));
        let x = rectified(&self.conv3, self.relu3.as_ref(), self.pooled(x));
        let x = rectified(&self.conv4, self.relu4.as_ref(), x);
        self.pooled(rectified(&self.conv5, self.relu5.as_ref(), x))
    }

    /// `x` [b, c, h, w] → `fc6` [b, 4096]. Maps of other image sizes are averaged to the published size.
    pub fn fc6(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self.maps(x);
        let [_, _, height, width] = x.dims();
        let x = if [height, width] == [self.side; 2] { x } else { adaptive_avg_pool2d(x, [self.side; 2]) };
        activated(self.relu6.as_ref(), self.fc6.forward(x.flatten::<2>(1, 3)))
    }

    /// `x` [b, c, h, w] → `fc7` [b, 2048].
    pub(super) fn features(&self, x: Tensor<4>) -> Tensor<2> {
        activated(self.relu7.as_ref(), self.fc7.forward(self.dropout6.forward(self.fc6(x))))
    }

    /// `features` [b, 2048] → logits [b, K].
    pub(super) fn classify(&self, features: Tensor<2>) -> Tensor<2> {
        self.fc8.forward(self.dropout7.forward(features))
    }

    /// Returns the network with its last layer replaced. The layers before the features are positively homogeneous, so
    /// scaling down their parameters scales the features exactly.
    pub(super) fn with_head(mut self, head: Head) -> Self {
        self.fc7.weight = replaced(self.fc7.weight, |old| old / head.scale);
        self.fc7.bias = self.fc7.bias.map(|old| replaced(old, |old| old / head.scale));
        Self { fc8: with_linear_head(self.fc8, Head { scale: 1.0, ..head }), ..self }
    }

    fn normalise(&self, layer: usize, x: Tensor<4>) -> Tensor<4> {
        let k = if self.is_emv { EMV_NORM_K } else { NORM_K };
        if layer < self.norms { local_response_norm(x, k) } else { x }
    }

    /// 3×3 max pooling of stride 2 with Caffe's ceil mode: the last windows may extend beyond the edge.
    fn pooled(&self, x: Tensor<4>) -> Tensor<4> {
        let [_, _, height, width] = x.dims();
        let missing = |side: usize| POOL.saturating_sub(side);
        if [height, width].map(missing) == [0, 0] {
            return max_pool(&self.pool, x);
        }
        // Maps smaller than a window are padded to one that is cut off at the edge.
        let x = x.pad([(0, missing(height)), (0, missing(width))], PadMode::Constant(f32::MIN));
        max_pool(&self.pool, x)
    }
}

fn rectified(conv: &Conv2d, relu: Option<&PRelu>, x: Tensor<4>) -> Tensor<4> {
    match relu {
        Some(relu) => relu.forward(conv.linear(x)),
        None => conv.relu(x),
    }
}

fn activated(relu: Option<&PRelu>, x: Tensor<2>) -> Tensor<2> {
    match relu {
        Some(relu) => relu.forward(x),
        None => activation::relu(x),
    }
}
