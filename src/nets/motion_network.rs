//! A flow network of any architecture, and its application to windows and to frames of any size.

use std::ops::Range;

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::ops::PadMode;
use burn::tensor::{Device, Tensor};
use image::RgbImage;

use super::preprocessing::motion_input;
use super::read_back::{device_of, read_rows};
use super::{
    Architecture, FLOW_UNIT_PX, FlowNet, FlowPyramid, JointArchitecture, JointNetwork, MotionConfig, MotionNet,
    NativeFlow, Separable, TinyMotionNet, flow_nets,
};
use crate::error::Result;

/// A flow network: MotionNet, Tiny-MotionNet, one of the supervised networks they are compared with, or a joint
/// network, which also classifies.
///
/// All methods take images prepared by [`motion_input`] and are differentiable if the parameters are on an autodiff
/// device.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "there are a handful of these in the whole program")]
pub enum MotionNetwork {
    /// MotionNet, with five levels.
    Full(MotionNet),
    /// Tiny-MotionNet, with three levels.
    Tiny(TinyMotionNet),
    /// A supervised flow network, such as FlowNetS.
    FlowNet(FlowNet),
    /// A joint network for flow and action.
    Joint(JointNetwork),
}

/// The output for a batch of windows.
#[derive(Debug, Clone)]
pub struct MotionOutput {
    /// The flow of every pair.
    pub flow: FlowPyramid,
    /// Logits [b, K] of a joint network.
    pub logits: Option<Tensor<2>>,
}

impl MotionOutput {
    /// Returns the output for window `row` of the batch.
    pub fn row(&self, row: usize) -> Self {
        Self { flow: self.flow.row(row), logits: self.logits.as_ref().map(|logits| logits.clone().narrow(0, row, 1)) }
    }
}

impl MotionConfig {
    /// Builds the network with fresh parameters: He normal, zero biases, MotionNet's predictors near zero.
    pub fn init(&self, device: &Device) -> MotionNetwork {
        match self.architecture {
            Architecture::MotionNet => MotionNetwork::Full(MotionNet::new(self, device)),
            Architecture::TinyMotionNet => MotionNetwork::Tiny(TinyMotionNet::new(self, device)),
            _ => MotionNetwork::FlowNet(FlowNet::new(self, device)),
        }
    }

    /// Number of parameters of such a network.
    pub fn parameters(&self) -> usize {
        // Parameters are made when first used: nothing is allocated here.
        self.init(&Device::flex()).num_params()
    }
}

/// A part of a window that is evaluated in one pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// Index of its first frame.
    pub start: usize,
    /// The pairs of the part, counted from its first one, whose flow is used.
    pub pairs: Range<usize>,
}

impl MotionNetwork {
    /// Returns the flow of `frames` [b, 3·[`frames`](Self::frames), h, w], whose sides are multiples of
    /// [`stride`](Self::stride).
    pub fn forward(&self, frames: Tensor<4>) -> FlowPyramid {
        self.output(frames).flow
    }

    fn output(&self, frames: Tensor<4>) -> MotionOutput {
        match self {
            Self::Full(network) => MotionOutput { flow: network.forward(frames), logits: None },
            Self::Tiny(network) => MotionOutput { flow: network.forward(frames), logits: None },
            Self::FlowNet(network) => MotionOutput { flow: network.forward(frames), logits: None },
            Self::Joint(network) => {
                let output = network.forward(frames);
                MotionOutput { flow: output.flow.into_pyramid(), logits: Some(output.logits) }
            }
        }
    }

    /// Returns the flow to be supervised with ground truth, in the network's own unit.
    pub fn native(&self, frames: Tensor<4>) -> NativeFlow {
        match self {
            Self::FlowNet(network) => network.native(frames),
            _ => NativeFlow { levels: self.forward(frames).levels, unit_px: FLOW_UNIT_PX },
        }
    }

