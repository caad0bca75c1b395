//! The events of an observation as labelled parts of videos.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::annotation_set::{AnnotatedClip, AnnotationSet, Extent, Span};
use crate::error::Error;

/// The subject of labels of whole clips.
pub(super) const WHOLE: &str = "whole clip";

/// Minimum length in seconds of the part of a state on a medium; shorter parts are dropped.
const MIN_SECS: f64 = 0.02;

/// An observation: the events coded for the media of one or several players.
#[derive(Debug, Default)]
pub(super) struct Observation {
    /// Its location in the file.
    pub place: String,
    /// Note of the observation.
    pub note: String,
    /// The recording of its media; empty if none is named.
    pub group: String,
    /// The media of each player, in sequence.
    pub players: Vec<Vec<Medium>>,
    pub events: Vec<Event>,
    /// Number of events that could not be read.
    pub unreadable: usize,
}

/// A video of a player.
#[derive(Debug, Clone)]
pub(super) struct Medium {
    pub path: String,
    /// Its start in the time of the observation.
    pub begin: f64,
    /// Length in seconds; infinite if unknown.
    pub length: f64,
}

/// A coded event.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub secs: f64,
    pub kind: Kind,
    pub subject: String,
    pub code: String,
    /// The values of its modifiers, separated by `|`.
    pub modifiers: String,
    pub comment: String,
    pub place: String,
}

/// The effect of an event on a state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// Toggles the state.
    Turn,
    Start,
    Stop,
    /// A point event.
    Point,
    /// A state until this time.
    Until(f64),
}

