//! C3D (Tran et al. 2015): 3×3×3 convolutions over clips of 16 images.

use burn::module::Module;
use burn::nn::conv::Conv3d;
use burn::nn::{Dropout, DropoutConfig, Linear};
use burn::tensor::module::adaptive_avg_pool2d;
use burn::tensor::ops::PadMode;
use burn::tensor::{Device, Tensor, activation};

use super::conv_norm3d::max_pool;
use super::flow_decoder3d::FlowDecoder3d;
use super::layers::{Head, conv3x3x3, linear, replaced, with_linear_head};
use super::stream_input::{Modality, StreamInput};
use super::{Backbone, StreamConfig, weights};

/// Dropout after `fc6` and `fc7`.
const DROPOUT: f64 = 0.5;

/// Numbers of maps of a [`C3d`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct C3dWidths {
    /// Maps of `conv1a`; later layers have 2, 4 and 8 times as many.
    pub base: usize,
    /// Units of `fc6` and `fc7`.
    pub hidden: usize,
    /// Side of the maps that `fc6` reads.
    pub side: usize,
    /// Maps of the layers of a flow decoder.
    pub decoder: usize,
}

impl C3dWidths {
    /// The published sizes, for images of 112×112.
    pub const PUBLISHED: Self = Self { base: 64, hidden: 4096, side: 4, decoder: 64 };
}

/// C3D with Caffe's layer names; with a flow decoder it is 3DNet.
#[derive(Module, Debug)]
#[expect(missing_docs, reason = "the layers are named and described by the paper's Figure 3")]
pub struct C3d {
    pub conv1a: Conv3d,
    pub conv2a: Conv3d,
    pub conv3a: Conv3d,
    pub conv3b: Conv3d,
    pub conv4a: Conv3d,
    pub conv4b: Conv3d,
    pub conv5a: Conv3d,
    pub conv5b: Conv3d,
    pub decoder: Option<FlowDecoder3d>,
    pub fc6: Linear,
    pub fc7: Linear,
    pub fc8: Linear,
    dropout: Dropout,
    /// `true` if the last pooling is zero-padded, as in the conversions for PyTorch.
    pub(super) is_padded: bool,
    /// Side of the maps that `fc6` reads.
    pub(super) side: usize,
    /// Nominal clip length in images or flows; any length is accepted.
    clip: usize,
}

impl C3d {
    /// Builds the classifier described by `config`, with fresh parameters.
    pub(super) fn new(config: &StreamConfig, device: &Device) -> Self {
        Self::with_widths(C3dWidths::PUBLISHED, config, device)
    }

    /// Returns the network with other numbers of maps.
    pub fn with_widths(
        C3dWidths { base, hidden, side, decoder }: C3dWidths,
        config: &StreamConfig,
        device: &Device,
    ) -> Self {
        let conv = |from: usize, to: usize| conv3x3x3([from, to], device);
        let has_decoder = config.backbone == Backbone::ThreeDNet;
        Self {
            conv1a: conv(config.input.planes(), base),
            conv2a: conv(base, 2 * base),
            conv3a: conv(2 * base, 4 * base),
            conv3b: conv(4 * base, 4 * base),
            conv4a: conv(4 * base, 8 * base),
            conv4b: conv(8 * base, 8 * base),
            conv5a: conv(8 * base, 8 * base),
            conv5b: conv(8 * base, 8 * base),
            decoder: has_decoder.then(|| FlowDecoder3d::new(base, decoder, device)),
            fc6: linear(8 * base * side * side, hidden, device),
            fc7: linear(hidden, hidden, device),
            fc8: linear(hidden, config.classes, device),
            dropout: DropoutConfig::new(config.dropout.unwrap_or(DROPOUT)).init(),
            is_padded: config.backbone == Backbone::C3dPadded,
            side,
            clip: config.input.count,
        }
    }

    /// Returns the architecture.
    pub(super) fn backbone(&self) -> Backbone {
        match (&self.decoder, self.is_padded) {
            (Some(_), _) => Backbone::ThreeDNet,
            (None, true) => Backbone::C3dPadded,
            (None, false) => Backbone::C3d,
        }
    }

    /// Returns the input that the network takes.
    pub(super) fn input(&self) -> StreamInput {
        let modality = if self.conv1a.weight.lazy_shape()[1] == 3 { Modality::Pictures } else { Modality::Flow };
        StreamInput { modality, count: self.clip }
    }

    /// Returns the number of parameters of the layers up to `fc6`.
    pub fn descriptor_parameters(&self) -> usize {
        let behind = [&self.fc7, &self.fc8].map(weights::parameters);
        weights::parameters(self) - behind.iter().sum::<usize>() - self.decoder.as_ref().map_or(0, weights::parameters)
    }

