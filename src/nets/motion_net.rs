//! MotionNet: optical flow of a window at five resolutions (paper, Section 3.1 and Table 1).

use burn::module::Module;
use burn::nn::conv::{Conv2d, ConvTranspose2d};
use burn::tensor::{Device, Tensor};

use super::convolve::Convolve;
use super::layers::{Refinement, conv, deconv, flow_predictor};
use super::{FlowPyramid, MotionConfig};

/// The full motion network. Fields have the layer names of the paper and of the authors' files; layers removed by an
/// ablation are `None`.
#[derive(Module, Debug)]
#[expect(missing_docs, reason = "the layers are named and described by the paper's Table 1")]
pub struct MotionNet {
    pub conv1: Conv2d,
    pub conv1_1: Option<Conv2d>,
    pub conv2: Conv2d,
    pub conv2_1: Option<Conv2d>,
    pub conv3: Conv2d,
    pub conv3_1: Conv2d,
    pub conv4: Conv2d,
    pub conv4_1: Conv2d,
    pub conv5: Conv2d,
    pub conv5_1: Conv2d,
    pub conv6: Conv2d,
    pub conv6_1: Conv2d,
    pub conv_pr6: Conv2d,
    pub deconv5: ConvTranspose2d,
    pub upsample_flow6_to_5: ConvTranspose2d,
    pub smooth_conv5: Option<Conv2d>,
    pub conv_pr5: Conv2d,
    pub deconv4: ConvTranspose2d,
    pub upsample_flow5_to_4: ConvTranspose2d,
    pub smooth_conv4: Option<Conv2d>,
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

/// The output of MotionNet's encoder.
pub(super) struct MotionEncoding {
    /// `conv2_1`, `conv3_1`, `conv4_1` and `conv5_1`.
    pub skips: [Tensor<4>; 4],
    /// `conv6_1`.
    pub last: Tensor<4>,
}

impl MotionNet {
    /// Builds the network described by `config`, with fresh parameters.
    pub(super) fn new(config: &MotionConfig, device: &Device) -> Self {
        let w = config.width;
        let flow = config.flow_maps();
        let conv3x3 = |from: usize, to: usize, stride: usize| conv([from, to], 3, stride, device);
        let upsample_flow = || deconv([flow, flow], device);
        let predictor = |features: usize| flow_predictor(features, flow, device);
        // Maps after concatenation at level k, and the input maps of the next decoder layer.
        let concat = |skip: usize, upsampled: usize| skip + upsampled + flow;
        let smooth = |concat: usize, to: usize| config.cdc.then(|| conv3x3(concat, to, 1));
        let seen = |concat: usize, smoothed: usize| if config.cdc { smoothed } else { concat };
        let [concat5, concat4, concat3, concat2] =
            [concat(8 * w, 8 * w), concat(8 * w, 4 * w), concat(4 * w, 2 * w), concat(2 * w, w)];
        let [seen5, seen4, seen3, seen2] =
            [seen(concat5, 8 * w), seen(concat4, 4 * w), seen(concat3, 2 * w), seen(concat2, w)];
        let [kernel1, kernel2, stride1] = if config.small_displacement { [3, 3, 1] } else { [7, 5, 2] };
        Self {
            conv1: conv([config.input_channels(), w], kernel1, stride1, device),
            conv1_1: config.small_displacement.then(|| conv3x3(w, w, 1)),
            conv2: conv([w, 2 * w], kernel2, 2, device),
            conv2_1: config.small_displacement.then(|| conv3x3(2 * w, 2 * w, 1)),
            conv3: conv3x3(2 * w, 4 * w, 2),
            conv3_1: conv3x3(4 * w, 4 * w, 1),
            conv4: conv3x3(4 * w, 8 * w, 2),
            conv4_1: conv3x3(8 * w, 8 * w, 1),
            conv5: conv3x3(8 * w, 8 * w, 2),
            conv5_1: conv3x3(8 * w, 8 * w, 1),
            conv6: conv3x3(8 * w, 16 * w, 2),
            conv6_1: conv3x3(16 * w, 16 * w, 1),
            conv_pr6: predictor(16 * w),
            deconv5: deconv([16 * w, 8 * w], device),
            upsample_flow6_to_5: upsample_flow(),
            smooth_conv5: smooth(concat5, 8 * w),
            conv_pr5: predictor(seen5),
            deconv4: deconv([seen5, 4 * w], device),
            upsample_flow5_to_4: upsample_flow(),
            smooth_conv4: smooth(concat4, 4 * w),
            conv_pr4: predictor(seen4),
            deconv3: deconv([seen4, 2 * w], device),
            upsample_flow4_to_3: upsample_flow(),
            smooth_conv3: smooth(concat3, 2 * w),
            conv_pr3: predictor(seen3),
            deconv2: deconv([seen3, w], device),
            upsample_flow3_to_2: upsample_flow(),
            smooth_conv2: smooth(concat2, w),
            conv_pr2: predictor(seen2),
        }
    }

