//! The compute device of the networks, compute kernels, and drawing of flow on the screen.
//!
//! [`choose`] selects a device once. [`share_flow`] returns the buffer of a predicted flow, and [`FlowPainter`] draws
//! it as Middlebury colours in a render pass of the same wgpu device. Algorithms that are not networks run there as
//! [`Kernel`]s on [`GpuBuffer`]s, in the order of a [`Recorder`]. This is the only module that uses cubecl and raw wgpu
//! (besides the window's paint callback, which calls the painter).

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
