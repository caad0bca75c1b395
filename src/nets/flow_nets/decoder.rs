//! The refinement from 1/64 to 1/4 of the size, shared by FlowNetS, FlowNetC, FlowNet-SD and NextFlow.

use burn::module::Module;
use burn::nn::conv::{Conv2d, ConvTranspose2d};
use burn::tensor::{Device, Tensor};

use crate::nets::convolve::Convolve;
use crate::nets::layers::{conv, deconv, deconv_with_bias};

/// The differences between the decoders of the networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct DecoderKind {
    /// `true` if the layers that upsample flow have biases: all networks but FlowNetS.
    pub biased_enlargement: bool,
    /// `true` if a convolution precedes each predictor but the coarsest: FlowNet-SD.
    pub inter_conv: bool,
    /// Number of maps predicted besides the flow: the three colours of NextFlow's frame.
    pub beside: usize,
}

/// The layers that predict flow, from level 6 to level 2.
#[derive(Module, Debug)]
pub struct FlowDecoder {
    pub predict_flow6: Conv2d,
    pub deconv5: ConvTranspose2d,
    pub upsampled_flow6_to_5: ConvTranspose2d,
    pub inter_conv5: Option<Conv2d>,
    pub predict_flow5: Conv2d,
    pub deconv4: ConvTranspose2d,
    pub upsampled_flow5_to_4: ConvTranspose2d,
    pub inter_conv4: Option<Conv2d>,
    pub predict_flow4: Conv2d,
    pub deconv3: ConvTranspose2d,
    pub upsampled_flow4_to_3: ConvTranspose2d,
    pub inter_conv3: Option<Conv2d>,
    pub predict_flow3: Conv2d,
    pub deconv2: ConvTranspose2d,
    pub upsampled_flow3_to_2: ConvTranspose2d,
    pub inter_conv2: Option<Conv2d>,
    pub predict_flow2: Conv2d,
}

/// The layers of one level.
pub(in crate::nets) struct Step<'a> {
    pub deconv: &'a ConvTranspose2d,
    pub upsampled_flow: &'a ConvTranspose2d,
    pub inter_conv: Option<&'a Conv2d>,
    pub predict_flow: &'a Conv2d,
}

impl FlowDecoder {
    /// Returns the numbers of maps after concatenation at levels 5 to 2, for base width `w` and `beside` maps predicted
    /// besides the flow.
    pub(super) fn concatenated(w: usize, beside: usize) -> [usize; 4] {
        let heads = 2 + beside;
        [8 * w + 8 * w + heads, 8 * w + 4 * w + heads, 4 * w + 2 * w + heads, 2 * w + w + heads]
    }

    /// Builds the decoder of a network of base width `w`.
    pub(super) fn new(kind: DecoderKind, w: usize, device: &Device) -> Self {
        let concat = Self::concatenated(w, kind.beside);
        let upsampled = || if kind.biased_enlargement { deconv_with_bias } else { deconv }([2, 2], device);
        let deconv = |from: usize, to: usize| deconv_with_bias([from, to], device);
        let inter = |from: usize, to: usize| kind.inter_conv.then(|| conv([from, to], 3, 1, device));
        // He's initialisation, as published: true flow teaches predictors whatever they start with.
        let head = |features: usize| conv([features, 2], 3, 1, device);
        let predictor = |concat: usize, inter: usize| head(if kind.inter_conv { inter } else { concat });
        Self {
            predict_flow6: head(16 * w),
            deconv5: deconv(16 * w, 8 * w),
            upsampled_flow6_to_5: upsampled(),
            inter_conv5: inter(concat[0], 8 * w),
            predict_flow5: predictor(concat[0], 8 * w),
            deconv4: deconv(concat[0], 4 * w),
            upsampled_flow5_to_4: upsampled(),
            inter_conv4: inter(concat[1], 4 * w),
            predict_flow4: predictor(concat[1], 4 * w),
            deconv3: deconv(concat[1], 2 * w),
            upsampled_flow4_to_3: upsampled(),
            inter_conv3: inter(concat[2], 2 * w),
            predict_flow3: predictor(concat[2], 2 * w),
            deconv2: deconv(concat[2], w),
            upsampled_flow3_to_2: upsampled(),
            inter_conv2: inter(concat[3], w),
            predict_flow2: predictor(concat[3], w),
        }
    }

    /// Features of levels 2 to 6 → flow of levels 2 to 6, finest first.
    pub fn forward(&self, levels: [Tensor<4>; 5]) -> Vec<Tensor<4>> {
        self.forward_with(levels, None).0
    }

