//! Access to the wgpu buffer behind a Burn tensor.

use burn::backend::Wgpu;
use burn::backend::wgpu::{AutoCompiler, CubeBackend, into_contiguous};
use burn::cubecl::wgpu::WgpuServer;
use burn::tensor::{DType, Tensor};

use super::FlowBuffer;

/// Returns the buffer of `tensor`, `[1, 2n, h, w]` f32, without copying it.
///
/// Submits the work that fills the buffer, so that work submitted later to the same queue sees the result. Call it on
/// the thread that computed the tensor. Returns `None` if the tensor is not on the wgpu device or has another shape or
/// type, or if the device is lost.
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
    // The tensor is kept too, so that Burn does not reuse its memory for a later result.
    Some(FlowBuffer::view(resource.buffer, resource.offset, [channels, height, width], (primitive, allocation)))
}
