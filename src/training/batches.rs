//! Batch sizes for inference.

use burn::tensor::Device;

use crate::gpu::is_gpu;
use crate::video::Geometry;

/// Pixels of one batch on the CPU: about four of the paper's frames, so that a full-width network's activations take a gigabyte
/// or two. More at once would be no faster there.
const CPU_PX: usize = 4 * 340 * 256;
/// The same on a GPU, which a few crops leave idle: 24 of the paper's.
const GPU_PX: usize = 24 * 224 * 224;
/// Samples of one batch at most.
const MOST: usize = 32;

/// Pixels of one batch on `device`.
pub fn budget_px(device: &Device) -> usize {
    if is_gpu(device) { GPU_PX } else { CPU_PX }
}

/// Samples of this size in a batch of at most `budget_px` pixels, each of which costs as much as `pictures`.
pub fn size(budget_px: usize, size: Geometry, pictures: usize) -> usize {
    (budget_px / (size.width as usize * size.height as usize * pictures).max(1)).clamp(1, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_fit_the_size_of_the_frames_and_the_device() {
        let of = |budget, side| size(budget, Geometry { width: side, height: side }, 1);
        assert_eq!([224, 64, 8192].map(|side| of(CPU_PX, side)), [6, 32, 1]);
        assert_eq!([224, 64, 8192].map(|side| of(GPU_PX, side)), [24, 32, 1]);
        assert_eq!(size(CPU_PX, Geometry { width: 64, height: 64 }, 64), 1);
    }
}
