//! ActivityNet's JSON: `database` → video → `subset`, `annotations` with `segment` in seconds and `label`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::class_index::ClassIndex;
use super::clip_finder::ClipFinder;
use super::listing::{Listing, Place, Problem, ProblemKind, Row};
use super::{LabelledClip, ListSource, Subset, text};
use crate::error::{Error, Result};

#[derive(Deserialize)]
struct Annotations {
    database: BTreeMap<String, Video>,
}

#[derive(Deserialize)]
struct Video {
    subset: String,
    #[serde(default)]
    annotations: Vec<Annotation>,
}

#[derive(Deserialize)]
struct Annotation {
    label: String,
    segment: [f64; 2],
}

/// Reads the videos of one subset, a clip per segment. The classes are all labels of the file, in alphabetical order, or those
/// of a file of classes. Videos are called `ID` or `v_ID`, with any ending.
pub(super) fn read(source: &ListSource) -> Result<Listing> {
    let text = text::read(&source.list)?;
    let Annotations { database } = serde_json::from_str(&text).map_err(|error| {
        let cause = format!("not ActivityNet's JSON: {error}"); // which tells line and column
        Error::file(&source.list, cause, "Expected \"database\": videos with \"subset\" and \"annotations\"")
    })?;
    let classes = match &source.classes {
        Some(path) => ClassIndex::named(path)?,
        None => {
            let mut labels: Vec<_> =
                database.values().flat_map(|video| &video.annotations).map(|a| a.label.clone()).collect();
            labels.sort();
            labels.dedup();
            ClassIndex::of(labels)
        }
    };
    // Test videos come without annotations, so that validation videos are what is tested on.
    let wanted = if source.subset == Subset::Test { "validation" } else { "training" };
    let mut finder = ClipFinder::new(&source.clips);
    let mut listing = Listing::of(classes.names.clone());
    let list: Arc<Path> = source.list.as_path().into();
    for (id, video) in database.iter().filter(|(_, video)| video.subset == wanted) {
        let place = Place { file: list.clone(), within: Some(format!("video '{id}'")) };
        let path = match finder.find(&format!("v_{id}")).or_else(|| finder.find(id)) {
            Some(path) => path,
            None => {
                let cause = format!("{} does not exist, with any ending", finder.target(&format!("v_{id}")).display());
                let remedy = "Fetch the video, or leave out what is missing";
                listing.problems.push(place.problem(ProblemKind::Missing, &cause, remedy));
                continue;
            }
        };
        for annotation in &video.annotations {
            listing.push(row(annotation, id, &path, &place, &classes));
        }
    }
    Ok(listing)
}

fn row(
    annotation: &Annotation,
    id: &str,
    path: &Path,
    place: &Place,
    classes: &ClassIndex,
) -> std::result::Result<Row, Problem> {
    let [start, end] = annotation.segment;
    let segment_secs = Some(place.segment(start, end)?);
    let Some(label) = classes.find(&annotation.label) else {
        let cause = format!("there is no class '{}'", annotation.label);
        return Err(place.problem(ProblemKind::Label, &cause, "Correct the file of the classes"));
    };
    let clip = LabelledClip { path: path.to_owned(), label, segment_secs, group: Some(id.to_owned()) };
    Ok(Row { clip, place: place.clone(), frames: None })
}