    /// Like [`native`](Self::native), with the next frame that NextFlow predicts, finest first; empty for other
    /// networks.
    pub fn native_with_next(&self, frames: Tensor<4>) -> (NativeFlow, Vec<Tensor<4>>) {
        match self {
            Self::FlowNet(network) => network.native_with_next(frames),
            _ => (self.native(frames), Vec::new()),
        }
    }

    /// Converts the frame `next` [b, 3, h, w] after the pair `frames` [b, 6, h, w] to the unit in which NextFlow
    /// predicts it, that of its input; `None` for other networks.
    pub fn next_frame(&self, frames: Tensor<4>, next: Tensor<4>) -> Option<Tensor<4>> {
        match self {
            Self::FlowNet(network) if network.predicts_next() => Some(network.conventions().like_input(frames, next)),
            _ => None,
        }
    }

    /// Returns `true` if the network also predicts the next frame.
    pub fn predicts_next(&self) -> bool {
        matches!(self, Self::FlowNet(network) if network.predicts_next())
    }

    /// Returns the best raw flow of pairs of images whose sides are multiples of the stride: at full resolution for
    /// networks that are evaluated there, else at the finest level.
    pub fn best_flow(&self, windows: &[Vec<&RgbImage>]) -> Tensor<4> {
        let frames = motion_input(windows, &device_of(self));
        match self {
            Self::FlowNet(network) => network.full_size(frames),
            _ => self.window_flows(frames).into_finest(),
        }
    }

    /// Returns the flow of every pair of a `window` [b, 3n, h, w]: 2(n−1) maps per level.
    ///
    /// A window of more frames than the network reads is split into the parts given by
    /// [`evaluations`](Self::evaluations), and the parts of all windows form one batch. A shorter window is padded by
    /// repeating its last frame.
    pub fn window_flows(&self, window: Tensor<4>) -> FlowPyramid {
        self.window_output(window).flow
    }

    /// Returns the flow of every pair of a `window`, like [`window_flows`](Self::window_flows), and the logits of a
    /// joint network, averaged over the parts of a window.
    pub fn window_output(&self, window: Tensor<4>) -> MotionOutput {
        let [batch, channels, height, width] = window.dims();
        let (evaluations, reach) = (self.evaluations(channels / 3), self.frames());
        let window = filled(window, reach);
        if let [Evaluation { start: 0, pairs }] = evaluations.as_slice()
            && pairs.len() == reach - 1
        {
            return self.output(window);
        }
        let count = evaluations.len();
        let parts = evaluations.iter().map(|part| window.clone().narrow(1, 3 * part.start, 3 * reach)).collect();
        let output = self.output(Tensor::cat(parts, 1).reshape([batch * count, 3 * reach, height, width]));
        let restack = |level: Tensor<4>| {
            let [_, maps, rows, columns] = level.dims(); // [b·parts, 2·(reach−1), …] → [b, 2·pairs, …]
            let level = level.reshape([batch, count * maps, rows, columns]);
            let last = &evaluations[count - 1].pairs;
            let rest = level.clone().narrow(1, (count - 1) * maps + 2 * last.start, 2 * last.len());
            match count {
                1 => rest,
                _ if last.len() == reach - 1 => level,
                _ => Tensor::cat(vec![level.narrow(1, 0, (count - 1) * maps), rest], 1),
            }
        };
        let mean = |logits: Tensor<2>| {
            let classes = logits.dims()[1];
            logits.reshape([batch, count, classes]).mean_dim(1).squeeze_dim(1)
        };
        let flow = FlowPyramid { levels: output.flow.levels.into_iter().map(restack).collect() };
        MotionOutput { flow, logits: output.logits.map(mean) }
    }

    /// Splits a `window` of at least one frame into parts that are evaluated in one pass, each with the range of its
    /// pairs to use. A window of fewer frames than the network reads is padded by repeating its last frame.
    pub fn parts<T: Clone>(&self, window: &[T]) -> impl Iterator<Item = (Vec<T>, Range<usize>)> {
        let reach = self.frames();
        let parts = self.evaluations(window.len()).into_iter();
        parts.map(move |part| {
            let seen = (part.start..part.start + reach).map(|frame| window[frame.min(window.len() - 1)].clone());
            (seen.collect(), part.pairs)
        })
    }

