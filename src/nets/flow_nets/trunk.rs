//! The deeper half of the encoder, from 1/8 to 1/64 of the size, shared by all networks but the fusion network.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};

use crate::nets::convolve::Convolve;
use crate::nets::layers::conv;

/// Layers `conv3_1` to `conv6_1` of FlowNetS (Fischer et al. 2015, Figure 2).
#[derive(Module, Debug)]
pub struct FlowTrunk {
    pub conv3_1: Conv2d,
    pub conv4: Conv2d,
    pub conv4_1: Conv2d,
    pub conv5: Conv2d,
    pub conv5_1: Conv2d,
    pub conv6: Conv2d,
    pub conv6_1: Conv2d,
}

impl FlowTrunk {
    /// Builds the layers for `maps` input maps and base width `w`.
    pub(super) fn new(maps: usize, w: usize, device: &Device) -> Self {
        let conv3x3 = |from: usize, to: usize, stride: usize| conv([from, to], 3, stride, device);
        Self {
            conv3_1: conv3x3(maps, 4 * w, 1),
            conv4: conv3x3(4 * w, 8 * w, 2),
            conv4_1: conv3x3(8 * w, 8 * w, 1),
            conv5: conv3x3(8 * w, 8 * w, 2),
            conv5_1: conv3x3(8 * w, 8 * w, 1),
            conv6: conv3x3(8 * w, 16 * w, 2),
            conv6_1: conv3x3(16 * w, 16 * w, 1),
        }
    }

    /// `x` [b, maps, h/8, w/8] → the features of levels 3, 4, 5 and 6.
    pub fn forward(&self, x: Tensor<4>) -> [Tensor<4>; 4] {
        let level3 = self.conv3_1.leaky(x); // [b, 4w, h/8, w/8]
        let level4 = self.conv4_1.leaky(self.conv4.leaky(level3.clone())); // [b, 8w, h/16, w/16]
        let level5 = self.conv5_1.leaky(self.conv5.leaky(level4.clone())); // [b, 8w, h/32, w/32]
        let level6 = self.conv6_1.leaky(self.conv6.leaky(level5.clone())); // [b, 16w, h/64, w/64]
        [level3, level4, level5, level6]
    }
}
