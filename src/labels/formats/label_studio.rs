//! Label Studio tasks: segments as `TimelineLabels`, whole clips as `Choices`.
//!
//! Frames are counted from 1, and ranges include the last one. They are frames of the labelling interface, 24 per
//! second unless it sets another rate, and not the video's. So a task gives its rate as `fps`, a multiple of the
//! video's where frames begin between two frames of that, and the project's labelling interface is to use it:
//!
//! ```xml
//! <View>
//!   <Video name="video" value="$video" frameRate="$fps"/>
//!   <TimelineLabels name="timeline" toName="video"> <Label value="…"/> </TimelineLabels>
//!   <Choices name="clip" toName="video" choice="multiple"> <Choice value="…"/> </Choices>
//! </View>
//! ```
//!
//! On import the rate is that of the task, or of a result that has the number of frames and the duration, or 24, with a
//! remark. A video without annotations is unlabelled.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Exported;
use super::annotation_set::{AnnotatedClip, AnnotationSet, Extent, Span};
use super::exported::{note_timeless, write_file};
use crate::annotations::text;
use crate::error::{Error, Result};
use crate::frame_times::FrameTimes;
use crate::json_values;
use crate::plural::counted;

/// Keys of a task besides the video and its rate.
const GROUP: &str = "group";
const NOTE: &str = "note";

/// Frames per second of a labelling interface without a frame rate.
const USUAL_FPS: f64 = 24.0;

/// Maximum distance of a frame of the labelling interface from the video's frame, as a share of a frame at an even
/// rate.
const MAX_ERROR: f64 = 0.1;

#[derive(Deserialize)]
struct LabelStudioTask {
    data: serde_json::Map<String, Value>,
    #[serde(default)]
    annotations: Option<Vec<Value>>,
}

#[derive(Deserialize)]
struct LabelStudioAnnotation {
    #[serde(default)]
    was_cancelled: bool,
    #[serde(default)]
    result: Option<Vec<Value>>,
}

#[derive(Deserialize)]
struct Region {
    #[serde(default)]
    value: RegionValue,
    #[serde(default)]
    meta: Option<Meta>,
}

#[derive(Deserialize, Default)]
struct RegionValue {
    #[serde(default)]
    ranges: Option<Vec<FrameRange>>,
    #[serde(default, deserialize_with = "json_values::as_texts")]
    timelinelabels: Vec<String>,
    #[serde(default, deserialize_with = "json_values::as_texts")]
    choices: Vec<String>,
    /// Labels of a part in seconds, as for audio.
    #[serde(default, deserialize_with = "json_values::as_texts")]
    labels: Vec<String>,
    #[serde(default, deserialize_with = "json_values::as_number")]
    start: Option<f64>,
    #[serde(default, deserialize_with = "json_values::as_number")]
    end: Option<f64>,
    #[serde(default, rename = "framesCount", deserialize_with = "json_values::as_number")]
    frames: Option<f64>,
    #[serde(default, deserialize_with = "json_values::as_number")]
    duration: Option<f64>,
}

#[derive(Deserialize)]
struct FrameRange {
    #[serde(deserialize_with = "json_values::as_frame")]
    start: f64,
    #[serde(deserialize_with = "json_values::as_frame")]
    end: f64,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default, deserialize_with = "json_values::as_texts")]
    text: Vec<String>,
}

pub(super) fn write(set: &AnnotationSet, target: &Path) -> Result<Exported> {
    let tasks: Vec<_> = set.clips.iter().zip(1..).map(|(clip, id)| task(clip, id)).collect();
    let text = serde_json::to_string_pretty(&tasks).map_err(|e| Error::file(target, e.to_string(), "Report this"))?;
    let mut exported = Exported::default();
    write_file(target, &text, &mut exported)?;
    let timeless = set.clips.iter().filter(|clip| clip.clock.is_none()).map(|clip| clip.spans.len()).sum();
    note_timeless(&mut exported, target, timeless);
    Ok(exported)
}

