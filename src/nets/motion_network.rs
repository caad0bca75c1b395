//! A motion network of either architecture, and how it is applied to windows and to frames of any size.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;
use burn::tensor::ops::PadMode;

use super::{FlowPyramid, MotionNet, TinyMotionNet};

/// MotionNet or Tiny-MotionNet.
///
/// All methods take pictures as [`motion_input`](super::preprocessing::motion_input) makes them and differentiate where
/// the parameters lie on an autodiff device.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "there are a handful of these in the whole program")]
pub enum MotionNetwork {
    /// Five levels.
    Full(MotionNet),
    /// Three levels.
    Tiny(TinyMotionNet),
}

impl MotionNetwork {
    /// Flow of `frames` [b, 3·[`frames`](Self::frames), h, w], whose sides are multiples of [`stride`](Self::stride).
    pub fn forward(&self, frames: Tensor<4>) -> FlowPyramid {
        match self {
            Self::Full(network) => network.forward(frames),
            Self::Tiny(network) => network.forward(frames),
        }
    }

    /// Flow of every pair of a `window` [b, 3n, h, w]: 2(n−1) maps a level.
    ///
    /// A network of two frames sees the adjacent pairs of all windows as one batch; any other must read exactly n
    /// frames.
    pub fn window_flows(&self, window: Tensor<4>) -> FlowPyramid {
        let [batch, channels, height, width] = window.dims();
        let pairs = channels / 3 - 1;
        if self.frames() != 2 || pairs == 1 {
            return self.forward(window);
        }
        let adjacent = (0..pairs).map(|pair| window.clone().narrow(1, 3 * pair, 6)).collect();
        let pyramid = self.forward(Tensor::cat(adjacent, 1).reshape([batch * pairs, 6, height, width]));
        let restack = |level: Tensor<4>| {
            let [_, _, rows, columns] = level.dims(); // [b·pairs, 2, …] → [b, 2·pairs, …]
            level.reshape([batch, 2 * pairs, rows, columns])
        };
        FlowPyramid { levels: pyramid.levels.into_iter().map(restack).collect() }
    }

    /// [`window_flows`](Self::window_flows) for frames of any size: the right and lower edge are repeated up to
    /// multiples of the stride and what belongs to the padding is cut from the flows again.
    pub fn forward_any_size(&self, window: Tensor<4>) -> FlowPyramid {
        let [_, _, height, width] = window.dims();
        let padded = [height, width].map(|side| side.next_multiple_of(self.stride()));
        if padded == [height, width] {
            return self.window_flows(window);
        }
        let padding = [(0, padded[0] - height), (0, padded[1] - width)];
        self.window_flows(window.pad(padding, PadMode::Edge)).crop([height, width], padded)
    }

    /// Frames the network reads at once.
    pub fn frames(&self) -> usize {
        self.conv1().weight.lazy_shape()[1] / 3
    }

    /// What the sides of its input must be multiples of.
    pub fn stride(&self) -> usize {
        let halvings = match self {
            Self::Full(_) => 32,
            Self::Tiny(_) => 8,
        };
        halvings * self.conv1().stride[0]
    }

    fn conv1(&self) -> &Conv2d {
        match self {
            Self::Full(network) => &network.conv1,
            Self::Tiny(network) => &network.conv1,
        }
    }
}
