//! Our own JSON: everything that is said in a project, by the names of the classes.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::{Document, Facts};
use super::sheet::{Clip, Sheet, SheetClass, Span, Stretch, color_of_hex};
use super::{Exported, text, write_file};
use crate::error::{Error, Result};

/// The version of the file.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
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
    videos: Vec<VideoEntry>,
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
    /// As [`StoredPath`](super::super::StoredPath) writes it.
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    facts: Option<Facts>,
    /// Empty: unlabelled; `background`: none of the classes.
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    segments: Vec<SegmentEntry>,
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

pub(super) fn write(sheet: &Sheet, document: &Document, dir: &Path, target: &Path) -> Result<Exported> {
    let classes = sheet.classes.iter().map(|class| ClassEntry { name: class.name.clone(), color: class.hex() });
    let file = File {
        version: VERSION,
        project: document.settings.name.clone(),
        folder: dir.to_string_lossy().into_owned(),
        multi_label: document.settings.multi_label,
        classes: classes.collect(),
        videos: sheet.clips.iter().cloned().map(entry).collect(),
    };
    let failed = |error: serde_json::Error| Error::file(target, error.to_string(), "Report this");
    let mut exported = Exported::default();
    write_file(target, &serde_json::to_string_pretty(&file).map_err(failed)?, &mut exported)?;
    Ok(exported)
}

fn entry(clip: Clip) -> VideoEntry {
    let Clip { stored: path, facts, labels, stretches, group, note, reviewer, .. } = clip;
    let segments = stretches.into_iter().filter_map(|stretch| {
        let (start, end) = stretch.frames()?;
        Some(SegmentEntry { label: stretch.label, start, end, note: stretch.note })
    });
    VideoEntry { path, facts, labels, segments: segments.collect(), group, note, reviewer }
}

pub(super) fn read(source: &Path) -> Result<Sheet> {
    let file: File = text::json(source, "Motionscope's JSON of labels")?;
    if file.version > VERSION {
        let cause = format!("it was written by a newer version of Motionscope (format {})", file.version);
        return Err(Error::file(source, cause, "Update Motionscope to import it"));
    }
    let classes = file.classes.into_iter();
    let classes = classes.map(|class| SheetClass { color: color_of_hex(&class.color), name: class.name });
    let clips = file.videos.into_iter().enumerate().map(|(place, video)| clip(video, place + 1));
    Ok(Sheet { classes: classes.collect(), clips: clips.collect(), ..Sheet::default() })
}

fn clip(video: VideoEntry, number: usize) -> Clip {
    let stretches = video.segments.into_iter().enumerate().map(|(place, segment)| Stretch {
        note: segment.note,
        place: format!("video {number}, segment {}", place + 1),
        ..Stretch::new(segment.label, Span::Frames(segment.start, segment.end))
    });
    Clip {
        facts: video.facts,
        labels: video.labels,
        stretches: stretches.collect(),
        group: video.group,
        note: video.note,
        reviewer: video.reviewer,
        ..Clip::named(video.path, format!("video {number}"))
    }
}
