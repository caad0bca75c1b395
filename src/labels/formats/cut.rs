//! A clip that is to be cut out of a video.

use std::path::PathBuf;

/// A clip that is to be cut out of a video, by whoever can read and write videos.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The video.
    pub video: PathBuf,
    /// Its first frame.
    pub start: usize,
    /// The frame after its last one; none for the end of the video.
    pub end: Option<usize>,
    /// The file to write.
    pub target: PathBuf,
}
