//! The windows of a video around every Nth frame.

use crate::engine::inference::clip_frames::start_around;

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
    fn every_nth_frame_has_a_window_within_the_video() {
        assert_eq!(starts(24, 11, 4), [0, 0, 3, 7, 11, 13]);
        assert_eq!(starts(13, 11, 4), [0, 0, 2, 2], "frame 12 is scored by the last window");
        assert_eq!(starts(12, 11, 4), [0, 0, 1]);
        assert_eq!(starts(1, 11, 4), [0], "a video of one frame is scored");
        assert_eq!(starts(3, 64, 1), [0, 0, 0]);
        assert!(starts(0, 11, 4).is_empty());
    }
}
