//! The supervised flow networks that MotionNet is compared with: FlowNetS, FlowNetC (Fischer et al. 2015), FlowNet-SD and FlowNet2
//! (Ilg et al. 2017), and NextFlow (Sedaghat 2016).
//!
//! [`operators`] are what they share besides convolutions: correlation, warping, enlargement. [`trunk`] and [`decoder`] are the layers
//! that most of them have in common. Layers bear the names of NVIDIA's PyTorch port without its `.0`.

mod conventions;
mod decoder;
mod flow_net;
mod flownet2;
mod flownet_c;
mod flownet_s;
mod flownet_sd;
mod fusion_net;
mod next_flow;
pub mod operators;
mod trunk;

pub use conventions::{FlowNetConventions, MeanColour};
pub(in crate::nets) use decoder::{FlowDecoder, NextFlowHeads};
pub use flow_net::{FlowNet, FlowNetLayers, NativeFlow};
pub(in crate::nets) use flownet_c::FlowNetC;
pub(in crate::nets) use flownet_s::FirstLayers;
pub use flownet_s::FlowNetS;
pub use flownet2::{FlowNet2, FlowNet2Steps};
pub use operators::{Enlargement, WarpBorder};
pub(in crate::nets) use trunk::FlowTrunk;

/// Pixels in one unit of the flow that FlowNetS and FlowNetC predict.
pub(in crate::nets) const UNIT_PX: f32 = 20.0;
/// Pixels in one unit of the flow that FlowNet-SD predicts: its targets are multiplied by 20, not divided.
const SMALL_UNIT_PX: f32 = 0.05;
/// What the sides of the input must be multiples of.
pub const STRIDE: usize = 64;
