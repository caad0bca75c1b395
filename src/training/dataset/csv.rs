//! CSV: `path,label[,start,end][,group]`, with or without a header, as the [table](crate::table) of labels that is imported.

use std::path::Path;
use std::sync::Arc;

use super::class_index::ClassIndex;
use super::clip_finder::ClipFinder;
use super::labelled_clip::group_of;
use super::listing::{Listing, Place, Problem, ProblemKind, Row};
use super::{LabelledClip, ListSource, text};
use crate::error::{Error, Result};
use crate::table::{Columns, Part, Record, Table};
use crate::video::frames_secs;

/// Reads a table. A label is the name of a class, or its number from 0 where a file of classes is named; without one the
/// classes are the labels of the table, in alphabetical or numerical order.
pub(super) fn read(source: &ListSource) -> Result<Listing> {
    let Table { mut records, problems } = Table::parse(&text::read(&source.list)?);
    let header = match records.first() {
        Some((line, cells)) => Columns::of_header(cells).map_err(|names| {
            let cause = format!("line {line}: the columns {names} are not known");
            let remedy = "Call them start and end for seconds, start_frame and end_frame for frames";
            Error::file(&source.list, cause, remedy)
        })?,
        None => None,
    };
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
    for (line, cause) in problems {
        let remedy = "Close the quotes, and double those inside a cell";
        listing.problems.push(Place::line(&list, line).problem(ProblemKind::Malformed, cause, remedy));
    }
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
fn labels(records: &[Record], columns: &Columns) -> Vec<String> {
    let cells = records.iter().map(|(_, cells)| columns.label(cells));
    let mut labels: Vec<String> = cells.filter(|label| !label.is_empty()).map(str::to_owned).collect();
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
    let (name, class) = (columns.path(cells), columns.label(cells));
    if name.is_empty() || class.is_empty() {
        let remedy = "Give at least the path and the label, separated by a comma";
        return refuse(ProblemKind::Malformed, format!("'{}' is not 'path,label'", cells.join(",")), remedy);
    }
    let Some(label) = label(class) else {
        return refuse(ProblemKind::Label, format!("there is no class '{class}'"), "Correct the row or the classes");
    };
    let part = columns.part(cells).map_err(|cause| {
        let remedy = "Give the start and the end in seconds or as frames, or neither";
        place.problem(ProblemKind::Malformed, &cause, remedy)
    })?;
    if let Part::Secs(start, end) = part {
        place.segment(start, end)?;
    }
    let path = place.find(finder, name)?;
    let segment_secs = match part {
        Part::Whole => None,
        Part::Secs(start, end) => Some([start, end]),
        Part::Frames(start, end) if start < end => {
            let secs = frames_secs(&path, start..end);
            Some(secs.map_err(|error| Problem::of(ProblemKind::Malformed, error))?)
        }
        Part::Frames(start, end) => {
            let remedy = "Give the first frame and the one after the last";
            return refuse(ProblemKind::Malformed, format!("frames {start} to {end} are no segment"), remedy);
        }
    };
    let group = Some(columns.group(cells).trim()).filter(|group| !group.is_empty()).map(str::to_owned);
    let group = group.or_else(|| group_of(&path, &classes[label]));
    Ok(Row { clip: LabelledClip { path, label, segment_secs, group }, place, frames: None })
}
