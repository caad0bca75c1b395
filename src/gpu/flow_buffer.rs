//! A flow where the network left it: a view of the GPU buffer behind a Burn tensor, for raw wgpu to read.
//!
//! Between the networks, which know tensors, and [`super::FlowPainter`], which knows buffers.

use std::any::Any;
use std::num::NonZeroU64;
use std::sync::Arc;

use burn::backend::Wgpu;
use burn::backend::wgpu::{AutoCompiler, CubeBackend, WgpuResource, into_contiguous};
use burn::cubecl::wgpu::WgpuServer;
use burn::tensor::wgpu::wgpu;
use burn::tensor::{DType, Tensor};

/// The flows of a stack on the GPU, `[channels, height, width]` f32, channels u0, v0, u1, v1, …
///
/// Clones share the memory, which is neither reused nor moved while one of them lives. Keep a clone until
/// what reads it has been submitted.
#[derive(Clone)]
pub struct FlowBuffer {
    resource: WgpuResource,
    /// Twice the number of flows.
    pub channels: usize,
    /// Rows of a flow.
    pub height: usize,
    /// Columns of a flow.
    pub width: usize,
    /// The tensor, lest Burn computes a later result in its place, and cubecl's hold on its allocation.
    _held: Arc<dyn Any + Send + Sync>,
}

impl FlowBuffer {
    /// The part of the wgpu buffer that the flows fill. The buffer itself is larger and holds other tensors too.
    pub fn binding(&self) -> wgpu::BufferBinding<'_> {
        let bytes = self.channels * self.height * self.width * size_of::<f32>();
        wgpu::BufferBinding {
            buffer: &self.resource.buffer,
            offset: self.resource.offset,
            size: NonZeroU64::new(bytes as u64),
        }
    }
}

/// Hands out the buffer of `tensor`, `[1, 2n, h, w]` f32, without copying it.
///
/// Submits the work that fills the buffer, so whatever the caller submits to the same queue afterwards sees it.
/// Call it on the thread that computed the tensor. `None` if the tensor is not on the wgpu device or of
/// another shape or type, or if the device is lost.
pub fn share_flow(tensor: Tensor<4>) -> Option<FlowBuffer> {
    let [batch, channels, height, width] = tensor.dims();
    if batch != 1 || channels % 2 != 0 || channels * height * width == 0 || tensor.dtype() != DType::F32 {
        return None;
    }
    let device = tensor.device();
    let fused = tensor.try_into_primitive::<Wgpu>().ok()?;
    let primitive = into_contiguous(fused.client.clone().resolve_tensor_float::<CubeBackend>(fused));
    let allocation = primitive.client.get_resource::<WgpuServer<AutoCompiler>>(primitive.handle.clone()).ok()?;
    device.flush().ok()?;
    let resource = allocation.resource().clone();
    Some(FlowBuffer { resource, channels, height, width, _held: Arc::new((primitive, allocation)) })
}
