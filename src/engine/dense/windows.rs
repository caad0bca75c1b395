//! The windows of a video around every Nth frame.

use crate::engine::inference::clip_frames::start_around;

/// Windows per block; the flow cache is cleared between blocks. Networks process several pairs at once, and rounding
/// may depend on the batch, so batches must not depend on where a run begins: runs begin at a multiple of this.
pub(super) const BLOCK: usize = 32;
/// Maximum number of windows scored at once, to use several cores. Stopping waits for the current batch.
const BATCH: usize = 8;
/// Maximum range of the first frames of a batch: at most tens of megabytes.
const BATCH_FRAMES: usize = 64;

/// The windows of a video, one around every `stride`-th frame. Near the ends of the video they are shifted to fit.
#[derive(Debug, Clone, Copy)]
pub(super) struct DenseWindows {
    /// Number of frames of the video.
    pub frames: usize,
    /// Frames per window.
    pub length: usize,
    /// Distance between the centre frames of windows.
    pub stride: usize,
}

impl DenseWindows {
    /// Returns the number of windows.
    pub fn count(&self) -> usize {
        self.frames.div_ceil(self.stride)
    }

    /// Returns the frame that window `index` scores.
    pub fn frame(&self, index: usize) -> usize {
        index * self.stride
    }

    /// Returns the number of windows scored at once: a divisor of [`BLOCK`] that depends only on the video, the model
    /// and the stride.
    pub fn batch(&self) -> usize {
        let within = BATCH_FRAMES / self.stride.min(self.length).max(1);
        1 << within.clamp(1, BATCH).ilog2()
    }

    /// Returns the first frame of window `index`.
    pub fn start(&self, index: usize) -> usize {
        start_around(self.frame(index), self.length, self.frames)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(frames: usize, length: usize, stride: usize) -> Vec<usize> {
        let windows = DenseWindows { frames, length, stride };
        (0..windows.count()).map(|index| windows.start(index)).collect()
    }

    #[test]
    fn batches_divide_a_block_and_hold_few_frames() {
        for (length, stride, batch) in [(11, 1, 8), (11, 4, 8), (11, 11, 4), (11, 1000, 4), (64, 4, 8), (64, 64, 1)] {
            assert_eq!(DenseWindows { frames: 5000, length, stride }.batch(), batch, "{length} {stride}");
            assert_eq!(BLOCK % batch, 0);
        }
    }

    #[test]
    fn every_nth_frame_has_a_window_within_the_video() {
        assert_eq!(starts(24, 11, 4), [0, 0, 3, 7, 11, 13]);
        assert_eq!(starts(13, 11, 4), [0, 0, 2, 2], "frame 12 is scored by the last window");
        assert_eq!(starts(12, 11, 4), [0, 0, 1]);
        assert_eq!(starts(1, 11, 4), [0], "a video of one frame is scored");
        assert_eq!(starts(3, 64, 1), [0, 0, 0]);
        assert!(starts(0, 11, 4).is_empty());
    }
}
