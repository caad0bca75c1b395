//! Train–test leaks, and duplicates within a list.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::super::content::Content;
use super::super::listing::{Listing, ListingRow, Problem, ProblemKind};
use super::clips::ClipFindings;

const REMEDY: &str = "Remove it from one list; otherwise the test accuracy is inflated";

/// Returns test clips that are also trained on: the same clip, a copy, or another part of the same recording.
pub(super) fn leaks(train: &Listing, test: &Listing, findings: &ClipFindings) -> Vec<Problem> {
    let paths: HashMap<&Path, &ListingRow> = train.rows.iter().map(|row| (row.clip.path.as_path(), row)).collect();
    let groups: HashMap<&str, &ListingRow> =
        train.rows.iter().filter_map(|row| Some((row.clip.group.as_deref()?, row))).collect();
    let contents = contents(train, findings);
    let mut problems = Vec::new();
    let (mut told_paths, mut told_groups) = (HashSet::new(), HashSet::new());
    for row in &test.rows {
        let path = row.clip.path.as_path();
        let copy = findings.content(path).and_then(|content| contents.get(&content));
        let leak = |cause: String| row.place.problem(ProblemKind::Leak, &cause, REMEDY);
        if let Some(twin) = paths.get(path) {
            if told_paths.insert(path) {
                problems.push(leak(format!("{} is trained on too ({})", path.display(), twin.place)));
            }
        } else if let Some(twin) = copy {
            if told_paths.insert(path) {
                let original = twin.clip.path.display();
                problems.push(leak(format!("{} is a copy of {original}, which is trained on", path.display())));
            }
        } else if let Some((group, twin)) = row.clip.group.as_deref().and_then(|group| groups.get_key_value(group))
            && told_groups.insert(group)
        {
            let cause = format!(
                "{} is of recording '{group}', as is {}, which is trained on",
                path.display(),
                twin.clip.path.display()
            );
            problems.push(leak(cause));
        }
    }
    problems
}

/// Returns the files of a list that are copies of others in it.
pub(super) fn copies(listing: &Listing, findings: &ClipFindings) -> Vec<Problem> {
    let originals = contents(listing, findings);
    let mut told = HashSet::new();
    let mut problems = Vec::new();
    for row in &listing.rows {
        let path = row.clip.path.as_path();
        let original = findings.content(path).and_then(|content| originals.get(&content));
        if let Some(original) = original.filter(|original| original.clip.path != path)
            && told.insert(path)
        {
            let cause = format!("{} is a copy of {}", path.display(), original.clip.path.display());
            problems.push(row.place.problem(ProblemKind::Duplicate, &cause, "Remove one of the two"));
        }
    }
    problems
}

/// Returns the first row of each content.
fn contents<'a>(listing: &'a Listing, findings: &ClipFindings) -> HashMap<Content, &'a ListingRow> {
    let mut contents = HashMap::new();
    for row in &listing.rows {
        if let Some(content) = findings.content(&row.clip.path) {
            contents.entry(content).or_insert(row);
        }
    }
    contents
}
