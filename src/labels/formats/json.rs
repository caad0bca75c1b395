//! The Motionscope JSON format: all labels of a project, by class name.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::{Document, Facts};
use super::Exported;
use super::annotation_set::{AnnotatedClip, AnnotationClass, AnnotationSet, Extent, Span, color_of_hex};
use super::exported::write_file;
use crate::annotations::text;
use crate::error::{Error, Result};

/// Version of the file format.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonFile {
    /// [`VERSION`].
    #[serde(rename = "motionscope-labels")]
    version: u32,
    #[serde(default)]
    project: String,
    /// The project's folder, to which paths are relative.
    #[serde(default)]
    folder: String,
    #[serde(default)]
    multi_label: bool,
    classes: Vec<ClassEntry>,
    videos: Vec<Value>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassEntry {
    name: String,
    #[serde(default)]
    color: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VideoEntry {
    /// Encoded as by [`StoredPath`](super::super::StoredPath).
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    facts: Option<Facts>,
    /// Empty if unlabelled; `background` for none of the classes.
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    segments: Vec<Value>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    group: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    note: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    reviewer: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SegmentEntry {
    label: String,
    /// The first frame.
    start: usize,
    /// The frame after the last one.
    end: usize,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    note: String,
}

pub(super) fn write(set: &AnnotationSet, document: &Document, dir: &Path, target: &Path) -> Result<Exported> {
    let failed = |error: serde_json::Error| Error::wrap(target, error, "Report this");
    let classes = set.classes.iter().map(|class| ClassEntry { name: class.name.clone(), color: class.hex() });
    let file = JsonFile {
        version: VERSION,
        project: document.settings.name.clone(),
        folder: dir.to_string_lossy().into_owned(),
        multi_label: document.settings.multi_label,
        classes: classes.collect(),
        videos: set.clips.iter().cloned().map(entry).collect::<serde_json::Result<_>>().map_err(failed)?,
    };
    let mut exported = Exported::default();
    write_file(target, &serde_json::to_string_pretty(&file).map_err(failed)?, &mut exported)?;
    Ok(exported)
}

fn entry(clip: AnnotatedClip) -> serde_json::Result<Value> {
    let AnnotatedClip { stored: path, facts, labels, spans, group, note, reviewer, .. } = clip;
    let segments = spans.into_iter().filter_map(|span| {
        let (start, end) = span.frames()?;
        Some(serde_json::to_value(SegmentEntry { label: span.label, start, end, note: span.note }))
    });
    let segments = segments.collect::<serde_json::Result<_>>()?;
    serde_json::to_value(VideoEntry { path, facts, labels, segments, group, note, reviewer })
}

pub(super) fn read(source: &Path) -> Result<AnnotationSet> {
    let file: JsonFile = text::json(source, "Motionscope's JSON of labels")?;
    if file.version > VERSION {
        let cause = format!("it was written by a newer version of Motionscope (format {})", file.version);
        return Err(Error::file(source, cause, "Update Motionscope to import it"));
    }
    let classes = file.classes.into_iter();
    let classes = classes.map(|class| AnnotationClass { color: color_of_hex(&class.color), name: class.name });
    let folder = Some(PathBuf::from(file.folder)).filter(|folder| folder.is_absolute());
    let mut set = AnnotationSet { classes: classes.collect(), folder, ..AnnotationSet::default() };
    for (number, video) in (1..).zip(file.videos) {
        let path = video.get("path").and_then(Value::as_str).unwrap_or_default().to_owned();
        let place = format!("video {number}");
        match serde_json::from_value(video) {
            Ok(video) => add(&mut set, video, place, source),
            Err(error) => {
                set.notes.push(Error::file(source, format!("{place}: {error}; skipped"), "Correct the video"));
                if !path.is_empty() {
                    set.clips.push(AnnotatedClip { left_out: 1, ..AnnotatedClip::escaped(path, place) });
                }
            }
        }
    }
    Ok(set)
}

fn add(set: &mut AnnotationSet, video: VideoEntry, place: String, source: &Path) {
    let VideoEntry { path, facts, labels, segments, group, note, reviewer } = video;
    let mut clip =
        AnnotatedClip { facts, labels, group, note, reviewer, ..AnnotatedClip::escaped(path, place.clone()) };
    for (number, segment) in (1..).zip(segments) {
        let place = format!("{place}, segment {number}");
        match serde_json::from_value::<SegmentEntry>(segment) {
            Ok(segment) => {
                let extent = Extent::Frames(segment.start, segment.end);
                clip.spans.push(Span { note: segment.note, place, ..Span::new(segment.label, extent) });
            }
            Err(error) => {
                clip.left_out += 1;
                set.notes.push(Error::file(source, format!("{place}: {error}; skipped"), "Correct the segment"));
            }
        }
    }
    set.clips.push(clip);
}
