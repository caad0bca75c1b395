//! A motion network of any architecture, and how it is applied to windows and to frames of any size.

use std::ops::Range;

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::ops::PadMode;
use burn::tensor::{Device, Tensor};
use image::RgbImage;

use super::preprocessing::motion_input;
use super::read_back::device_of;
use super::{
    Architecture, FLOW_UNIT_PX, FlowNet, FlowPyramid, MotionConfig, MotionNet, NativeFlow, Separable, TinyMotionNet,
    flow_nets,
};

/// MotionNet, Tiny-MotionNet, or one of the supervised networks that they are compared with.
///
/// All methods take pictures as [`motion_input`] makes them and differentiate where
/// the parameters are on an autodiff device.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "there are a handful of these in the whole program")]
pub enum MotionNetwork {
    /// Five levels.
    Full(MotionNet),
    /// Three levels.
    Tiny(TinyMotionNet),
    /// FlowNetS and those after it.
    FlowNet(FlowNet),
}

impl MotionConfig {
    /// Builds the network with fresh parameters: He normal, predictors near zero, zero biases.
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

/// A part of a window that is evaluated at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// Its first frame.
    pub start: usize,
    /// The pairs, from its first one, whose flow is taken from it.
    pub pairs: Range<usize>,
}

impl MotionNetwork {
    /// Flow of `frames` [b, 3·[`frames`](Self::frames), h, w], whose sides are multiples of [`stride`](Self::stride).
    pub fn forward(&self, frames: Tensor<4>) -> FlowPyramid {
        match self {
            Self::Full(network) => network.forward(frames),
            Self::Tiny(network) => network.forward(frames),
            Self::FlowNet(network) => network.forward(frames),
        }
    }

    /// Returns the flow that is taught where the truth is known, in the network's own unit.
    pub fn native(&self, frames: Tensor<4>) -> NativeFlow {
        match self {
            Self::FlowNet(network) => network.native(frames),
            _ => NativeFlow { levels: self.forward(frames).levels, unit_px: FLOW_UNIT_PX },
        }
    }

    /// Returns the best flow of pairs of pictures whose sides are multiples of the stride, raw: at full size where the network is
    /// evaluated there, else at the finest level.
    pub fn best_flow(&self, windows: &[Vec<&RgbImage>]) -> Tensor<4> {
        let frames = motion_input(windows, &device_of(self));
        match self {
            Self::FlowNet(network) => network.full_size(frames),
            _ => self.window_flows(frames).into_finest(),
        }
    }

    /// Flow of every pair of a `window` [b, 3n, h, w]: 2(n−1) maps a level.
    ///
    /// A window of more frames than the network reads is seen in the parts that [`evaluations`](Self::evaluations) names, those of all
    /// windows as one batch.
    pub fn window_flows(&self, window: Tensor<4>) -> FlowPyramid {
        let [batch, channels, height, width] = window.dims();
        let evaluations = self.evaluations(channels / 3);
        if evaluations.len() == 1 {
            return self.forward(window);
        }
        let (count, reach) = (evaluations.len(), self.frames());
        let parts = evaluations.iter().map(|part| window.clone().narrow(1, 3 * part.start, 3 * reach)).collect();
        let pyramid = self.forward(Tensor::cat(parts, 1).reshape([batch * count, 3 * reach, height, width]));
        let restack = |level: Tensor<4>| {
            let [_, maps, rows, columns] = level.dims(); // [b·parts, 2·(reach−1), …] → [b, 2·pairs, …]
            let level = level.reshape([batch, count * maps, rows, columns]);
            let last = &evaluations[count - 1].pairs;
            if last.start == 0 {
                return level;
            }
            let kept = level.clone().narrow(1, 0, (count - 1) * maps);
            let rest = level.narrow(1, (count - 1) * maps + 2 * last.start, 2 * last.len());
            Tensor::cat(vec![kept, rest], 1)
        };
        FlowPyramid { levels: pyramid.levels.into_iter().map(restack).collect() }
    }

    /// Returns the parts of `window` that are evaluated at once, and the pairs of each that count.
    pub fn parts<'w, T>(&self, window: &'w [T]) -> impl Iterator<Item = (&'w [T], Range<usize>)> {
        let reach = self.frames();
        let parts = self.evaluations(window.len()).into_iter();
        parts.map(move |part| (&window[part.start..part.start + reach], part.pairs))
    }

    /// Returns the evaluations that together give the flow of all pairs of a window of `frames` frames, one behind the other; of
    /// the last one only the pairs that are new count.
    pub fn evaluations(&self, frames: usize) -> Vec<Evaluation> {
        let pairs = self.frames() - 1;
        let at = |known: usize| {
            let start = known.min((frames - 1).saturating_sub(pairs));
            Evaluation { start, pairs: known - start..pairs }
        };
        (0..frames - 1).step_by(pairs).map(at).collect()
    }

    /// Returns the flow of `windows` of frames of any size, all of one length and size.
    pub fn flows(&self, windows: &[Vec<&RgbImage>]) -> FlowPyramid {
        self.forward_any_size(motion_input(windows, &device_of(self)))
    }

    /// [`window_flows`](Self::window_flows) for frames of any size: the right and lower edge are repeated up to
    /// multiples of the stride and what belongs to the padding is cut from the flows again. Supervised networks see the frames
    /// stretched instead, as their authors do it.
    pub fn forward_any_size(&self, window: Tensor<4>) -> FlowPyramid {
        let [_, _, height, width] = window.dims();
        let padded = [height, width].map(|side| side.next_multiple_of(self.stride()));
        if padded == [height, width] {
            return self.window_flows(window);
        }
        if matches!(self, Self::FlowNet(_)) {
            let resize = Separable::bilinear([height, width], padded, &window.device());
            return self.window_flows(resize.apply(window)).stretched_back(padded, [height, width]);
        }
        let padding = [(0, padded[0] - height), (0, padded[1] - width)];
        self.window_flows(window.pad(padding, PadMode::Edge)).crop([height, width], padded)
    }

    /// Returns the stack of networks with the layers of `part`, one or more of those that it consists of; `None` if `part` is none
    /// of them, or this is no stack.
    pub fn with_part(self, part: &Self) -> Option<Self> {
        match (self, part) {
            (Self::FlowNet(stack), Self::FlowNet(part)) => stack.with_part(part).map(Self::FlowNet),
            _ => None,
        }
    }

    /// Frames the network reads at once.
    pub fn frames(&self) -> usize {
        self.conv1().map_or(2, |conv1| conv1.weight.lazy_shape()[1] / 3)
    }

    /// Returns what the sides of its input must be multiples of.
    pub fn stride(&self) -> usize {
        let halvings = match self {
            Self::Full(_) => 32,
            Self::Tiny(_) => 8,
            Self::FlowNet(_) => flow_nets::STRIDE,
        };
        halvings * self.conv1().map_or(1, |conv1| conv1.stride[0])
    }

    /// Returns whether it was published as a network that learns from true flow.
    pub fn is_supervised(&self) -> bool {
        matches!(self, Self::FlowNet(_))
    }

    /// Returns the first layer of MotionNet, which differs between its variants.
    fn conv1(&self) -> Option<&Conv2d> {
        match self {
            Self::Full(network) => Some(&network.conv1),
            Self::Tiny(network) => Some(&network.conv1),
            Self::FlowNet(_) => None,
        }
    }
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
        for (network, frames) in [(of(2), 65), (of(11), 65), (of(11), 64), (of(11), 21)] {
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
}
