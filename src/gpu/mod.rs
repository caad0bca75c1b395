//! The device the networks run on, compute passes beside them, and the way of a flow from its buffer to the screen.
//!
//! [`choose`] picks a device once; [`share_flow`] hands out the buffer a predicted flow is in; [`FlowPainter`]
//! draws that buffer as Middlebury colours into a render pass of the same wgpu device. Algorithms that are not networks
//! run there as [`Kernel`]s on [`GpuBuffer`]s, in the order a [`Recorder`] is told. This is the only module
//! that names cubecl and raw wgpu (beside the window's paint callback, which calls the painter).

mod device;
mod faults;
mod flow_buffer;
mod flow_painter;
mod gpu_buffer;
mod kernel;
mod recorder;
mod shared_tensor;

pub use device::{Compute, ComputeKind, DeviceChoice, SharedWgpu, ask_no_compositor, choose, default_to_cpu, is_gpu};
pub use flow_buffer::FlowBuffer;
pub use flow_painter::{FlowDrawing, FlowPainter, PreparedFlow, Sampling};
pub use gpu_buffer::{GpuBuffer, read_back};
pub use kernel::{Bindings, Kernel};
pub use recorder::Recorder;
pub use shared_tensor::share_flow;
