//! Tiny-MotionNet: the small motion network, three levels deep.

use burn::module::Module;
use burn::nn::conv::{Conv2d, ConvTranspose2d};
use burn::tensor::{Device, Tensor};

use super::convolve::Convolve;
use super::layers::{Refinement, conv, deconv, flow_predictor};
use super::{FlowPyramid, MotionConfig};

/// The small motion network. Fields have the layer names of [`MotionNet`](super::MotionNet).
#[derive(Module, Debug)]
#[expect(missing_docs, reason = "the layers are those of MotionNet, described by the paper's Table 1")]
pub struct TinyMotionNet {
    pub conv1: Conv2d,
    pub conv2: Conv2d,
    pub conv3: Conv2d,
    pub conv4: Conv2d,
    pub conv_pr4: Conv2d,
    pub deconv3: ConvTranspose2d,
    pub upsample_flow4_to_3: ConvTranspose2d,
    pub smooth_conv3: Option<Conv2d>,
    pub conv_pr3: Conv2d,
    pub deconv2: ConvTranspose2d,
    pub upsample_flow3_to_2: ConvTranspose2d,
    pub smooth_conv2: Option<Conv2d>,
    pub conv_pr2: Conv2d,
}

impl TinyMotionNet {
    /// Builds the network described by `config`, with fresh parameters.
    pub(super) fn new(config: &MotionConfig, device: &Device) -> Self {
        let w = config.width;
        let flow = config.flow_maps();
        let smooth = |concat: usize, to: usize| config.cdc.then(|| conv([concat, to], 3, 1, device));
        let seen = |concat: usize, smoothed: usize| if config.cdc { smoothed } else { concat };
        let [concat3, concat2] = [4 * w + 2 * w + flow, 2 * w + w + flow];
        let [seen3, seen2] = [seen(concat3, 2 * w), seen(concat2, w)];
        let stride1 = if config.small_displacement { 1 } else { 2 };
        Self {
            conv1: conv([config.input_channels(), w], 7, stride1, device),
            conv2: conv([w, 2 * w], 5, 2, device),
            conv3: conv([2 * w, 4 * w], 3, 2, device),
            conv4: conv([4 * w, 2 * w], 3, 2, device),
            conv_pr4: flow_predictor(2 * w, flow, device),
            deconv3: deconv([2 * w, 2 * w], device),
            upsample_flow4_to_3: deconv([flow, flow], device),
            smooth_conv3: smooth(concat3, 2 * w),
            conv_pr3: flow_predictor(seen3, flow, device),
            deconv2: deconv([seen3, w], device),
            upsample_flow3_to_2: deconv([flow, flow], device),
            smooth_conv2: smooth(concat2, w),
            conv_pr2: flow_predictor(seen2, flow, device),
        }
    }

    /// `frames` [b, 3·frames, h, w], sides multiples of the stride → levels 2 to 4.
    pub(super) fn forward(&self, frames: Tensor<4>) -> FlowPyramid {
        let x = self.conv1.leaky(frames); // [b, w, h, w]
        let skip2 = self.conv2.leaky(x); // [b, 2w, h/2, w/2]
        let skip3 = self.conv3.leaky(skip2.clone()); // [b, 4w, h/4, w/4]
        let x = self.conv4.leaky(skip3.clone()); // [b, 2w, h/8, w/8]

        let flow4 = self.conv_pr4.linear(x.clone());
        let (x, flow3) = self.level3().forward(skip3, x, flow4.clone());
        let (_, flow2) = self.level2().forward(skip2, x, flow3.clone());
        FlowPyramid { levels: vec![flow2, flow3, flow4] }
    }

    pub(super) fn level3(&self) -> Refinement<'_> {
        Refinement {
            deconv: &self.deconv3,
            upsample_flow: &self.upsample_flow4_to_3,
            smooth_conv: self.smooth_conv3.as_ref(),
            conv_pr: &self.conv_pr3,
        }
    }

    pub(super) fn level2(&self) -> Refinement<'_> {
        Refinement {
            deconv: &self.deconv2,
            upsample_flow: &self.upsample_flow3_to_2,
            smooth_conv: self.smooth_conv2.as_ref(),
            conv_pr: &self.conv_pr2,
        }
    }
}
