//! TSN and the tools after it: `path frames label` a line, labels from 0; a clip is a folder of pictures or a video.

use std::path::Path;
use std::sync::Arc;

use super::class_index::ClassIndex;
use super::clip_finder::ClipFinder;
use super::labelled_clip::group_of;
use super::listing::{Listing, Place, Problem, ProblemKind, Row};
use super::{LabelledClip, ListSource, text};
use crate::error::Result;

/// More classes than any data set has: a label beyond is a slip.
const MAX_CLASSES: usize = 100_000;

/// What a line says.
pub(super) struct Fields<'a> {
    path: &'a str,
    frames: usize,
    label: usize,
}

impl<'a> Fields<'a> {
    /// Takes a line apart; none if it is not written so. Paths may hold spaces.
    pub fn of(line: &'a str) -> Option<Self> {
        let (rest, label) = line.rsplit_once(char::is_whitespace)?;
        let (path, frames) = rest.trim_end().rsplit_once(char::is_whitespace)?;
        Some(Self { path: path.trim_end(), frames: frames.parse().ok()?, label: label.parse().ok()? })
    }
}

/// Reads a list. Without a file of classes they are called by their numbers.
pub(super) fn read(source: &ListSource) -> Result<Listing> {
    let lines = text::lines(&source.list)?;
    let classes = match &source.classes {
        Some(path) => ClassIndex::named(path)?.names,
        None => {
            let labels = lines.iter().filter_map(|(_, line)| Some(Fields::of(line)?.label));
            let highest = labels.filter(|&label| label < MAX_CLASSES).max();
            (0..highest.map_or(0, |highest| highest + 1)).map(|label| label.to_string()).collect()
        }
    };
    let mut finder = ClipFinder::new(&source.clips);
    let mut listing = Listing::of(classes);
    let list: Arc<Path> = source.list.as_path().into();
    for (number, line) in lines {
        let row = row(&line, Place::line(&list, number), &listing.classes, &mut finder);
        listing.push(row);
    }
    Ok(listing)
}

fn row(line: &str, place: Place, classes: &[String], finder: &mut ClipFinder) -> std::result::Result<Row, Problem> {
    let Some(Fields { path, frames, label }) = Fields::of(line) else {
        let cause = format!("'{line}' is not 'path frames label'");
        return Err(place.problem(ProblemKind::Malformed, &cause, "Give the number of frames and a label from 0"));
    };
    let Some(class) = classes.get(label) else {
        let cause = format!("label {label} is out of range, there are {} classes, from 0", classes.len());
        return Err(place.problem(ProblemKind::Label, &cause, "Correct the line or the file of the classes"));
    };
    let found = place.find(finder, path)?;
    let group = group_of(Path::new(path), class);
    let clip = LabelledClip { path: found, label, segment_secs: None, group };
    Ok(Row { clip, place, frames: Some(frames) })
}
