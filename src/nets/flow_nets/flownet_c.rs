//! FlowNetC (Fischer et al. 2015): both frames pass through the same encoder, and their features are correlated.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};

use super::decoder::{DecoderKind, FlowDecoder};
use super::flownet_s::FirstLayers;
use super::operators::{CORRELATIONS, correlation};
use super::trunk::FlowTrunk;
use crate::nets::convolve::{Convolve, leaky};
use crate::nets::layers::conv;

/// The layer that passes on features of the first frame next to the correlation.
#[derive(Module, Debug)]
pub struct Redirection {
    /// 1×1 convolution.
    pub conv_redir: Conv2d,
}

/// FlowNetC.
#[derive(Module, Debug)]
pub struct FlowNetC {
    /// `conv1` to `conv3`, applied to each frame.
    pub first: FirstLayers,
    /// `conv_redir`.
    pub redirection: Redirection,
    /// `conv3_1` to `conv6_1`.
    pub trunk: FlowTrunk,
    /// The refinement.
    pub decoder: FlowDecoder,
}

impl FlowNetC {
    /// Builds the network of base width `w`.
    pub(super) fn new(w: usize, device: &Device) -> Self {
        let redirected = (w / 2).max(1);
        let kind = DecoderKind { biased_enlargement: true, ..DecoderKind::default() };
        Self {
            first: FirstLayers::new(3, w, device),
            redirection: Redirection { conv_redir: conv([4 * w, redirected], 1, 1, device) },
            trunk: FlowTrunk::new(redirected + CORRELATIONS, w, device),
            decoder: FlowDecoder::new(kind, w, device),
        }
    }

    /// `x` [b, 6, h, w] → flow of levels 2 to 6 in pixels / 20.
    pub fn forward(&self, x: Tensor<4>) -> Vec<Tensor<4>> {
        let [level2, first] = self.first.forward(x.clone().narrow(1, 0, 3));
        let [_, second] = self.first.forward(x.narrow(1, 3, 3));
        let redirected = self.redirection.conv_redir.leaky(first.clone());
        let correlated = leaky(correlation(first, second));
        let [level3, level4, level5, level6] = self.trunk.forward(Tensor::cat(vec![redirected, correlated], 1));
        self.decoder.forward([level2, level3, level4, level5, level6])
    }
}
