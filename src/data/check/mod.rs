//! Looks at a data set before hours are spent on it: at the lists, at every clip, and at what training and test share.

mod classes;
mod clips;
mod leaks;
mod report;
mod twins;

use std::path::{Path, PathBuf};

use super::listing::{Listing, ListingPlace};
use super::{DataSource, Problem, ProblemKind, Subset, lists, sides};
use crate::error::{Error, Result};
use crate::plural::counted;
use clips::ClipFindings;
pub use report::{CheckReport, ClassCount, ClassSpread, SubsetReport};

/// The settings of a data set check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckPlan {
    /// The clips to train on.
    pub train: DataSource,
    /// The clips to test on, which must share nothing with them.
    pub test: Option<DataSource>,
    /// Whether to decode every frame instead of the first of every clip.
    pub thorough: bool,
}

/// Checks a data set on all cores. `progress` is called from any thread with the number of clips checked, and of all.
///
/// # Errors
/// If a list as a whole cannot be read or names no clip at all; everything else is in the report.
pub fn check(plan: &CheckPlan, progress: &(dyn Fn(usize, usize) + Sync)) -> Result<CheckReport> {
    let train = read(&plan.train)?;
    let test = plan.test.as_ref().map(read).transpose()?;
    let mut paths: Vec<PathBuf> = [Some(&train), test.as_ref()].into_iter().flatten().flat_map(paths).collect();
    paths.sort();
    paths.dedup();
    let findings = ClipFindings::of(&paths, plan.thorough, progress)?;

    let mut report = CheckReport::default();
    report.remarks.extend(sides::note(&train.classes, &ListingPlace::whole(plan.train.path())));
    report.add(Subset::Train, plan.train.path(), &train, &findings);
    if let (Some(source), Some(test)) = (&plan.test, &test) {
        report.add(Subset::Test, source.path(), test, &findings);
        report.problems.extend(leaks::leaks(&train, test, &findings));
        report.problems.extend(other_classes(&train, test, source.path()));
    }
    Ok(report)
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

/// Returns a problem if the two lists do not number the same classes.
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
