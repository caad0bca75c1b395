//! Checks of a list's classes as a whole.

use std::path::Path;

use super::super::listing::{Listing, ListingPlace, ListingRow};
use super::super::{Problem, ProblemKind, Subset};
use crate::names::alike_classes;
use crate::plural::counted;

/// Ratio of class sizes from which a remark is made.
const IMBALANCE: usize = 10;

/// Returns the problems and remarks on the classes of a subset as a whole.
pub(super) fn class_problems(subset: Subset, path: &Path, listing: &Listing, counts: &[usize]) -> [Vec<Problem>; 2] {
    let place = ListingPlace::whole(path);
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
                remarks.push(place.problem(
                    ProblemKind::EmptyClass,
                    &cause,
                    "Add test clips, or ignore this class in the evaluation",
                ));
            }
            _ => {}
        }
    }
    for places in alike_classes(&listing.classes) {
        let names: Vec<String> = places.iter().map(|&place| format!("'{}'", listing.classes[place])).collect();
        let cause = format!("the classes {} differ in spelling only", names.join(", "));
        let remedy = "Give them one name if they are one class; otherwise names that differ in more";
        problems.push(place.problem(ProblemKind::Label, &cause, remedy));
    }
    let present = || listing.classes.iter().zip(counts).filter(|(_, count)| **count > 0);
    let (least, most) = (present().min_by_key(|(_, count)| **count), present().max_by_key(|(_, count)| **count));
    if let (Some((small, &least)), Some((large, &most)), Subset::Train) = (least, most, subset)
        && most >= IMBALANCE * least
    {
        let cause = format!("'{large}' has {} and '{small}' {least}", counted(most, "clip"));
        remarks.push(place.problem(ProblemKind::Imbalance, &cause, "Add clips of the small classes, or weight them"));
    }
    [problems, remarks]
}

/// Returns the number of clips of every class.
pub(super) fn counts(listing: &Listing) -> Vec<usize> {
    let mut counts = vec![0; listing.classes.len()];
    for ListingRow { clip, .. } in &listing.rows {
        counts[clip.label] += 1;
    }
    counts
}
