//! BN-Inception (Ioffe & Szegedy 2015), the backbone of temporal segment networks (Wang et al. 2016), with the layers
//! of the authors' files. Their segmental consensus, the mean of the logits over a video's segments, is implemented in
//! training and evaluation.

use burn::module::Module;
use burn::nn::pool::{AvgPool2d, AvgPool2dConfig, MaxPool2d, MaxPool2dConfig};
use burn::nn::{Dropout, DropoutConfig, Linear, PaddingConfig2d};
use burn::tensor::ops::PadMode;
use burn::tensor::{Device, Tensor};

use super::StreamConfig;
use super::batch_norm::ConvNorm;
use super::convolve::Convolve;
use super::layers::{Head, global_average, linear, with_linear_head};
use super::pooling::max_pool;

/// Dropout before the classifier, as in temporal segment networks on frames (0.7 on flow).
const DROPOUT: f64 = 0.8;

/// BN-Inception.
#[derive(Module, Debug)]
#[expect(missing_docs, reason = "the layers are named and described by the paper's Figure 5")]
pub struct BnInception {
    pub conv1: ConvNorm,
    pub conv2_reduce: ConvNorm,
    pub conv2: ConvNorm,
    pub inception_3a: Inception,
    pub inception_3b: Inception,
    pub inception_3c: Inception,
    pub inception_4a: Inception,
    pub inception_4b: Inception,
    pub inception_4c: Inception,
    pub inception_4d: Inception,
    pub inception_4e: Inception,
    pub inception_5a: Inception,
    pub inception_5b: Inception,
    pub fc: Linear,
    dropout: Dropout,
}

impl BnInception {
    /// Builds the classifier described by `config`, with fresh parameters.
    pub(super) fn new(config: &StreamConfig, device: &Device) -> Self {
        Self::with_divisor(1, config, device)
    }

    /// Returns the network with all numbers of maps divided by `divisor`, a power of two up to 32.
    pub(super) fn with_divisor(divisor: usize, config: &StreamConfig, device: &Device) -> Self {
        let conv = |channels: [usize; 2], kernel, stride| conv(channels, kernel, stride, device);
        let [first, second] = [64, 192].map(|maps| maps / divisor);
        let module = |from: usize, maps: Maps| Inception::new(from / divisor, maps.divided(divisor), device);
        Self {
            conv1: conv([config.input.channels(), first], 7, 2),
            conv2_reduce: conv([first, first], 1, 1),
            conv2: conv([first, second], 3, 1),
            inception_3a: module(192, Maps::kept(64, [64, 64], [64, 96], 32)),
            inception_3b: module(256, Maps::kept(64, [64, 96], [64, 96], 64)),
            inception_3c: module(320, Maps::halved([128, 160], [64, 96])),
            inception_4a: module(576, Maps::kept(224, [64, 96], [96, 128], 128)),
            inception_4b: module(576, Maps::kept(192, [96, 128], [96, 128], 128)),
            inception_4c: module(576, Maps::kept(160, [128, 160], [128, 160], 128)),
            inception_4d: module(608, Maps::kept(96, [128, 192], [160, 192], 128)),
            inception_4e: module(608, Maps::halved([128, 192], [192, 256])),
            inception_5a: module(1056, Maps::kept(352, [192, 320], [160, 224], 128)),
            inception_5b: module(1024, Maps::last(352, [192, 320], [192, 224], 128)),
            fc: linear(1024 / divisor, config.classes, device),
            dropout: DropoutConfig::new(config.dropout.unwrap_or(DROPOUT)).init(),
        }
    }

    /// `x` [b, c, h, w] → averaged features [b, 1024].
    pub(super) fn features(&self, x: Tensor<4>) -> Tensor<2> {
        let x = halve(self.conv1.relu(x)); // [b, 64, h/4, w/4]
        let x = halve(self.conv2.relu(self.conv2_reduce.relu(x))); // [b, 192, h/8, w/8]
        let x = self.inception_3b.forward(self.inception_3a.forward(x));
        let x = self.inception_3c.forward(x); // [b, 576, h/16, w/16]
        let x = self.inception_4b.forward(self.inception_4a.forward(x));
        let x = self.inception_4d.forward(self.inception_4c.forward(x));
        let x = self.inception_4e.forward(x); // [b, 1056, h/32, w/32]
        global_average(self.inception_5b.forward(self.inception_5a.forward(x)))
    }

    /// `features` [b, 1024] → logits [b, K].
    pub(super) fn classify(&self, features: Tensor<2>) -> Tensor<2> {
        self.fc.forward(self.dropout.forward(features))
    }

    /// Returns the network with its last layer replaced.
    pub(super) fn with_head(self, head: Head) -> Self {
        Self { fc: with_linear_head(self.fc, head), ..self }
    }
}

