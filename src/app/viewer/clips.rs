//! Clips that can be opened: those of a folder, and evaluated ones whose class is known.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A clip whose class is known: one that was evaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownClip {
    /// The clip.
    pub path: PathBuf,
    /// Its true class.
    pub class: String,
    /// The part of it that shows the class, in seconds.
    pub segment_secs: Option<[f64; 2]>,
    /// What an evaluation found, and of how many views, where one did.
    pub evaluated: Option<String>,
}

/// A folder of clips, directly in it or in a sub-folder for each class, which was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClipFolder {
    /// The folder.
    pub dir: PathBuf,
    /// Its clips, in the order in which people count.
    pub clips: Vec<PathBuf>,
    /// Whether its sub-folders are classes.
    pub has_classes: bool,
    /// Clips in sub-folders that are not listed.
    pub beside: Vec<PathBuf>,
    /// Whether those in sub-folders, which are not classes, are listed behind its own.
    pub lists_sub_folders: bool,
    /// The place of each of them: it is asked for in every repaint, and there may be thousands.
    places: HashMap<PathBuf, usize>,
}

impl ClipFolder {
    /// The folder `dir` with these clips.
    pub fn new(dir: PathBuf, clips: Vec<PathBuf>) -> Self {
        let places = clips.iter().cloned().enumerate().map(|(place, clip)| (clip, place)).collect();
        Self { dir, clips, has_classes: false, beside: Vec::new(), lists_sub_folders: false, places }
    }

    /// Returns the folder as one whose sub-folders are classes.
    pub fn of_classes(self) -> Self {
        Self { has_classes: true, ..self }
    }

    /// Returns the folder with clips in sub-folders that are not listed.
    pub fn beside(self, beside: Vec<PathBuf>) -> Self {
        Self { beside, ..self }
    }

    /// Returns the folder with the clips in its sub-folders behind its own.
    pub fn with_those_beside(&self) -> Self {
        let clips = self.clips.iter().chain(&self.beside).cloned().collect();
        Self { has_classes: self.has_classes, lists_sub_folders: true, ..Self::new(self.dir.clone(), clips) }
    }

    /// Returns the same folder with `clip` at its place among the others.
    pub fn with(&self, clip: &Path) -> Self {
        let mut clips = self.clips.clone();
        if let Err(place) = clips.binary_search_by(|other| other.as_path().cmp(clip)) {
            clips.insert(place, clip.to_owned());
        }
        let (has_classes, lists_sub_folders) = (self.has_classes, self.lists_sub_folders);
        let beside = self.beside.clone();
        Self { has_classes, beside, lists_sub_folders, ..Self::new(self.dir.clone(), clips) }
    }

    /// Returns what the clip at this place is called: its path in the folder.
    pub fn name(&self, place: usize) -> String {
        let Some(clip) = self.clips.get(place) else { return String::new() };
        clip.strip_prefix(&self.dir).unwrap_or(clip).display().to_string()
    }

    /// The place of `clip` among its clips.
    pub fn place(&self, clip: &Path) -> Option<usize> {
        self.places.get(clip).copied()
    }
}
