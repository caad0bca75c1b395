//! X-AnyLabeling's video classifier: one JSON file next to each video, with the same name (version 1.0.0,
//! `video_classification`).
//!
//! It has segments only. A label of the whole clip is written as a segment from the first frame to the last whose `id`
//! is `clip` and a number, which X-AnyLabeling keeps, with the note of the video as its description. Files are in
//! folders like the videos of the project; X-AnyLabeling finds them beside the videos. `path` is the project's path of
//! the video, which may be outside of its folder.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Exported;
use super::annotation_set::{AnnotatedClip, AnnotationClass, AnnotationSet, Extent, Span, color_of_hex};
use super::exported::{free_path, note_timeless, write_file};
use crate::annotations::text;
use crate::error::{Error, Result};
use crate::json_values;

const VERSION: &str = "1.0.0";
const TYPE: &str = "video_classification";

/// The prefix of the `id` of a whole-clip label, before its number.
const CLIP: &str = "clip";

/// Minimum share of the clip's length, as determined by X-AnyLabeling, for a label of the whole clip.
const WHOLE_SHARE: f64 = 0.9;

#[derive(Deserialize)]
struct XAnyFile {
    #[serde(default, deserialize_with = "json_values::as_text")]
    version: String,
    #[serde(default, deserialize_with = "json_values::as_text")]
    r#type: String,
    video: String,
    /// The path in the project, in an export of a project.
    #[serde(default)]
    path: Value,
    #[serde(default)]
    fps: Value,
    #[serde(default)]
    duration_ms: Value,
    #[serde(default)]
    labels: Value,
    #[serde(default)]
    label_colors: Value,
    #[serde(default)]
    segments: Option<Vec<Value>>,
}

#[derive(Deserialize)]
struct XAnySegment {
    #[serde(default)]
    id: Value,
    #[serde(deserialize_with = "json_values::as_text")]
    label: String,
    #[serde(default, deserialize_with = "json_values::as_number")]
    start_ms: Option<f64>,
    #[serde(default, deserialize_with = "json_values::as_number")]
    end_ms: Option<f64>,
    #[serde(default, deserialize_with = "json_values::as_number")]
    start_frame: Option<f64>,
    #[serde(default, deserialize_with = "json_values::as_number")]
    end_frame: Option<f64>,
    #[serde(default, deserialize_with = "json_values::as_text")]
    description: String,
}

pub(super) fn write(set: &AnnotationSet, target: &Path) -> Result<Exported> {
    let (mut exported, mut used, mut timeless) = (Exported::default(), BTreeSet::new(), 0);
    let colors: Map<_, _> = set.classes.iter().map(|class| (class.name.clone(), class.hex().into())).collect();
    for clip in &set.clips {
        let (Some(whole), Some(times), Some(facts)) = (clip.whole_secs(), clip.times(), &clip.facts) else {
            timeless += clip.spans.len() + clip.labels.len();
            continue;
        };
        // The description of the whole clip's segment holds the note of the video.
        let whole_clip =
            |label: &String| Span { note: clip.note.clone(), ..Span::new(label, Extent::Frames(0, facts.frames)) };
        let labels = clip.labels.iter().map(whole_clip);
        let labels = labels.enumerate().filter_map(|(number, part)| entry(clip, &part, format!("{CLIP}{number}")));
        let parts = clip.spans.iter().enumerate();
        let parts = parts.filter_map(|(number, part)| entry(clip, part, format!("s{number}")));
        let file = json!({
            "version": VERSION, "type": TYPE, "video": clip.file_name(), "path": clip.path, "fps": times.fps(),
            "duration_ms": millis(whole[1]), "width": facts.size[0], "height": facts.size[1],
            "labels": set.label_names(), "label_colors": colors, "segments": labels.chain(parts).collect::<Vec<_>>(),
        });
        let path = target.join(free_path(clip, "json", &mut used));
        write_file(&path, &format!("{file:#}\n"), &mut exported)?;
    }
    note_timeless(&mut exported, target, timeless);
    Ok(exported)
}

fn entry(clip: &AnnotatedClip, part: &Span, id: String) -> Option<Value> {
    let ([start_secs, end_secs], (start, end)) = clip.secs_of(part).zip(part.frames())?;
    Some(json!({
        "id": id, "label": part.label, "start_ms": millis(start_secs), "end_ms": millis(end_secs),
        "start_frame": start, "end_frame": end, "description": part.note,
    }))
}

fn millis(secs: f64) -> u64 {
    (secs * 1000.0).round() as u64
}

