//! Requests about the files of a project, and the replies.

use std::path::PathBuf;
use std::sync::Arc;

use image::RgbImage;

use crate::error::{Error, Result};
use crate::labels::media_scan::Relink;
use crate::labels::{Facts, VideoId};

/// A request to probe a video of the project.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeRequest {
    /// The video.
    pub id: VideoId,
    /// Number of the request, repeated by its reply.
    pub number: u64,
    /// Path of its file.
    pub path: PathBuf,
    /// The folder of the project.
    pub dir: PathBuf,
    /// Its known properties; `None` before the first probe.
    pub known: Option<Facts>,
    /// Whether to compare the content, not only the length of the file.
    pub thorough: bool,
    /// Whether to store the frame times in the project folder, which must be writable.
    pub keeps: bool,
}

/// The state of a video's file.
#[derive(Debug, Clone, PartialEq)]
pub enum FileState {
    /// It was probed for the first time.
    Facts(Facts),
    /// It is unchanged.
    Same,
    /// There is no such file.
    Missing,
    /// Its content differs from the labelled one; the new properties.
    Changed(Facts),
    /// It cannot be read.
    Unreadable(Error),
}

/// A reply of the thread "labeling" or of a search.
#[derive(Debug, Clone)]
pub enum LabelingEvent {
    /// A search has ended.
    Search {
        /// The search.
        id: SearchId,
        /// Its result.
        result: Result<SearchResult>,
    },
    /// The reply to a [`ProbeRequest`].
    File {
        /// The video.
        id: VideoId,
        /// Number of the request.
        number: u64,
        /// The folder of its project.
        dir: PathBuf,
        /// Path of the file in the request.
        path: PathBuf,
        /// Its state.
        state: FileState,
    },
}

/// Identity of a thumbnail.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ThumbnailKey {
    /// Hash of the video's content.
    pub hash: String,
    /// Index of the frame.
    pub frame: usize,
}

/// A request for a thumbnail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThumbnailRequest {
    /// The thumbnail.
    pub key: ThumbnailKey,
    /// Path of the video.
    pub path: PathBuf,
    /// Whether to cache the picture on disk.
    pub keep: bool,
}

/// A thumbnail; `None` if it cannot be created.
pub type Thumbnail = (ThumbnailKey, Option<Arc<RgbImage>>);

/// Identity of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SearchId(pub(super) u64);

/// The result of a search.
#[derive(Debug, Clone, PartialEq)]
pub enum SearchResult {
    /// The videos among and below the given paths, in natural order.
    Videos {
        /// The videos.
        videos: Vec<PathBuf>,
        /// Folders that cannot be read or are skipped.
        notes: Vec<Error>,
        /// Number of exported clips that were skipped.
        exported: usize,
    },
    /// New locations for the files of missing videos.
    Moved(Vec<Relink>),
}
