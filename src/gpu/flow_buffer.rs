//! A flow in GPU memory: a range of a wgpu buffer.
//!
//! It connects the producers of flow, networks ([`super::share_flow`]) and compute passes, with [`super::FlowPainter`],
//! which draws it.

use std::any::Any;
use std::num::NonZeroU64;
use std::sync::Arc;

use burn::tensor::wgpu::wgpu;

use super::{GpuBuffer, SharedWgpu};
use crate::error::Result;

/// The flows of a stack on the GPU, `[channels, height, width]` f32, channels u0, v0, u1, v1, …
///
/// Clones share the memory, which is neither reused nor moved while a clone exists. Keep a clone until the work that
/// reads it has been submitted.
#[derive(Clone)]
pub struct FlowBuffer {
    buffer: wgpu::Buffer,
    /// Offset of the flows in the buffer, bytes.
    offset: u64,
    /// Twice the number of flows.
    pub channels: usize,
    /// Rows of a flow.
    pub height: usize,
    /// Columns of a flow.
    pub width: usize,
    /// Owner of the memory, if it is not the buffer itself.
    _held: Option<Arc<dyn Any + Send + Sync>>,
}

impl FlowBuffer {
    /// Allocates memory for `[channels, height, width]`, none of them 0; it is zero until a kernel writes to it.
    ///
    /// # Errors
    /// If the device is out of memory.
    pub fn new(wgpu: &SharedWgpu, shape: [usize; 3]) -> Result<Self> {
        let [channels, height, width] = shape;
        let bytes = (channels * height * width * size_of::<f32>()) as u64;
        let buffer = GpuBuffer::storage(wgpu, "flow", bytes)?.buffer;
        Ok(Self { buffer, offset: 0, channels, height, width, _held: None })
    }

    /// Creates a view of memory that `owner` keeps allocated.
    pub(super) fn view(buffer: wgpu::Buffer, offset: u64, shape: [usize; 3], owner: impl Any + Send + Sync) -> Self {
        let [channels, height, width] = shape;
        Self { buffer, offset, channels, height, width, _held: Some(Arc::new(owner)) }
    }

    /// Returns the range of the wgpu buffer with the flows. The buffer itself may be larger and contain other tensors
    /// too.
    pub fn binding(&self) -> wgpu::BufferBinding<'_> {
        let bytes = self.channels * self.height * self.width * size_of::<f32>();
        wgpu::BufferBinding { buffer: &self.buffer, offset: self.offset, size: NonZeroU64::new(bytes as u64) }
    }
}
