//! The result of opening the file of a clip once.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::content::Content;
use super::super::listing::{Problem, ProblemKind};
use crate::frame_times::FrameTimes;
use crate::video::ClipFacts;

/// Result of opening the file of a clip, serialisable for other processes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClipFinding {
    /// The clip, or the reason why it cannot be read.
    pub(super) facts: Result<OpenedClip, Problem>,
    /// Its content, if a file of the same length may be a copy.
    pub(super) content: Option<Content>,
}

/// A readable clip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct OpenedClip {
    /// Number of frames, by counting.
    pub frames: usize,
    /// End of the last frame on the clock of the file, seconds; `None` for a folder of pictures.
    pub end_secs: Option<f64>,
    /// The segments that the lists name, with their numbers of frames. The times of all frames would be thousands of
    /// times longer.
    segments: Vec<([f64; 2], usize)>,
    /// Faults of a usable file.
    pub warnings: Vec<Problem>,
}

impl ClipFinding {
    /// Opens the clip at `path`, whose segments in the lists are `segments`, and decodes all of its frames if
    /// `thorough`. Hashes the whole file if it `may_be_copy`.
    pub(super) fn of(path: &Path, segments: &[[f64; 2]], thorough: bool, may_be_copy: bool) -> Self {
        let facts = ClipFacts::of(path, thorough);
        let facts = facts.map(|facts| OpenedClip::new(facts, segments));
        Self {
            facts: facts.map_err(|error| Problem::of(ProblemKind::Unreadable, error)),
            content: may_be_copy.then(|| Content::of(path).ok()).flatten(),
        }
    }
}

impl OpenedClip {
    fn new(facts: ClipFacts, segments: &[[f64; 2]]) -> Self {
        let ClipFacts { frames, times, warnings, .. } = facts;
        let frames_in =
            |times: &FrameTimes, [start, end]: [f64; 2]| times.span(start, end).map_or(0, |span| span.frames.len());
        let counted = |times| segments.iter().map(|&segment| (segment, frames_in(times, segment))).collect();
        Self {
            frames,
            end_secs: times.as_ref().map(|times| times.end_secs()),
            segments: times.as_ref().map(counted).unwrap_or_default(),
            warnings: warnings.into_iter().map(|warning| Problem::of(ProblemKind::Damaged, warning)).collect(),
        }
    }

    /// Returns the number of frames in a segment of the lists.
    pub fn frames_in(&self, segment: [f64; 2]) -> usize {
        self.segments.iter().find(|(known, _)| *known == segment).map_or(0, |(_, frames)| *frames)
    }
}
