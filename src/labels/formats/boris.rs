//! A project of BORIS (`.boris`, format 7.0): an observation for each video, a state event for each label.
//!
//! BORIS pairs start and stop of the same behaviour of the same subject, so that labels of the whole clip are states of a
//! subject called `whole clip`. Comments hold the notes; an observation's description the note of the video. Read, every
//! behaviour is a class whatever its subject and its modifiers are, and a point event is one frame. The tables that BORIS
//! exports, tabular or aggregated events as CSV or TSV, are read as well.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::csv::note_timeless;
use super::sheet::{Clip, Sheet, SheetClass, Span, Stretch};
use super::{Exported, text, write_file};
use crate::error::{Error, Result};
use crate::frame_times::FrameTimes;
use crate::table::{Record, Table};

/// The subject of labels of whole clips.
const WHOLE: &str = "whole clip";

pub(super) fn write(sheet: &Sheet, target: &Path) -> Result<Exported> {
    let behaviour = |(number, name): (usize, &str)| {
        let key = if number < 10 { number.to_string() } else { String::new() };
        let behaviour = json!({
            "type": "State event", "key": key, "code": name, "description": "", "color": "", "category": "",
            "modifiers": {}, "excluded": "", "coding map": "",
        });
        (number.to_string(), behaviour)
    };
    let behaviours: Map<_, _> = sheet.label_names().into_iter().enumerate().map(behaviour).collect();
    let timeless = sheet.clips.iter().filter(|clip| clip.clock.is_none() && clip.is_labelled()).count();
    let observations: Map<_, _> = sheet.clips.iter().map(|clip| (clip.path.clone(), observation(clip))).collect();
    let project = json!({
        "time_format": "hh:mm:ss", "project_date": "1970-01-01T00:00:00", "project_name": "Motionscope",
        "project_description": "", "project_format_version": "7.0",
        "subjects_conf": { "0": { "key": "", "name": WHOLE, "description": "Labels of the whole clip" } },
        "behaviors_conf": behaviours, "observations": observations, "behavioral_categories": [],
        "behavioral_categories_config": {}, "independent_variables": {}, "coding_map": {}, "behaviors_coding_map": [],
        "converters": {},
    });
    let mut exported = Exported::default();
    write_file(target, &format!("{project:#}\n"), &mut exported)?;
    note_timeless(&mut exported, target, timeless);
    Ok(exported)
}

fn observation(clip: &Clip) -> Value {
    let mut events: Vec<(f64, Value)> = Vec::new();
    let mut add = |[start, end]: [f64; 2], frames: (usize, usize), subject: &str, label: &str, note: &str| {
        for (secs, comment, frame) in [(start, note, frames.0), (end, "", frames.1)] {
            let secs = millis(secs);
            events.push((secs, json!([secs, subject, label, "", comment, frame])));
        }
    };
    if let (Some(times), Some(whole)) = (clip.times(), clip.whole_secs()) {
        for label in &clip.labels {
            add(whole, (0, times.frames()), WHOLE, label, "");
        }
        for part in &clip.stretches {
            if let Some((secs, frames)) = clip.secs_of(part).zip(part.frames()) {
                add(secs, frames, "", &part.label, &part.note);
            }
        }
    }
    // In the order they were added where times are equal: a state that ends where the next one begins ends first.
    events.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let events: Vec<_> = events.into_iter().map(|(_, event)| event).collect();
    let about = |value: Value| json!({ clip.path.clone(): value });
    json!({
        "file": { "1": [clip.path] }, "type": "MEDIA", "date": "1970-01-01T00:00:00", "description": clip.note,
        "time offset": 0.0, "events": events, "observation time interval": [0, 0], "independent_variables": {},
        "visualize_spectrogram": false, "visualize_waveform": false, "close_behaviors_between_videos": false,
        "media_info": {
            "length": about(clip.whole_secs().map(|[_, end]| millis(end)).into()),
            "fps": about(clip.times().and_then(FrameTimes::fps).into()), "hasVideo": about(true.into()),
            "hasAudio": about(false.into()), "offset": { "1": 0.0 },
        },
    })
}

/// Seconds to the millisecond, as BORIS has them.
fn millis(secs: f64) -> f64 {
    (secs * 1000.0).round() / 1000.0
}

