//! HMDB51: one file `CLASS_test_splitN.txt` per class and split with `clip.avi 1`: 1 for training, 2 for test, 0 for
//! neither.

use std::path::Path;
use std::sync::Arc;

use super::clip_finder::ClipFinder;
use crate::annotations::text;
use crate::data::labelled_clip::group_of;
use crate::data::listing::{Listing, ListingPlace, ListingRow, Problem, ProblemKind};
use crate::data::{LabelledClip, ListSource, Subset};
use crate::error::Result;

/// Reads the files of one split; the classes are those of the files, in alphabetical order. Clips are in one folder per
/// class.
pub(super) fn read(source: &ListSource) -> Result<Listing> {
    let ending = format!("_test_split{}.txt", source.split);
    let files = text::class_files(&source.list, &[&ending], "HMDB51's lists", "HMDB51 has the splits 1, 2 and 3")?;
    let mut finder = ClipFinder::new(&source.clips);
    let mut listing = Listing::of(files.iter().map(|(class, _)| class.clone()).collect());
    for (label, (class, file)) in files.iter().enumerate() {
        let shared: Arc<Path> = file.as_path().into();
        for (number, line) in text::lines(file)? {
            let place = ListingPlace::line(&shared, number);
            match subset(&line, &place) {
                Ok((name, Some(subset))) if subset == source.subset => {
                    listing.push(row(class, label, name, place, &mut finder));
                }
                Ok(_) => {}
                Err(problem) => listing.problems.push(problem),
            }
        }
    }
    Ok(listing)
}

/// Parses a line into the clip and its subset.
fn subset<'a>(line: &'a str, place: &ListingPlace) -> std::result::Result<(&'a str, Option<Subset>), Problem> {
    match line.rsplit_once(char::is_whitespace).map(|(name, id)| (name.trim(), id)) {
        Some((name, "0")) => Ok((name, None)),
        Some((name, "1")) => Ok((name, Some(Subset::Train))),
        Some((name, "2")) => Ok((name, Some(Subset::Test))),
        _ => {
            let cause = format!("'{line}' is not 'clip.avi 0', 1 or 2");
            Err(place.problem(ProblemKind::Malformed, &cause, "1 is for training, 2 for testing, 0 for neither"))
        }
    }
}

fn row(
    class: &str,
    label: usize,
    name: &str,
    place: ListingPlace,
    finder: &mut ClipFinder,
) -> std::result::Result<ListingRow, Problem> {
    let path = place.find(finder, &format!("{class}/{name}"))?;
    let group = group_of(&path, class);
    Ok(ListingRow {
        clip: LabelledClip { path, label, segment_secs: None, group, also: Vec::new() },
        place,
        frames: None,
    })
}