fn task(clip: &AnnotatedClip, id: usize) -> Value {
    let mut result = Vec::new();
    if !clip.labels.is_empty() {
        let value = json!({ "choices": clip.labels });
        result
            .push(json!({ "id": "clip", "from_name": "clip", "to_name": "video", "type": "choices", "value": value }));
    }
    let fps = clip.times().and_then(rate);
    for (number, span) in clip.spans.iter().enumerate() {
        let Some((start, end)) = frames(clip, span, fps) else { continue };
        let ranges = json!([{ "start": start + 1, "end": end }]);
        let mut region = json!({
            "id": format!("segment{number}"), "from_name": "timeline", "to_name": "video", "type": "timelinelabels",
            "value": { "ranges": ranges, "timelinelabels": [span.label] },
        });
        if !span.note.is_empty() {
            region["meta"] = json!({ "text": [span.note] });
        }
        result.push(region);
    }
    let annotations = if result.is_empty() { json!([]) } else { json!([{ "result": result }]) };
    let mut data = json!({ "video": clip.path });
    if let Some(fps) = fps {
        data["fps"] = fps.into();
    }
    for (key, text) in [(GROUP, &clip.group), (NOTE, &clip.note)].into_iter().filter(|(_, text)| !text.is_empty()) {
        data[key] = text.as_str().into();
    }
    json!({ "id": id, "data": data, "annotations": annotations })
}

/// Returns a rate in frames per second at which all frames of a video are distinct: its own rate or, where the first
/// frame begins late, the multiple of it whose frames, counted from the beginning of the file, are near the video's.
fn rate(times: &FrameTimes) -> Option<f64> {
    let Some(stamps) = times.as_listed() else {
        let fps = times.fps()?;
        let late = times.start_secs() * fps;
        let is_near = |factor: &f64| (late * factor - (late * factor).round()).abs() / factor <= MAX_ERROR;
        // If half a frame of the finest rate is within the error, one of them is near.
        return (1..=5).map(f64::from).find(is_near).map(|factor| fps * factor);
    };
    let ends = stamps.iter().skip(1).copied().chain([times.end_secs()]);
    let shortest = stamps.iter().zip(ends).map(|(start, end)| end - start).fold(f64::INFINITY, f64::min);
    let fps = (2.0 / shortest).round();
    (fps.is_finite() && fps > 0.0).then_some(fps)
}

/// Returns the first frame of a part and the one after the last at the task's rate.
fn frames(clip: &AnnotatedClip, part: &Span, fps: Option<f64>) -> Option<(usize, usize)> {
    let ([start, end], fps) = clip.secs_of(part).zip(fps)?;
    let [start, end] = [start, end].map(|secs| (secs * fps).round() as usize);
    Some((start, end.max(start + 1)))
}

pub(super) fn read(source: &Path) -> Result<AnnotationSet> {
    let tasks: Vec<Value> = text::json(source, "a list of Label Studio's tasks")?;
    let mut set = AnnotationSet::default();
    let (mut assumed, mut others) = (0, 0);
    for (number, task) in (1..).zip(tasks) {
        let place = format!("task {number}");
        let left_out = |cause: String, remedy: &str| Error::file(source, format!("{place}: {cause}; skipped"), remedy);
        let task: LabelStudioTask = match serde_json::from_value(task) {
            Ok(task) => task,
            Err(error) => {
                set.notes.push(left_out(error.to_string(), "Export the task from Label Studio again"));
                continue;
            }
        };
        let Some(path) = video_of(&task) else {
            let cause = "its data name no video".into();
            set.notes.push(left_out(cause, "Give the path in \"data\": {\"video\": …}"));
            continue;
        };
        let said = |key: &str| task.data.get(key).and_then(json_values::text).unwrap_or_default();
        let (group, note) = (said(GROUP), said(NOTE));
        let mut clip = AnnotatedClip { group, note, ..AnnotatedClip::named(path, place.clone()) };
        let mut wrong = |clip: &mut AnnotatedClip, error: serde_json::Error| {
            clip.left_out += 1;
            set.notes.push(left_out(error.to_string(), "Correct the annotation in Label Studio"));
        };
        let mut regions: Vec<Region> = Vec::new();
        for annotation in task.annotations.iter().flatten() {
            let annotation = match LabelStudioAnnotation::deserialize(annotation) {
                Ok(annotation) => annotation,
                Err(error) => {
                    wrong(&mut clip, error);
                    continue;
                }
            };
            for region in annotation.result.iter().flatten().filter(|_| !annotation.was_cancelled) {
                match Region::deserialize(region) {
                    Ok(region) => regions.push(region),
                    Err(error) => wrong(&mut clip, error),
                }
            }
        }
        let fps = rate_of(&task, &regions);
        let has_ranges = regions.iter().any(|region| region.value.ranges.as_ref().is_some_and(|all| !all.is_empty()));
        assumed += usize::from(fps.is_none() && has_ranges);
        for region in regions {
            others += usize::from(!region.value.is_label());
            add(&mut clip, region, fps.unwrap_or(USUAL_FPS));
        }
        set.clips.push(clip);
    }
    if others > 0 {
        let cause = format!("results other than timeline labels and choices were skipped: {others}");
        set.remarks.push(Error::file(source, cause, "No action needed if they are boxes or texts"));
    }
    if assumed > 0 {
        let of = counted(assumed, "task");
        let cause = format!("the file has no frame rate for {of}; {USUAL_FPS} fps are assumed");
        let remedy = "Give \"fps\" in the data of the tasks if the labelling interface has another frameRate";
        set.remarks.push(Error::file(source, cause, remedy));
    }
    Ok(set)
}

