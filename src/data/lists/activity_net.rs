//! ActivityNet's JSON as a listing: one clip per annotation.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::class_index::ClassIndex;
use super::clip_finder::ClipFinder;
use crate::annotations::activity_net::{self, Annotation, Video};
use crate::data::listing::{Listing, ListingPlace, ListingRow, Problem, ProblemKind};
use crate::data::{LabelledClip, ListSource, Subset};
use crate::error::Result;

/// Tolerance in seconds for segments that end after the video, since annotators used another copy.
const SLACK_SECS: f64 = 0.1;

/// Reads the videos of one subset, a clip per annotation. The classes are all labels of the file, in alphabetical order, or those
/// of a file of classes. Videos are named `ID` or `v_ID`, with any ending, or by their `path`.
pub(super) fn read(source: &ListSource) -> Result<Listing> {
    let mut listing = Listing::default();
    let list: Arc<Path> = source.list.as_path().into();
    let videos = activity_net::read(&source.list)?;
    for video in &videos {
        let remedy = "Expected \"subset\", and \"annotations\" with \"label\" and \"segment\": [start, end]";
        let problem = |cause: &String| place(video, &list).problem(ProblemKind::Malformed, cause, remedy);
        listing.problems.extend(video.problems.iter().map(problem));
    }
    let classes = match &source.classes {
        Some(path) => ClassIndex::named(path)?,
        None => {
            let annotations = videos.iter().flat_map(|video| &video.annotations);
            ClassIndex::of_labels(annotations.map(|annotation| annotation.label.as_str()))
        }
    };
    listing.classes.clone_from(&classes.names);
    // Test videos have no annotations, so the validation videos are the test set.
    let wanted = if source.subset == Subset::Test { "validation" } else { "training" };
    // A file without subsets is used as a whole; among videos with subsets, one without is a training video.
    let is_one = videos.iter().all(|video| video.subset.is_empty());
    let is_wanted = |subset: &str| is_one || subset == wanted || (subset.is_empty() && source.subset == Subset::Train);
    let mut finder = ClipFinder::new(&source.clips);
    for video in videos.iter().filter(|video| is_wanted(&video.subset) && !video.annotations.is_empty()) {
        let place = place(video, &list);
        let Some(path) = find(video, source, &mut finder) else {
            let target = finder.target(&format!("v_{}", video.id));
            let also = video.path.as_ref().map(|path| format!(", nor {path}")).unwrap_or_default();
            let cause = format!("{} does not exist with any extension{also}", target.display());
            let remedy = "Download the video, or pass --skip-bad";
            listing.problems.push(place.problem(ProblemKind::Missing, &cause, remedy));
            continue;
        };
        for annotation in &video.annotations {
            match row(annotation, video, &place, &path, &classes, &mut listing.notes) {
                Ok(row) => listing.rows.extend(row),
                Err(problem) => listing.problems.push(problem),
            }
        }
    }
    Ok(listing)
}

fn place(video: &Video, list: &Arc<Path>) -> ListingPlace {
    ListingPlace { file: list.clone(), within: Some(format!("video '{}'", video.id)) }
}

/// Returns the file of a video: at its path, among the clips or beside the list, or under ActivityNet's own names.
fn find(video: &Video, source: &ListSource, finder: &mut ClipFinder) -> Option<PathBuf> {
    let named = video.path.as_ref().and_then(|path| {
        let beside = source.list.parent().map(|folder| folder.join(path)).filter(|path| path.is_file());
        finder.find(path).or(beside)
    });
    named.or_else(|| finder.find(&format!("v_{}", video.id))).or_else(|| finder.find(&video.id))
}

/// Returns the clip of an annotation; `None` if it begins after the end of the video.
fn row(
    annotation: &Annotation,
    video: &Video,
    place: &ListingPlace,
    path: &Path,
    classes: &ClassIndex,
    notes: &mut Vec<Problem>,
) -> std::result::Result<Option<ListingRow>, Problem> {
    let Some(label) = classes.find(annotation.label.trim()) else {
        let cause = format!("there is no class '{}'", annotation.label);
        return Err(place.problem(ProblemKind::Label, &cause, "Correct the class index"));
    };
    let segment_secs = if annotation.clip {
        None
    } else {
        let [start, end] = annotation.segment;
        place.segment(start, end)?;
        let duration = video.duration_secs.filter(|duration| *duration > 0.0).unwrap_or(f64::INFINITY);
        let mut note = |what: &str| {
            let cause =
                format!("'{}' from {start} to {end} s {what}: the video ends at {duration} s", annotation.label);
            notes.push(place.problem(ProblemKind::LeftOut, &cause, "Correct the segment or the duration"));
        };
        if start >= duration {
            note("is skipped");
            return Ok(None);
        }
        if end > duration + SLACK_SECS {
            note("is cut");
        }
        Some([start, end.min(duration)])
    };
    let recording = if video.group.is_empty() { &video.id } else { &video.group };
    let clip =
        LabelledClip { path: path.to_owned(), label, segment_secs, group: Some(recording.clone()), also: Vec::new() };
    Ok(Some(ListingRow { clip, place: place.clone(), frames: None }))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::data::Layout;

    #[test]
    fn videos_of_one_recording_are_one_group() {
        let dir = tempfile::tempdir().unwrap();
        let video = |id: &str, group: &str| {
            fs::write(dir.path().join(format!("{id}.mp4")), "").unwrap();
            let annotations = r#"[{"label": "groom", "segment": [0, 2]}]"#;
            format!(r#""{id}": {{"subset": "training", {group} "annotations": {annotations}}}"#)
        };
        let mouse1 = r#""group": "mouse1","#;
        let videos = [video("a", mouse1), video("b", mouse1), video("c", r#""group": "mouse2","#), video("d", "")];
        let list = dir.path().join("list.json");
        fs::write(&list, format!(r#"{{"database": {{{}}}}}"#, videos.join(", "))).unwrap();
        let source = ListSource { layout: Some(Layout::ActivityNet), ..ListSource::new(dir.path().into(), list) };
        let listing = read(&source).unwrap();
        let groups: Vec<_> = listing.rows.iter().map(|row| row.clip.group.clone().unwrap()).collect();
        assert_eq!(groups, ["mouse1", "mouse1", "mouse2", "d"]);
    }
}