pub(super) fn read(source: &Path) -> Result<AnnotationSet> {
    let mut set = AnnotationSet::default();
    let is_folder = source.is_dir();
    for path in text::files(source, "json")? {
        let file: XAnyFile = match text::json(&path, "X-AnyLabeling's JSON of a video") {
            Ok(file) => file,
            Err(error) if is_folder => {
                set.notes.push(error);
                continue;
            }
            Err(error) => return Err(error),
        };
        let is_known = |text: &str, known: &str| text.is_empty() || text == known;
        let version = file.version.split('.').next().unwrap_or_default();
        if !is_known(&file.r#type, TYPE) || !is_known(version, "1") {
            let cause = format!("it is of type {} {}, not {TYPE} {VERSION}", file.r#type, file.version);
            set.notes.push(Error::file(&path, cause, "Export it again from X-AnyLabeling"));
            continue;
        }
        let folder = path.strip_prefix(source).ok().and_then(Path::parent).unwrap_or(Path::new(""));
        add(&mut set, file, folder, &text::place(source, &path, None), &path);
    }
    Ok(set)
}

fn add(set: &mut AnnotationSet, file: XAnyFile, folder: &Path, place: &str, path: &Path) {
    for name in file.labels.as_array().into_iter().flatten().filter_map(json_values::text) {
        if !set.classes.iter().any(|class| class.name == name) {
            let color = file.label_colors.get(&name).and_then(Value::as_str).and_then(color_of_hex);
            set.classes.push(AnnotationClass { name, color });
        }
    }
    let beside = folder.join(&file.video).to_string_lossy().replace('\\', "/");
    // Unless the file has been assigned to another video since.
    let path_of_project = file.path.as_str().filter(|path| path.rsplit('/').next() == Some(file.video.as_str()));
    let video = path_of_project.map_or(beside, str::to_owned);
    let duration_ms = json_values::number(&file.duration_ms);
    let rate = json_values::number(&file.fps).filter(|fps| *fps > 0.0);
    let length_secs = duration_ms.map(|millis| millis / 1000.0);
    let mut clip = AnnotatedClip { length_secs, rate, ..AnnotatedClip::named(video, place) };
    for (number, segment) in (1..).zip(file.segments.into_iter().flatten()) {
        let read = serde_json::from_value::<XAnySegment>(segment).map_err(|error| error.to_string());
        let read = read.and_then(|segment| Ok((segment.extent()?, segment)));
        let (extent, segment) = match read {
            Ok(read) => read,
            Err(cause) => {
                clip.left_out += 1;
                let cause = format!("segment {number}: {cause}; skipped");
                set.notes.push(Error::file(path, cause, "Correct the segment in X-AnyLabeling"));
                continue;
            }
        };
        if segment.is_whole(duration_ms) {
            clip.labels.push(segment.label);
            if !segment.description.is_empty() {
                clip.note = segment.description;
            }
            continue;
        }
        let place = format!("{place}: segment {number}").trim_start_matches(": ").to_owned();
        clip.spans.push(Span { note: segment.description, place, ..Span::new(segment.label, extent) });
    }
    set.clips.push(clip);
}

impl XAnySegment {
    /// Returns the extent. Frames are counted at the rate in the file, which may differ from the video's, and times are
    /// the player's; frames are used if there are no times.
    fn extent(&self) -> std::result::Result<Extent, String> {
        if let Some((start, end)) = self.start_ms.zip(self.end_ms) {
            return Ok(Extent::Secs(start / 1000.0, end / 1000.0));
        }
        let whole = |frame: f64| (frame >= 0.0 && frame.fract() == 0.0).then_some(frame as usize);
        match self.start_frame.zip(self.end_frame) {
            Some((start, end)) => match whole(start).zip(whole(end)) {
                // An event without duration is one frame.
                Some((start, end)) if start <= end => Ok(Extent::Frames(start, end.max(start.saturating_add(1)))),
                _ => Err(format!("frames {start} to {end} are not a valid segment")),
            },
            None => Err("it has neither start_ms and end_ms nor start_frame and end_frame".into()),
        }
    }

    /// Returns `true` if it is a label of the whole clip, as [`write()`] wrote it: others may begin their names so as
    /// well.
    fn is_whole(&self, duration_ms: Option<f64>) -> bool {
        let number = self.id.as_str().and_then(|id| id.strip_prefix(CLIP)).unwrap_or_default();
        let is_numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let reaches_end = duration_ms.zip(self.end_ms).is_none_or(|(length, end)| end >= WHOLE_SHARE * length);
        is_numbered && self.start_frame.unwrap_or(0.0) == 0.0 && reaches_end
    }
}
