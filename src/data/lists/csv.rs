//! CSV: `path,label[,start,end][,group]`, with or without a header, the same [table](crate::table) format as for label
//! import; Kinetics' `label,youtube_id,time_start,time_end,split`; and PySlowFast's `path label`, separated by blanks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::class_index::ClassIndex;
use super::clip_finder::ClipFinder;
use super::counting::Counting;
use crate::annotations::text;
use crate::data::labelled_clip::group_of;
use crate::data::listing::{Listing, ListingPlace, ListingRow, Problem, ProblemKind};
use crate::data::{LabelledClip, ListSource, Subset};
use crate::error::{Error, Result};
use crate::names::composed;
use crate::table::{Columns, Part, Record, Table, with_group_in_place};
use crate::video::counted_frames;

/// The Kinetics column of the video name.
const YOUTUBE_ID: &str = "youtube_id";
/// The Kinetics column of the subset.
const SPLIT: &str = "split";

/// The interpretation of the rows of a table.
struct Meaning<'a> {
    columns: Columns,
    classes: &'a ClassIndex,
    /// Interpretation of numeric labels, if there is a file of classes.
    counting: Option<Counting>,
    /// `true` if clips are already cut out of the videos and named `id_000059_000069`.
    is_kinetics: bool,
}

/// Assumptions about rows with frame numbers.
#[derive(Default)]
struct Assumed {
    /// Clips whose frames are counted at another rate than their own, with both rates.
    rescaled: BTreeMap<PathBuf, [f64; 2]>,
    /// Segments that are cut by the end of their video.
    cut: Vec<Problem>,
}

impl Assumed {
    fn notes(self, list: &Path) -> Vec<Problem> {
        let mut notes = self.cut;
        if let Some((path, [rate, own])) = self.rescaled.first_key_value() {
            let rounded = |rate: &f64| (rate * 1000.0).round() / 1000.0;
            let more = match self.rescaled.len() - 1 {
                0 => String::new(),
                others => format!(" and {others} more"),
            };
            let cause = format!(
                "frames are counted at another rate than the video's and were placed by their times: {} at {} instead of {} a \
                 second{more}",
                path.display(),
                rounded(rate),
                rounded(own)
            );
            let remedy = "Check the segments, and the column fps if they are not where they should be";
            notes.push(ListingPlace::whole(list).problem(ProblemKind::Malformed, &cause, remedy));
        }
        notes
    }
}

/// Reads a table. A label is the name of a class, or its number from 0 if a class file is given; without one, the
/// classes are the labels of the table, in alphabetical or numerical order.
pub(super) fn read(source: &ListSource) -> Result<Listing> {
    let Table { mut records, problems } = Table::parse(&text::read(&source.list)?);
    split_at_blanks(&mut records);
    let is_kinetics = name_path(&mut records);
    let split =
        records.first().and_then(|(_, cells)| cells.iter().position(|cell| cell.trim().eq_ignore_ascii_case(SPLIT)));
    let header = match records.first() {
        Some((line, cells)) => Columns::of_header(cells).map_err(|names| {
            let cause = format!("line {line}: the columns {names} are not known");
            let remedy = "Name them start and end for seconds, start_frame and end_frame for frames";
            Error::file(&source.list, cause, remedy)
        })?,
        None => None,
    };
    let has_header = header.is_some();
    if has_header {
        records.remove(0);
    }
    let columns = header.unwrap_or_default();
    let split = split.filter(|_| has_header);
    let taken = split.and_then(|split| keep_subset(&mut records, split, source.subset));
    if !has_header {
        records.iter_mut().for_each(|(_, cells)| with_group_in_place(cells));
    }
    let mut finder = ClipFinder::new(&source.clips);
    if !has_header {
        refuse_exchanged(&records, source, &mut finder)?;
    }
    let (classes, is_named) = match &source.classes {
        Some(path) => (ClassIndex::named(path)?, true),
        None => (ClassIndex::of(labels(&records, &columns)), false),
    };
    let mut listing = Listing::of(classes.names.clone());
    let list: Arc<Path> = source.list.as_path().into();
    let note = |cause: String| {
        let remedy = "Change the column split if other rows are meant";
        ListingPlace::whole(&list).problem(ProblemKind::LeftOut, &cause, remedy)
    };
    listing.notes.extend(taken.map(note));
    for (line, cause) in problems {
        let remedy = "Close the quotes, and double those inside a cell";
        listing.problems.push(ListingPlace::line(&list, line).problem(ProblemKind::Malformed, cause, remedy));
    }
    let numbered = |(_, cells): &'_ Record| {
        let number = number(columns.label(cells), &classes)?;
        Some((columns.path(cells).to_owned(), number))
    };
    let numbered: Vec<(String, usize)> = records.iter().filter(|_| is_named).filter_map(numbered).collect();
    let numbered = numbered.iter().map(|(name, number)| (name.as_str(), *number));
    let counting = is_named.then(|| Counting::of(0, &classes, numbered));
    listing.notes.extend(counting.and_then(|counting| counting.note(0, &ListingPlace::whole(&list))));
    let meaning = Meaning { columns, classes: &classes, counting, is_kinetics };
    let mut assumed = Assumed::default();
    for (line, cells) in &records {
        listing.push(row(cells, &meaning, ListingPlace::line(&list, *line), &mut finder, &mut assumed));
    }
    listing.notes.extend(assumed.notes(&list));
    Ok(listing)
}

