//! Windows of a clip in order; each frame is decoded once.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::frame_times::FrameTimes;
use crate::video::{Frame, Sizes, VideoInfo, VideoReader};

/// A sequential reader of a clip that keeps the frames still needed.
pub struct ClipFrames {
    reader: VideoReader,
    frames: VecDeque<Arc<Frame>>,
}

impl ClipFrames {
    /// Opens the clip; frames carry the pictures of `sizes`.
    ///
    /// # Errors
    /// Same as [`VideoReader::open`].
    pub fn open(path: &Path, sizes: Sizes) -> Result<Self> {
        Ok(Self { reader: VideoReader::open(path, sizes)?, frames: VecDeque::new() })
    }

    /// Returns the properties of the clip.
    pub fn info(&self) -> &VideoInfo {
        self.reader.info()
    }

    /// Returns the time of each frame on the clock of the file.
    pub fn times(&self) -> &FrameTimes {
        self.reader.times()
    }

    /// Returns the errors since the last call that did not end the clip.
    pub fn take_warnings(&mut self) -> Vec<Error> {
        self.reader.take_warnings()
    }

    /// Returns up to `count` frames from `start` on, fewer at the end of the clip. `start` must not decrease.
    ///
    /// # Errors
    /// Same as [`VideoReader::frame`].
    pub fn window(&mut self, start: usize, count: usize) -> Result<Vec<Arc<Frame>>> {
        while self.frames.front().is_some_and(|frame| frame.index < start) {
            self.frames.pop_front();
        }
        let end = (start + count).min(self.info().frames);
        for index in start + self.frames.len()..end {
            self.frames.push_back(Arc::new(self.reader.frame(index)?));
        }
        Ok(self.frames.iter().take(end - start).cloned().collect())
    }
}

/// Returns the first of `count` frames of a clip of `total` with frame `index` in the middle, or as close to it as the
/// ends of the clip allow.
pub(in crate::engine) fn start_around(index: usize, count: usize, total: usize) -> usize {
    index.saturating_sub(count / 2).min(total.saturating_sub(count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::WINDOW_FRAMES;

    #[test]
    fn a_frame_is_in_the_middle_of_its_window_however_long_that_is() {
        for (count, total) in [(11, 300), (64, 300), (65, 300), (64, 40), (11, 1)] {
            for index in 0..total {
                let start = start_around(index, count, total);
                assert!(start <= index && (start + count <= total || start == 0), "{index} of {total} by {count}");
                let is_inside = index >= count / 2 && index + count.div_ceil(2) <= total;
                assert!(!is_inside || start + count / 2 == index, "{index} of {total} by {count}");
                let pairs = start_around(index, WINDOW_FRAMES, total);
                assert!(start <= pairs && (pairs + WINDOW_FRAMES).min(total) <= (start + count).min(total));
            }
        }
    }
}
