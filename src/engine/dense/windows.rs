//! The windows of a video around every Nth frame.

use crate::engine::inference::clip_frames::start_around;

/// Windows after which the flows of earlier ones are forgotten. Networks compute several pairs at once and may round otherwise for
/// other company, so which pairs are computed together must not depend on where a run began: it begins at a multiple of this.
pub(super) const BLOCK: usize = 32;
/// Windows that are scored at a time at most, which keeps as many cores busy. A run that is stopped waits for those under way.
const BATCH: usize = 8;
/// Frames that the windows which are scored at a time begin within: no more than tens of megabytes.
const BATCH_FRAMES: usize = 64;

/// The windows of a video, one around every `stride`-th frame. Near its ends they are the first and the last whole one.
#[derive(Debug, Clone, Copy)]
pub(super) struct DenseWindows {
    /// Frames of the video.
    pub frames: usize,
    /// Frames of a window.
    pub length: usize,
    /// Distance between the frames in the middle of windows.
    pub stride: usize,
}

impl DenseWindows {
    /// Returns the number of windows.
    pub fn count(&self) -> usize {
        self.frames.div_ceil(self.stride)
    }

    /// Returns the frame that window `index` is about.
    pub fn frame(&self, index: usize) -> usize {
        index * self.stride
    }

    /// Returns how many windows are scored at a time: a divisor of [`BLOCK`] that the video, the model and the stride decide alone.
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
