//! ActivityNet's JSON: `database` → video → `subset`, `duration`, `annotations` with `segment` in seconds and `label`; of an export
//! of a project also the `path` of a video, and which annotations are of the whole clip.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::class_index::ClassIndex;
use super::clip_finder::ClipFinder;
use super::listing::{Listing, Place, Problem, ProblemKind, Row};
use super::{LabelledClip, ListSource, Subset, text};
use crate::error::{Error, Result};
use crate::json_values;

/// Tolerance in seconds for segments that end after the video: annotators used another copy.
const SLACK_SECS: f64 = 0.1;

#[derive(Deserialize)]
struct Annotations {
    database: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Video {
    /// Empty where none is named.
    #[serde(default, deserialize_with = "json_values::as_text")]
    subset: String,
    #[serde(default)]
    duration: Value,
    annotations: Option<Vec<Value>>,
    path: Option<String>,
}

#[derive(Deserialize)]
struct Annotation {
    #[serde(deserialize_with = "json_values::as_text")]
    label: String,
    #[serde(deserialize_with = "json_values::as_pair")]
    segment: [f64; 2],
    /// Whether it is of the whole clip, in an export of a project.
    #[serde(default, deserialize_with = "json_values::as_flag")]
    clip: bool,
}

/// A video that could be read, where it stands, and the annotations of it that could be read.
struct Entry {
    id: String,
    place: Place,
    video: Video,
    annotations: Vec<Annotation>,
}

/// Reads the videos of one subset, a clip per annotation. The classes are all labels of the file, in alphabetical order, or those
/// of a file of classes. Videos are called `ID` or `v_ID`, with any ending, or as their `path` says.
pub(super) fn read(source: &ListSource) -> Result<Listing> {
    let text = text::read(&source.list)?;
    let Annotations { database } = serde_json::from_str(&text).map_err(|error| {
        let cause = format!("not ActivityNet's JSON: {error}"); // which tells line and column
        Error::file(&source.list, cause, "Expected \"database\": videos with \"subset\" and \"annotations\"")
    })?;
    let mut listing = Listing::default();
    let list: Arc<Path> = source.list.as_path().into();
    let entries: Vec<Entry> =
        database.into_iter().filter_map(|(id, video)| entry(id, video, &list, &mut listing.problems)).collect();
    let classes = match &source.classes {
        Some(path) => ClassIndex::named(path)?,
        None => {
            let annotations = entries.iter().flat_map(|entry| &entry.annotations);
            ClassIndex::of_labels(annotations.map(|annotation| annotation.label.as_str()))
        }
    };
    listing.classes.clone_from(&classes.names);
    // Test videos come without annotations, so that validation videos are what is tested on.
    let wanted = if source.subset == Subset::Test { "validation" } else { "training" };
    // A file that names no subsets is one; a video of others that names none is trained on.
    let is_one = entries.iter().all(|entry| entry.video.subset.is_empty());
    let is_wanted = |subset: &str| is_one || subset == wanted || (subset.is_empty() && source.subset == Subset::Train);
    let mut finder = ClipFinder::new(&source.clips);
    for entry in entries.iter().filter(|entry| is_wanted(&entry.video.subset) && !entry.annotations.is_empty()) {
        let Some(path) = find(entry, source, &mut finder) else {
            let target = finder.target(&format!("v_{}", entry.id));
            let also = entry.video.path.as_ref().map(|path| format!(", nor {path}")).unwrap_or_default();
            let cause = format!("{} does not exist, with any ending{also}", target.display());
            let remedy = "Fetch the video, or leave out what is missing";
            listing.problems.push(entry.place.problem(ProblemKind::Missing, &cause, remedy));
            continue;
        };
        for annotation in &entry.annotations {
            match row(annotation, entry, &path, &classes, &mut listing.notes) {
                Ok(row) => listing.rows.extend(row),
                Err(problem) => listing.problems.push(problem),
            }
        }
    }
    Ok(listing)
}

/// Returns the video `id`, unless it is not written as one; what is wrong with it or its annotations is added to `problems`.
fn entry(id: String, video: Value, list: &Arc<Path>, problems: &mut Vec<Problem>) -> Option<Entry> {
    let place = Place { file: list.clone(), within: Some(format!("video '{id}'")) };
    let mut refuse = |what: &str, error: &serde_json::Error| {
        let remedy = "Expected \"subset\", and \"annotations\" with \"label\" and \"segment\": [start, end]";
        problems.push(place.problem(ProblemKind::Malformed, &format!("{what}{error}"), remedy));
    };
    let mut video: Video = serde_json::from_value(video).map_err(|error| refuse("", &error)).ok()?;
    let annotations = video.annotations.take().unwrap_or_default().into_iter().enumerate();
    let annotations = annotations.filter_map(|(number, annotation)| {
        let what = format!("annotation {}: ", number + 1);
        serde_json::from_value(annotation).map_err(|error| refuse(&what, &error)).ok()
    });
    let annotations = annotations.collect();
    Some(Entry { id, place, video, annotations })
}

/// Returns the file of a video: where its path says, among the clips or beside the list, or where ActivityNet's own names are.
fn find(entry: &Entry, source: &ListSource, finder: &mut ClipFinder) -> Option<PathBuf> {
    let named = entry.video.path.as_ref().and_then(|path| {
        let beside = source.list.parent().map(|folder| folder.join(path)).filter(|path| path.is_file());
        finder.find(path).or(beside)
    });
    named.or_else(|| finder.find(&format!("v_{}", entry.id))).or_else(|| finder.find(&entry.id))
}

/// Returns the clip of an annotation; none where the video has ended before it begins.
fn row(
    annotation: &Annotation,
    entry: &Entry,
    path: &Path,
    classes: &ClassIndex,
    notes: &mut Vec<Problem>,
) -> std::result::Result<Option<Row>, Problem> {
    let place = &entry.place;
    let Some(label) = classes.find(annotation.label.trim()) else {
        let cause = format!("there is no class '{}'", annotation.label);
        return Err(place.problem(ProblemKind::Label, &cause, "Correct the file of the classes"));
    };
    let segment_secs = if annotation.clip {
        None
    } else {
        let [start, end] = annotation.segment;
        place.segment(start, end)?;
        let duration =
            json_values::number(&entry.video.duration).filter(|duration| *duration > 0.0).unwrap_or(f64::INFINITY);
        let mut note = |what: &str| {
            let cause =
                format!("'{}' from {start} to {end} s {what}: the video ends at {duration} s", annotation.label);
            notes.push(place.problem(ProblemKind::LeftOut, &cause, "Correct the segment or the duration"));
        };
        if start >= duration {
            note("is left out");
            return Ok(None);
        }
        if end > duration + SLACK_SECS {
            note("is cut");
        }
        Some([start, end.min(duration)])
    };
    let clip = LabelledClip { path: path.to_owned(), label, segment_secs, group: Some(entry.id.clone()) };
    Ok(Some(Row { clip, place: place.clone(), frames: None }))
}