    /// `x` [b, c·t, h, w], image by image or flow by flow → the last maps [b, 512, ⌈t/16⌉, 4, 4] for images of 112×112.
    pub fn maps(&self, x: Tensor<4>) -> Tensor<5> {
        self.pooled(self.encoded(x).conv5b)
    }

    /// `x` [b, c·t, h, w] → the maps read by the decoder, and the last maps.
    fn encoded(&self, x: Tensor<4>) -> EncodedClip {
        let [batch, channels, height, width] = x.dims();
        let planes = self.conv1a.weight.lazy_shape()[1];
        let x = x.reshape([batch, channels / planes, planes, height, width]).swap_dims(1, 2);
        let x = max_pool(relu(&self.conv1a, x), [1, 2], [1, 2]); // [b, 64, t, h/2, w/2]
        let x = halve(relu(&self.conv2a, x)); // [b, 128, t/2, h/4, w/4]
        let conv3b = relu(&self.conv3b, relu(&self.conv3a, x));
        let conv4b = relu(&self.conv4b, relu(&self.conv4a, halve(conv3b.clone())));
        let conv5b = relu(&self.conv5b, relu(&self.conv5a, halve(conv4b.clone()))); // [b, 512, t/8, h/16, w/16]
        EncodedClip { conv3b, conv4b, conv5b }
    }

    fn pooled(&self, x: Tensor<5>) -> Tensor<5> {
        if self.is_padded { halve(bordered(x)) } else { halve(x) }
    }

    /// `x` [b, 3·t, h, w] → logits [b, K] and flow [b, 2, t, h, w] in pixels / 8, from one pass through the
    /// convolutions; `None` without a decoder.
    pub fn logits_and_flow(&self, x: Tensor<4>) -> Option<(Tensor<2>, Tensor<5>)> {
        let decoder = self.decoder.as_ref()?;
        let EncodedClip { conv3b, conv4b, conv5b } = self.encoded(x);
        let flow = decoder.forward(conv3b, conv4b, conv5b.clone());
        Some((self.classify(self.hidden(self.fc6_of(self.pooled(conv5b)))), flow))
    }

    /// `x` [b, c·t, h, w] → `fc6` [b, 4096], the clip descriptor. Maps of longer clips are averaged over time, maps of
    /// other image sizes are averaged to the published size.
    pub fn fc6(&self, x: Tensor<4>) -> Tensor<2> {
        self.fc6_of(self.maps(x))
    }

    fn fc6_of(&self, x: Tensor<5>) -> Tensor<2> {
        let times = x.dims()[2];
        let x: Tensor<4> = if times == 1 { x.squeeze_dim(2) } else { x.mean_dim(2).squeeze_dim(2) };
        let [_, _, height, width] = x.dims();
        let x = if [height, width] == [self.side; 2] { x } else { adaptive_avg_pool2d(x, [self.side; 2]) };
        activation::relu(self.fc6.forward(x.flatten::<2>(1, 3)))
    }

    /// `x` [b, c·t, h, w] → `fc7` [b, 4096].
    pub(super) fn features(&self, x: Tensor<4>) -> Tensor<2> {
        self.hidden(self.fc6(x))
    }

    fn hidden(&self, fc6: Tensor<2>) -> Tensor<2> {
        activation::relu(self.fc7.forward(self.dropout.forward(fc6)))
    }

    /// `features` [b, 4096] → logits [b, K].
    pub(super) fn classify(&self, features: Tensor<2>) -> Tensor<2> {
        self.fc8.forward(self.dropout.forward(features))
    }

    /// Returns the network with its last layer replaced. All layers are positively homogeneous, so scaling down the
    /// parameters before the features scales the features exactly.
    pub(super) fn with_head(mut self, head: Head) -> Self {
        self.fc7.weight = replaced(self.fc7.weight, |old| old / head.scale);
        self.fc7.bias = self.fc7.bias.map(|old| replaced(old, |old| old / head.scale));
        Self { fc8: with_linear_head(self.fc8, Head { scale: 1.0, ..head }), ..self }
    }
}

/// The maps of a clip that are read by a decoder.
struct EncodedClip {
    conv3b: Tensor<5>,
    conv4b: Tensor<5>,
    conv5b: Tensor<5>,
}

fn relu(conv: &Conv3d, x: Tensor<5>) -> Tensor<5> {
    activation::relu(conv.forward(x))
}

/// 2×2×2 max pooling with Caffe's ceil mode: the last windows may extend beyond the edge.
fn halve(x: Tensor<5>) -> Tensor<5> {
    max_pool(x, [2, 2], [2, 2])
}

/// Pads `x` [b, c, t, h, w] ≥ 0 with one zero before every row and column, and one after where the sides are even.
fn bordered(x: Tensor<5>) -> Tensor<5> {
    let [.., height, width] = x.dims();
    let behind = |side: usize| (side + 1) % 2;
    x.pad([(1, behind(height)), (1, behind(width))], PadMode::Constant(0.0))
}
