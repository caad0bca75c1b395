//! What labelling remembers from one start to the next.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::video_list::Sort;

/// The choices of the project panel.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LabelingSettings {
    /// The project that is open, to be opened again at the next start.
    pub project: Option<PathBuf>,
    /// Whether a label on a clip leads to the next unlabelled one.
    pub advance: bool,
    /// Whether the tracks below the timeline are hidden.
    pub hides_tracks: bool,
    /// The order of the videos.
    pub sort: Sort,
    /// How many tracks the project had that was open last: the place for them is kept while one is being opened.
    pub tracks: usize,
}
