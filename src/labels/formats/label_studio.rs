//! Tasks of Label Studio: segments by `TimelineLabels`, whole clips by `Choices`.
//!
//! Frames are counted from 1 and the last one belongs to the range. A video without annotations is unlabelled. The labels
//! are to be in the project's labelling interface:
//!
//! ```xml
//! <View>
//!   <Video name="video" value="$video"/>
//!   <TimelineLabels name="timeline" toName="video"> <Label value="…"/> </TimelineLabels>
//!   <Choices name="clip" toName="video" choice="multiple"> <Choice value="…"/> </Choices>
//! </View>
//! ```

use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use super::sheet::{Clip, Sheet, Span, Stretch};
use super::{Exported, text, write_file};
use crate::error::{Error, Result};

#[derive(Deserialize)]
struct Task {
    data: serde_json::Map<String, Value>,
    #[serde(default)]
    annotations: Vec<Annotation>,
}

#[derive(Deserialize)]
struct Annotation {
    #[serde(default)]
    was_cancelled: bool,
    #[serde(default)]
    result: Vec<Region>,
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
    ranges: Vec<FrameRange>,
    #[serde(default)]
    timelinelabels: Vec<String>,
    #[serde(default)]
    choices: Vec<String>,
}

#[derive(Deserialize)]
struct FrameRange {
    start: f64,
    end: f64,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    text: Vec<String>,
}

pub(super) fn write(sheet: &Sheet, target: &Path) -> Result<Exported> {
    let tasks: Vec<_> = sheet.clips.iter().zip(1..).map(|(clip, id)| task(clip, id)).collect();
    let text = serde_json::to_string_pretty(&tasks).map_err(|e| Error::file(target, e.to_string(), "Report this"))?;
    let mut exported = Exported::default();
    write_file(target, &text, &mut exported)?;
    Ok(exported)
}

fn task(clip: &Clip, id: usize) -> Value {
    let mut result = Vec::new();
    if !clip.labels.is_empty() {
        let value = json!({ "choices": clip.labels });
        result
            .push(json!({ "id": "clip", "from_name": "clip", "to_name": "video", "type": "choices", "value": value }));
    }
    for (number, stretch) in clip.stretches.iter().enumerate() {
        let Some((start, end)) = stretch.frames() else { continue };
        let ranges = json!([{ "start": start + 1, "end": end }]);
        let mut region = json!({
            "id": format!("segment{number}"), "from_name": "timeline", "to_name": "video", "type": "timelinelabels",
            "value": { "ranges": ranges, "timelinelabels": [stretch.label] },
        });
        if !stretch.note.is_empty() {
            region["meta"] = json!({ "text": [stretch.note] });
        }
        result.push(region);
    }
    let annotations = if result.is_empty() { json!([]) } else { json!([{ "result": result }]) };
    json!({ "id": id, "data": { "video": clip.path }, "annotations": annotations })
}

pub(super) fn read(source: &Path) -> Result<Sheet> {
    let tasks: Vec<Task> = text::json(source, "a list of Label Studio's tasks")?;
    let mut sheet = Sheet::default();
    for (number, task) in (1..).zip(tasks) {
        let place = format!("task {number}");
        match video_of(&task) {
            Some(path) => {
                let mut clip = Clip::named(path, place);
                let done = task.annotations.into_iter().filter(|annotation| !annotation.was_cancelled);
                done.flat_map(|annotation| annotation.result).for_each(|region| add(&mut clip, region));
                sheet.clips.push(clip);
            }
            None => {
                let cause = format!("{place}: its data name no video; left out");
                sheet.notes.push(Error::file(source, cause, "Give the path in \"data\": {\"video\": …}"));
            }
        }
    }
    Ok(sheet)
}

/// The video of a task: what is called so, or else the only text there is.
fn video_of(task: &Task) -> Option<String> {
    let texts = || task.data.iter().filter_map(|(key, value)| Some((key, value.as_str()?)));
    let called = texts().find(|(key, _)| key.to_lowercase().contains("video"));
    let path = called.or_else(|| texts().next().filter(|_| texts().count() == 1))?.1;
    // Files served from a folder of the machine, and those that were uploaded, which have eight characters before the name.
    let served = path.split_once("/data/local-files/?d=").map_or(path, |(_, path)| path);
    let uploaded = served.split_once("/data/upload/").and_then(|(_, path)| path.rsplit('/').next()?.split_once('-'));
    Some(uploaded.filter(|(random, _)| random.len() == 8).map_or(served, |(_, name)| name).to_owned())
}

fn add(clip: &mut Clip, region: Region) {
    let note = region.meta.map(|meta| meta.text.join("\n")).unwrap_or_default();
    clip.labels.extend(region.value.choices);
    for label in &region.value.timelinelabels {
        for range in &region.value.ranges {
            let span = Span::Frames((range.start.round() as usize).saturating_sub(1), range.end.round() as usize);
            clip.stretches.push(Stretch { note: note.clone(), ..Stretch::new(label.clone(), span) });
        }
    }
}
