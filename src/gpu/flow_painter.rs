//! Drawing of flow without leaving the GPU: a render pipeline that reads a [`FlowBuffer`] and writes Middlebury colours
//! (shaders/flow_colour.wgsl).
//!
//! The window's paint callback uses it for flow that was predicted on the GPU.

use burn::tensor::wgpu::wgpu;
use bytemuck::{Pod, Zeroable};

use super::FlowBuffer;

const SHADER: &str =
    concat!(include_str!("../../shaders/shared/middlebury.wgsl"), include_str!("../../shaders/flow_colour.wgsl"));

/// The interpolation of flow vectors to pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// The vector of the cell that contains the pixel: shows the grid of the level.
    Nearest,
    /// Bilinear interpolation of the surrounding vectors.
    Bilinear,
}

/// The drawing parameters of a [`FlowBuffer`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlowDrawing {
    /// Index of the flow in the stack, from 0; values beyond the last one mean the last.
    pub pair: usize,
    /// Pixels per unit of u and v: 20 for the networks' own unit, for pixels of their frames.
    pub scale_to_px: [f32; 2],
    /// The length in pixels that is drawn fully saturated; longer vectors are darkened.
    pub max_px: f32,
    /// Exponent that enhances short vectors if above 1: see [`bent`](crate::flow::colour::bent). 1 has no effect.
    pub gamma: f32,
    /// The part of the frame that fills the viewport, top left and bottom right corner; `[[0, 0], [1, 1]]` is the whole
    /// frame. Nothing is drawn outside of it.
    pub uv: [[f32; 2]; 2],
    /// Interpolation of the vectors.
    pub sampling: Sampling,
}

/// `Drawing` in shaders/flow_colour.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Uniforms {
    uv: [[f32; 2]; 2],
    size: [u32; 2],
    u_plane: u32,
    interpolate: u32,
    max_px: f32,
    gamma: f32,
    scale_to_px: [f32; 2],
}

/// A flow that is ready to be drawn; keeps its buffer allocated.
pub struct PreparedFlow {
    bindings: wgpu::BindGroup,
    _flow: FlowBuffer,
}

/// The pipeline that draws flow, for one device and one target format.
pub struct FlowPainter {
    pipeline: wgpu::RenderPipeline,
}

impl FlowPainter {
    /// Creates the pipeline for targets of `format` with one sample per pixel and no depth.
    pub fn new(device: &wgpu::Device, format: wgpu::TextureFormat) -> Self {
        let shader = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("flow colour shader"),
            source: wgpu::ShaderSource::Wgsl(SHADER.into()),
        });
        let linear_target = f64::from(u8::from(format.is_srgb()));
        let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("flow colour pipeline"),
            layout: None,
            vertex: wgpu::VertexState {
                module: &shader,
                entry_point: Some("cover"),
                compilation_options: Default::default(),
                buffers: &[],
            },
            fragment: Some(wgpu::FragmentState {
                module: &shader,
                entry_point: Some("colour"),
                compilation_options: wgpu::PipelineCompilationOptions {
                    constants: &[("linear_target", linear_target)],
                    ..Default::default()
                },
                targets: &[Some(format.into())],
            }),
            primitive: Default::default(),
            depth_stencil: None,
            multisample: Default::default(),
            multiview_mask: None,
            cache: None,
        });
        Self { pipeline }
    }

    /// Binds `flow`, which must be on `device`, for one drawing.
    pub fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        flow: &FlowBuffer,
        drawing: &FlowDrawing,
    ) -> PreparedFlow {
        let uniforms = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("flow colour uniforms"),
            size: size_of::<Uniforms>() as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false, // A lost device would panic.
        });
        queue.write_buffer(&uniforms, 0, bytemuck::bytes_of(&uniforms_of(flow, drawing)));
        let bindings = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("flow colour bindings"),
            layout: &self.pipeline.get_bind_group_layout(0),
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: uniforms.as_entire_binding() },
                wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::Buffer(flow.binding()) },
            ],
        });
        PreparedFlow { bindings, _flow: flow.clone() }
    }

    /// Draws `flow` into the viewport of `pass`.
    pub fn paint(&self, pass: &mut wgpu::RenderPass<'_>, flow: &PreparedFlow) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &flow.bindings, &[]);
        pass.draw(0..3, 0..1);
    }
}

fn uniforms_of(flow: &FlowBuffer, drawing: &FlowDrawing) -> Uniforms {
    let pair = drawing.pair.min(flow.channels / 2 - 1);
    Uniforms {
        uv: drawing.uv,
        size: [flow.width as u32, flow.height as u32],
        u_plane: (2 * pair * flow.width * flow.height) as u32,
        interpolate: u32::from(drawing.sampling == Sampling::Bilinear),
        max_px: drawing.max_px,
        gamma: drawing.gamma,
        scale_to_px: drawing.scale_to_px,
    }
}
