//! FlowNet-SD (Ilg et al. 2017): small kernels starting at full resolution, for small displacements.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};

use super::decoder::{DecoderKind, FlowDecoder};
use super::trunk::FlowTrunk;
use crate::nets::convolve::Convolve;
use crate::nets::layers::conv;

/// First layers of FlowNet-SD and of the fusion network: 3×3 kernels starting at full resolution.
#[derive(Module, Debug)]
pub struct SmallLayers {
    pub conv0: Conv2d,
    pub conv1: Conv2d,
    pub conv1_1: Conv2d,
    pub conv2: Conv2d,
    pub conv2_1: Conv2d,
}

impl SmallLayers {
    pub(super) fn new(channels: usize, w: usize, device: &Device) -> Self {
        let conv3x3 = |from: usize, to: usize, stride: usize| conv([from, to], 3, stride, device);
        Self {
            conv0: conv3x3(channels, w, 1),
            conv1: conv3x3(w, w, 2),
            conv1_1: conv3x3(w, 2 * w, 1),
            conv2: conv3x3(2 * w, 2 * w, 2),
            conv2_1: conv3x3(2 * w, 2 * w, 1),
        }
    }

    /// `x` [b, c, h, w] → `conv0` [b, w, h, w], `conv1_1` [b, 2w, h/2, w/2] and `conv2_1` [b, 2w, h/4, w/4].
    pub(super) fn forward(&self, x: Tensor<4>) -> [Tensor<4>; 3] {
        let level0 = self.conv0.leaky(x);
        let level1 = self.conv1_1.leaky(self.conv1.leaky(level0.clone()));
        let level2 = self.conv2_1.leaky(self.conv2.leaky(level1.clone()));
        [level0, level1, level2]
    }
}

/// The layer between [`SmallLayers`] and [`FlowTrunk`].
#[derive(Module, Debug)]
pub struct Reduction {
    /// 3×3 convolution, stride 2.
    pub conv3: Conv2d,
}

/// FlowNet-SD.
#[derive(Module, Debug)]
pub struct FlowNetSd {
    /// `conv0` to `conv2_1`.
    pub first: SmallLayers,
    /// `conv3`.
    pub reduction: Reduction,
    /// `conv3_1` to `conv6_1`.
    pub trunk: FlowTrunk,
    /// The refinement.
    pub decoder: FlowDecoder,
}

impl FlowNetSd {
    /// Builds the network of base width `w`.
    pub(super) fn new(w: usize, device: &Device) -> Self {
        let kind = DecoderKind { biased_enlargement: true, inter_conv: true, beside: 0 };
        Self {
            first: SmallLayers::new(6, w, device),
            reduction: Reduction { conv3: conv([2 * w, 4 * w], 3, 2, device) },
            trunk: FlowTrunk::new(4 * w, w, device),
            decoder: FlowDecoder::new(kind, w, device),
        }
    }

    /// `x` [b, 6, h, w] → flow of levels 2 to 6 in pixels × 20.
    pub fn forward(&self, x: Tensor<4>) -> Vec<Tensor<4>> {
        let [_, _, level2] = self.first.forward(x);
        let [level3, level4, level5, level6] = self.trunk.forward(self.reduction.conv3.leaky(level2.clone()));
        self.decoder.forward([level2, level3, level4, level5, level6])
    }
}
