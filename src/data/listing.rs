//! The rows of a list and its problems.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::lists::clip_finder::ClipFinder;
use super::{AmbiguousSegment, LabelledClip};
use crate::error::Error;

/// The valid rows of a list, and the problems of the others.
#[derive(Debug, Clone, Default)]
pub(super) struct Listing {
    /// Names in label order.
    pub classes: Vec<String>,
    /// The rows in list order.
    pub rows: Vec<ListingRow>,
    /// Segments of THUMOS14's class "Ambiguous".
    pub ambiguous: Vec<AmbiguousSegment>,
    /// Problems of unusable rows, in the order of detection.
    pub problems: Vec<Problem>,
    /// Assumptions and omissions that are not errors.
    pub notes: Vec<Problem>,
}

/// A row of a list.
#[derive(Debug, Clone)]
pub(super) struct ListingRow {
    /// The clip.
    pub clip: LabelledClip,
    /// Location of the row.
    pub place: ListingPlace,
    /// Number of frames, if the list has it.
    pub frames: Option<usize>,
}

/// A location in a list: a file and a line, or a video that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListingPlace {
    /// The list.
    pub file: Arc<Path>,
    /// Location within the file, such as `line 3`; `None` if the file is the clip itself.
    pub within: Option<String>,
}

/// A problem at one position of a data set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The kind of problem.
    pub kind: ProblemKind,
    /// The file.
    pub subject: String,
    /// The fault, with the line.
    pub cause: String,
    /// The remedy.
    pub remedy: String,
}

/// Kinds of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// A row that does not follow its layout.
    Malformed,
    /// A label without a class.
    Label,
    /// A row that names a missing clip.
    Missing,
    /// A repeated clip or segment.
    Duplicate,
    /// An undecodable clip.
    Unreadable,
    /// A clip that is damaged, truncated or shorter than its list states, but usable.
    Damaged,
    /// A clip with fewer frames than a window.
    Short,
    /// A class without clips.
    EmptyClass,
    /// A class with only one clip.
    SingleClip,
    /// Files that are not clips, or segments beyond the end of their video.
    LeftOut,
    /// A clip or recording that is in both training and test.
    Leak,
    /// Classes with very different numbers of clips.
    Imbalance,
}

impl Listing {
    /// Returns an empty listing with these classes.
    pub fn of(classes: Vec<String>) -> Self {
        Self { classes, ..Self::default() }
    }

    /// Adds a row, or its problem.
    pub fn push(&mut self, row: std::result::Result<ListingRow, Problem>) {
        match row {
            Ok(row) => self.rows.push(row),
            Err(problem) => self.problems.push(problem),
        }
    }

    /// Turns repeated rows into problems. Segments of different classes may overlap and even be identical: every cliff
    /// dive is a dive. Whole videos show a single class, unless they may show `several`.
    pub(super) fn drop_duplicates(&mut self, several: bool) {
        type Key = (PathBuf, Option<[u64; 2]>, Option<usize>);
        let mut seen: HashMap<Key, (ListingPlace, usize)> = HashMap::new();
        for row in std::mem::take(&mut self.rows) {
            let clip = &row.clip;
            let segment = clip.segment_secs.map(|segment| segment.map(f64::to_bits));
            let key: Key = (clip.path.clone(), segment, (several || segment.is_some()).then_some(clip.label));
            match seen.get(&key) {
                Some((first, label)) => {
                    let other_label = *label != clip.label;
                    let and = if other_label { ", with another class" } else { "" };
                    let cause = format!("{} is in {} already{and}", clip.path.display(), first.seen_from(&row.place));
                    let remedy =
                        if other_label { "Keep the row with the right class" } else { "Remove one of the rows" };
                    self.problems.push(row.place.problem(ProblemKind::Duplicate, &cause, remedy));
                }
                None => {
                    seen.insert(key, (row.place.clone(), clip.label));
                    self.rows.push(row);
                }
            }
        }
    }
}

impl ListingPlace {
    /// Returns line `number` of `file`.
    pub fn line(file: &Arc<Path>, number: usize) -> Self {
        Self { file: file.clone(), within: Some(format!("line {number}")) }
    }

    /// Returns the position of the file as a whole.
    pub fn whole(file: &Path) -> Self {
        Self { file: file.into(), within: None }
    }

    /// Returns a problem at this location.
    pub fn problem(&self, kind: ProblemKind, cause: &str, remedy: &str) -> Problem {
        let within = self.within.as_ref().map(|within| format!("{within}: ")).unwrap_or_default();
        let subject = self.file.display().to_string();
        Problem { kind, subject, cause: format!("{within}{cause}"), remedy: remedy.into() }
    }

    /// Returns the clip that this row names `name`.
    pub fn find(&self, finder: &mut ClipFinder, name: &str) -> std::result::Result<PathBuf, Problem> {
        finder.find(name).ok_or_else(|| {
            let cause = format!("{} does not exist", finder.target(name).display());
            self.problem(ProblemKind::Missing, &cause, "Check the folder of the clips")
        })
    }

    /// Checks the start and end of a segment, both in seconds; a point event has equal ends and is one frame long.
    pub fn segment(&self, start: f64, end: f64) -> std::result::Result<[f64; 2], Problem> {
        if start.is_finite() && end.is_finite() && 0.0 <= start && start <= end {
            return Ok([start, end]);
        }
        let cause = format!("{start} to {end} is not a segment");
        Err(self.problem(ProblemKind::Malformed, &cause, "Give the start and an end after it in seconds, from 0 on"))
    }

    /// Returns a text of the location that is unambiguous beside `other`.
    fn seen_from(&self, other: &Self) -> String {
        match &self.within {
            Some(within) if self.file == other.file => within.clone(),
            _ => self.to_string(),
        }
    }
}

impl fmt::Display for ListingPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.within {
            Some(within) => write!(f, "{within} of {}", self.file.display()),
            None => write!(f, "{}", self.file.display()),
        }
    }
}

impl Problem {
    /// Returns the problem as an error.
    pub fn into_error(self) -> Error {
        Error::new(self.subject, self.cause, self.remedy)
    }

    /// Creates a problem from an error.
    pub(super) fn of(kind: ProblemKind, error: Error) -> Self {
        Self { kind, subject: error.subject, cause: error.cause, remedy: error.remedy }
    }
}
