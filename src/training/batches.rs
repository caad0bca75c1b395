//! Batches for inference: their sizes, and parallel processing.

use std::sync::LazyLock;

use burn::tensor::Device;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::Result;
use crate::gpu::is_gpu;
use crate::thread_priority::yield_beside_window;
use crate::video::Geometry;

/// Pixels per batch on the CPU: about four of the paper's frames, so the activations of a full-width network take one
/// or two gigabytes. Larger batches are no faster on the CPU.
const CPU_PX: usize = 4 * 340 * 256;
/// Pixels per batch if every CPU core processes its own batch: few enough for the feature maps of a small network to
/// stay in the core's cache between layers.
const CORE_PX: usize = 2 * 160 * 128;
/// Pixels per batch on a GPU, which smaller batches would not saturate: 24 of the paper's crops.
const GPU_PX: usize = 24 * 224 * 224;
/// Maximum number of samples per batch.
const MOST: usize = 32;

/// Returns the number of pixels per batch on `device`.
pub fn budget_px(device: &Device) -> usize {
    if is_gpu(device) { GPU_PX } else { CPU_PX }
}

/// Returns the number of pixels per batch on `device` for use with [`for_each`].
pub fn parallel_budget_px(device: &Device) -> usize {
    if is_gpu(device) { GPU_PX } else { CORE_PX }
}

/// Returns the number of samples per batch of at most `budget_px` pixels, if each sample has `pictures` images of
/// `size`.
pub fn size(budget_px: usize, size: Geometry, pictures: usize) -> usize {
    (budget_px / (size.width as usize * size.height as usize * pictures).max(1)).clamp(1, MOST)
}

/// Stack size of the background threads: networks are moved by value, and the deepest take a hundred kilobytes each.
const STACK_BYTES: usize = 16 << 20;

/// Thread pool for background work; `None` if the system does not allow more threads.
static BACKGROUND: LazyLock<Option<ThreadPool>> = LazyLock::new(|| {
    let pool = ThreadPoolBuilder::new()
        .thread_name(|number| format!("background {number}"))
        .start_handler(|_| yield_beside_window())
        .stack_size(STACK_BYTES);
    pool.build().ok()
});

/// Runs long `work` that uses all cores. On the CPU it runs in a separate thread pool, since interactive work in the
/// shared pool would otherwise have to wait for it.
pub fn in_background<R: Send>(device: &Device, work: impl FnOnce() -> R + Send) -> R {
    match &*BACKGROUND {
        Some(pool) if !is_gpu(device) => pool.install(work),
        _ => work(),
    }
}

/// Returns the results of `work` for all `items`, in order. On the CPU, all cores work on one item each; on a GPU,
/// items are processed one after the other.
///
/// # Errors
/// One of the errors returned by `work`; items not yet started are skipped.
pub fn for_each<T: Sync, R: Send>(
    device: &Device,
    items: &[T],
    work: impl Fn(&T) -> Result<R> + Sync + Send,
) -> Result<Vec<R>> {
    if is_gpu(device) || items.len() == 1 {
        return items.iter().map(work).collect();
    }
    items.par_iter().with_max_len(1).map(work).collect()
}

/// Runs two tasks and returns their results: in parallel on the CPU, one after the other on a GPU.
///
/// # Errors
/// The error of either task, of the first one if both fail.
pub fn both<A: Send, B: Send>(
    device: &Device,
    first: impl FnOnce() -> Result<A> + Send,
    second: impl FnOnce() -> Result<B> + Send,
) -> Result<(A, B)> {
    if is_gpu(device) {
        return Ok((first()?, second()?));
    }
    let (first, second) = rayon::join(first, second);
    Ok((first?, second?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn results_come_in_the_order_of_their_items_and_an_error_ends_it() {
        let items: Vec<usize> = (0..100).collect();
        let odd = |item: &usize| match item % 2 {
            0 => Err(Error::new(item.to_string(), "even", "Take another")),
            _ => Ok(*item),
        };
        assert_eq!(for_each(&Device::flex(), &items, |item| Ok(item * 2)).unwrap()[99], 198);
        assert_eq!(for_each(&Device::flex(), &items, odd).unwrap_err().cause, "even");
    }

    #[test]
    fn long_work_has_threads_of_its_own() {
        let name = || std::thread::current().name().map(str::to_owned);
        let name = in_background(&Device::flex(), name).unwrap();
        assert!(name.starts_with("background "), "{name}");
    }

    #[test]
    fn batches_fit_the_size_of_the_frames_and_the_device() {
        let of = |budget, side| size(budget, Geometry { width: side, height: side }, 1);
        assert_eq!([224, 64, 8192].map(|side| of(CPU_PX, side)), [6, 32, 1]);
        assert_eq!([224, 64, 8192].map(|side| of(GPU_PX, side)), [24, 32, 1]);
        assert_eq!(size(CPU_PX, Geometry { width: 64, height: 64 }, 64), 1);
    }
}
