//! Errors of the graphics device: wgpu reports them separately from the calls that cause them, or not at all.
//!
//! All requests of [`super::Kernel`], [`super::GpuBuffer`] and [`super::Recorder`] to the device go through
//! [`checked`]: an uncaught fault would reach cubecl's handler, which panics.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use burn::tensor::wgpu::wgpu;

use crate::error::{Error, Result};

/// Runs `work`, about `subject`, and returns the first fault that wgpu reports on this thread meanwhile as an error.
pub(super) fn checked<T>(device: &wgpu::Device, subject: &str, work: impl FnOnce() -> T) -> Result<T> {
    let memory = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
    let internal = device.push_error_scope(wgpu::ErrorFilter::Internal);
    let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
    let outcome = work();
    let faults = [at_once(validation.pop()), at_once(internal.pop()), at_once(memory.pop())];
    match faults.into_iter().flatten().flatten().next() {
        None => Ok(outcome),
        Some(wgpu::Error::OutOfMemory { .. }) => {
            Err(Error::new(subject, "the GPU is out of memory", "Choose a smaller size, or compute on the CPU"))
        }
        Some(fault) => Err(Error::new(subject, fault.to_string(), "Update the graphics driver, or compute on the CPU")),
    }
}

/// Fails if the device is lost. wgpu silently ignores all calls on a lost device, except that mapping a buffer fails
/// immediately; on a working device the mapping would still be pending.
pub(super) fn check_alive(device: &wgpu::Device) -> Result<()> {
    let lost = Arc::new(AtomicBool::new(false));
    let told = lost.clone();
    checked(device, "GPU", || {
        let probe = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("sign of life"),
            size: wgpu::COPY_BUFFER_ALIGNMENT,
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        probe.slice(..).map_async(wgpu::MapMode::Read, move |result| told.store(result.is_err(), Ordering::Relaxed));
        lost.load(Ordering::Relaxed)
    })
    .and_then(|lost| if lost { Err(self::lost()) } else { Ok(()) })
}

/// Returns the error for a device that was reset or unplugged.
pub(super) fn lost() -> Error {
    Error::new("GPU", "the connection to the graphics device was lost", "Restart the program")
}

/// Returns the value of a future that is ready immediately, as those of error scopes are outside of a browser.
fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}
