//! Prepared imports and their options.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::labels::Step;

/// The options of an import.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Choices {
    /// Classes that the project does not have are added; else their labels are left out.
    pub add_classes: bool,
    /// Labels, groups and notes of the file take the place of those of the project; else videos that have some keep theirs.
    pub replace: bool,
    /// The project has several labels at a time from now on; else the first of several is taken.
    pub allow_several: bool,
}

/// A prepared import: its step, and what it would change or leave out.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// What brings the labels into the project; to be performed.
    pub step: Step,
    /// What is left out or changed, and where it stands.
    pub notes: Vec<Error>,
    /// What was assumed about what is not left out.
    pub remarks: Vec<Error>,
    /// Classes of the file that the project does not have.
    pub unknown_classes: Vec<String>,
    /// Videos of the file that the project does not have, but that exist: their labels are left out until they are added.
    pub unknown_videos: Vec<PathBuf>,
    /// Whether the file says several things at a time and the project does not allow it.
    pub needs_several: bool,
    /// Videos whose labels change.
    pub videos: usize,
    /// Videos among them that are new.
    pub new_videos: usize,
    /// New videos whose files were not found.
    pub new_missing: usize,
    /// Videos that keep other labels than the file's, by their paths.
    pub kept: Vec<String>,
    /// Whether groups or notes of the project are kept, though the file has others.
    pub keeps_texts: bool,
    /// Labels and segments of the project whose place is taken by others.
    pub replaced: usize,
    /// Labels and segments of the file that are left out.
    pub left_out: usize,
}

impl Default for Import {
    fn default() -> Self {
        Self {
            step: Step::new("Imported labels", Vec::new()),
            notes: Vec::new(),
            remarks: Vec::new(),
            unknown_classes: Vec::new(),
            unknown_videos: Vec::new(),
            needs_several: false,
            videos: 0,
            new_videos: 0,
            new_missing: 0,
            kept: Vec::new(),
            keeps_texts: false,
            replaced: 0,
            left_out: 0,
        }
    }
}

/// Returns the folder that a file's paths may be relative to.
pub(super) fn folder_of_source(source: &Path) -> &Path {
    if source.is_dir() { source } else { source.parent().unwrap_or(Path::new("")) }
}
