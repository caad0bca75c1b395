//! Parsing of BORIS projects, `.boris` or compressed `.boris.gz`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::super::annotation_set::{AnnotationClass, AnnotationSet, color_of_hex};
use super::events::{Event, Kind, Medium, Observation, add_observation};
use crate::annotations::text;
use crate::error::{Error, Result};
use crate::json_values::{self, number};

/// The independent variable for the group of a video.
pub(super) const GROUP: &str = "group";

#[derive(Deserialize)]
struct BorisProject {
    #[serde(default)]
    behaviors_conf: Option<BTreeMap<String, Value>>,
    observations: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Behaviour {
    #[serde(deserialize_with = "json_values::as_text")]
    code: String,
    #[serde(default, deserialize_with = "json_values::as_text")]
    r#type: String,
    #[serde(default)]
    color: Option<String>,
}

#[derive(Deserialize)]
struct ObservationEntry {
    #[serde(default, deserialize_with = "json_values::as_text")]
    r#type: String,
    /// Files by player; a list if the observation was live.
    #[serde(default)]
    file: Value,
    #[serde(default)]
    description: Value,
    #[serde(default, rename = "time offset")]
    time_offset: Value,
    #[serde(default)]
    media_creation_date_as_offset: Value,
    #[serde(default)]
    events: Option<Vec<Value>>,
    #[serde(default)]
    media_info: Value,
    #[serde(default)]
    independent_variables: Value,
}

pub(super) fn read(source: &Path) -> Result<AnnotationSet> {
    let project: BorisProject = text::json(source, "a project of BORIS")?;
    let mut set = AnnotationSet::default();
    let note = |set: &mut AnnotationSet, cause: String, remedy: &str| {
        set.notes.push(Error::file(source, cause, remedy));
    };
    let mut behaviours: BTreeMap<usize, Behaviour> = BTreeMap::new();
    for (number, entry) in project.behaviors_conf.into_iter().flatten() {
        match serde_json::from_value(entry) {
            Ok(behaviour) => _ = behaviours.insert(number.parse().unwrap_or(usize::MAX), behaviour),
            Err(error) => {
                note(&mut set, format!("behaviour {number}: {error}; skipped"), "Check it in BORIS' ethogram")
            }
        }
    }
    let class = |behaviour: &Behaviour| AnnotationClass {
        name: behaviour.code.clone(),
        color: behaviour.color.as_deref().and_then(color_of_hex),
    };
    set.classes = behaviours.values().map(class).collect();
    let is_point = |code: &str| {
        let mut all = behaviours.values();
        all.any(|behaviour| behaviour.code == code && behaviour.r#type.to_lowercase().starts_with("point"))
    };
    for (name, entry) in project.observations {
        let place = format!("observation {name}");
        let entry: ObservationEntry = match serde_json::from_value(entry) {
            Ok(entry) => entry,
            Err(error) => {
                note(&mut set, format!("{place}: {error}; skipped"), "Check the observation in BORIS");
                continue;
            }
        };
        let mut observation = Observation { place, players: players(&entry), ..Observation::default() };
        if observation.players.first().is_none_or(Vec::is_empty) {
            let (what, remedy) = match entry.r#type.as_str() {
                "IMAGES" => ("it annotates images, not a video", "Convert the images to a video and annotate that"),
                _ => ("it has no media file", "Nothing can be done about live observations"),
            };
            note(&mut set, format!("{}: {what}; skipped", observation.place), remedy);
            continue;
        }
        observation.note = entry.description.as_str().unwrap_or_default().to_owned();
        let group = entry.independent_variables.get(GROUP).and_then(json_values::text);
        observation.group = group.unwrap_or_default();
        for (number, fields) in (1..).zip(entry.events.iter().flatten()) {
            let place = format!("{}, event {number}", observation.place);
            match event(fields, &is_point, &place) {
                Some(event) => observation.events.push(event),
                None => {
                    observation.unreadable += 1;
                    note(&mut set, format!("{place}: it has no time or no behaviour; skipped"), "Correct it in BORIS");
                }
            }
        }
        add_observation(&mut set, observation, source);
    }
    Ok(set)
}

/// Returns the media of each player. Times of the observation are those of the first player, from its time offset on;
/// other players are shifted by their own offsets. If selected in BORIS, each medium's creation date is added too.
fn players(entry: &ObservationEntry) -> Vec<Vec<Medium>> {
    let info = |what: &str, of: &str| entry.media_info.get(what)?.get(of).and_then(number);
    let mut players = Vec::new();
    for player in 1..=8 {
        let player = player.to_string();
        let files = entry.file.get(&player).and_then(Value::as_array);
        let files: Vec<&str> = files.into_iter().flatten().filter_map(Value::as_str).collect();
        if files.is_empty() && !players.is_empty() {
            continue;
        }
        let begin = number(&entry.time_offset).unwrap_or(0.0)
            + info("offset", &player).filter(|_| player != "1").unwrap_or(0.0);
        let lengths = files.iter().map(|file| ((*file).to_owned(), info("length", file)));
        let mut media = Medium::queue(lengths, begin);
        if entry.media_creation_date_as_offset.as_bool() == Some(true) {
            for medium in &mut media {
                medium.begin += info("media_creation_time", &medium.path).unwrap_or(0.0);
            }
        }
        players.push(media);
    }
    players
}

fn event(fields: &Value, is_point: &dyn Fn(&str) -> bool, place: &str) -> Option<Event> {
    let text = |at: usize| fields.get(at).and_then(json_values::text).unwrap_or_default();
    let secs = fields.get(0).and_then(number)?;
    let code = Some(text(2)).filter(|code| !code.trim().is_empty())?;
    let kind = if is_point(&code) { Kind::Point } else { Kind::Turn };
    let (subject, modifiers, comment) = (text(1), text(3), text(4));
    Some(Event { secs, kind, subject, code, modifiers, comment, place: place.to_owned() })
}