/// Splits rows of a single cell: `path label`, or as many words as a header has.
fn split_at_blanks(records: &mut [Record]) {
    let Some((_, first)) = records.first() else { return };
    let is_single = |cells: &[String]| matches!(cells, [cell] if cell.trim().contains(char::is_whitespace));
    if !is_single(first) {
        return;
    }
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<String>>();
    let has_header = matches!(Columns::of_header(&words(&first[0])), Ok(Some(_)));
    for (_, cells) in records.iter_mut().filter(|(_, cells)| is_single(cells)) {
        let text = cells[0].trim();
        *cells = match text.rsplit_once(char::is_whitespace) {
            Some((path, label)) if !has_header => vec![path.trim_end().to_owned(), label.to_owned()],
            _ => words(text),
        };
    }
}

/// Returns `true` if the table is Kinetics', whose videos are then called as those of others are.
fn name_path(records: &mut [Record]) -> bool {
    let header = records.first_mut().map(|(_, cells)| cells);
    let id = header.and_then(|cells| cells.iter_mut().find(|cell| cell.trim().eq_ignore_ascii_case(YOUTUBE_ID)));
    id.map(|cell| "path".clone_into(cell)).is_some()
}

/// Keeps only the rows of a subset if the table has several. Test rows are those named `test`, or otherwise `val`.
/// Returns a remark on the rows that were used if that is not evident.
fn keep_subset(records: &mut Vec<Record>, split: usize, subset: Subset) -> Option<String> {
    let of = |cells: &[String]| cells.get(split).map(|cell| cell.trim().to_lowercase()).unwrap_or_default();
    let splits: BTreeSet<String> = records.iter().map(|(_, cells)| of(cells)).collect();
    if splits.len() < 2 {
        return None;
    }
    if subset == Subset::Train {
        records.retain(|(_, cells)| of(cells).starts_with("train"));
        return None;
    }
    let is_of = |start: &str| splits.iter().any(|split| split.starts_with(start));
    let start = ["test", "val"].into_iter().find(|start| is_of(start));
    let is_taken = |split: &str| start.map_or(!split.starts_with("train"), |start| split.starts_with(start));
    let named = |taken: bool| {
        let names = splits.iter().filter(|split| !split.starts_with("train") && is_taken(split) == taken);
        names.map(|split| format!("'{split}'")).collect::<Vec<_>>().join(" and ")
    };
    let (taken, left_out) = (named(true), named(false));
    records.retain(|(_, cells)| is_taken(&of(cells)));
    match start {
        _ if !left_out.is_empty() => {
            Some(format!("tested on the rows of the split {taken}, not on those of {left_out}"))
        }
        Some("test") => None,
        _ => Some(format!("tested on the rows of the split {taken}, as it has none called test")),
    }
}

/// Fails for a table without a header whose first row has its clip in another column.
fn refuse_exchanged(records: &[Record], source: &ListSource, finder: &mut ClipFinder) -> Result<()> {
    let Some((line, cells)) = records.first() else { return Ok(()) };
    let mut is_clip = |cell: &String| !cell.trim().is_empty() && finder.find(cell.trim()).is_some();
    match cells.iter().position(&mut is_clip).filter(|&column| column > 0) {
        Some(column) => {
            let cause = format!("line {line}: the clips are in column {}, but belong in the first", column + 1);
            let remedy = "Write a header above, such as label,path, or put the columns in the order path,label";
            Err(Error::file(&source.list, cause, remedy))
        }
        None => Ok(()),
    }
}

