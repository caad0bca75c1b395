//! The supervised flow networks that MotionNet is compared with: FlowNetS, FlowNetC (Fischer et al. 2015), FlowNet-SD
//! and FlowNet2 (Ilg et al. 2017), and NextFlow (Sedaghat 2016).
//!
//! [`operators`] are their operations besides convolution: correlation, warping and upsampling. [`trunk`] and
//! [`decoder`] hold the layers that most of them share. Layers have the names of NVIDIA's PyTorch port without its
//! `.0`.

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

/// Pixels per unit of the flow that FlowNetS and FlowNetC predict.
pub(in crate::nets) const UNIT_PX: f32 = 20.0;
/// Pixels per unit of the flow that FlowNet-SD predicts: its targets are multiplied by 20, not divided.
const SMALL_UNIT_PX: f32 = 0.05;
/// The input's sides must be multiples of this.
pub const STRIDE: usize = 64;