/// Numbers of maps of an Inception module: a row of the paper's Figure 5.
#[derive(Clone, Copy)]
struct Maps {
    /// Maps of the single 1×1 branch; `None` where the module halves the sides.
    single: Option<usize>,
    /// Maps before and after the 3×3 convolution.
    triple: [usize; 2],
    /// Maps before and after the two 3×3 convolutions.
    double: [usize; 2],
    /// Maps after the pooling branch; `None` where the module halves the sides.
    pooled: Option<usize>,
    /// `true` for average pooling, `false` for max pooling.
    mean: bool,
}

impl Maps {
    const fn kept(single: usize, triple: [usize; 2], double: [usize; 2], pooled: usize) -> Self {
        Self { single: Some(single), triple, double, pooled: Some(pooled), mean: true }
    }

    const fn halved(triple: [usize; 2], double: [usize; 2]) -> Self {
        Self { single: None, triple, double, pooled: None, mean: false }
    }

    const fn last(single: usize, triple: [usize; 2], double: [usize; 2], pooled: usize) -> Self {
        Self { mean: false, ..Self::kept(single, triple, double, pooled) }
    }

    fn divided(self, by: usize) -> Self {
        let pair = |maps: [usize; 2]| maps.map(|maps| maps / by);
        Self {
            single: self.single.map(|maps| maps / by),
            triple: pair(self.triple),
            double: pair(self.double),
            pooled: self.pooled.map(|maps| maps / by),
            ..self
        }
    }
}

/// An Inception module: up to four parallel branches.
#[derive(Module, Debug)]
#[expect(missing_docs, reason = "the layers bear the names of the authors' files")]
pub struct Inception {
    pub conv_1x1: Option<ConvNorm>,
    pub conv_3x3_reduce: ConvNorm,
    pub conv_3x3: ConvNorm,
    pub double_3x3_reduce: ConvNorm,
    pub double_3x3_1: ConvNorm,
    pub double_3x3_2: ConvNorm,
    pub pool_proj: Option<ConvNorm>,
    pub(super) mean: Option<AvgPool2d>,
    pub(super) largest: MaxPool2d,
}

impl Inception {
    fn new(from: usize, maps: Maps, device: &Device) -> Self {
        let conv = |channels: [usize; 2], kernel, stride| conv(channels, kernel, stride, device);
        let stride = if maps.pooled.is_some() { 1 } else { 2 };
        let [reduced, triple] = maps.triple;
        let [double_reduced, double] = maps.double;
        let same = PaddingConfig2d::Explicit(1, 1, 1, 1);
        let mean = AvgPool2dConfig::new([3, 3]).with_strides([1, 1]).with_padding(same.clone());
        Self {
            conv_1x1: maps.single.map(|single| conv([from, single], 1, 1)),
            conv_3x3_reduce: conv([from, reduced], 1, 1),
            conv_3x3: conv([reduced, triple], 3, stride),
            double_3x3_reduce: conv([from, double_reduced], 1, 1),
            double_3x3_1: conv([double_reduced, double], 3, 1),
            double_3x3_2: conv([double, double], 3, stride),
            pool_proj: maps.pooled.map(|pooled| conv([from, pooled], 1, 1)),
            mean: maps.mean.then(|| mean.init()),
            largest: MaxPool2dConfig::new([3, 3]).with_strides([1, 1]).with_padding(same).init(),
        }
    }

    /// `x` [b, from, h, w] → [b, out, h, w], or half the sides, rounded up.
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let triple = self.conv_3x3.relu(self.conv_3x3_reduce.relu(x.clone()));
        let double = self.double_3x3_1.relu(self.double_3x3_reduce.relu(x.clone()));
        let double = self.double_3x3_2.relu(double);
        let (Some(conv_1x1), Some(pool_proj)) = (&self.conv_1x1, &self.pool_proj) else {
            return Tensor::cat(vec![triple, double, halve(x)], 1);
        };
        let pooled = match &self.mean {
            Some(mean) => mean.forward(x.clone()),
            None => max_pool(&self.largest, x.clone()),
        };
        Tensor::cat(vec![conv_1x1.relu(x), triple, double, pool_proj.relu(pooled)], 1)
    }
}

/// Creates a convolution with a bias before the batch normalisation, as in the published networks.
fn conv(channels: [usize; 2], kernel: usize, stride: usize, device: &Device) -> ConvNorm {
    ConvNorm::new(channels, kernel, stride, 1, device).with_bias(device)
}

/// Returns the 3×3 max pooling of stride 2 of `x` [b, c, h, w] ≥ 0: half the sides, rounded up to match the parallel
/// convolutions.
fn halve(x: Tensor<4>) -> Tensor<4> {
    let [_, _, height, width] = x.dims();
    let missing = |side: usize| 2 * side.div_ceil(2) + 1 - side;
    let x = x.pad([(0, missing(height)), (0, missing(width))], PadMode::Constant(0.0));
    max_pool(&MaxPool2dConfig::new([3, 3]).with_strides([2, 2]).init(), x)
}
