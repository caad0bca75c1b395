//! A supervised flow network of any architecture, with the interface of all motion networks.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::conventions::FlowNetConventions;
use super::flownet_c::FlowNetC;
use super::flownet_s::FlowNetS;
use super::flownet_sd::FlowNetSd;
use super::flownet2::{FlowNet2, FlowNet2Steps};
use super::next_flow::NextFlow;
use super::operators::{Enlargement, enlarged};
use super::{SMALL_UNIT_PX, UNIT_PX};
use crate::nets::{Architecture, FLOW_UNIT_PX, FlowPyramid, MotionConfig, Separable};

/// A supervised flow network with the conventions of its weights.
#[derive(Module, Debug)]
pub struct FlowNet {
    /// The layers.
    pub layers: FlowNetLayers,
    #[module(skip)]
    conventions: FlowNetConventions,
}

/// The layers of a supervised flow network.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "there are a handful of these in the whole program")]
pub enum FlowNetLayers {
    /// FlowNetS.
    S(FlowNetS),
    /// FlowNetC, also used as FlowNet2-C.
    C(FlowNetC),
    /// FlowNet-SD.
    Sd(FlowNetSd),
    /// FlowNet2, or a part of it.
    Stack(FlowNet2),
    /// NextFlow.
    Next(NextFlow),
}

/// Flow in the network's own unit and resolution, in which it is supervised.
#[derive(Debug, Clone)]
pub struct NativeFlow {
    /// Flow [b, 2, h/r, w/r], finest level first, in the network's unit.
    pub levels: Vec<Tensor<4>>,
    /// Full-resolution pixels per unit.
    pub unit_px: f32,
}

impl NativeFlow {
    /// Returns the flow of frames of `height` pixels at half resolution and at all coarser levels of the network,
    /// finest first, so that the temporal stream's input has the same size under every motion network.
    pub(in crate::nets) fn into_pyramid(self, height: usize) -> FlowPyramid {
        let Self { levels, unit_px } = self;
        let to_raw = |level: Tensor<4>| level * (unit_px / FLOW_UNIT_PX);
        let finest = levels[0].clone();
        let [_, _, rows, columns] = finest.dims();
        let half = if rows == height {
            Separable::area([rows, columns], [rows / 2, columns / 2], &finest.device()).apply(finest)
        } else {
            enlarged(finest, height / rows / 2, Enlargement::HalfPixel)
        };
        let coarser = levels.into_iter().filter(|level| level.dims()[2] < height / 2);
        FlowPyramid { levels: std::iter::once(half).chain(coarser).map(to_raw).collect() }
    }
}

impl FlowNet {
    /// Builds the network described by `config`, with fresh parameters.
    pub(in crate::nets) fn new(config: &MotionConfig, device: &Device) -> Self {
        let w = config.width;
        let layers = match config.architecture {
            Architecture::FlowNetC => FlowNetLayers::C(FlowNetC::new(w, device)),
            Architecture::FlowNetSd => FlowNetLayers::Sd(FlowNetSd::new(w, device)),
            Architecture::FlowNet2Cs => FlowNetLayers::Stack(FlowNet2::new(false, false, w, device)),
            Architecture::FlowNet2Css => FlowNetLayers::Stack(FlowNet2::new(true, false, w, device)),
            Architecture::FlowNet2 => FlowNetLayers::Stack(FlowNet2::new(true, true, w, device)),
            Architecture::NextFlow => FlowNetLayers::Next(NextFlow::new(w, device)),
            _ => FlowNetLayers::S(FlowNetS::new(6, w, device)),
        };
        Self { layers, conventions: config.conventions }
    }

    /// Returns the conventions of the network's weights.
    pub fn conventions(&self) -> FlowNetConventions {
        self.conventions
    }

    /// Returns the network with other conventions.
    pub fn with_conventions(self, conventions: FlowNetConventions) -> Self {
        Self { conventions, ..self }
    }

