//! FlowNet2 (Ilg et al. 2017): FlowNetC and one or two FlowNetS, each correcting the flow of the one before, and a
//! network for small displacements fused with them.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::conventions::FlowNetConventions;
use super::flownet_c::FlowNetC;
use super::flownet_s::FlowNetS;
use super::flownet_sd::FlowNetSd;
use super::fusion_net::FusionNet;
use super::operators::{Enlargement, channel_norm, enlarged, warp};
use super::{SMALL_UNIT_PX, UNIT_PX};

/// Input maps of a FlowNetS within the stack: both frames, the warped second frame, the flow and the brightness error.
const STACKED_CHANNELS: usize = 12;
/// Full-resolution pixels per cell of the predicted flow.
const CELL_PX: usize = 4;

/// FlowNet2, or the first two or three of its networks.
#[derive(Module, Debug)]
pub struct FlowNet2 {
    /// The first network.
    pub flownetc: FlowNetC,
    /// The second network.
    pub flownets_1: FlowNetS,
    /// The third network; `None` in FlowNet2-CS.
    pub flownets_2: Option<FlowNetS>,
    /// The network for small displacements; only in the complete FlowNet2.
    pub flownets_d: Option<FlowNetSd>,
    /// The fusion network; only in the complete FlowNet2.
    pub flownetfusion: Option<FusionNet>,
}

/// Intermediate results of the networks of FlowNet2.
#[derive(Debug, Clone)]
pub struct FlowNet2Steps {
    /// Full-resolution flow in pixels of the first network and, if there is a third, of the second.
    pub flows: Vec<Tensor<4>>,
    /// The 12 input maps of the second and the third network.
    pub stacks: Vec<Tensor<4>>,
    /// Flow of levels 2 to 6 of the last FlowNetS, in pixels / 20.
    pub levels: Vec<Tensor<4>>,
    /// The 11 input maps of the fusion network, and its flow of levels 0 to 2 in pixels.
    pub fusion: Option<(Tensor<4>, Vec<Tensor<4>>)>,
}

impl FlowNet2 {
    /// Builds the networks of base width `w`: two, three, or all five if `fused`.
    pub(super) fn new(third: bool, fused: bool, w: usize, device: &Device) -> Self {
        Self {
            flownetc: FlowNetC::new(w, device),
            flownets_1: FlowNetS::new(STACKED_CHANNELS, w, device),
            flownets_2: (third || fused).then(|| FlowNetS::new(STACKED_CHANNELS, w, device)),
            flownets_d: fused.then(|| FlowNetSd::new(w, device)),
            flownetfusion: fused.then(|| FusionNet::new(w, device)),
        }
    }

    /// `frames` [b, 6, h, w] → the results of all networks. The input of each network is detached from the networks
    /// before it, as in the published training.
    pub fn forward(&self, frames: &Tensor<4>, conventions: FlowNetConventions) -> FlowNet2Steps {
        let pair = FramePair { frames, conventions };
        let flow_c = pair.full_size(&self.flownetc.forward(frames.clone()));
        let stack = pair.stack(&flow_c);
        let levels = self.flownets_1.forward(stack.clone());
        let (mut flows, mut stacks) = (vec![flow_c], vec![stack]);
        let Some(third) = &self.flownets_2 else { return FlowNet2Steps { flows, stacks, levels, fusion: None } };
        flows.push(pair.full_size(&levels));
        stacks.push(pair.stack(&flows[1]));
        let levels = third.forward(stacks[1].clone());
        let fusion = self.flownets_d.as_ref().zip(self.flownetfusion.as_ref()).map(|(small, fusion)| {
            let nearest =
                |level: &Tensor<4>, unit: f32| enlarged(level.clone().detach() * unit, CELL_PX, Enlargement::Nearest);
            let small = nearest(&small.forward(frames.clone())[0], SMALL_UNIT_PX);
            let input = pair.fusion_input(small, nearest(&levels[0], UNIT_PX));
            (input.clone(), fusion.forward(input))
        });
        FlowNet2Steps { flows, stacks, levels, fusion }
    }
}

/// Both frames, with the conventions for comparing them under a flow.
struct FramePair<'a> {
    frames: &'a Tensor<4>,
    conventions: FlowNetConventions,
}

impl FramePair<'_> {
    /// Returns the finest of `levels` at full resolution, in pixels, detached.
    fn full_size(&self, levels: &[Tensor<4>]) -> Tensor<4> {
        enlarged(levels[0].clone().detach() * UNIT_PX, CELL_PX, self.conventions.enlargement)
    }

    fn first(&self) -> Tensor<4> {
        self.frames.clone().narrow(1, 0, 3)
    }

    /// Returns the second frame warped by `flow`, and the norm of its difference from the first.
    fn compared(&self, flow: &Tensor<4>) -> [Tensor<4>; 2] {
        let warped = warp(self.frames.clone().narrow(1, 3, 3), flow.clone(), self.conventions.border);
        [warped.clone(), channel_norm(self.first() - warped)]
    }

    /// Returns the input of a FlowNetS that corrects `flow`.
    fn stack(&self, flow: &Tensor<4>) -> Tensor<4> {
        let [warped, error] = self.compared(flow);
        Tensor::cat(vec![self.frames.clone(), warped, flow.clone() / UNIT_PX, error], 1)
    }

    /// Returns the input of the fusion network from the flow for `small` displacements and that of the `stack`.
    fn fusion_input(&self, small: Tensor<4>, stack: Tensor<4>) -> Tensor<4> {
        let lengths = [&small, &stack].map(|flow| channel_norm(flow.clone()));
        let errors = [&small, &stack].map(|flow| {
            let [_, error] = self.compared(flow);
            error
        });
        let mut parts = vec![self.first(), small, stack];
        parts.extend(lengths);
        parts.extend(errors);
        Tensor::cat(parts, 1)
    }
}
