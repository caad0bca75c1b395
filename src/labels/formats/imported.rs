//! Prepared imports and their options.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::labels::Step;

/// The options of an import.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Choices {
    /// `true` to add classes that the project does not have; otherwise their labels are left out.
    pub add_classes: bool,
    /// `true` to replace labels, groups and notes of the project by those of the file; otherwise videos that have some
    /// keep theirs.
    pub replace: bool,
    /// `true` to make the project multi-label; otherwise the first of several labels is used.
    pub allow_several: bool,
}

/// A prepared import: its step, and what it would change or leave out.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// The step that adds the labels to the project, to be performed.
    pub step: Step,
    /// Notes on what is left out or changed, with its location.
    pub notes: Vec<Error>,
    /// Assumptions about what is not left out.
    pub remarks: Vec<Error>,
    /// Classes of the file that the project lacks.
    pub unknown_classes: Vec<String>,
    /// Existing videos of the file that the project does not have: their labels are left out until the videos are
    /// added.
    pub unknown_videos: Vec<PathBuf>,
    /// `true` if the file has several labels at a time and the project is not multi-label.
    pub needs_several: bool,
    /// Number of videos whose labels change.
    pub videos: usize,
    /// Number of new videos among them.
    pub new_videos: usize,
    /// Number of new videos whose files were not found.
    pub new_missing: usize,
    /// Paths of videos that keep labels different from the file's.
    pub kept: Vec<String>,
    /// `true` if groups or notes of the project are kept although the file has different ones.
    pub keeps_texts: bool,
    /// Number of labels and segments that the project takes from the file.
    pub added: usize,
    /// Number of labels and segments of the project that are replaced.
    pub replaced: usize,
    /// Number of labels and segments of the file that are left out.
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
            added: 0,
            replaced: 0,
            left_out: 0,
        }
    }
}

/// Returns the folder that a file's paths may be relative to.
pub(super) fn folder_of_source(source: &Path) -> &Path {
    if source.is_dir() { source } else { source.parent().unwrap_or(Path::new("")) }
}
