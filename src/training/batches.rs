//! Batches for inference: their sizes, and how several are worked on at a time.

use std::sync::LazyLock;

use burn::tensor::Device;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::Result;
use crate::gpu::is_gpu;
use crate::thread_priority::yield_beside_window;
use crate::video::Geometry;

/// Pixels of one batch on the CPU: about four of the paper's frames, so that a full-width network's activations take a gigabyte
/// or two. More at once would be no faster there.
const CPU_PX: usize = 4 * 340 * 256;
/// The same where every core works on a batch of its own: few, so that the maps of a small network stay in its cache from one layer
/// to the next.
const CORE_PX: usize = 2 * 160 * 128;
/// The same on a GPU, which a few crops leave idle: 24 of the paper's.
const GPU_PX: usize = 24 * 224 * 224;
/// Samples of one batch at most.
const MOST: usize = 32;

/// Pixels of one batch on `device`.
pub fn budget_px(device: &Device) -> usize {
    if is_gpu(device) { GPU_PX } else { CPU_PX }
}

/// Pixels of one of the batches on `device` that [`for_each`] works on.
pub fn parallel_budget_px(device: &Device) -> usize {
    if is_gpu(device) { GPU_PX } else { CORE_PX }
}

/// Samples of this size in a batch of at most `budget_px` pixels, each of which costs as much as `pictures`.
pub fn size(budget_px: usize, size: Geometry, pictures: usize) -> usize {
    (budget_px / (size.width as usize * size.height as usize * pictures).max(1)).clamp(1, MOST)
}

/// Stack of the threads in the background: networks are moved by value, and the deepest take a hundred kilobytes each.
const STACK_BYTES: usize = 16 << 20;

/// The threads for what nobody waits for at the window; none where the system allows no more.
static BACKGROUND: LazyLock<Option<ThreadPool>> = LazyLock::new(|| {
    let pool = ThreadPoolBuilder::new()
        .thread_name(|number| format!("background {number}"))
        .start_handler(|_| yield_beside_window())
        .stack_size(STACK_BYTES);
    pool.build().ok()
});

/// Returns the result of `work`, which keeps all cores busy for long. On the CPU it is done on threads of its own: on those that
/// everything shares, what runs while a person watches would have to wait for its end.
pub fn in_background<R: Send>(device: &Device, work: impl FnOnce() -> R + Send) -> R {
    match &*BACKGROUND {
        Some(pool) if !is_gpu(device) => pool.install(work),
        _ => work(),
    }
}

/// Returns the results of `work` for all `items`, in their order. On the CPU all cores work, each on an item of its own; a GPU is
/// given one after the other.
///
/// # Errors
/// One of those that `work` returns; items that were not begun by then are left.
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

/// Returns the results of two works: on the CPU they are done at the same time, on a GPU one after the other.
///
/// # Errors
/// Those of either, of the first if both fail.
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
