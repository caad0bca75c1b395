//! Per-thread buffers that are reused between calls, since allocating memory costs more than filling it.

use std::cell::Cell;

thread_local! {
    static KEPT: [Cell<Vec<f32>>; 4] = const { [const { Cell::new(Vec::new()) }; 4] };
}

/// Calls `work` with up to four buffers of these lengths. They are not cleared between calls.
pub fn with_buffers<const N: usize, R>(lengths: [usize; N], work: impl FnOnce([&mut [f32]; N]) -> R) -> R {
    KEPT.with(|kept| {
        let mut buffers = [const { Vec::new() }; N];
        for ((buffer, kept), length) in buffers.iter_mut().zip(kept).zip(lengths) {
            *buffer = kept.take();
            if buffer.len() < length {
                buffer.resize(length, 0.0);
            }
        }
        let mut slices = buffers.each_mut().map(Vec::as_mut_slice);
        for (slice, length) in slices.iter_mut().zip(lengths) {
            *slice = &mut std::mem::take(slice)[..length];
        }
        let result = work(slices);
        for (buffer, kept) in buffers.into_iter().zip(kept) {
            kept.set(buffer);
        }
        result
    })
}
