//! ActionFlowNet with 2 frames, a row of the paper's Table 1. Its layers are not published; our reading is FlowNetS
//! with a classifier on its encoder.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

use crate::nets::flow_nets::{FlowNetS, UNIT_PX};
use crate::nets::layers::linear;
use crate::nets::{FlowNetConventions, NativeFlow};

/// Channels of a pair of RGB frames.
const PAIR_CHANNELS: usize = 6;
/// Maps of `conv6_1` per map of `conv1`.
const LAST_MAPS: usize = 16;

/// FlowNetS and its classifier.
#[derive(Module, Debug)]
pub struct ActionFlowNet2 {
    /// Encoder and refinement.
    pub flow: FlowNetS,
    /// The classifier on the encoder.
    pub head: ActionHead,
    #[module(skip)]
    conventions: FlowNetConventions,
}

/// A fully connected layer on the spatial mean of `conv6_1`.
#[derive(Module, Debug)]
pub struct ActionHead {
    /// Fully connected layer with 16 times the width as input.
    pub fc: Linear,
}

impl ActionFlowNet2 {
    /// Builds the network with `w` maps in its first layer (64 in FlowNetS), and fresh parameters.
    pub(super) fn new(w: usize, conventions: FlowNetConventions, classes: usize, device: &Device) -> Self {
        Self::around(FlowNetS::new(PAIR_CHANNELS, w, device), conventions, classes, device)
    }

    /// Builds the network around a trained 6-channel FlowNetS and the `conventions` of its weights, with a fresh
    /// classifier.
    pub fn around(flow: FlowNetS, conventions: FlowNetConventions, classes: usize, device: &Device) -> Self {
        let width = flow.first.conv1.weight.lazy_shape()[0];
        Self { flow, head: ActionHead { fc: linear(LAST_MAPS * width, classes, device) }, conventions }
    }

    /// `frames` [b, 6, h, w] prepared by [`motion_input`](crate::nets::preprocessing::motion_input), sides multiples of
    /// 64 → flow of levels 2 to 6 and logits [b, K].
    pub(super) fn forward(&self, frames: Tensor<4>) -> (NativeFlow, Tensor<2>) {
        let (levels, logits) = self.levels_and_logits(self.conventions.network_input(frames));
        (NativeFlow { levels, unit_px: UNIT_PX }, logits)
    }

    /// `pair` [b, 6, h, w] in FlowNetS's input format → flow [b, 2, h/4, w/4] to [b, 2, h/64, w/64] in pixels / 20, and
    /// logits [b, K].
    pub fn levels_and_logits(&self, pair: Tensor<4>) -> (Vec<Tensor<4>>, Tensor<2>) {
        let features = self.flow.features(pair);
        let mean = features[4].clone().flatten::<3>(2, 3).mean_dim(2).squeeze_dim(2);
        (self.flow.decoder.forward(features), self.head.fc.forward(mean))
    }

    /// Returns the network with all layers of `trained`, including the last one if `with_last`.
    pub(super) fn with_layers_of(self, trained: &Self, with_last: bool) -> Self {
        let head = if with_last { trained.head.clone() } else { self.head };
        Self { head, ..trained.clone() }
    }
}
