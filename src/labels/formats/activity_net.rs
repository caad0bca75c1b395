//! ActivityNet's JSON: `database` → video → `subset`, `duration`, `annotations` with `segment` in seconds and `label`.
//!
//! Besides what ActivityNet has, a video says its `path`, and an annotation of the whole clip that it is one (`clip`).

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::csv::note_timeless;
use super::sheet::{Clip, Sheet, Span, Stretch};
use super::{Exported, text, write_file};
use crate::error::{Error, Result};

#[derive(Serialize, Deserialize)]
struct File {
    #[serde(default)]
    version: String,
    #[serde(default)]
    taxonomy: Vec<serde_json::Value>,
    database: BTreeMap<String, VideoEntry>,
}

#[derive(Serialize, Deserialize)]
struct VideoEntry {
    #[serde(default)]
    subset: String,
    #[serde(default)]
    duration: f64,
    #[serde(default)]
    annotations: Vec<Annotation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Annotation {
    label: String,
    segment: [f64; 2],
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    clip: bool,
}

pub(super) fn write(sheet: &Sheet, target: &Path) -> Result<Exported> {
    let mut stems: BTreeMap<&str, usize> = BTreeMap::new();
    for clip in &sheet.clips {
        *stems.entry(clip.stem()).or_default() += 1;
    }
    let (mut database, mut timeless) = (BTreeMap::new(), 0);
    for clip in &sheet.clips {
        let key = if stems[clip.stem()] == 1 { clip.stem() } else { &clip.path };
        timeless += if clip.clock.is_some() { 0 } else { clip.stretches.len() };
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
    let part = |stretch: &Stretch| {
        let segment = clip.secs_of(stretch)?.map(rounded);
        Some(Annotation { label: stretch.label.clone(), segment, clip: false })
    };
    let annotations = clip.labels.iter().map(whole).chain(clip.stretches.iter().filter_map(part)).collect();
    VideoEntry { subset: "training".into(), duration, annotations, path: Some(clip.path.clone()) }
}

/// Seconds to the microsecond.
fn rounded(secs: f64) -> f64 {
    (secs * 1e6).round() / 1e6
}

pub(super) fn read(source: &Path) -> Result<Sheet> {
    let file: File = text::json(source, "ActivityNet's JSON")?;
    let clips = file.database.into_iter().map(|(id, video)| {
        let place = format!("video {id}");
        let (whole, parts): (Vec<_>, Vec<_>) = video.annotations.into_iter().partition(|annotation| annotation.clip);
        let part = |Annotation { label, segment: [start, end], .. }| Stretch::new(label, Span::Secs(start, end));
        Clip {
            labels: whole.into_iter().map(|annotation| annotation.label).collect(),
            stretches: parts.into_iter().map(part).collect(),
            ..Clip::named(video.path.unwrap_or(id), place)
        }
    });
    Ok(Sheet { clips: clips.collect(), ..Sheet::default() })
}