    /// Returns the evaluations that together cover all pairs of a window of `frames` frames, in order. The last one
    /// overlaps the one before, and only its new pairs are used.
    pub fn evaluations(&self, frames: usize) -> Vec<Evaluation> {
        let pairs = self.frames() - 1;
        let at = |known: usize| {
            let start = known.min((frames - 1).saturating_sub(pairs));
            Evaluation { start, pairs: known - start..pairs.min(frames - 1 - start) }
        };
        (0..frames - 1).step_by(pairs).map(at).collect()
    }

    /// Returns the flow of `windows` of frames of any size; all windows have the same length and frame size.
    pub fn flows(&self, windows: &[Vec<&RgbImage>]) -> FlowPyramid {
        self.outputs(windows).flow
    }

    /// Returns the flow of `windows` of frames of any size, all of the same length and frame size, and the logits of a
    /// joint network.
    pub fn outputs(&self, windows: &[Vec<&RgbImage>]) -> MotionOutput {
        self.output_any_size(motion_input(windows, &device_of(self)))
    }

    /// Returns the logits of a joint network for `windows` as in [`outputs`](Self::outputs), one row each; empty for
    /// other networks.
    ///
    /// # Errors
    /// If the device fails.
    pub fn logits(&self, windows: &[Vec<&RgbImage>]) -> Result<Vec<Vec<f32>>> {
        self.outputs(windows).logits.map_or_else(|| Ok(Vec::new()), read_rows)
    }

    /// Like [`window_flows`](Self::window_flows), for frames of any size: the right and lower edges are replicated up
    /// to multiples of the stride, and the padding is cropped from the flows. For supervised networks and those derived
    /// from them, frames are stretched instead, as by their authors.
    pub fn forward_any_size(&self, window: Tensor<4>) -> FlowPyramid {
        self.output_any_size(window).flow
    }

    fn output_any_size(&self, window: Tensor<4>) -> MotionOutput {
        let [_, _, height, width] = window.dims();
        let padded = [height, width].map(|side| side.next_multiple_of(self.stride()));
        if padded == [height, width] {
            return self.window_output(window);
        }
        if self.stretches() {
            let resize = Separable::bilinear([height, width], padded, &window.device());
            let output = self.window_output(resize.apply(window));
            return MotionOutput { flow: output.flow.stretched_back(padded, [height, width]), ..output };
        }
        let padding = [(0, padded[0] - height), (0, padded[1] - width)];
        let output = self.window_output(window.pad(padding, PadMode::Edge));
        MotionOutput { flow: output.flow.crop([height, width], padded), ..output }
    }

    /// Returns `true` if frames of other sizes are stretched instead of padded.
    fn stretches(&self) -> bool {
        match self {
            Self::FlowNet(_) => true,
            Self::Joint(network) => network.architecture() == JointArchitecture::ActionFlowNet2,
            _ => false,
        }
    }

    /// Returns the stack of networks with the layers of `part`, which consists of one or more of its networks; `None`
    /// if `part` does not, or if this is not a stack.
    pub fn with_part(self, part: &Self) -> Option<Self> {
        match (self, part) {
            (Self::FlowNet(stack), Self::FlowNet(part)) => stack.with_part(part).map(Self::FlowNet),
            _ => None,
        }
    }

    /// Returns the number of frames the network reads at once.
    pub fn frames(&self) -> usize {
        match self {
            Self::Joint(network) => network.frames(),
            _ => self.conv1().map_or(2, |conv1| conv1.weight.lazy_shape()[1] / 3),
        }
    }

    /// Returns the stride: the input's sides must be multiples of it.
    pub fn stride(&self) -> usize {
        let halvings = match self {
            Self::Full(_) => 32,
            Self::Tiny(_) => 8,
            Self::FlowNet(_) => flow_nets::STRIDE,
            Self::Joint(network) => network.stride(),
        };
        halvings * self.conv1().map_or(1, |conv1| conv1.stride[0])
    }

