//! CSV: `path,label[,start,end][,group]`, with or without a header, cells quoted where need be.

mod columns;
mod records;

use std::path::Path;
use std::sync::Arc;

use super::class_index::ClassIndex;
use super::clip_finder::ClipFinder;
use super::labelled_clip::group_of;
use super::listing::{Listing, Place, Problem, ProblemKind, Row};
use super::{LabelledClip, ListSource, text};
use crate::error::{Error, Result};
use columns::Columns;

/// Reads a table. A label is the name of a class, or its number from 0 where a file of classes is named; without one the
/// classes are the labels of the table, in alphabetical or numerical order.
pub(super) fn read(source: &ListSource) -> Result<Listing> {
    let text = text::read(&source.list)?;
    let mut records = records::parse(&text).map_err(|(line, cause)| {
        Error::file(&source.list, format!("line {line}: {cause}"), "Close the quotes, and double those inside a cell")
    })?;
    let header = records.first().and_then(|(_, cells)| Columns::from_header(cells));
    if header.is_some() {
        records.remove(0);
    }
    let columns = header.unwrap_or_default();
    let (classes, numbers) = match &source.classes {
        Some(path) => (ClassIndex::named(path)?, true),
        None => (ClassIndex::of(labels(&records, &columns)), false),
    };
    let mut finder = ClipFinder::new(&source.clips);
    let mut listing = Listing::of(classes.names.clone());
    let list: Arc<Path> = source.list.as_path().into();
    for (line, cells) in &records {
        let place = Place::line(&list, *line);
        let label = |name: &str| {
            let numbered = || name.parse().ok().filter(|&label| numbers && label < classes.names.len());
            classes.find(name).or_else(numbered)
        };
        listing.push(row(cells, &columns, place, &label, &classes.names, &mut finder));
    }
    Ok(listing)
}

/// The labels of the table, sorted; as numbers if all of them are.
fn labels(records: &[(usize, Vec<String>)], columns: &Columns) -> Vec<String> {
    let cells = records.iter().filter_map(|(_, cells)| columns.label(cells));
    let mut labels: Vec<String> = cells.map(str::to_owned).collect();
    labels.sort();
    labels.dedup();
    if labels.iter().all(|label| label.parse::<u64>().is_ok()) {
        labels.sort_by_key(|label| label.parse::<u64>().unwrap_or_default());
    }
    labels
}

fn row(
    cells: &[String],
    columns: &Columns,
    place: Place,
    label: &dyn Fn(&str) -> Option<usize>,
    classes: &[String],
    finder: &mut ClipFinder,
) -> std::result::Result<Row, Problem> {
    let refuse = |kind, cause: String, remedy| Err(place.problem(kind, &cause, remedy));
    let (Some(name), Some(class)) = (columns.path(cells), columns.label(cells)) else {
        let remedy = "Give at least the path and the label, separated by a comma";
        return refuse(ProblemKind::Malformed, format!("'{}' is not 'path,label'", cells.join(",")), remedy);
    };
    let Some(label) = label(class) else {
        return refuse(ProblemKind::Label, format!("there is no class '{class}'"), "Correct the row or the classes");
    };
    let segment_secs = match (columns.start(cells), columns.end(cells)) {
        (None, None) => None,
        (start, end) => match start.and_then(|start| start.parse().ok()).zip(end.and_then(|end| end.parse().ok())) {
            Some((start, end)) => Some(place.segment(start, end)?),
            None => {
                let cause = format!("'{}' to '{}' is no segment", start.unwrap_or(""), end.unwrap_or(""));
                return refuse(ProblemKind::Malformed, cause, "Give the start and the end in seconds, or neither");
            }
        },
    };
    let path = place.find(finder, name)?;
    let group = columns.group(cells).map(str::to_owned).or_else(|| group_of(&path, &classes[label]));
    Ok(Row { clip: LabelledClip { path, label, segment_secs, group }, place, frames: None })
}
