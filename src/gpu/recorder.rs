//! Recording of compute work and its submission to the device.

use burn::tensor::wgpu::wgpu;

use super::faults::{check_alive, checked};
use super::{Bindings, GpuBuffer, Kernel, SharedWgpu};
use crate::error::Result;

/// A recorder of kernels, which submits them in order. Each kernel sees the results of those before it.
pub struct Recorder<'a> {
    wgpu: &'a SharedWgpu,
    label: &'static str,
    encoder: wgpu::CommandEncoder,
    /// Open while kernels follow each other.
    pass: Option<wgpu::ComputePass<'static>>,
}

impl<'a> Recorder<'a> {
    /// Creates an empty recorder.
    pub fn new(wgpu: &'a SharedWgpu, label: &'static str) -> Self {
        Self { wgpu, label, encoder: encoder(wgpu, label), pass: None }
    }

    /// Records a run of `kernel` on `bindings` in `groups` workgroups.
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

    /// Records filling `buffer` with zeros.
    pub fn clear(&mut self, buffer: &GpuBuffer) {
        self.pass = None;
        self.encoder.clear_buffer(&buffer.buffer, 0, None);
    }

    /// Submits the recorded work to the device, without waiting for it.
    ///
    /// # Errors
    /// If the device rejects it or is lost.
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
