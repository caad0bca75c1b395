//! What labelling remembers from one start to the next.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::video_list::Sort;

/// Height of a track that nobody has changed, in points.
const TRACK: f32 = 16.0;
/// Tracks that there is room for in a project without classes: some are about to be added.
const NEW_TRACKS: usize = 4;
/// For how many projects it is remembered that folder names are no labels.
const DECLINED: usize = 32;

/// The choices of the project panel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// Height of a track, in points.
    pub track_height: f32,
    /// Whether a class's key that is held while the clip plays labels what passes meanwhile.
    pub hold: bool,
    /// Projects whose folder names are no labels, as a person said; the latest first.
    declined: Vec<PathBuf>,
}

impl Default for LabelingSettings {
    fn default() -> Self {
        Self {
            project: None,
            advance: false,
            hides_tracks: false,
            sort: Sort::default(),
            tracks: 0,
            track_height: TRACK,
            hold: false,
            declined: Vec::new(),
        }
    }
}

impl LabelingSettings {
    /// The heights that a track can have, in points.
    pub const TRACK_HEIGHTS: RangeInclusive<f32> = 12.0..=40.0;

    /// Returns the tracks that the timeline has room for in a project that has so many classes when it is opened: one for each, and
    /// that of the background.
    pub fn tracks_for(classes: usize) -> usize {
        if classes == 0 { NEW_TRACKS } else { classes + 1 }
    }

    /// Returns the height of a track in points, whatever the file of the settings says.
    pub fn track_height(&self) -> f32 {
        let height = if self.track_height.is_finite() { self.track_height } else { TRACK };
        height.clamp(*Self::TRACK_HEIGHTS.start(), *Self::TRACK_HEIGHTS.end())
    }

    /// Returns whether the folder names of the project in `dir` may be offered as labels.
    pub fn may_offer_folders(&self, dir: &Path) -> bool {
        !self.declined.iter().any(|declined| declined == dir)
    }

    /// Offers the folder names of the project in `dir` as labels no more.
    pub fn decline_folders(&mut self, dir: &Path) {
        if self.may_offer_folders(dir) {
            self.declined.insert(0, dir.to_owned());
            self.declined.truncate(DECLINED);
        }
    }
}