impl RegionValue {
    /// Returns `true` if it labels the video or parts of it, and not boxes in it, texts or ratings.
    fn is_label(&self) -> bool {
        let is_timed = self.start.is_some() && self.end.is_some();
        !(self.timelinelabels.is_empty() && self.choices.is_empty()) || (is_timed && !self.labels.is_empty())
    }
}

/// Returns the frames per second at which the ranges of a task are counted, if the task has them.
fn rate_of(task: &LabelStudioTask, regions: &[Region]) -> Option<f64> {
    let makes_sense = |fps: &f64| fps.is_finite() && *fps > 0.0;
    let named = ["fps", "frameRate", "frame_rate", "framerate"].into_iter().find_map(|key| {
        let value = task.data.get(key)?;
        json_values::number(value).filter(makes_sense)
    });
    let counted =
        || regions.iter().find_map(|region| Some(region.value.frames? / region.value.duration?).filter(makes_sense));
    named.or_else(counted)
}

/// Returns the video of a task: the text whose key contains `video`, otherwise the only text.
fn video_of(task: &LabelStudioTask) -> Option<String> {
    let is_about = |key: &str| [GROUP, NOTE].contains(&key);
    let texts =
        || task.data.iter().filter(|(key, _)| !is_about(key)).filter_map(|(key, value)| Some((key, value.as_str()?)));
    let called = texts().find(|(key, _)| key.to_lowercase().contains("video"));
    let path = called.or_else(|| texts().next().filter(|_| texts().count() == 1))?.1;
    // Files served from a local folder, and uploaded ones, whose names are prefixed with eight characters.
    let served = path.split_once("/data/local-files/?d=").map_or(path, |(_, path)| path);
    let uploaded = served.split_once("/data/upload/").and_then(|(_, path)| path.rsplit('/').next()?.split_once('-'));
    Some(uploaded.filter(|(random, _)| random.len() == 8).map_or(served, |(_, name)| name).to_owned())
}

fn add(clip: &mut AnnotatedClip, region: Region, fps: f64) {
    let RegionValue { ranges, timelinelabels, choices, labels, start, end, .. } = region.value;
    let note = region.meta.map(|meta| meta.text.join("\n")).unwrap_or_default();
    clip.labels.extend(choices);
    for label in &timelinelabels {
        for range in ranges.iter().flatten() {
            let extent = Extent::Secs((range.start - 1.0).max(0.0) / fps, range.end / fps);
            clip.spans.push(Span { note: note.clone(), ..Span::new(label.clone(), extent) });
        }
    }
    if let Some((start, end)) = start.zip(end) {
        let part = |label| Span { note: note.clone(), ..Span::new(label, Extent::Secs(start, end)) };
        clip.spans.extend(labels.into_iter().map(part));
    }
}