/// The clips of an observation and its problems: cause and remedy.
#[derive(Debug, Default)]
pub(super) struct BorisClips {
    pub clips: Vec<AnnotatedClip>,
    /// Notes on what is left out.
    pub notes: Vec<(String, &'static str)>,
    /// Assumptions that were made.
    pub remarks: Vec<(String, &'static str)>,
}

impl Medium {
    /// Returns media that follow each other from `begin` on.
    pub fn queue(media: impl IntoIterator<Item = (String, Option<f64>)>, mut begin: f64) -> Vec<Self> {
        let mut queue = Vec::new();
        for (path, length) in media {
            let length = length.filter(|secs| *secs > 0.0).unwrap_or(f64::INFINITY);
            queue.push(Self { path, begin, length });
            begin += length;
        }
        queue
    }

    fn end(&self) -> f64 {
        self.begin + self.length
    }
}

impl Event {
    /// Returns its label: the behaviour with its non-numeric modifiers; numbers are not part of the class.
    fn label(&self) -> String {
        let chosen: Vec<&str> = self.values().filter(|value| value.parse::<f64>().is_err()).collect();
        match chosen.is_empty() {
            true => self.code.clone(),
            false => format!("{} ({})", self.code, chosen.join(", ")),
        }
    }

    /// Returns the comment, the subject and the modifiers that are not part of the label.
    fn note(&self) -> String {
        let numbers: Vec<&str> = self.values().filter(|value| value.parse::<f64>().is_ok()).collect();
        let mut lines: Vec<String> = Some(self.comment.clone()).filter(|text| !text.is_empty()).into_iter().collect();
        if !self.subject.is_empty() {
            lines.push(format!("subject: {}", self.subject));
        }
        if !numbers.is_empty() {
            lines.push(format!("modifiers: {}", numbers.join(", ")));
        }
        lines.join("\n")
    }

    fn values(&self) -> impl Iterator<Item = &str> {
        self.modifiers.split('|').map(str::trim).filter(|value| !matches!(*value, "" | "None" | "NA"))
    }
}

/// A state or, if both times are equal, a point.
struct Bout {
    event: Event,
    end: f64,
}

impl Observation {
    /// Converts the observation to clips with labels. States are matched by subject, behaviour and modifiers.
    pub fn clips(self) -> BorisClips {
        let Self { place, note, group, players, events, unreadable } = self;
        let mut found = BorisClips::default();
        let Some(first) = players.first().filter(|media| !media.is_empty()) else { return found };
        let (bouts, unpaired) = paired(events);
        let mut clips: Vec<_> = first.iter().map(|medium| AnnotatedClip::named(&medium.path, &place)).collect();
        if let [clip] = clips.as_mut_slice() {
            clip.note = note;
        }
        clips.iter_mut().for_each(|clip| (clip.left_out, clip.group) = (unreadable, group.clone()));
        for (event, what) in unpaired {
            clips[medium_at(first, event.secs)].left_out += 1;
            let cause = format!("{}: {} {what}; skipped", event.place, event.code);
            found.notes.push((cause, "Fix unpaired events in BORIS"));
        }
        for bout in &bouts {
            let parts = parts(first, bout.event.secs, bout.end);
            if parts.len() > 1 && bout.event.subject != WHOLE {
                let cause =
                    format!("{}: {} continues in the next video and was split", bout.event.place, bout.event.code);
                found.remarks.push((cause, "Check both parts"));
            }
            add(&mut clips, bout, parts);
        }
        for media in players.iter().skip(1).filter(|media| !media.is_empty()) {
            let extra =
                |medium: &Medium| AnnotatedClip { is_extra: true, ..AnnotatedClip::named(&medium.path, &place) };
            let mut others: Vec<_> = media.iter().map(extra).collect();
            for bout in &bouts {
                let within = parts(media, bout.event.secs, bout.end).into_iter();
                let within = within.filter(|(medium, start, end)| *end >= 0.0 && *start < media[*medium].length);
                add(&mut others, bout, within.collect());
            }
            clips.extend(others);
        }
        if players.len() > 1 {
            let cause = "it has several players; videos of each get the labels, shifted by its offset";
            let cause = within(&place, cause);
            found.remarks.push((cause, "Check the labels of the other players' videos"));
        }
        for clip in &mut clips {
            if join_overlapping(clip) {
                let cause = within(&place, &format!("bouts of one label that overlap in {} were joined", clip.path));
                found.remarks.push((cause, "Their subjects and times are in the notes of the segments"));
            }
        }
        found.clips = clips;
        found
    }
}

/// Returns a message about a position; without position for a table with a single, unnamed observation.
pub(super) fn within(place: &str, cause: &str) -> String {
    if place.is_empty() { cause.to_owned() } else { format!("{place}: {cause}") }
}

/// Returns the states and points in order of their start, and unpaired events with an explanation.
fn paired(mut events: Vec<Event>) -> (Vec<Bout>, Vec<(Event, &'static str)>) {
    events.sort_by(|one, other| one.secs.total_cmp(&other.secs));
    let (mut bouts, mut unpaired) = (Vec::new(), Vec::new());
    let mut open: BTreeMap<(String, String, String), Event> = BTreeMap::new();
    for event in events {
        let key = (event.subject.clone(), event.code.clone(), event.modifiers.clone());
        let started = match event.kind {
            Kind::Point => {
                bouts.push(Bout { end: event.secs, event });
                continue;
            }
            Kind::Until(end) => {
                bouts.push(Bout { end, event });
                continue;
            }
            Kind::Start => None,
            Kind::Turn | Kind::Stop => open.remove(&key),
        };
        match (started, event.kind) {
            (Some(started), _) => bouts.push(Bout { end: event.secs, event: started }),
            (None, Kind::Stop) => unpaired.push((event, "stops and has not started")),
            (None, _) => {
                if let Some(before) = open.insert(key, event) {
                    unpaired.push((before, "starts twice before it stops"));
                }
            }
        }
    }
    unpaired.extend(open.into_values().map(|event| (event, "starts and does not stop")));
    bouts.sort_by(|one, other| one.event.secs.total_cmp(&other.event.secs));
    (bouts, unpaired)
}

/// Returns the medium that plays at `secs`; if none does, the last one that has begun, or the first.
fn medium_at(media: &[Medium], secs: f64) -> usize {
    let is_on = |medium: &Medium| medium.begin <= secs && secs < medium.end();
    let begun = || media.iter().rposition(|medium| medium.begin <= secs);
    media.iter().position(is_on).or_else(begun).unwrap_or(0)
}

/// Returns the parts of a bout on each medium: index of the medium, start and end in seconds of the medium.
fn parts(media: &[Medium], start: f64, end: f64) -> Vec<(usize, f64, f64)> {
    let mut parts = Vec::new();
    for (place, medium) in media.iter().enumerate() {
        let (from, to) = (start.max(medium.begin), end.min(medium.end()));
        if to - from >= MIN_SECS {
            // Times beyond the media are kept here and detected where the length of the video is known.
            let from = if place == 0 { start } else { from };
            let to = if place + 1 == media.len() { end } else { to };
            parts.push((place, from - medium.begin, to - medium.begin));
        }
    }
    if parts.is_empty() {
        let place = medium_at(media, start);
        parts.push((place, start - media[place].begin, end - media[place].begin));
    }
    parts
}

fn add(clips: &mut [AnnotatedClip], bout: &Bout, parts: Vec<(usize, f64, f64)>) {
    for (place, start, end) in parts {
        let clip = &mut clips[place];
        if bout.event.subject == WHOLE {
            clip.labels.push(bout.event.code.clone());
            continue;
        }
        let (note, place) = (bout.event.note(), bout.event.place.clone());
        clip.spans.push(Span { note, place, ..Span::new(bout.event.label(), Extent::Secs(start, end)) });
    }
}

/// Joins overlapping parts with the same label, as when two subjects do the same; returns `true` if any differed.
fn join_overlapping(clip: &mut AnnotatedClip) -> bool {
    let mut joined: Vec<Span> = Vec::new();
    let mut any = false;
    for part in std::mem::take(&mut clip.spans) {
        let Extent::Secs(start, end) = part.extent else { continue };
        let last = joined.iter_mut().rev().find(|other| other.label == part.label);
        let overlapping = last.and_then(|other| match other.extent {
            Extent::Secs(from, to) if start < to => Some((other, from, to)),
            _ => None,
        });
        let Some((other, from, to)) = overlapping else {
            joined.push(part);
            continue;
        };
        if (from, to) == (start, end) && other.note == part.note {
            continue; // A duplicate.
        }
        let timed = |note: &str, from: f64, to: f64| match note.is_empty() {
            true => format!("{from:.3} s to {to:.3} s"),
            false => format!("{note}, {from:.3} s to {to:.3} s"),
        };
        let first = if other.note.contains(" s to ") { other.note.clone() } else { timed(&other.note, from, to) };
        other.note = format!("{first}\n{}", timed(&part.note, start, end));
        other.extent = Extent::Secs(from, to.max(end));
        any = true;
    }
    clip.spans = joined;
    any
}

/// Adds the labels of an observation.
pub(super) fn add_observation(set: &mut AnnotationSet, observation: Observation, source: &Path) {
    let found = observation.clips();
    let error = |(cause, remedy): (String, &'static str)| Error::file(source, cause, remedy);
    set.clips.extend(found.clips);
    set.notes.extend(found.notes.into_iter().map(error));
    set.remarks.extend(found.remarks.into_iter().map(error));
}