/// Returns the number in a label, unless it is the name of a class.
fn number(label: &str, classes: &ClassIndex) -> Option<usize> {
    if classes.find(label).is_some() { None } else { label.parse().ok() }
}

/// Returns the labels of the table, sorted, numerically if all are numbers.
fn labels(records: &[Record], columns: &Columns) -> Vec<String> {
    let cells = records.iter().map(|(_, cells)| columns.label(cells));
    let mut labels: Vec<String> =
        cells.filter(|label| !label.is_empty()).map(|label| composed(label).into_owned()).collect();
    labels.sort();
    labels.dedup();
    if labels.iter().all(|label| label.parse::<u64>().is_ok()) {
        labels.sort_by_key(|label| label.parse::<u64>().unwrap_or_default());
    }
    labels
}

fn row(
    cells: &[String],
    meaning: &Meaning<'_>,
    place: ListingPlace,
    finder: &mut ClipFinder,
    assumed: &mut Assumed,
) -> std::result::Result<ListingRow, Problem> {
    let refuse = |kind, cause: String, remedy| Err(place.problem(kind, &cause, remedy));
    let Meaning { columns, classes, counting, is_kinetics } = meaning;
    let (name, class) = (columns.path(cells), columns.label(cells));
    if name.is_empty() || class.is_empty() {
        let remedy = "Give at least the path and the label, separated by a comma";
        return refuse(ProblemKind::Malformed, format!("'{}' is not 'path,label'", cells.join(",")), remedy);
    }
    let numbered = || counting.and_then(|counting| counting.label(number(class, classes)?));
    let is_number = classes.find(class).is_none();
    let Some(label) = classes.find(class).or_else(numbered).filter(|&label| label < classes.names.len()) else {
        return refuse(ProblemKind::Label, format!("there is no class '{class}'"), "Correct the row or the classes");
    };
    let clash = counting.filter(|_| is_number).and_then(|counting| counting.clash(classes, name, label, &place));
    if let Some(problem) = clash {
        return Err(problem);
    }
    let part = columns.part(cells).map_err(|cause| {
        let remedy = "Give the start and the end in seconds or as frames, or neither";
        place.problem(ProblemKind::Malformed, &cause, remedy)
    })?;
    if let Part::Secs(start, end) = part {
        place.segment(start, end)?;
    }
    let cut = is_kinetics.then(|| kinetics_clip(name, class, part, finder)).flatten();
    let part = if cut.is_some() { Part::Whole } else { part };
    let path = match cut {
        Some(path) => path,
        None => place.find(finder, name)?,
    };
    let segment_secs = match part {
        Part::Whole => None,
        Part::Secs(start, end) => Some([start, end]),
        Part::Frames(start, end) if start < end => {
            let rate = columns.rate(cells);
            let counted = counted_frames(&path, start..end, rate).map_err(|error| {
                let Error { subject, cause, remedy, .. } = error;
                place.problem(ProblemKind::Malformed, &format!("{subject}: {cause}"), &remedy)
            })?;
            if counted.is_cut {
                let cause = "the segment extends past the end of the video and was trimmed";
                assumed.cut.push(place.problem(ProblemKind::LeftOut, cause, "Check the segment"));
            }
            assumed.rescaled.extend(rate.zip(counted.other_rate).map(|(rate, own)| (path.clone(), [rate, own])));
            Some(counted.secs)
        }
        Part::Frames(start, end) => {
            let remedy = "Give the first frame and the one after the last";
            return refuse(ProblemKind::Malformed, format!("frames {start} to {end} are not a valid segment"), remedy);
        }
    };
    let group = Some(columns.group(cells).trim()).filter(|group| !group.is_empty()).map(str::to_owned);
    let group = group.or_else(|| is_kinetics.then(|| name.to_owned()));
    let group = group.or_else(|| group_of(&path, &classes.names[label]));
    Ok(ListingRow { clip: LabelledClip { path, label, segment_secs, group, also: Vec::new() }, place, frames: None })
}

/// Returns the clip that Kinetics' tools extract from video `id`: `id_000059_000069`, in the folder itself or in that
/// of its class.
fn kinetics_clip(id: &str, class: &str, part: Part, finder: &mut ClipFinder) -> Option<PathBuf> {
    let Part::Secs(start, end) = part else { return None };
    let name = format!("{id}_{:06}_{:06}", start.round() as u64, end.round() as u64);
    let folders = [String::new(), format!("{class}/"), format!("{}/", class.replace(' ', "_"))];
    folders.iter().find_map(|folder| finder.find(&format!("{folder}{name}")))
}