    /// Returns `true` if the network was published with supervised training on true flow.
    pub fn is_supervised(&self) -> bool {
        matches!(self, Self::FlowNet(_))
    }

    /// Returns the joint network, if it is one.
    pub fn joint(&self) -> Option<&JointNetwork> {
        match self {
            Self::Joint(network) => Some(network),
            _ => None,
        }
    }

    /// Returns the first layer of MotionNet, which differs between its variants.
    fn conv1(&self) -> Option<&Conv2d> {
        match self {
            Self::Full(network) => Some(&network.conv1),
            Self::Tiny(network) => Some(&network.conv1),
            Self::FlowNet(_) | Self::Joint(_) => None,
        }
    }
}

/// Pads a window [b, 3n, h, w] to at least `reach` frames by repeating its last frame.
fn filled(window: Tensor<4>, reach: usize) -> Tensor<4> {
    let frames = window.dims()[1] / 3;
    if frames >= reach {
        return window;
    }
    let last = window.clone().narrow(1, 3 * (frames - 1), 3);
    Tensor::cat([vec![window], vec![last; reach - frames]].concat(), 1)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Distribution, Tolerance};

    use super::*;

    #[test]
    fn evaluations_cover_every_pair_once() {
        let of = |frames| MotionConfig { frames, width: 2, ..MotionConfig::default() }.init(&Device::flex());
        let evaluation = |start, pairs| Evaluation { start, pairs };
        assert_eq!(of(2).evaluations(4), [0, 1, 2].map(|start| evaluation(start, 0..1)));
        assert_eq!(of(11).evaluations(11), [evaluation(0, 0..10)]);
        assert_eq!(of(11).evaluations(25), [evaluation(0, 0..10), evaluation(10, 0..10), evaluation(14, 6..10)]);
        assert_eq!(of(11).evaluations(4), [evaluation(0, 0..3)]);
        for (network, frames) in [(of(2), 65), (of(11), 65), (of(11), 64), (of(11), 21), (of(11), 3)] {
            let evaluations = network.evaluations(frames);
            let pairs = evaluations.iter().flat_map(|part| part.pairs.clone().map(|pair| part.start + pair));
            assert!(pairs.eq(0..frames - 1));
        }
    }

    #[test]
    fn long_windows_are_seen_in_parts() {
        let device = Device::flex();
        let network = MotionConfig { width: 2, ..MotionConfig::default() }.init(&device);
        let window = Tensor::random([2, 3 * 13, 32, 64], Distribution::Default, &device);
        let whole = network.window_flows(window.clone()).levels.swap_remove(0);
        let [first, last] =
            [0, 2].map(|start| network.forward(window.clone().narrow(1, 3 * start, 33)).levels.swap_remove(0));
        let expected = Tensor::cat(vec![first, last.narrow(1, 16, 4)], 1);
        assert_eq!(whole.dims()[1], 2 * 12);
        whole.into_data().assert_approx_eq::<f32>(&expected.into_data(), Tolerance::relative(1e-4));
    }

    #[test]
    fn windows_that_are_too_short_end_with_their_last_frame() {
        let device = Device::flex();
        let network = MotionConfig { width: 2, ..MotionConfig::default() }.init(&device);
        let window = Tensor::random([2, 3 * 3, 32, 64], Distribution::Default, &device);
        let last = window.clone().narrow(1, 6, 3);
        let whole = Tensor::cat([vec![window.clone()], vec![last; 8]].concat(), 1);
        let flow = network.window_flows(window).into_finest();
        assert_eq!(flow.dims(), [2, 4, 16, 32]);
        let expected = network.forward(whole).into_finest().narrow(1, 0, 4);
        flow.into_data().assert_approx_eq::<f32>(&expected.into_data(), Tolerance::relative(1e-4));
        assert_eq!(network.parts(&[7, 8]).collect::<Vec<_>>(), [(vec![7, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8], 0..1)]);
    }
}
