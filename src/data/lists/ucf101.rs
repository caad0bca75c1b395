//! UCF101: `classInd.txt` (`id name`, from 1), `trainlistNN.txt` (`Class/clip.avi id`), `testlistNN.txt` (without the id).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::class_index::ClassIndex;
use super::clip_finder::ClipFinder;
use super::counting::Counting;
use crate::annotations::text;
use crate::annotations::ucf101::{CLASS_INDEX, fields, folder_of};
use crate::data::labelled_clip::group_of;
use crate::data::listing::{Listing, ListingPlace, ListingRow, Problem, ProblemKind};
use crate::data::{LabelledClip, ListSource};
use crate::error::{Error, Result};

/// Reads a list. A label that it leaves out follows from the folder of the clip.
pub(super) fn read(source: &ListSource) -> Result<Listing> {
    let index = class_index(source)?;
    let classes = ClassIndex::numbered(&index)?;
    let mut finder = ClipFinder::new(&source.clips);
    let mut listing = Listing::of(classes.names.clone());
    let list: Arc<Path> = source.list.as_path().into();
    let lines = text::lines(&source.list)?;
    let numbered = lines.iter().map(|(_, line)| fields(line)).filter_map(|(name, number)| Some((name, number?)));
    let counting = Counting::of(1, &classes, numbered);
    listing.notes.extend(counting.note(1, &ListingPlace::whole(&list)));
    for (number, line) in lines {
        let place = ListingPlace::line(&list, number);
        listing.push(row(&line, place, &classes, counting, &index, &mut finder));
    }
    Ok(listing)
}

fn row(
    line: &str,
    place: ListingPlace,
    classes: &ClassIndex,
    counting: Counting,
    index: &Path,
    finder: &mut ClipFinder,
) -> std::result::Result<ListingRow, Problem> {
    let (name, number) = fields(line);
    let label = number.map_or_else(|| classes.find(folder_of(name)), |number| counting.label(number));
    let Some(label) = label.filter(|&label| label < classes.names.len()) else {
        let cause = format!("no class of {} fits '{line}'", index.display());
        return Err(place.problem(ProblemKind::Label, &cause, "Correct the line or the class index"));
    };
    if let Some(problem) = counting.clash(classes, name, label, &place) {
        return Err(problem);
    }
    let path = place.find(finder, name)?;
    let group = group_of(&path, &classes.names[label]);
    Ok(ListingRow { clip: LabelledClip { path, label, segment_secs: None, group }, place, frames: None })
}

/// Returns the class index that was named, or the one beside the list.
fn class_index(source: &ListSource) -> Result<PathBuf> {
    let beside = || Some(source.list.with_file_name(CLASS_INDEX)).filter(|path| path.is_file());
    source.classes.clone().or_else(beside).ok_or_else(|| {
        let cause = format!("no class index is named, and there is no {CLASS_INDEX} beside the list");
        Error::file(&source.list, cause, "Name the file with the numbers and names of the classes")
    })
}