    /// `frames` [b, 3·frames, h, w], sides multiples of the stride → levels 2 to 6.
    pub(super) fn forward(&self, frames: Tensor<4>) -> FlowPyramid {
        self.decode(self.encode(frames))
    }

    /// `frames` [b, 3·frames, h, w], sides multiples of the stride → the decoder's input.
    pub(super) fn encode(&self, frames: Tensor<4>) -> MotionEncoding {
        let optional = |layer: &Option<Conv2d>, x: Tensor<4>| match layer {
            Some(layer) => layer.leaky(x),
            None => x,
        };
        let x = self.conv1.leaky(frames); // [b, w, h, w]
        let x = optional(&self.conv1_1, x);
        let x = self.conv2.leaky(x); // [b, 2w, h/2, w/2]
        let skip2 = optional(&self.conv2_1, x);
        let x = self.conv3.leaky(skip2.clone()); // [b, 4w, h/4, w/4]
        let skip3 = self.conv3_1.leaky(x);
        let x = self.conv4.leaky(skip3.clone()); // [b, 8w, h/8, w/8]
        let skip4 = self.conv4_1.leaky(x);
        let x = self.conv5.leaky(skip4.clone()); // [b, 8w, h/16, w/16]
        let skip5 = self.conv5_1.leaky(x);
        let x = self.conv6.leaky(skip5.clone()); // [b, 16w, h/32, w/32]
        MotionEncoding { skips: [skip2, skip3, skip4, skip5], last: self.conv6_1.leaky(x) }
    }

    /// Decodes an encoding to levels 2 to 6 of the flow.
    pub(super) fn decode(&self, encoding: MotionEncoding) -> FlowPyramid {
        let MotionEncoding { skips: [skip2, skip3, skip4, skip5], last: x } = encoding;
        let flow6 = self.conv_pr6.linear(x.clone());
        let (x, flow5) = self.level5().forward(skip5, x, flow6.clone());
        let (x, flow4) = self.level4().forward(skip4, x, flow5.clone());
        let (x, flow3) = self.level3().forward(skip3, x, flow4.clone());
        let (_, flow2) = self.level2().forward(skip2, x, flow3.clone());
        FlowPyramid { levels: vec![flow2, flow3, flow4, flow5, flow6] }
    }

    pub(super) fn level5(&self) -> Refinement<'_> {
        Refinement {
            deconv: &self.deconv5,
            upsample_flow: &self.upsample_flow6_to_5,
            smooth_conv: self.smooth_conv5.as_ref(),
            conv_pr: &self.conv_pr5,
        }
    }

    pub(super) fn level4(&self) -> Refinement<'_> {
        Refinement {
            deconv: &self.deconv4,
            upsample_flow: &self.upsample_flow5_to_4,
            smooth_conv: self.smooth_conv4.as_ref(),
            conv_pr: &self.conv_pr4,
        }
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