    /// Like [`forward`](Self::forward), but also returns the frames predicted by `beside`, finest first.
    pub(super) fn forward_with(
        &self,
        levels: [Tensor<4>; 5],
        beside: Option<&NextFlowHeads>,
    ) -> (Vec<Tensor<4>>, Vec<Tensor<4>>) {
        let [level2, level3, level4, level5, mut features] = levels;
        let mut flows = vec![self.predict_flow6.linear(features.clone())];
        let mut frames: Vec<_> =
            beside.map(|heads| heads.predictors()[0].linear(features.clone())).into_iter().collect();
        let skips = [level5, level4, level3, level2];
        for (at, (step, skip)) in self.steps().into_iter().zip(skips).enumerate() {
            let mut parts = vec![skip, step.deconv.leaky(features), step.upsampled_flow.linear(flows[at].clone())];
            parts.extend(beside.map(|heads| heads.enlargements()[at].linear(frames[at].clone())));
            // Unlike in MotionNet, the transposed convolution of the next level reads the concatenation itself.
            features = Tensor::cat(parts, 1);
            let seen = step.inter_conv.map_or_else(|| features.clone(), |inter| inter.linear(features.clone()));
            flows.push(step.predict_flow.linear(seen));
            frames.extend(beside.map(|heads| heads.predictors()[at + 1].linear(features.clone())));
        }
        flows.reverse();
        frames.reverse();
        (flows, frames)
    }

    /// Returns the layers of levels 5 to 2.
    pub(in crate::nets) fn steps(&self) -> [Step<'_>; 4] {
        [
            Step {
                deconv: &self.deconv5,
                upsampled_flow: &self.upsampled_flow6_to_5,
                inter_conv: self.inter_conv5.as_ref(),
                predict_flow: &self.predict_flow5,
            },
            Step {
                deconv: &self.deconv4,
                upsampled_flow: &self.upsampled_flow5_to_4,
                inter_conv: self.inter_conv4.as_ref(),
                predict_flow: &self.predict_flow4,
            },
            Step {
                deconv: &self.deconv3,
                upsampled_flow: &self.upsampled_flow4_to_3,
                inter_conv: self.inter_conv3.as_ref(),
                predict_flow: &self.predict_flow3,
            },
            Step {
                deconv: &self.deconv2,
                upsampled_flow: &self.upsampled_flow3_to_2,
                inter_conv: self.inter_conv2.as_ref(),
                predict_flow: &self.predict_flow2,
            },
        ]
    }
}

/// Number of colour channels of a predicted frame.
pub(super) const COLOURS: usize = 3;

/// The layers of NextFlow that predict the next frame, in parallel to those of [`FlowDecoder`].
#[derive(Module, Debug)]
pub struct NextFlowHeads {
    pub predict_frame6: Conv2d,
    pub upsampled_frame6_to_5: ConvTranspose2d,
    pub predict_frame5: Conv2d,
    pub upsampled_frame5_to_4: ConvTranspose2d,
    pub predict_frame4: Conv2d,
    pub upsampled_frame4_to_3: ConvTranspose2d,
    pub predict_frame3: Conv2d,
    pub upsampled_frame3_to_2: ConvTranspose2d,
    pub predict_frame2: Conv2d,
}

impl NextFlowHeads {
    pub(super) fn new(w: usize, device: &Device) -> Self {
        let [concat5, concat4, concat3, concat2] = FlowDecoder::concatenated(w, COLOURS);
        let predictor = |maps: usize| conv([maps, COLOURS], 3, 1, device);
        let enlargement = || deconv([COLOURS, COLOURS], device);
        Self {
            predict_frame6: predictor(16 * w),
            upsampled_frame6_to_5: enlargement(),
            predict_frame5: predictor(concat5),
            upsampled_frame5_to_4: enlargement(),
            predict_frame4: predictor(concat4),
            upsampled_frame4_to_3: enlargement(),
            predict_frame3: predictor(concat3),
            upsampled_frame3_to_2: enlargement(),
            predict_frame2: predictor(concat2),
        }
    }

    /// Returns the predictors of levels 6 to 2.
    pub(in crate::nets) fn predictors(&self) -> [&Conv2d; 5] {
        [&self.predict_frame6, &self.predict_frame5, &self.predict_frame4, &self.predict_frame3, &self.predict_frame2]
    }

    /// Returns the layers that upsample the frames of levels 6 to 3.
    pub(in crate::nets) fn enlargements(&self) -> [&ConvTranspose2d; 4] {
        [
            &self.upsampled_frame6_to_5,
            &self.upsampled_frame5_to_4,
            &self.upsampled_frame4_to_3,
            &self.upsampled_frame3_to_2,
        ]
    }
}
