//! Windows of a clip in order, each frame decoded once.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::frame_times::FrameTimes;
use crate::video::{Frame, Sizes, VideoInfo, VideoReader};

/// A clip being read from front to back, with the frames that are still needed.
pub struct ClipFrames {
    reader: VideoReader,
    frames: VecDeque<Arc<Frame>>,
}

impl ClipFrames {
    /// Opens the clip, with frames that carry the pictures of `sizes`.
    ///
    /// # Errors
    /// Same as [`VideoReader::open`].
    pub fn open(path: &Path, sizes: Sizes) -> Result<Self> {
        Ok(Self { reader: VideoReader::open(path, sizes)?, frames: VecDeque::new() })
    }

    /// Facts about the clip.
    pub fn info(&self) -> &VideoInfo {
        self.reader.info()
    }

    /// Returns when each frame is shown, on the clock of the file.
    pub fn times(&self) -> &FrameTimes {
        self.reader.times()
    }

    /// Returns the errors since the last call that did not end the clip.
    pub fn take_warnings(&mut self) -> Vec<Error> {
        self.reader.take_warnings()
    }

    /// Up to `count` frames from `start` on, fewer at the end of the clip. `start` must not go back.
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
