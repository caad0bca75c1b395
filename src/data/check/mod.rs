//! Data set check before a long training: the lists, every clip, and the overlap of training and test.

mod classes;
mod clip_finding;
mod clips;
mod leaks;
mod report;
mod twins;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde::{Deserialize, Serialize};

use super::listing::{Listing, ListingPlace};
use super::{DataSource, Problem, ProblemKind, Subset, lists, sides};
use crate::content_hash::ContentHash;
use crate::error::{Error, Result};
use crate::plural::counted;
use crate::shards::{JobInputs, size_of};
pub use clip_finding::ClipFinding;
use clips::ClipFindings;
pub use report::{CheckReport, ClassCount, ClassSpread, SubsetReport};

/// Clips per core that are opened before the results are handed over.
const AT_ONCE: usize = 4;

/// The settings of a data set check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckPlan {
    /// The training clips.
    pub train: DataSource,
    /// The test clips, which must be disjoint from them.
    pub test: Option<DataSource>,
    /// `true` to decode every frame instead of the first of every clip.
    pub thorough: bool,
}

/// A data set with its lists read, whose clips are to be opened.
#[derive(Debug)]
pub struct DatasetCheck {
    plan: CheckPlan,
    train: Listing,
    test: Option<Listing>,
    /// The clips of both lists, sorted, without duplicates.
    clips: Vec<PathBuf>,
}

/// Checks a data set on all cores. `progress` is called with the number of clips checked and the total.
///
/// # Errors
/// If a list as a whole cannot be read or contains no clip; everything else is in the report.
pub fn check(plan: &CheckPlan, progress: &mut dyn FnMut(usize, usize)) -> Result<CheckReport> {
    let check = DatasetCheck::open(plan)?;
    let of = check.clips().len();
    progress(0, of);
    let mut findings = Vec::with_capacity(of);
    check.find(&Vec::from_iter(0..of), &|| false, &mut |finding| {
        findings.push(finding);
        progress(findings.len(), of);
    })?;
    Ok(check.report(findings))
}

impl DatasetCheck {
    /// Reads the lists of `plan`.
    ///
    /// # Errors
    /// If a list as a whole cannot be read or contains no clip.
    pub fn open(plan: &CheckPlan) -> Result<Self> {
        let train = read(&plan.train)?;
        let test = plan.test.as_ref().map(read).transpose()?;
        let mut clips: Vec<PathBuf> = [Some(&train), test.as_ref()].into_iter().flatten().flat_map(paths).collect();
        clips.sort();
        clips.dedup();
        Ok(Self { plan: plan.clone(), train, test, clips })
    }

    /// Returns the clips of both lists, sorted, without duplicates.
    pub fn clips(&self) -> &[PathBuf] {
        &self.clips
    }

    /// Returns the clips by their paths and sizes in bytes, and all entries of the lists.
    pub fn inputs(&self) -> JobInputs {
        let mut hash = ContentHash::new();
        for path in &self.clips {
            hash.field(path.as_os_str().as_encoded_bytes());
            hash.number(size_of(path));
        }
        for Listing { classes, rows, ambiguous, problems, notes } in self.listings() {
            hash.field(format!("{classes:?} {ambiguous:?} {problems:?} {notes:?}"));
            rows.iter().for_each(|row| hash.field(format!("{row:?}")));
        }
        JobInputs::new("clip", self.clips.len(), hash.to_hex())
    }

    /// Opens the clips at `positions` on all cores until `stop` returns `true`, and calls `done` with each finding in
    /// their order.
    ///
    /// # Errors
    /// If no threads can be started; faults of clips are part of the findings.
    pub fn find(&self, positions: &[usize], stop: &dyn Fn() -> bool, done: &mut dyn FnMut(ClipFinding)) -> Result<()> {
        let mut segments: HashMap<&Path, Vec<[f64; 2]>> = HashMap::new();
        for clip in self.listings().flat_map(|listing| &listing.rows).map(|row| &row.clip) {
            segments.entry(&clip.path).or_default().extend(clip.segment_secs);
        }
        let (pool, twins) = (pool()?, twins::twins(&self.clips));
        let find = |&position: &usize| {
            let path = self.clips[position].as_path();
            let segments = segments.get(path).map_or(&[][..], Vec::as_slice);
            ClipFinding::of(path, segments, self.plan.thorough, twins.contains(path))
        };
        for positions in positions.chunks(AT_ONCE * pool.current_num_threads()) {
            if stop() {
                break;
            }
            let found: Vec<ClipFinding> = pool.install(|| positions.par_iter().map(find).collect());
            found.into_iter().for_each(&mut *done);
        }
        Ok(())
    }

    /// Returns the report from the `findings` about all clips, in their order.
    pub fn report(&self, findings: Vec<ClipFinding>) -> CheckReport {
        let (plan, findings) = (&self.plan, ClipFindings::new(&self.clips, findings));
        let mut report = CheckReport::default();
        report.remarks.extend(sides::note(&self.train.classes, &ListingPlace::whole(plan.train.path())));
        report.add(Subset::Train, plan.train.path(), &self.train, &findings);
        if let (Some(source), Some(test)) = (&plan.test, &self.test) {
            report.add(Subset::Test, source.path(), test, &findings);
            report.problems.extend(leaks::leaks(&self.train, test, &findings));
            report.problems.extend(other_classes(&self.train, test, source.path()));
        }
        report
    }

    fn listings(&self) -> impl Iterator<Item = &Listing> {
        [Some(&self.train), self.test.as_ref()].into_iter().flatten()
    }
}

/// Returns a pool with a thread for each core.
fn pool() -> Result<ThreadPool> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let pool = ThreadPoolBuilder::new().num_threads(cores).thread_name(|k| format!("check-{k}")).build();
    pool.map_err(|error| {
        Error::new("data check", format!("could not start worker threads: {error}"), "Close other programs")
    })
}

fn read(source: &DataSource) -> Result<Listing> {
    let listing = lists::read(source)?;
    if listing.rows.is_empty() && listing.problems.is_empty() {
        let left_out = listing.notes.first().map(|note| format!("; {}", note.cause)).unwrap_or_default();
        let remedy = "Name a list, or a folder with a folder per class";
        return Err(Error::file(source.path(), format!("no clips found{left_out}"), remedy));
    }
    Ok(listing)
}

fn paths(listing: &Listing) -> impl Iterator<Item = PathBuf> {
    let ambiguous = listing.ambiguous.iter().map(|segment| segment.path.clone());
    listing.rows.iter().map(|row| row.clip.path.clone()).chain(ambiguous)
}

/// Returns a problem if the two lists have different classes.
fn other_classes(train: &Listing, test: &Listing, path: &Path) -> Option<Problem> {
    if train.classes == test.classes {
        return None;
    }
    let differing = train.classes.iter().zip(&test.classes).position(|(train, test)| train != test);
    let cause = match differing {
        Some(i) => format!("class {} is '{}' in training and '{}' here", i + 1, train.classes[i], test.classes[i]),
        None => format!("training has {}, this list {}", counted(train.classes.len(), "class"), test.classes.len()),
    };
    Some(ListingPlace::whole(path).problem(ProblemKind::Label, &cause, "Pass the same class index for both"))
}
