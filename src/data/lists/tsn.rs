//! TSN and later tools: `path frames label` per line, labels from 0; a clip is a folder of pictures or a video.

use std::path::Path;
use std::sync::Arc;

use super::class_index::ClassIndex;
use super::clip_finder::ClipFinder;
use super::counting::Counting;
use crate::annotations::text;
use crate::data::labelled_clip::group_of;
use crate::data::listing::{Listing, ListingPlace, ListingRow, Problem, ProblemKind};
use crate::data::{LabelledClip, ListSource};
use crate::error::Result;
use crate::plural::counted;

/// More classes than any data set has: larger labels are errors in the list.
const MAX_CLASSES: usize = 100_000;

/// The fields of a line.
pub(super) struct TsnFields<'a> {
    path: &'a str,
    frames: usize,
    label: usize,
}

impl<'a> TsnFields<'a> {
    /// Parses a line; `None` if it is malformed. Paths may contain spaces.
    pub fn of(line: &'a str) -> Option<Self> {
        let (rest, label) = line.rsplit_once(char::is_whitespace)?;
        let (path, frames) = rest.trim_end().rsplit_once(char::is_whitespace)?;
        Some(Self { path: path.trim_end(), frames: frames.parse().ok()?, label: label.parse().ok()? })
    }
}

/// Reads a list. Without a file of classes, classes are named by their numbers.
pub(super) fn read(source: &ListSource) -> Result<Listing> {
    let lines = text::lines(&source.list)?;
    let list: Arc<Path> = source.list.as_path().into();
    let fields = || lines.iter().filter_map(|(_, line)| TsnFields::of(line));
    let (classes, counting) = match &source.classes {
        Some(path) => {
            let classes = ClassIndex::named(path)?;
            let counting = Counting::of(0, &classes, fields().map(|fields| (fields.path, fields.label)));
            (classes, Some(counting))
        }
        None => {
            let highest = fields().map(|fields| fields.label).filter(|&label| label < MAX_CLASSES).max();
            let names = (0..highest.map_or(0, |highest| highest + 1)).map(|label| label.to_string());
            (ClassIndex::of(names.collect()), None)
        }
    };
    let mut finder = ClipFinder::new(&source.clips);
    let mut listing = Listing::of(classes.names.clone());
    listing.notes.extend(counting.and_then(|counting| counting.note(0, &ListingPlace::whole(&list))));
    for (number, line) in &lines {
        listing.push(row(line, ListingPlace::line(&list, *number), &classes, counting, &mut finder));
    }
    Ok(listing)
}

fn row(
    line: &str,
    place: ListingPlace,
    classes: &ClassIndex,
    counting: Option<Counting>,
    finder: &mut ClipFinder,
) -> std::result::Result<ListingRow, Problem> {
    let Some(TsnFields { path, frames, label: number }) = TsnFields::of(line) else {
        let cause = format!("'{line}' is not 'path frames label'");
        return Err(place.problem(ProblemKind::Malformed, &cause, "Give the number of frames and a label from 0"));
    };
    let label = counting.map_or(Some(number), |counting| counting.label(number));
    let Some((label, class)) = label.and_then(|label| Some((label, classes.names.get(label)?))) else {
        let first = counting.map_or(0, |counting| counting.first);
        let count = classes.names.len();
        let cause = format!("label {number} is out of range: {}, numbered from {first}", counted(count, "class"));
        return Err(place.problem(ProblemKind::Label, &cause, "Correct the line or the class index"));
    };
    if let Some(problem) = counting.and_then(|counting| counting.clash(classes, path, label, &place)) {
        return Err(problem);
    }
    let found = place.find(finder, path)?;
    let group = group_of(Path::new(path), class);
    let clip = LabelledClip { path: found, label, segment_secs: None, group, also: Vec::new() };
    Ok(ListingRow { clip, place, frames: Some(frames) })
}
