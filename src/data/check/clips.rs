//! Every clip of a data set, opened once.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

use super::super::content::Content;
use super::super::listing::{Listing, ListingRow, Problem, ProblemKind};
use super::twins::contents_of_twins;
use crate::error::{Error, Result};
use crate::nets::WINDOW_FRAMES;
use crate::plural::counted;
use crate::video::ClipFacts;

/// Segments may end this much after the video, which annotators measured on another copy, seconds.
const SLACK_SECS: f64 = 1.0;

/// The findings about the clips.
pub(super) struct ClipFindings {
    facts: HashMap<PathBuf, Result<ClipFacts>>,
    contents: HashMap<PathBuf, Content>,
}

impl ClipFindings {
    /// Opens every clip of `paths`, a few at once.
    ///
    /// # Errors
    /// If no threads can be had; what is wrong with clips is part of the result.
    pub fn of(paths: &[PathBuf], thorough: bool, progress: &(dyn Fn(usize, usize) + Sync)) -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let pool = ThreadPoolBuilder::new().num_threads(cores).thread_name(|k| format!("check-{k}")).build();
        let pool = pool.map_err(|error| {
            Error::new("data check", format!("could not start worker threads: {error}"), "Close other programs")
        })?;
        let done = AtomicUsize::new(0);
        progress(0, paths.len());
        let look = |path: &PathBuf| {
            let facts = ClipFacts::of(path, thorough);
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, paths.len());
            (path.clone(), facts)
        };
        Ok(pool.install(|| Self { facts: paths.par_iter().map(look).collect(), contents: contents_of_twins(paths) }))
    }

    /// Number of frames of a clip: of its segment, if it is one.
    pub fn frames(&self, row: &ListingRow) -> Option<usize> {
        let facts = self.facts.get(&row.clip.path)?.as_ref().ok()?;
        Some(match (row.clip.segment_secs, &facts.times) {
            (Some([start, end]), Some(times)) => times.span(start, end).map_or(0, |span| span.frames.len()),
            _ => facts.frames,
        })
    }

    /// Returns the content of a file of which another may be a copy.
    pub fn content(&self, path: &Path) -> Option<Content> {
        self.contents.get(path).copied()
    }

    /// Returns what is wrong with the clips of `listing`: problems, and remarks on clips that can be used. A video of several
    /// segments is reported once.
    pub fn clip_problems(&self, listing: &Listing) -> [Vec<Problem>; 2] {
        let (mut problems, mut remarks) = (Vec::new(), Vec::new());
        let mut told = HashSet::new();
        for row in &listing.rows {
            let is_new = told.insert(&row.clip.path);
            match self.facts.get(&row.clip.path) {
                Some(Ok(facts)) => {
                    problems.extend(self.length_problem(row, facts));
                    remarks.extend(row.frames.and_then(|promised| fewer_frames(row, facts, promised)));
                    let damage = facts.warnings.iter().filter(|_| is_new).cloned();
                    remarks.extend(damage.map(|warning| Problem::of(ProblemKind::Damaged, warning)));
                }
                Some(Err(error)) if is_new => {
                    problems.push(Problem::of(ProblemKind::Unreadable, error.clone()));
                }
                _ => {}
            }
        }
        [problems, remarks]
    }

    fn length_problem(&self, row: &ListingRow, facts: &ClipFacts) -> Option<Problem> {
        let path = row.clip.path.display();
        if let (Some([_, end]), Some(times)) = (row.clip.segment_secs, &facts.times)
            && end > times.end_secs() + SLACK_SECS
        {
            let cause = format!("the segment ends at {end} s, {path} at {:.2} s", times.end_secs());
            return Some(row.place.problem(
                ProblemKind::Malformed,
                &cause,
                "Correct the segment, or fetch the video again",
            ));
        }
        if row.clip.segment_secs.is_some() && facts.times.is_none() {
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

fn fewer_frames(row: &ListingRow, facts: &ClipFacts, promised: usize) -> Option<Problem> {
    let path = row.clip.path.display();
    let cause = format!("{path} has {} of the {promised} frames in the list", facts.frames);
    // Tools that count pairs of frames report one less, never more than there are.
    let problem = row.place.problem(ProblemKind::Damaged, &cause, "Extract the frames of this clip again");
    (facts.frames < promised).then_some(problem)
}
