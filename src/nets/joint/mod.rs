//! Networks that predict flow and classify the action in one pass: the paper's branched variant of the hidden
//! two-stream network, and ActionFlowNet (Ng, Choi, Neumann & Davis 2018).
//!
//! A model with a joint network needs no temporal stream: the joint network's logits replace it in the fusion.

mod action_flow_net16;
mod action_flow_net2;
mod branched;
mod config;
mod residual_block;

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};

use super::{FlowPyramid, NativeFlow};
pub use action_flow_net2::{ActionFlowNet2, ActionHead};
pub use action_flow_net16::ActionFlowNet16;
pub use branched::{Branch, Branched};
pub use config::{JointArchitecture, JointConfig};
pub use residual_block::ResidualBlock3d;

/// Full-resolution pixels per cell of FlowNetS's finest level.
const FINEST_TAUGHT: usize = 4;

/// A network for flow and action of any architecture. Dropout and batch statistics are used on autodiff devices only.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "there are a handful of these in the whole program")]
pub enum JointNetwork {
    /// MotionNet with three fully connected layers on its encoder.
    Branched(Branched),
    /// FlowNetS with a classifier on its encoder, of 2 frames.
    ActionFlowNet2(ActionFlowNet2),
    /// A 3-D ResNet-18 with a flow decoder, of 16 frames.
    ActionFlowNet16(ActionFlowNet16),
}

/// The output of a joint network for windows of its own length.
#[derive(Debug, Clone)]
pub struct JointOutput {
    /// Raw flow at several resolutions.
    pub flow: JointFlow,
    /// Logits [b, K].
    pub logits: Tensor<2>,
}

/// Flow as predicted by the network, in its raw unit.
#[derive(Debug, Clone)]
pub enum JointFlow {
    /// Flow of every pair at every level.
    Pairs(FlowPyramid),
    /// Flow of one pair at the supervised levels: [b, 2, h/4, w/4] and coarser.
    Taught(NativeFlow),
    /// One map per frame at the finest level, and one per two, four and eight frames at the others: [b, 2, t, h, w],
    /// finest first. The last frame has no ground truth, as no frame follows it.
    Clip(Vec<Tensor<5>>),
}

impl JointFlow {
    /// Returns the flow of every pair. A map that covers several frames is repeated for each of them.
    pub fn into_pyramid(self) -> FlowPyramid {
        let levels = match self {
            Self::Pairs(pyramid) => return pyramid,
            Self::Taught(native) => {
                let height = FINEST_TAUGHT * native.levels[0].dims()[2];
                return native.into_pyramid(height);
            }
            Self::Clip(levels) => levels,
        };
        let frames = levels.iter().map(|level| level.dims()[2]).max().unwrap_or_default();
        FlowPyramid { levels: levels.into_iter().map(|level| of_pairs(level, frames)).collect() }
    }
}

/// Converts the maps [b, 2, t, h, w] of a clip to those of its pairs, [b, 2(n−1), h, w].
fn of_pairs(level: Tensor<5>, frames: usize) -> Tensor<4> {
    let [batch, components, times, height, width] = level.dims();
    let pairs = frames - 1;
    let times: Vec<i64> = (0..pairs).map(|pair| (pair * times / frames) as i64).collect();
    let times = Tensor::<1, Int>::from_data(TensorData::new(times, [pairs]), &level.device());
    level.select(2, times).swap_dims(1, 2).reshape([batch, components * pairs, height, width])
}

impl JointNetwork {
    /// Returns flow and logits of `frames` [b, 3·[`frames`](Self::frames), h, w] prepared by
    /// [`motion_input`](super::preprocessing::motion_input), whose sides are multiples of [`stride`](Self::stride).
    pub fn forward(&self, frames: Tensor<4>) -> JointOutput {
        match self {
            Self::Branched(network) => {
                let (flow, logits) = network.forward(frames);
                JointOutput { flow: JointFlow::Pairs(flow), logits }
            }
            Self::ActionFlowNet2(network) => {
                let (flow, logits) = network.forward(frames);
                JointOutput { flow: JointFlow::Taught(flow), logits }
            }
            Self::ActionFlowNet16(network) => {
                let (levels, logits) = network.forward(clip_of(frames));
                JointOutput { flow: JointFlow::Clip(levels), logits }
            }
        }
    }

    /// Returns the architecture.
    pub fn architecture(&self) -> JointArchitecture {
        match self {
            Self::Branched(_) => JointArchitecture::Branched,
            Self::ActionFlowNet2(_) => JointArchitecture::ActionFlowNet2,
            Self::ActionFlowNet16(_) => JointArchitecture::ActionFlowNet16,
        }
    }

    /// Returns the number of frames the network reads at once.
    pub fn frames(&self) -> usize {
        self.architecture().frames()
    }

    /// Returns the stride: the input's sides must be multiples of it.
    pub fn stride(&self) -> usize {
        self.architecture().stride()
    }

    /// Returns the number of classes.
    pub fn classes(&self) -> usize {
        let last = match self {
            Self::Branched(network) => &network.branch.fc8,
            Self::ActionFlowNet2(network) => &network.head.fc,
            Self::ActionFlowNet16(network) => &network.fc,
        };
        last.weight.lazy_shape()[1]
    }

    /// Returns the network with the layers of `trained`, which has the same architecture and size, with or without its
    /// last layer, and its own dropout.
    pub fn with_layers_of(self, trained: &Self, with_last: bool) -> Self {
        match (self, trained) {
            (Self::Branched(own), Self::Branched(other)) => Self::Branched(own.with_layers_of(other, with_last)),
            (Self::ActionFlowNet2(own), Self::ActionFlowNet2(other)) => {
                Self::ActionFlowNet2(own.with_layers_of(other, with_last))
            }
            (Self::ActionFlowNet16(own), Self::ActionFlowNet16(other)) => {
                let fc = if with_last { other.fc.clone() } else { own.fc };
                Self::ActionFlowNet16(ActionFlowNet16 { fc, ..other.clone() })
            }
            (own, _) => own,
        }
    }
}

/// Rearranges frames [b, 3n, h, w], frame by frame in blue, green and red, to a clip [b, 3, n, h, w] in red, green and
/// blue, the input of the published 3-D networks.
fn clip_of(frames: Tensor<4>) -> Tensor<5> {
    let [batch, channels, height, width] = frames.dims();
    frames.reshape([batch, channels / 3, 3, height, width]).flip([2]).swap_dims(1, 2)
}

impl JointConfig {
    /// Builds the network for so many `classes` with fresh parameters: He normal, zero biases, flow predictors
    /// near zero except those of FlowNetS.
    pub fn init(&self, classes: usize, device: &Device) -> JointNetwork {
        match self.architecture {
            JointArchitecture::Branched => JointNetwork::Branched(Branched::new(self, classes, device)),
            JointArchitecture::ActionFlowNet2 => {
                let network = ActionFlowNet2::new(self.width, self.conventions, classes, device);
                JointNetwork::ActionFlowNet2(network)
            }
            JointArchitecture::ActionFlowNet16 => {
                JointNetwork::ActionFlowNet16(ActionFlowNet16::new(self.width, classes, device))
            }
        }
    }

    /// Returns the number of trained parameters.
    pub fn parameters(&self, classes: usize) -> usize {
        // Parameters are created lazily, so little is allocated here.
        super::weights::parameters(&self.init(classes, &Device::flex()))
    }
}
