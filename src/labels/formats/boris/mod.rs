//! BORIS projects (`.boris`, format 7.0): one observation per video, one state event per label.
//!
//! BORIS pairs start and stop of the same behaviour, with the same modifiers, of the same subject, so labels of the
//! whole clip are states of a subject named `whole clip`. Comments hold the notes; an observation's description holds
//! the note of the video, and its independent variable `group` the group. On import a behaviour is a class, with its
//! modifiers if some were chosen, as `peck (seed)`; the subject and numbers are kept in the note, and are a subject and
//! modifiers again on export. A point event is one frame. The tables that BORIS exports, tabular or aggregated events
//! as CSV or TSV, are read as well.

mod events;
mod project;
mod table;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::super::StoredPath;
use super::annotation_set::{AnnotatedClip, AnnotationSet};
use super::exported::{note_timeless, write_file};
use super::{BACKGROUND, Exported};
use crate::annotations::text;
use crate::error::Result;
use crate::frame_times::FrameTimes;
use crate::table::Table;
use events::WHOLE;
use project::GROUP;
pub(super) use table::{is_table, read_table};

/// The keys of the first ten classes, the same as in the window.
const KEYS: [&str; 10] = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0"];

pub(super) fn write(set: &AnnotationSet, target: &Path) -> Result<Exported> {
    let behaviour = |(number, name): (usize, &str)| {
        let color = set.classes.get(number).map_or_else(String::new, |class| class.hex());
        let key = KEYS.get(number).filter(|_| name != BACKGROUND);
        let behaviour = json!({
            "type": "State event", "key": key.unwrap_or(&""), "code": name, "description": "", "color": color,
            "category": "", "modifiers": {}, "excluded": "", "coding map": "",
        });
        (number.to_string(), behaviour)
    };
    let behaviours: Map<_, _> = set.label_names().into_iter().enumerate().map(behaviour).collect();
    let parts = set.clips.iter().flat_map(|clip| &clip.spans);
    let subjects: BTreeSet<&str> =
        parts.map(|part| Noted::of(&part.note).subject).filter(|name| !name.is_empty()).collect();
    let subject = |(number, name): (usize, &str)| {
        let description = if name == WHOLE { "Labels of the whole clip" } else { "" };
        (number.to_string(), json!({ "key": "", "name": name, "description": description }))
    };
    let subjects: Map<_, _> = [WHOLE].into_iter().chain(subjects).enumerate().map(subject).collect();
    let timeless = set.clips.iter().filter(|clip| clip.clock.is_none() && clip.is_labelled()).count();
    let folder = target.parent().unwrap_or(Path::new(""));
    let observations = set.clips.iter().map(|clip| (clip.path.clone(), observation(clip, folder)));
    let observations: Map<_, _> = observations.collect();
    let has_groups = set.clips.iter().any(|clip| !clip.group.is_empty());
    let variables = match has_groups {
        true => json!({ "0": {
            "label": GROUP, "description": "Recording that the video belongs to", "type": "text",
            "default value": "", "possible values": "",
        } }),
        false => json!({}),
    };
    let project = json!({
        "time_format": "hh:mm:ss", "project_date": "", "project_name": "Motionscope",
        "project_description": "", "project_format_version": "7.0",
        "subjects_conf": subjects, "behaviors_conf": behaviours, "observations": observations,
        "behavioral_categories": [], "behavioral_categories_config": {}, "independent_variables": variables, "coding_map": {},
        "behaviors_coding_map": [], "converters": {},
    });
    let mut exported = Exported::default();
    write_file(target, &format!("{project:#}\n"), &mut exported)?;
    note_timeless(&mut exported, target, timeless);
    Ok(exported)
}

/// Returns the observation of a clip in a BORIS project in `folder`, which is BORIS's base for relative paths.
fn observation(clip: &AnnotatedClip, folder: &Path) -> Value {
    let media = StoredPath::plain(&StoredPath::encode(&clip.absolute, folder));
    let mut events: Vec<(f64, Value)> = Vec::new();
    let mut add = |[start, end]: [f64; 2], frames: (usize, usize), subject: &str, label: &str, noted: Noted<'_>| {
        for (secs, comment, frame) in [(start, noted.comment.as_str(), frames.0), (end, "", frames.1)] {
            let secs = millis(secs);
            events.push((secs, json!([secs, subject, label, noted.modifiers, comment, frame])));
        }
    };
    if let (Some(times), Some(whole)) = (clip.times(), clip.whole_secs()) {
        for label in &clip.labels {
            add(whole, (0, times.frames()), WHOLE, label, Noted::of(""));
        }
        for part in &clip.spans {
            if let Some((secs, frames)) = clip.secs_of(part).zip(part.frames()) {
                let noted = Noted::of(&part.note);
                add(secs, frames, noted.subject, &part.label, noted);
            }
        }
    }
    // Events at equal times keep their order: a state that ends where the next one begins ends first.
    events.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let events: Vec<_> = events.into_iter().map(|(_, event)| event).collect();
    let variables = if clip.group.is_empty() { json!({}) } else { json!({ GROUP: clip.group }) };
    let about = |value: Value| json!({ media.clone(): value });
    // One millisecond longer, as BORIS' floating-point comparison would exclude the last event from its tables.
    let length = clip.whole_secs().map(|[_, end]| millis(end + 0.001));
    json!({
        "file": { "1": [media] }, "type": "MEDIA", "date": "", "description": clip.note, "time offset": 0.0,
        "events": events, "observation time interval": [0, 0], "independent_variables": variables,
        "visualize_spectrogram": false, "visualize_waveform": false, "close_behaviors_between_videos": false,
        "media_info": {
            "length": about(length.into()),
            "fps": about(clip.times().and_then(FrameTimes::fps).into()),
            "hasVideo": about(true.into()), "hasAudio": about(false.into()), "offset": { "1": 0.0 },
        },
    })
}

/// Rounds seconds to the millisecond, as BORIS does.
fn millis(secs: f64) -> f64 {
    (secs * 1000.0).round() / 1000.0
}

/// A note, split into the parts that [`events`] joins.
struct Noted<'a> {
    comment: String,
    subject: &'a str,
    modifiers: &'a str,
}

impl<'a> Noted<'a> {
    fn of(note: &'a str) -> Self {
        let named = |name: &str| {
            let mut lines = note.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            lines.next().filter(|_| lines.next().is_none()).unwrap_or_default()
        };
        let (subject, modifiers) = (named("subject"), named("modifiers"));
        let is_named = |line: &&str| {
            (!subject.is_empty() && line.strip_prefix("subject: ") == Some(subject))
                || (!modifiers.is_empty() && line.strip_prefix("modifiers: ") == Some(modifiers))
        };
        let has_none = subject.is_empty() && modifiers.is_empty();
        let comment = match has_none {
            true => note.to_owned(),
            false => note.lines().filter(|line| !is_named(line)).collect::<Vec<_>>().join("\n"),
        };
        Self { comment, subject, modifiers }
    }
}

pub(super) fn read(source: &Path) -> Result<AnnotationSet> {
    let is_table =
        source.extension().is_some_and(|ending| ["csv", "tsv"].iter().any(|e| ending.eq_ignore_ascii_case(e)));
    match is_table {
        true => read_table(source, &Table::parse(&text::read(source)?)),
        false => project::read(source),
    }
}
