//! The fusion network of FlowNet2 (Ilg et al. 2017): one full-resolution flow from two.

use burn::module::Module;
use burn::nn::conv::{Conv2d, ConvTranspose2d};
use burn::tensor::{Device, Tensor};

use super::flownet_sd::SmallLayers;
use crate::nets::convolve::Convolve;
use crate::nets::layers::{conv, deconv_with_bias};

/// Number of input maps.
const CHANNELS: usize = 11;

/// The decoder of the fusion network.
#[derive(Module, Debug)]
pub struct FusionDecoder {
    pub predict_flow2: Conv2d,
    pub deconv1: ConvTranspose2d,
    pub upsampled_flow2_to_1: ConvTranspose2d,
    pub inter_conv1: Conv2d,
    pub predict_flow1: Conv2d,
    pub deconv0: ConvTranspose2d,
    pub upsampled_flow1_to_0: ConvTranspose2d,
    pub inter_conv0: Conv2d,
    pub predict_flow0: Conv2d,
}

/// The fusion network of FlowNet2.
#[derive(Module, Debug)]
pub struct FusionNet {
    /// `conv0` to `conv2_1`.
    pub first: SmallLayers,
    /// The refinement.
    pub decoder: FusionDecoder,
}

impl FusionNet {
    /// Builds the network of base width `w`.
    pub(super) fn new(w: usize, device: &Device) -> Self {
        let [half, quarter] = [2, 4].map(|part| (w / part).max(1));
        let (concat1, concat0) = (2 * w + half + 2, w + quarter + 2);
        let decoder = FusionDecoder {
            predict_flow2: conv([2 * w, 2], 3, 1, device),
            deconv1: deconv_with_bias([2 * w, half], device),
            upsampled_flow2_to_1: deconv_with_bias([2, 2], device),
            inter_conv1: conv([concat1, half], 3, 1, device),
            predict_flow1: conv([half, 2], 3, 1, device),
            deconv0: deconv_with_bias([concat1, quarter], device),
            upsampled_flow1_to_0: deconv_with_bias([2, 2], device),
            inter_conv0: conv([concat0, quarter], 3, 1, device),
            predict_flow0: conv([quarter, 2], 3, 1, device),
        };
        Self { first: SmallLayers::new(CHANNELS, w, device), decoder }
    }

    /// `x` [b, 11, h, w] → flow of levels 0 to 2 in pixels.
    pub fn forward(&self, x: Tensor<4>) -> Vec<Tensor<4>> {
        let [level0, level1, level2] = self.first.forward(x);
        let layers = &self.decoder;
        let flow2 = layers.predict_flow2.linear(level2.clone());
        let enlarged = layers.upsampled_flow2_to_1.linear(flow2.clone());
        let concat1 = Tensor::cat(vec![level1, layers.deconv1.leaky(level2), enlarged], 1);
        let flow1 = layers.predict_flow1.linear(layers.inter_conv1.linear(concat1.clone()));
        let enlarged = layers.upsampled_flow1_to_0.linear(flow1.clone());
        let concat0 = Tensor::cat(vec![level0, layers.deconv0.leaky(concat1), enlarged], 1);
        let flow0 = layers.predict_flow0.linear(layers.inter_conv0.linear(concat0));
        vec![flow0, flow1, flow2]
    }
}
