//! The first class number of a list: some count from 0 although their layout counts from 1, or vice versa.

use std::collections::HashSet;

use super::class_index::ClassIndex;
use crate::data::listing::{ListingPlace, Problem, ProblemKind};

/// The interpretation of a list's class numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counting {
    /// The number of the first class.
    pub first: usize,
    /// `true` if the folders of the clips are named after the classes, so that they must agree with the numbers.
    folders_tell: bool,
}

impl Counting {
    /// Returns the numbering of `classes` in `rows`, each the name of a clip and its number: from `usual` as in their
    /// layout, or from the other of 0 and 1 if that fits all rows and `usual` does not.
    pub fn of<'a>(usual: usize, classes: &ClassIndex, rows: impl Iterator<Item = (&'a str, usize)>) -> Self {
        let rows: Vec<(Option<usize>, usize)> =
            rows.map(|(name, number)| (folder_class(classes, name), number)).collect();
        let other = 1 - usual.min(1);
        let agreeing = |first: usize| {
            let agrees =
                |(folder, number): &&(Option<usize>, usize)| folder.is_some_and(|folder| folder + first == *number);
            rows.iter().filter(agrees).count()
        };
        let folders: Vec<usize> = rows.iter().filter_map(|(folder, _)| *folder).collect();
        // A single folder that has the name of a class by chance, such as "train", is no evidence.
        let is_chance = folders.iter().collect::<HashSet<_>>().len() < 2
            && 2 * agreeing(usual).max(agreeing(other)) < folders.len();
        let folders_tell = !folders.is_empty() && !is_chance;
        let fits = |first: usize| {
            rows.iter().all(|(folder, number)| {
                let label = number.checked_sub(first).filter(|&label| label < classes.names.len());
                label.is_some_and(|label| !folders_tell || folder.is_none_or(|folder| folder == label))
            })
        };
        // Without folders, a number beyond the last class is an error in the list; a 0 where the first class is 1 is
        // not.
        let is_shown = folders_tell || (folders.is_empty() && rows.iter().any(|(_, number)| *number < usual));
        let first = if is_shown && !fits(usual) && fits(other) { other } else { usual };
        Self { first, folders_tell }
    }

    /// Returns a note if a list does not count from `usual`.
    pub fn note(self, usual: usize, place: &ListingPlace) -> Option<Problem> {
        let how = if self.folders_tell { "the folders of all clips say so" } else { "that fits all lines" };
        let cause = format!("its numbers count the classes from {}, not from {usual}: {how}", self.first);
        let remedy = format!("No action needed; other programs expect classes from {usual}");
        (self.first != usual).then(|| place.problem(ProblemKind::Label, &cause, &remedy))
    }

    /// Returns the class with this number.
    pub fn label(self, number: usize) -> Option<usize> {
        number.checked_sub(self.first)
    }

    /// Returns the problem of a row whose clip is in the folder of a class other than `label`, the class of its number.
    pub fn clash(self, classes: &ClassIndex, name: &str, label: usize, place: &ListingPlace) -> Option<Problem> {
        let folder = folder_class(classes, name).filter(|&folder| self.folders_tell && folder != label)?;
        let [folder, number] = [folder, label].map(|label| &classes.names[label]);
        let cause = format!(
            "'{name}' is in folder '{folder}', but class {} is '{number}' (counted from {})",
            label + self.first,
            self.first
        );
        Some(place.problem(ProblemKind::Label, &cause, "Correct the number, the class index, or the folder"))
    }
}

/// Returns the class that a folder of a clip's path is named after; among several folders, the innermost.
fn folder_class(classes: &ClassIndex, name: &str) -> Option<usize> {
    let (folders, _) = name.rsplit_once(['/', '\\'])?;
    folders.rsplit(['/', '\\']).find_map(|folder| classes.find(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(usual: usize, rows: &[(&str, usize)]) -> usize {
        let classes = ClassIndex::of(["bow", "run", "wave"].map(str::to_owned).into());
        Counting::of(usual, &classes, rows.iter().copied()).first
    }

    #[test]
    fn the_folders_decide_where_they_fit_all_rows() {
        assert_eq!(first(1, &[("bow/a", 0), ("run/b", 1), ("wave/c", 2)]), 0);
        assert_eq!(first(1, &[("run/b", 1), ("wave/c", 2)]), 0);
        assert_eq!(first(1, &[("run/b", 2), ("wave/c", 3)]), 1);
        assert_eq!(first(0, &[("bow/a", 1), ("wave\\c", 3)]), 1);
        assert_eq!(first(1, &[("bow/a", 1), ("run/b", 1)]), 1, "neither fits: the rows are told one by one");
    }

    #[test]
    fn numbers_alone_decide_only_where_the_usual_counting_is_impossible() {
        assert_eq!(first(1, &[("a", 0), ("b", 2)]), 0);
        assert_eq!(first(1, &[("a", 0), ("b", 3)]), 1);
        assert_eq!(first(0, &[("a", 1), ("b", 3)]), 0, "a label beyond the last class is a slip");
        assert_eq!(first(1, &[("run/a", 1), ("run/b", 2), ("run/c", 3)]), 1, "a folder called so by chance");
        assert_eq!(first(1, &[("run/a", 0)]), 1, "which neither counting fits");
    }
}
