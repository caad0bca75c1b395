//! NextFlow: FlowNetS that also predicts the frame after the pair (Sedaghat 2016).
//!
//! The publication does not specify the heads; our reading is a three-channel frame head in parallel to each flow head.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::decoder::{COLOURS, DecoderKind, FlowDecoder, NextFlowHeads};
use super::flownet_s::FirstLayers;
use super::trunk::FlowTrunk;

/// NextFlow.
#[derive(Module, Debug)]
pub struct NextFlow {
    /// `conv1` to `conv3`.
    pub first: FirstLayers,
    /// `conv3_1` to `conv6_1`.
    pub trunk: FlowTrunk,
    /// The refinement.
    pub decoder: FlowDecoder,
    /// The layers that predict the next frame.
    pub heads: NextFlowHeads,
}

impl NextFlow {
    /// Builds the network of base width `w`.
    pub(super) fn new(w: usize, device: &Device) -> Self {
        let kind = DecoderKind { beside: COLOURS, ..DecoderKind::default() };
        Self {
            first: FirstLayers::new(6, w, device),
            trunk: FlowTrunk::new(4 * w, w, device),
            decoder: FlowDecoder::new(kind, w, device),
            heads: NextFlowHeads::new(w, device),
        }
    }

    /// `x` [b, 6, h, w] → flow of levels 2 to 6 in pixels / 20, and the next frame at the same levels in the unit of the input.
    pub fn forward(&self, x: Tensor<4>) -> (Vec<Tensor<4>>, Vec<Tensor<4>>) {
        let [level2, conv3] = self.first.forward(x);
        let [level3, level4, level5, level6] = self.trunk.forward(conv3);
        self.decoder.forward_with([level2, level3, level4, level5, level6], Some(&self.heads))
    }
}
