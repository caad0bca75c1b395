//! UCF101: `classInd.txt` (`id name`, from 1), `trainlistNN.txt` (`Class/clip.avi id`), `testlistNN.txt` (without the id). A list
//! without ids needs no class index: its classes are the folders, in alphabetical order.

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

/// Reads a list. A missing label is derived from the folder of the clip.
pub(super) fn read(source: &ListSource) -> Result<Listing> {
    let lines = text::lines(&source.list)?;
    let named = class_index(source);
    let classes = match &named {
        Some(index) => ClassIndex::numbered(index)?,
        None => folder_classes(&source.list, &lines)?,
    };
    let index = named.unwrap_or_else(|| source.list.clone());
    let mut finder = ClipFinder::new(&source.clips);
    let mut listing = Listing::of(classes.names.clone());
    let list: Arc<Path> = source.list.as_path().into();
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
    Ok(ListingRow {
        clip: LabelledClip { path, label, segment_secs: None, group, also: Vec::new() },
        place,
        frames: None,
    })
}

/// Returns the given class index, or the one beside the list.
fn class_index(source: &ListSource) -> Option<PathBuf> {
    let beside = || Some(source.list.with_file_name(CLASS_INDEX)).filter(|path| path.is_file());
    source.classes.clone().or_else(beside)
}

/// Returns the classes of a list without a class index: the folders of its clips.
fn folder_classes(list: &Path, lines: &[(usize, String)]) -> Result<ClassIndex> {
    let needs_index = |line: &str| match fields(line) {
        (_, Some(_)) => Some("has class numbers"),
        (name, None) if folder_of(name) == name => Some("has no folder"),
        _ => None,
    };
    match lines.iter().find_map(|(number, line)| Some((number, needs_index(line)?))) {
        None => Ok(ClassIndex::of_labels(lines.iter().map(|(_, line)| folder_of(line)))),
        Some((number, what)) => {
            let cause =
                format!("line {number} {what}, no class index is named, and there is no {CLASS_INDEX} beside the list");
            Err(Error::file(list, cause, "Name the file with the numbers and names of the classes"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_without_numbers_takes_its_classes_from_the_folders() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["wave/v_2.avi", "bend/v_1.avi", "jump/v_3.avi"] {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let list = dir.path().join("testlist01.txt");
        let source = ListSource::new(dir.path().into(), list.clone());
        std::fs::write(&list, "wave/v_2.avi\nbend/v_1.avi\n").unwrap();
        let listing = read(&source).unwrap();
        assert_eq!(listing.classes, ["bend", "wave"]);
        assert_eq!(listing.rows.iter().map(|row| row.clip.label).collect::<Vec<_>>(), [1, 0]);
        for (line, what) in [("jump/v_3.avi 3", "line 3 has class numbers"), ("v_3.avi", "line 3 has no folder")] {
            std::fs::write(&list, format!("wave/v_2.avi\nbend/v_1.avi\n{line}\n")).unwrap();
            let error = read(&source).unwrap_err();
            assert!(error.cause.starts_with(what) && error.cause.contains("no class index is named"), "{error}");
        }
    }
}
