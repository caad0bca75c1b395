//! The device the networks run on, and the way of a flow from their output buffer to the screen.
//!
//! [`choose`] picks a device once; [`share_flow`] hands out the buffer a predicted flow lies in; [`FlowPainter`]
//! draws that buffer as Middlebury colours into a render pass of the same wgpu device. This is the only module
//! that names cubecl and raw wgpu (beside the window's paint callback, which calls the painter).

mod device;
mod flow_buffer;
mod flow_painter;

pub use device::{Compute, ComputeKind, DeviceChoice, SharedWgpu, choose, default_to_cpu};
pub use flow_buffer::{FlowBuffer, share_flow};
pub use flow_painter::{FlowDrawing, FlowPainter, PreparedFlow, Sampling};