#[derive(Deserialize)]
struct Project {
    #[serde(default)]
    behaviors_conf: BTreeMap<String, Behaviour>,
    observations: BTreeMap<String, Observation>,
}

#[derive(Deserialize)]
struct Behaviour {
    code: String,
    #[serde(default)]
    r#type: String,
}

#[derive(Deserialize)]
struct Observation {
    /// By player; a list where the observation was live.
    #[serde(default)]
    file: Value,
    #[serde(default)]
    description: String,
    #[serde(default, rename = "time offset")]
    time_offset: f64,
    #[serde(default)]
    events: Vec<Vec<Value>>,
    #[serde(default)]
    media_info: MediaInfo,
}

#[derive(Deserialize, Default)]
struct MediaInfo {
    #[serde(default)]
    length: BTreeMap<String, Option<f64>>,
}

/// A start, a stop or a point.
struct Event {
    secs: f64,
    subject: String,
    code: String,
    comment: String,
    place: String,
}

pub(super) fn read(source: &Path) -> Result<Sheet> {
    let is_table =
        source.extension().is_some_and(|ending| ["csv", "tsv"].iter().any(|e| ending.eq_ignore_ascii_case(e)));
    if is_table {
        return read_events(source, Table::parse(&text::read(source)?));
    }
    let project: Project = text::json(source, "a project of BORIS")?;
    let codes: BTreeMap<usize, &Behaviour> = project
        .behaviors_conf
        .iter()
        .map(|(number, behaviour)| (number.parse().unwrap_or(usize::MAX), behaviour))
        .collect();
    let mut sheet = Sheet {
        classes: codes.values().map(|behaviour| SheetClass::named(&behaviour.code)).collect(),
        ..Sheet::default()
    };
    let is_point = |code: &str| {
        let mut all = project.behaviors_conf.values();
        all.any(|behaviour| behaviour.code == code && behaviour.r#type.to_lowercase().starts_with("point"))
    };
    for (name, observation) in project.observations {
        let place = format!("observation {name}");
        let media: Vec<String> = first_player(&observation.file);
        if media.is_empty() {
            let cause = format!("{place}: it has no media file; left out");
            sheet.notes.push(Error::file(source, cause, "Nothing can be done about live observations"));
            continue;
        }
        let mut clips = clips_of(&media, &observation, &place);
        let events = events_of(&observation, &place);
        for (event, stop) in paired(events, &is_point) {
            match stop {
                Some(stop) => add_state(&mut clips, &event, stop),
                None => {
                    let cause = format!("{}: {} starts and does not stop; left out", event.place, event.code);
                    sheet.notes.push(Error::file(source, cause, "Fix unpaired events in BORIS"));
                }
            }
        }
        sheet.clips.extend(clips.into_iter().map(|(clip, _)| clip));
    }
    Ok(sheet)
}

/// The media of the first player, which follow each other.
fn first_player(file: &Value) -> Vec<String> {
    let list = file.get("1").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A clip for each of the media, and when it begins.
fn clips_of(media: &[String], observation: &Observation, place: &str) -> Vec<(Clip, f64)> {
    let mut begin = observation.time_offset;
    let mut clips = Vec::new();
    for path in media {
        let note = if media.len() == 1 { observation.description.clone() } else { String::new() };
        clips.push((Clip { note, ..Clip::named(path, place) }, begin));
        let length = observation.media_info.length.get(path).copied().flatten();
        begin += length.filter(|secs| *secs > 0.0).unwrap_or(f64::INFINITY);
    }
    clips
}

fn events_of(observation: &Observation, place: &str) -> Vec<Event> {
    let mut events = Vec::new();
    for (number, fields) in (1..).zip(&observation.events) {
        let text = |place: usize| fields.get(place).and_then(Value::as_str).unwrap_or_default().to_owned();
        let Some(secs) = fields.first().and_then(Value::as_f64) else { continue };
        let (subject, code, comment) = (text(1), text(2), text(4));
        events.push(Event { secs, subject, code, comment, place: format!("{place}, event {number}") });
    }
    events.sort_by(|one, other| one.secs.total_cmp(&other.secs));
    events
}

/// The starts with their stops, in their order; points with themselves.
fn paired(events: Vec<Event>, is_point: &dyn Fn(&str) -> bool) -> Vec<(Event, Option<f64>)> {
    let mut pairs: Vec<(Event, Option<f64>)> = Vec::new();
    let mut open: BTreeMap<(String, String), usize> = BTreeMap::new();
    for event in events {
        let key = (event.subject.clone(), event.code.clone());
        if is_point(&event.code) {
            let secs = event.secs;
            pairs.push((event, Some(secs)));
        } else if let Some(start) = open.remove(&key) {
            pairs[start].1 = Some(event.secs);
        } else {
            open.insert(key, pairs.len());
            pairs.push((event, None));
        }
    }
    pairs
}

/// Adds a state to the medium in which it starts.
fn add_state(clips: &mut [(Clip, f64)], event: &Event, stop: f64) {
    let at = clips.iter().rposition(|(_, begin)| *begin <= event.secs).unwrap_or(0);
    let Some((clip, begin)) = clips.get_mut(at) else { return };
    if event.subject == WHOLE {
        return clip.labels.push(event.code.clone());
    }
    let span = Span::Secs(event.secs - *begin, stop - *begin);
    let (note, place) = (event.comment.clone(), event.place.clone());
    clip.stretches.push(Stretch { note, place, ..Stretch::new(event.code.clone(), span) });
}

/// Whether a table is one of BORIS' exports.
pub(super) fn is_table(table: &Table) -> bool {
    let is_header = |(_, cells): &Record| {
        let has = |title: &str| cells.iter().any(|cell| cell.trim() == title);
        has("Behavior") && (has("Media file name") || has("Media file path") || has("Media file"))
    };
    table.records.iter().any(is_header)
}

/// Reads tabular events (`Time`, `Status`) or aggregated events (`Start (s)`, `Stop (s)`).
pub(super) fn read_events(source: &Path, table: Table) -> Result<Sheet> {
    let wrong = |cause: String| Error::file(source, cause, "Export the events from BORIS as CSV or TSV");
    let rows = table.records;
    let is_header = |(_, cells): &Record| cells.iter().any(|cell| cell.trim() == "Behavior");
    let header = rows.iter().position(is_header).ok_or_else(|| wrong("there is no column Behavior".into()))?;
    let titles = &rows[header].1;
    let column = |names: &[&str]| titles.iter().position(|title| names.contains(&title.trim()));
    let behaviour = column(&["Behavior"]).unwrap_or_default();
    let media = column(&["Media file name", "Media file path", "Media file"]);
    let media = media.ok_or_else(|| wrong("there is no column with the media file".into()))?;
    let comment = column(&["Comment start", "Comment"]);
    let (start, stop) = (column(&["Start (s)"]), column(&["Stop (s)"]));
    let (time, status) = (column(&["Time", "Start (s)"]), column(&["Status", "Behavior type"]));
    let subject = column(&["Subject"]);
    let (mut sheet, mut open) = (Sheet::default(), BTreeMap::new());
    for (line, cells) in &rows[header + 1..] {
        let cell = |column: Option<usize>| column.and_then(|column| cells.get(column)).map_or("", |cell| cell.trim());
        let secs = |column| cell(column).parse::<f64>().ok();
        let (path, label) = (cell(Some(media)).to_owned(), cell(Some(behaviour)).to_owned());
        let place = format!("line {line}");
        let key = (path.clone(), cell(subject).to_owned(), label.clone());
        let span = if start.is_some() && stop.is_some() {
            secs(start).map(|start| (start, secs(stop).unwrap_or(start)))
        } else {
            match (cell(status), secs(time)) {
                ("START", Some(secs)) => {
                    open.insert(key, (secs, place));
                    continue;
                }
                ("STOP", Some(secs)) => open.remove(&key).map(|(start, _)| (start, secs)),
                (_, secs) => secs.map(|secs| (secs, secs)),
            }
        };
        let Some((start, stop)) = span else {
            sheet.notes.push(wrong(format!("line {line}: the event has no times; left out")));
            continue;
        };
        let mut clip = Clip::named(path, place);
        let part = Stretch::new(label.clone(), Span::Secs(start, stop));
        match cell(subject) {
            WHOLE => clip.labels.push(label),
            _ => clip.stretches.push(Stretch { note: cell(comment).to_owned(), ..part }),
        }
        sheet.clips.push(clip);
    }
    for ((_, _, label), (_, place)) in open {
        sheet.notes.push(wrong(format!("{place}: {label} starts and does not stop; left out")));
    }
    Ok(sheet)
}
