//! Clips to be extracted from videos by an export.

use std::path::PathBuf;

/// A clip to be extracted from a video.
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
