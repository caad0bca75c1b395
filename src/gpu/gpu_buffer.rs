//! Device memory for compute passes, and read-back.

use std::sync::mpsc;
use std::time::Duration;

use burn::tensor::wgpu::wgpu;
use bytemuck::{NoUninit, Pod};

use super::SharedWgpu;
use super::faults::{checked, lost};
use crate::error::Result;

/// Maximum wait for a result that should be ready.
const PATIENCE: Duration = Duration::from_secs(10);

/// A zero-initialised buffer for kernels to read and write.
#[derive(Debug, Clone)]
pub struct GpuBuffer {
    pub(super) buffer: wgpu::Buffer,
}

impl GpuBuffer {
    /// Allocates storage of `bytes`, which must be a multiple of 4 and not 0.
    ///
    /// # Errors
    /// If the device is out of memory, or does not support a buffer of this size.
    pub fn storage(wgpu: &SharedWgpu, label: &str, bytes: u64) -> Result<Self> {
        Self::new(wgpu, label, bytes, wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC)
    }

    /// Creates the uniform buffer of a kernel, with the layout of its WGSL struct.
    ///
    /// # Errors
    /// If the device is out of memory.
    pub fn uniform(wgpu: &SharedWgpu, label: &str, value: &impl NoUninit) -> Result<Self> {
        let uniform = Self::new(wgpu, label, size_of_val(value) as u64, wgpu::BufferUsages::UNIFORM)?;
        uniform.write(wgpu, bytemuck::bytes_of(value))?;
        Ok(uniform)
    }

    fn new(wgpu: &SharedWgpu, label: &str, bytes: u64, usage: wgpu::BufferUsages) -> Result<Self> {
        let descriptor = wgpu::BufferDescriptor {
            label: Some(label),
            size: bytes,
            usage: usage | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false, // A lost device would panic.
        };
        let buffer = checked(&wgpu.device, label, || wgpu.device.create_buffer(&descriptor))?;
        Ok(Self { buffer })
    }

    /// Writes `bytes` to the beginning, before any work that is submitted later.
    ///
    /// # Errors
    /// If they do not fit.
    pub fn write(&self, wgpu: &SharedWgpu, bytes: &[u8]) -> Result<()> {
        // wgpu copies words only.
        let (words, rest) = bytes.split_at(bytes.len() & !3);
        let mut last = [0; 4];
        last[..rest.len()].copy_from_slice(rest);
        checked(&wgpu.device, "copy to the GPU", || {
            wgpu.queue.write_buffer(&self.buffer, 0, words);
            if !rest.is_empty() {
                wgpu.queue.write_buffer(&self.buffer, words.len() as u64, &last);
            }
        })
    }

    /// Returns the whole buffer as a binding, for a kernel or [`read_back`].
    pub fn binding(&self) -> wgpu::BufferBinding<'_> {
        self.buffer.as_entire_buffer_binding()
    }
}

/// Copies the range of `source` to the CPU. Waits for all work submitted so far.
///
/// # Errors
/// If the device is lost or out of memory.
pub fn read_back<T: Pod>(wgpu: &SharedWgpu, source: wgpu::BufferBinding<'_>) -> Result<Vec<T>> {
    let SharedWgpu { device, queue, .. } = wgpu;
    let size = source.size.map_or(source.buffer.size() - source.offset, u64::from);
    let (send, answer) = mpsc::sync_channel(1);
    let bytes = checked(device, "read-back", || {
        let copy = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("read-back"),
            size,
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("read-back") });
        encoder.copy_buffer_to_buffer(source.buffer, source.offset, &copy, 0, size);
        queue.submit([encoder.finish()]);
        copy.slice(..).map_async(wgpu::MapMode::Read, move |result| _ = send.send(result.is_ok()));
        device.poll(wgpu::PollType::wait_indefinitely()).ok()?;
        // If another thread polls at the same time, the result may arrive there, a moment later.
        if !answer.recv_timeout(PATIENCE).unwrap_or(false) {
            return None;
        }
        let mapped = copy.slice(..).get_mapped_range().ok()?;
        Some(bytemuck::pod_collect_to_vec(&mapped))
    })?;
    bytes.ok_or_else(lost)
}