    /// Returns the stack with the layers replaced by those of `part`: its first networks, or its FlowNet-SD. Returns
    /// `None` if `part` is neither.
    pub(in crate::nets) fn with_part(mut self, part: &Self) -> Option<Self> {
        let FlowNetLayers::Stack(stack) = &mut self.layers else { return None };
        match &part.layers {
            FlowNetLayers::C(network) => stack.flownetc = network.clone(),
            FlowNetLayers::Sd(network) => *stack.flownets_d.as_mut()? = network.clone(),
            FlowNetLayers::Stack(first) if first.flownetfusion.is_none() => {
                let third = stack.flownets_2.as_mut()?;
                if let Some(network) = &first.flownets_2 {
                    *third = network.clone();
                }
                (stack.flownetc, stack.flownets_1) = (first.flownetc.clone(), first.flownets_1.clone());
            }
            _ => return None,
        }
        Some(self)
    }

    /// Returns the network's own prediction for `frames` [b, 6, h, w] prepared by
    /// [`motion_input`](crate::nets::preprocessing::motion_input); sides are multiples of 64.
    pub fn native(&self, frames: Tensor<4>) -> NativeFlow {
        let input = self.conventions.network_input(frames);
        let levels = match &self.layers {
            FlowNetLayers::S(network) => network.forward(input),
            FlowNetLayers::C(network) => network.forward(input),
            FlowNetLayers::Sd(network) => network.forward(input),
            FlowNetLayers::Next(network) => network.forward(input).0,
            FlowNetLayers::Stack(network) => {
                let steps = network.forward(&input, self.conventions);
                steps.fusion.map_or(steps.levels, |(_, levels)| levels)
            }
        };
        NativeFlow { levels, unit_px: self.unit_px() }
    }

    /// Like [`native`](Self::native), with the next frame that NextFlow predicts, [b, 3, h/4, w/4] and coarser; empty
    /// for other networks.
    pub(in crate::nets) fn native_with_next(&self, frames: Tensor<4>) -> (NativeFlow, Vec<Tensor<4>>) {
        match &self.layers {
            FlowNetLayers::Next(network) => {
                let (levels, next) = network.forward(self.conventions.network_input(frames));
                (NativeFlow { levels, unit_px: self.unit_px() }, next)
            }
            _ => (self.native(frames), Vec::new()),
        }
    }

    /// Returns the full-resolution pixels per unit of the network's own prediction.
    pub(in crate::nets) fn unit_px(&self) -> f32 {
        match &self.layers {
            FlowNetLayers::Sd(_) => SMALL_UNIT_PX,
            FlowNetLayers::Stack(network) if network.flownetfusion.is_some() => 1.0,
            _ => UNIT_PX,
        }
    }

    /// Returns `true` for NextFlow.
    pub(in crate::nets) fn predicts_next(&self) -> bool {
        matches!(self.layers, FlowNetLayers::Next(_))
    }

    /// Returns the intermediate results of a stack for `frames`; `None` for a single network.
    pub fn steps(&self, frames: Tensor<4>) -> Option<FlowNet2Steps> {
        match &self.layers {
            FlowNetLayers::Stack(network) => {
                Some(network.forward(&self.conventions.network_input(frames), self.conventions))
            }
            _ => None,
        }
    }

    /// Returns the flow of `frames` [b, 6, h, w] at half resolution and at all coarser levels of the network, finest
    /// first.
    pub(in crate::nets) fn forward(&self, frames: Tensor<4>) -> FlowPyramid {
        let height = frames.dims()[2];
        self.native(frames).into_pyramid(height)
    }

    /// Returns the raw flow of `frames` [b, 6, h, w] at full resolution, which the network's authors evaluate.
    pub(in crate::nets) fn full_size(&self, frames: Tensor<4>) -> Tensor<4> {
        let height = frames.dims()[2];
        let NativeFlow { mut levels, unit_px } = self.native(frames);
        let finest = levels.swap_remove(0) * (unit_px / FLOW_UNIT_PX);
        match height / finest.dims()[2] {
            1 => finest,
            factor => enlarged(finest, factor, self.last_enlargement()),
        }
    }

    /// Returns the interpolation from quarter to full resolution at the end. NVIDIA's FlowNet2-CSS uses nearest
    /// neighbour, as the fusion network does.
    fn last_enlargement(&self) -> Enlargement {
        match &self.layers {
            FlowNetLayers::Stack(network) if network.flownets_2.is_some() && self.conventions.is_nvidia() => {
                Enlargement::Nearest
            }
            _ => self.conventions.enlargement,
        }
    }
}
