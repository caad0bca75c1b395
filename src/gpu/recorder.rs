//! Compute work in the order in which it is to happen, handed to the device piece by piece.

use burn::tensor::wgpu::wgpu;

use super::faults::{check_alive, checked};
use super::{Bindings, GpuBuffer, Kernel, SharedWgpu};
use crate::error::Result;

/// Records kernels and submits them. Each sees what those before it wrote.
pub struct Recorder<'a> {
    wgpu: &'a SharedWgpu,
    label: &'static str,
    encoder: wgpu::CommandEncoder,
    /// Open as long as kernels follow kernels.
    pass: Option<wgpu::ComputePass<'static>>,
}

impl<'a> Recorder<'a> {
    /// Nothing recorded yet.
    pub fn new(wgpu: &'a SharedWgpu, label: &'static str) -> Self {
        Self { wgpu, label, encoder: encoder(wgpu, label), pass: None }
    }

    /// Runs `kernel` on `bindings` in `groups` workgroups.
    pub fn dispatch(&mut self, kernel: &Kernel, bindings: &Bindings, groups: [u32; 3]) {
        let pass = self.pass.get_or_insert_with(|| {
            let descriptor = wgpu::ComputePassDescriptor { label: Some(self.label), timestamp_writes: None };
            self.encoder.begin_compute_pass(&descriptor).forget_lifetime()
        });
        pass.set_pipeline(&kernel.pipeline);
        pass.set_bind_group(0, &bindings.0, &[]);
        let [x, y, z] = groups;
        pass.dispatch_workgroups(x, y, z);
    }

    /// Fills `buffer` with zeros.
    pub fn clear(&mut self, buffer: &GpuBuffer) {
        self.pass = None;
        self.encoder.clear_buffer(&buffer.buffer, 0, None);
    }

    /// Hands what was recorded to the device, without waiting for it.
    ///
    /// # Errors
    /// The device refuses it, or was lost.
    pub fn submit(&mut self) -> Result<()> {
        self.pass = None;
        let encoder = std::mem::replace(&mut self.encoder, encoder(self.wgpu, self.label));
        checked(&self.wgpu.device, self.label, || self.wgpu.queue.submit([encoder.finish()]))?;
        check_alive(&self.wgpu.device)
    }
}

fn encoder(wgpu: &SharedWgpu, label: &str) -> wgpu::CommandEncoder {
    wgpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some(label) })
}
