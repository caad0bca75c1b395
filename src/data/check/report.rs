//! The report of a data set check.

use std::path::Path;

use serde::Serialize;

use super::super::listing::Listing;
use super::super::{Problem, Subset};
use super::classes::{class_problems, counts};
use super::clips::ClipFindings;
use super::leaks;

/// The report of a data set check.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CheckReport {
    /// The training clips and, if given, the test clips.
    pub subsets: Vec<SubsetReport>,
    /// Problems to be fixed first.
    pub problems: Vec<Problem>,
    /// Remarks that are no obstacle.
    pub remarks: Vec<Problem>,
}

/// Figures of one list. Rows with problems of their own, such as missing clips, are not counted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SubsetReport {
    /// The subset.
    pub subset: Subset,
    /// Path of the list or folder.
    pub path: String,
    /// Number of clips or segments.
    pub clips: usize,
    /// Number of distinct files.
    pub files: usize,
    /// Number of recordings of the clips, as far as known.
    pub groups: usize,
    /// Number of segments that count neither for nor against a detector.
    pub ambiguous: usize,
    /// Lengths of the readable clips; `None` if there are none.
    pub frames: Option<ClassSpread>,
    /// The classes in label order.
    pub classes: Vec<ClassCount>,
}

/// Spread of the numbers of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ClassSpread {
    /// Minimum.
    pub least: usize,
    /// Median.
    pub median: usize,
    /// Maximum.
    pub most: usize,
}

/// A class and its number of clips.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClassCount {
    /// Its name.
    pub name: String,
    /// Number of clips or segments.
    pub clips: usize,
}

impl CheckReport {
    /// Returns `true` if there are no problems.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    /// Adds the statistics and the problems of one list.
    pub(super) fn add(&mut self, subset: Subset, path: &Path, listing: &Listing, findings: &ClipFindings) {
        let counts = counts(listing);
        self.problems.extend(listing.problems.iter().cloned());
        self.remarks.extend(listing.notes.iter().cloned());
        let classes = class_problems(subset, path, listing, &counts);
        for [problems, remarks] in [findings.clip_problems(listing), classes] {
            self.problems.extend(problems);
            self.remarks.extend(remarks);
        }
        self.problems.extend(leaks::copies(listing, findings));
        self.subsets.push(SubsetReport {
            subset,
            path: path.display().to_string(),
            clips: listing.rows.len(),
            files: distinct(listing.rows.iter().map(|row| &row.clip.path)),
            groups: distinct(listing.rows.iter().filter_map(|row| row.clip.group.as_ref())),
            ambiguous: listing.ambiguous.len(),
            frames: ClassSpread::of(listing.rows.iter().filter_map(|row| findings.frames(row)).collect()),
            classes: listing
                .classes
                .iter()
                .zip(counts)
                .map(|(name, clips)| ClassCount { name: name.clone(), clips })
                .collect(),
        });
    }
}

impl ClassSpread {
    fn of(mut frames: Vec<usize>) -> Option<Self> {
        frames.sort_unstable();
        Some(Self { least: *frames.first()?, median: frames[frames.len() / 2], most: *frames.last()? })
    }
}

fn distinct<T: Eq + std::hash::Hash>(values: impl Iterator<Item = T>) -> usize {
    values.collect::<std::collections::HashSet<_>>().len()
}
