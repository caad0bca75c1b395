//! A clip to be cut out of a video.

use std::path::PathBuf;

/// A clip to be cut out of a video; the caller reads and writes the videos.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// Path of the video.
    pub video: PathBuf,
    /// Its first frame.
    pub start: usize,
    /// The frame after its last one; `None` for the end of the video.
    pub end: Option<usize>,
    /// The file to write.
    pub target: PathBuf,
}
