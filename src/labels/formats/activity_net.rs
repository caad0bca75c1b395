//! ActivityNet's JSON: `database` → video → `subset`, `duration`, `annotations` with `segment` in seconds and `label`.
//!
//! In addition to ActivityNet's fields, a video has its `path`, and an annotation of the whole clip is marked with `clip`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::annotation_set::{AnnotationSet, Clip, Extent, Span};
use super::exported::{note_timeless, write_file};
use super::{Exported, text};
use crate::error::{Error, Result};
use crate::json_values;

#[derive(Serialize)]
struct File {
    version: String,
    taxonomy: Vec<Value>,
    database: BTreeMap<String, VideoEntry>,
}

#[derive(Deserialize)]
struct Read {
    database: BTreeMap<String, Value>,
}

#[derive(Serialize, Deserialize)]
struct VideoEntry {
    #[serde(default)]
    subset: Value,
    #[serde(default)]
    duration: Value,
    #[serde(default)]
    annotations: Option<Vec<Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

#[derive(Deserialize)]
struct Annotation {
    #[serde(deserialize_with = "json_values::as_text")]
    label: String,
    #[serde(deserialize_with = "json_values::as_pair")]
    segment: [f64; 2],
    #[serde(default, deserialize_with = "json_values::as_flag")]
    clip: bool,
}

pub(super) fn write(set: &AnnotationSet, target: &Path) -> Result<Exported> {
    let mut stems: BTreeMap<&str, usize> = BTreeMap::new();
    for clip in &set.clips {
        *stems.entry(clip.stem()).or_default() += 1;
    }
    let (mut database, mut timeless) = (BTreeMap::new(), 0);
    for clip in &set.clips {
        let key = if stems[clip.stem()] == 1 { clip.stem() } else { &clip.path };
        timeless += if clip.clock.is_some() { 0 } else { clip.spans.len() };
        database.insert(key.to_owned(), entry(clip));
    }
    let file = File { version: "Motionscope".into(), taxonomy: Vec::new(), database };
    let text = serde_json::to_string_pretty(&file).map_err(|e| Error::file(target, e.to_string(), "Report this"))?;
    let mut exported = Exported::default();
    write_file(target, &text, &mut exported)?;
    note_timeless(&mut exported, target, timeless);
    Ok(exported)
}

fn entry(clip: &Clip) -> VideoEntry {
    let [start, duration] = clip.whole_secs().unwrap_or_default().map(rounded);
    let whole = |label: &String| Annotation { label: label.clone(), segment: [start, duration], clip: true };
    let part = |span: &Span| {
        let segment = clip.secs_of(span)?.map(rounded);
        Some(Annotation { label: span.label.clone(), segment, clip: false })
    };
    let annotations = clip.labels.iter().map(whole).chain(clip.spans.iter().filter_map(part));
    let value = |Annotation { label, segment, clip }: Annotation| match clip {
        true => json!({ "label": label, "segment": segment, "clip": true }),
        false => json!({ "label": label, "segment": segment }),
    };
    let annotations = Some(annotations.map(value).collect());
    VideoEntry { subset: "training".into(), duration: duration.into(), annotations, path: Some(clip.path.clone()) }
}

/// Seconds to the microsecond.
fn rounded(secs: f64) -> f64 {
    (secs * 1e6).round() / 1e6
}

pub(super) fn read(source: &Path) -> Result<AnnotationSet> {
    let file: Read = text::json(source, "ActivityNet's JSON")?;
    let mut set = AnnotationSet::default();
    for (id, entry) in file.database {
        let place = format!("video {id}");
        let left_out = |error: serde_json::Error| {
            let cause = format!("{place}: {error}; left out");
            Error::file(source, cause, "Correct the annotation")
        };
        let video = match serde_json::from_value::<VideoEntry>(entry) {
            Ok(video) => video,
            Err(error) => {
                set.notes.push(left_out(error));
                set.clips.push(Clip { left_out: 1, ..Clip::named(id, place) });
                continue;
            }
        };
        let length_secs = json_values::number(&video.duration);
        let mut clip = Clip { length_secs, ..Clip::named(video.path.unwrap_or(id), place.clone()) };
        for annotation in video.annotations.into_iter().flatten() {
            match serde_json::from_value(annotation) {
                Ok(Annotation { label, clip: true, .. }) => clip.labels.push(label),
                Ok(Annotation { label, segment: [start, end], .. }) => {
                    clip.spans.push(Span::new(label, Extent::Secs(start, end)));
                }
                Err(error) => {
                    clip.left_out += 1;
                    set.notes.push(left_out(error));
                }
            }
        }
        set.clips.push(clip);
    }
    Ok(set)
}
