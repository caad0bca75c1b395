//! The problems of the clips of a list, from the findings about their files.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::super::content::Content;
use super::super::listing::{Listing, ListingRow, Problem, ProblemKind};
use super::clip_finding::{ClipFinding, OpenedClip};
use crate::nets::WINDOW_FRAMES;
use crate::plural::counted;

/// Tolerance in seconds for segments that end after the video, since annotators used another copy.
const SLACK_SECS: f64 = 1.0;

/// The probing results of all clips, by path.
pub(super) struct ClipFindings {
    clips: HashMap<PathBuf, ClipFinding>,
}

impl ClipFindings {
    /// Creates it from the results for `paths`, in the same order.
    pub fn new(paths: &[PathBuf], findings: Vec<ClipFinding>) -> Self {
        Self { clips: paths.iter().cloned().zip(findings).collect() }
    }

    fn facts(&self, path: &Path) -> Option<&std::result::Result<OpenedClip, Problem>> {
        self.clips.get(path).map(|finding| &finding.facts)
    }

    /// Returns the number of frames of a clip, or of its segment if it is one.
    pub fn frames(&self, row: &ListingRow) -> Option<usize> {
        let facts = self.facts(&row.clip.path)?.as_ref().ok()?;
        Some(match (row.clip.segment_secs, facts.end_secs) {
            (Some(segment), Some(_)) => facts.frames_in(segment),
            _ => facts.frames,
        })
    }

    /// Returns the content of a file that may have copies.
    pub fn content(&self, path: &Path) -> Option<Content> {
        self.clips.get(path)?.content
    }

    /// Returns the problems of the clips of `listing`, and remarks on clips that can be used. A video of several
    /// segments is reported once.
    pub fn clip_problems(&self, listing: &Listing) -> [Vec<Problem>; 2] {
        let (mut problems, mut remarks) = (Vec::new(), Vec::new());
        let mut told = HashSet::new();
        for row in &listing.rows {
            let is_new = told.insert(&row.clip.path);
            match self.facts(&row.clip.path) {
                Some(Ok(facts)) => {
                    problems.extend(self.length_problem(row, facts));
                    remarks.extend(row.frames.and_then(|promised| fewer_frames(row, facts, promised)));
                    remarks.extend(facts.warnings.iter().filter(|_| is_new).cloned());
                }
                Some(Err(problem)) if is_new => problems.push(problem.clone()),
                _ => {}
            }
        }
        [problems, remarks]
    }

    fn length_problem(&self, row: &ListingRow, facts: &OpenedClip) -> Option<Problem> {
        let path = row.clip.path.display();
        if let (Some([_, end]), Some(end_secs)) = (row.clip.segment_secs, facts.end_secs)
            && end > end_secs + SLACK_SECS
        {
            let cause = format!("the segment ends at {end} s, {path} at {end_secs:.2} s");
            return Some(row.place.problem(
                ProblemKind::Malformed,
                &cause,
                "Correct the segment, or fetch the video again",
            ));
        }
        if row.clip.segment_secs.is_some() && facts.end_secs.is_none() {
            let cause = format!("{path} is a folder of images, which have no time stamps to locate a segment");
            return Some(row.place.problem(ProblemKind::Malformed, &cause, "Name the video itself"));
        }
        let frames = self.frames(row).filter(|&frames| frames < WINDOW_FRAMES)?;
        let frames = counted(frames, "frame");
        let cause = match row.clip.segment_secs {
            Some(_) => format!("the segment of {path} has {frames}, a window {WINDOW_FRAMES}"),
            None => format!("{path} has {frames}, a window {WINDOW_FRAMES}"),
        };
        let remedy = "Leave it out, or accept that its last frame is repeated";
        Some(row.place.problem(ProblemKind::Short, &cause, remedy))
    }
}

fn fewer_frames(row: &ListingRow, facts: &OpenedClip, promised: usize) -> Option<Problem> {
    let path = row.clip.path.display();
    let cause = format!("{path} has {} of the {promised} frames in the list", facts.frames);
    // Tools that count pairs of frames report one less, but never more than there are.
    let problem = row.place.problem(ProblemKind::Damaged, &cause, "Extract the frames of this clip again");
    (facts.frames < promised).then_some(problem)
}
