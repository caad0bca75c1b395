//! Looks at a data set before hours are spent on it: at the lists, at every clip, and at what training and test share.

mod clips;
mod leaks;
mod report;
mod twins;

use std::path::{Path, PathBuf};

use super::listing::{Listing, Place, Row};
use super::{DataSource, Problem, ProblemKind, Subset, sides};
use crate::error::{Error, Result};
use clips::Inspection;
pub use report::{CheckReport, ClassCount, Spread, SubsetReport};

/// A class this many times the size of another is worth a remark.
const IMBALANCE: usize = 10;

/// What to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckPlan {
    /// The clips to train on.
    pub train: DataSource,
    /// The clips to test on, which must share nothing with them.
    pub test: Option<DataSource>,
    /// Whether to decode every frame instead of the first of every clip.
    pub thorough: bool,
}

/// Checks a data set on all cores. `progress` is told from any thread how many clips of how many were looked at.
///
/// # Errors
/// If a list as a whole cannot be read or names no clip at all; everything else is in the report.
pub fn check(plan: &CheckPlan, progress: &(dyn Fn(usize, usize) + Sync)) -> Result<CheckReport> {
    let train = read(&plan.train)?;
    let test = plan.test.as_ref().map(read).transpose()?;
    let mut paths: Vec<PathBuf> = [Some(&train), test.as_ref()].into_iter().flatten().flat_map(paths).collect();
    paths.sort();
    paths.dedup();
    let inspection = Inspection::of(&paths, plan.thorough, progress)?;

    let mut report = CheckReport::default();
    report.remarks.extend(sides::note(&train.classes, &Place::whole(plan.train.path())));
    report.add(Subset::Train, plan.train.path(), &train, &inspection);
    if let (Some(source), Some(test)) = (&plan.test, &test) {
        report.add(Subset::Test, source.path(), test, &inspection);
        report.problems.extend(leaks::leaks(&train, test, &inspection));
        report.problems.extend(other_classes(&train, test, source.path()));
    }
    Ok(report)
}

fn read(source: &DataSource) -> Result<Listing> {
    let listing = Listing::read(source)?;
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

/// A problem if the two lists do not number the same classes.
fn other_classes(train: &Listing, test: &Listing, path: &Path) -> Option<Problem> {
    if train.classes == test.classes {
        return None;
    }
    let differing = train.classes.iter().zip(&test.classes).position(|(train, test)| train != test);
    let cause = match differing {
        Some(i) => format!("class {} is '{}' in training and '{}' here", i + 1, train.classes[i], test.classes[i]),
        None => format!("there are {} classes in training and {} here", train.classes.len(), test.classes.len()),
    };
    Some(Place::whole(path).problem(ProblemKind::Label, &cause, "Name the same file of classes for both"))
}

/// What is wrong with the classes of a subset as a whole: problems, and remarks.
fn class_problems(subset: Subset, path: &Path, listing: &Listing, counts: &[usize]) -> [Vec<Problem>; 2] {
    let place = Place::whole(path);
    let (mut problems, mut remarks) = (Vec::new(), Vec::new());
    for (name, &count) in listing.classes.iter().zip(counts) {
        match (count, subset) {
            (0, Subset::Train) => {
                let cause = format!("class '{name}' has no clips");
                problems.push(place.problem(ProblemKind::EmptyClass, &cause, "Add clips of it, or remove the class"));
            }
            (1, Subset::Train) => {
                let cause = format!("class '{name}' has one clip only");
                problems.push(place.problem(ProblemKind::SingleClip, &cause, "Add clips of it"));
            }
            (0, Subset::Test) => {
                let cause = format!("class '{name}' has no clips");
                remarks.push(place.problem(ProblemKind::EmptyClass, &cause, "It will not be measured"));
            }
            _ => {}
        }
    }
    let present = || listing.classes.iter().zip(counts).filter(|(_, count)| **count > 0);
    let (least, most) = (present().min_by_key(|(_, count)| **count), present().max_by_key(|(_, count)| **count));
    if let (Some((small, &least)), Some((large, &most)), Subset::Train) = (least, most, subset)
        && most >= IMBALANCE * least
    {
        let cause = format!("'{large}' has {most} clips and '{small}' {least}");
        remarks.push(place.problem(ProblemKind::Imbalance, &cause, "Add clips of the small classes, or weight them"));
    }
    [problems, remarks]
}

/// Number of clips of every class.
fn counts(listing: &Listing) -> Vec<usize> {
    let mut counts = vec![0; listing.classes.len()];
    for Row { clip, .. } in &listing.rows {
        counts[clip.label] += 1;
    }
    counts
}
