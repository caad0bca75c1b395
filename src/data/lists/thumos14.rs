//! THUMOS14's temporal annotations: a file `CLASS_val.txt` or `CLASS_test.txt` per class with `video start end` in seconds.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::class_index::ClassIndex;
use super::clip_finder::ClipFinder;
use crate::annotations::text;
use crate::annotations::thumos14::{AMBIGUOUS, TEST, VALIDATION, segment};
use crate::data::listing::{Listing, ListingPlace, ListingRow, Problem, ProblemKind};
use crate::data::{AmbiguousSegment, LabelledClip, ListSource, Subset};
use crate::error::Result;

/// Reads the files of one subset, one clip per segment. The classes are those of the files, in alphabetical order, or
/// those of `detclasslist.txt`.
pub(super) fn read(source: &ListSource) -> Result<Listing> {
    let ending = if source.subset == Subset::Test { TEST } else { VALIDATION };
    let remedy = "Name the folder of the annotations of this subset";
    let files = text::class_files(&source.list, &[ending], "THUMOS14's annotations", remedy)?;
    let classes = match &source.classes {
        Some(path) => ClassIndex::named(path)?,
        None => {
            ClassIndex::of(files.iter().map(|(class, _)| class.clone()).filter(|class| class != AMBIGUOUS).collect())
        }
    };
    let mut finder = ClipFinder::new(&source.clips);
    let mut listing = Listing::of(classes.names.clone());
    for (class, file) in &files {
        let label = classes.find(class);
        if label.is_none() && class != AMBIGUOUS {
            let cause = format!("there is no class '{class}'");
            let remedy = "Correct the class index, or remove this file";
            listing.problems.push(ListingPlace::whole(file).problem(ProblemKind::Label, &cause, remedy));
            continue;
        }
        let shared: Arc<Path> = file.as_path().into();
        for (number, line) in text::lines(file)? {
            let place = ListingPlace::line(&shared, number);
            match (find(&line, &place, &mut finder), label) {
                (Err(problem), _) => listing.problems.push(problem),
                (Ok((path, segment_secs)), None) => listing.ambiguous.push(AmbiguousSegment { path, segment_secs }),
                (Ok((path, segment_secs)), Some(label)) => {
                    let group = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
                    let clip = LabelledClip { path, label, segment_secs: Some(segment_secs), group, also: Vec::new() };
                    listing.rows.push(ListingRow { clip, place, frames: None });
                }
            }
        }
    }
    Ok(listing)
}

/// Parses a line into the video and its segment.
fn find(
    line: &str,
    place: &ListingPlace,
    finder: &mut ClipFinder,
) -> std::result::Result<(PathBuf, [f64; 2]), Problem> {
    let Some((video, [start, end])) = segment(line) else {
        let cause = format!("'{line}' is not 'video start end'");
        return Err(place.problem(ProblemKind::Malformed, &cause, "Give the start and the end in seconds"));
    };
    Ok((place.find(finder, video)?, place.segment(start, end)?))
}
