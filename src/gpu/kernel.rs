//! Compute kernels: a WGSL entry point and its buffers.

use burn::tensor::wgpu::wgpu;

use super::SharedWgpu;
use super::faults::{check_alive, checked};
use crate::error::Result;

/// A compute stage. Its buffers are bound in order: the first to `@group(0) @binding(0)`, and so on.
pub struct Kernel {
    pub(super) pipeline: wgpu::ComputePipeline,
    name: &'static str,
}

/// The buffers of a [`Kernel`]; reusable for any number of runs.
pub struct Bindings(pub(super) wgpu::BindGroup);

impl Kernel {
    /// Compiles the entry point `name` of `source` with values for its `override` constants.
    ///
    /// # Errors
    /// If the source is invalid, the device lacks a required feature or limit, or it is lost.
    pub fn new(wgpu: &SharedWgpu, name: &'static str, source: &str, constants: &[(&str, f64)]) -> Result<Self> {
        let pipeline = checked(&wgpu.device, name, || {
            let module = wgpu.device.create_shader_module(wgpu::ShaderModuleDescriptor {
                label: Some(name),
                source: wgpu::ShaderSource::Wgsl(source.into()),
            });
            wgpu.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(name),
                layout: None,
                module: &module,
                entry_point: Some(name),
                compilation_options: wgpu::PipelineCompilationOptions { constants, ..Default::default() },
                cache: None,
            })
        })?;
        check_alive(&wgpu.device)?;
        Ok(Self { pipeline, name })
    }

    /// Binds `buffers` in the order of the source's bindings.
    ///
    /// # Errors
    /// If they do not match the source's declarations, or exceed the limits of the device.
    pub fn bind(&self, wgpu: &SharedWgpu, buffers: &[wgpu::BufferBinding<'_>]) -> Result<Bindings> {
        let entries: Vec<_> = (0..)
            .zip(buffers)
            .map(|(binding, buffer)| wgpu::BindGroupEntry {
                binding,
                resource: wgpu::BindingResource::Buffer(buffer.clone()),
            })
            .collect();
        checked(&wgpu.device, self.name, || {
            Bindings(wgpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some(self.name),
                layout: &self.pipeline.get_bind_group_layout(0),
                entries: &entries,
            }))
        })
    }
}
