//! Requests about the files of a project, and the answers.

use std::path::PathBuf;
use std::sync::Arc;

use image::RgbImage;

use crate::error::{Error, Result};
use crate::labels::media_scan::Relink;
use crate::labels::{Facts, VideoId};

/// A video of the project to be looked into.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeRequest {
    /// Which video.
    pub id: VideoId,
    /// Its file.
    pub path: PathBuf,
    /// The folder of the project.
    pub dir: PathBuf,
    /// What is known of it; nothing before the first look.
    pub known: Option<Facts>,
    /// Whether the content is compared with what is known, not only the length of the file.
    pub thorough: bool,
    /// Whether the times of its frames are kept in the folder of the project, which can be written to.
    pub keeps: bool,
}

/// The state of a video's file.
#[derive(Debug, Clone, PartialEq)]
pub enum FileState {
    /// It was looked into for the first time.
    Facts(Facts),
    /// It is what it was.
    Same,
    /// There is no such file.
    Missing,
    /// It holds something else than when it was labelled; what is in it now.
    Changed(Facts),
    /// It cannot be read.
    Unreadable(Error),
}

/// An answer of the thread "labeling" or of a search.
#[derive(Debug, Clone)]
pub enum LabelingEvent {
    /// A search has come to its end.
    Search {
        /// Which search.
        id: SearchId,
        /// What it has found.
        result: Result<SearchResult>,
    },
    /// The answer to a [`ProbeRequest`].
    File {
        /// Which video.
        id: VideoId,
        /// The folder of its project.
        dir: PathBuf,
        /// Its file at the time of asking.
        path: PathBuf,
        /// What became of it.
        state: FileState,
    },
}

/// A picture of a video.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ThumbnailKey {
    /// Hash of the video's content.
    pub hash: String,
    /// Which frame.
    pub frame: usize,
}

/// A picture that is wanted, and the file it is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThumbnailRequest {
    /// Which picture.
    pub key: ThumbnailKey,
    /// The video.
    pub path: PathBuf,
    /// Whether the picture is kept on disk.
    pub keep: bool,
}

/// A picture, or nothing where none can be made.
pub type Thumbnail = (ThumbnailKey, Option<Arc<RgbImage>>);

/// Tells searches apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SearchId(pub(super) u64);

/// The result of a search.
#[derive(Debug, Clone, PartialEq)]
pub enum SearchResult {
    /// The videos among and below the paths that were asked about, in the order in which people count.
    Videos {
        /// The videos.
        videos: Vec<PathBuf>,
        /// Folders that cannot be read, or are left out.
        notes: Vec<Error>,
        /// How many clips of exports are left out.
        exported: usize,
    },
    /// Where the files of missing videos seem to be now.
    Moved(Vec<Relink>),
}
