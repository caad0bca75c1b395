//! A data set, read from its source.

use super::listing::{Listing, Problem};
use super::lists::read;
use super::{AmbiguousSegment, DataSource, LabelledClip};
use crate::error::{Error, Result};

/// A data set: clips and their classes.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// Names in label order.
    pub classes: Vec<String>,
    /// The clips, in the order of the list or of the sorted folder; for untrimmed videos, one clip per segment.
    pub clips: Vec<LabelledClip>,
    /// Segments that detectors are not evaluated on (THUMOS14).
    pub ambiguous: Vec<AmbiguousSegment>,
}

impl Dataset {
    /// Reads the clips of `source`; decodes nothing.
    ///
    /// # Errors
    /// If a folder or list is missing or there is no clip; and, unless the source skips them, if rows are malformed,
    /// refer to a missing file or an unknown class, or repeat another row: the error of the first one, with its line,
    /// and the number of others.
    pub fn open(source: &DataSource) -> Result<Self> {
        let (dataset, notes) = Self::with_notes(source)?;
        notes.into_iter().for_each(|note| tracing::warn!("{note}"));
        Ok(dataset)
    }

    /// Like [`open`](Self::open), with notes on what was assumed or left out without being an error, such as files that
    /// are not clips, or a list that does not count from the number of its layout.
    ///
    /// # Errors
    /// Same as [`open`](Self::open).
    pub fn with_notes(source: &DataSource) -> Result<(Self, Vec<Error>)> {
        let Listing { classes, rows, ambiguous, problems, notes } = read(source)?;
        let dataset = Self { classes, clips: rows.into_iter().map(|row| row.clip).collect(), ambiguous };
        if let Some(error) = summary(problems) {
            if !source.skips_bad() {
                return Err(error);
            }
            tracing::warn!("skipped: {error}");
        }
        if dataset.clips.is_empty() {
            let mut error = no_clips(source);
            error.cause.extend(notes.first().map(|note| format!("; {}", note.cause)));
            return Err(error);
        }
        Ok((dataset, notes.into_iter().map(Problem::into_error).collect()))
    }

    /// Returns the clips of `source`, possibly none, and the problems of every row that is left out.
    ///
    /// # Errors
    /// If a folder or list is missing.
    pub fn with_problems(source: &DataSource) -> Result<(Self, Vec<Problem>)> {
        let Listing { classes, rows, ambiguous, problems, notes } = read(source)?;
        notes.into_iter().for_each(|note| tracing::warn!("{}", note.into_error()));
        Ok((Self { classes, clips: rows.into_iter().map(|row| row.clip).collect(), ambiguous }, problems))
    }
}

/// Returns the error for a source without usable clips.
pub fn no_clips(source: &DataSource) -> Error {
    let remedy = "Expected a sub-folder of video files for each class, or a list that names some";
    Error::file(source.path(), "no clips found", remedy)
}

/// Returns the first problem and the number of further ones.
fn summary(problems: Vec<Problem>) -> Option<Error> {
    let more = problems.len().saturating_sub(1);
    let mut error = problems.into_iter().next()?.into_error();
    if more > 0 {
        let rows = if more == 1 { "row is" } else { "rows are" };
        error.cause += &format!(", and {more} more {rows} wrong");
        error.remedy += "; 'motionscope data check' lists all, --skip-bad skips them";
    }
    Some(error)
}
