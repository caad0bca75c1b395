//! FlowNetS (Fischer et al. 2015): a plain encoder-decoder on both frames stacked.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};

use super::decoder::{DecoderKind, FlowDecoder};
use super::trunk::FlowTrunk;
use crate::nets::convolve::Convolve;
use crate::nets::layers::conv;

/// First layers of FlowNetS, FlowNetC and NextFlow: large kernels, down to 1/8 of the size.
#[derive(Module, Debug)]
pub struct FirstLayers {
    pub conv1: Conv2d,
    pub conv2: Conv2d,
    pub conv3: Conv2d,
}

impl FirstLayers {
    pub(super) fn new(channels: usize, w: usize, device: &Device) -> Self {
        Self {
            conv1: conv([channels, w], 7, 2, device),
            conv2: conv([w, 2 * w], 5, 2, device),
            conv3: conv([2 * w, 4 * w], 5, 2, device),
        }
    }

    /// `x` [b, c, h, w] → `conv2` [b, 2w, h/4, w/4] and `conv3` [b, 4w, h/8, w/8].
    pub(super) fn forward(&self, x: Tensor<4>) -> [Tensor<4>; 2] {
        let conv2 = self.conv2.leaky(self.conv1.leaky(x));
        [conv2.clone(), self.conv3.leaky(conv2)]
    }
}

/// FlowNetS with 6 input channels, or 12 within a stack.
#[derive(Module, Debug)]
pub struct FlowNetS {
    /// `conv1` to `conv3`.
    pub first: FirstLayers,
    /// `conv3_1` to `conv6_1`.
    pub trunk: FlowTrunk,
    /// The refinement.
    pub decoder: FlowDecoder,
}

impl FlowNetS {
    /// Builds the network for `channels` input maps, of base width `w`.
    pub(in crate::nets) fn new(channels: usize, w: usize, device: &Device) -> Self {
        Self {
            first: FirstLayers::new(channels, w, device),
            trunk: FlowTrunk::new(4 * w, w, device),
            decoder: FlowDecoder::new(DecoderKind::default(), w, device),
        }
    }

    /// `x` [b, channels, h, w] → flow of levels 2 to 6 in pixels / 20.
    pub fn forward(&self, x: Tensor<4>) -> Vec<Tensor<4>> {
        self.decoder.forward(self.features(x))
    }

    /// `x` [b, channels, h, w] → the features of levels 2 to 6: `conv2`, `conv3_1`, `conv4_1`, `conv5_1` and `conv6_1`.
    pub fn features(&self, x: Tensor<4>) -> [Tensor<4>; 5] {
        let [level2, conv3] = self.first.forward(x);
        let [level3, level4, level5, level6] = self.trunk.forward(conv3);
        [level2, level3, level4, level5, level6]
    }
}
