//! Selects the recordings that a sequence model is validated on.

use std::collections::BTreeSet;

use super::recordings::{FrameLabel, SequenceData, SequenceRecording};
use super::settings::SequenceSettings;
use crate::data::{LabelledClip, hold_out};
use crate::error::{Error, Result};

/// Training and validation recordings.
#[derive(Debug)]
pub(super) struct Split<'a> {
    pub training: Vec<&'a SequenceRecording>,
    pub held_out: Vec<&'a SequenceRecording>,
}

impl<'a> Split<'a> {
    /// Holds out the recordings of the videos in `named` or, if empty, the fraction in the settings: at least one of
    /// every class that occurs in two.
    ///
    /// # Errors
    /// If no video has one of the names, nothing can be held out, or nothing would be left.
    pub fn of(data: &'a SequenceData, named: &[String], settings: &SequenceSettings) -> Result<Self> {
        let held = if named.is_empty() { drawn(data, settings)? } else { find(data, named)? };
        let (held_out, training): (Vec<_>, Vec<_>) =
            data.recordings.iter().partition(|recording| held.contains(&name_of(recording)));
        if training.is_empty() {
            let cause = "it holds out all labelled recordings";
            return Err(Error::usage("--held-out", cause, "Leave some to train on"));
        }
        Ok(Self { training, held_out })
    }
}

/// Returns the group of a recording, shared by those that belong together.
fn name_of(recording: &SequenceRecording) -> String {
    if recording.group.is_empty() { recording.video.clone() } else { recording.group.clone() }
}

fn find(data: &SequenceData, named: &[String]) -> Result<BTreeSet<String>> {
    let find = |name: &String| {
        let found = data.recordings.iter().find(|recording| recording.video == *name);
        let known: Vec<&str> = data.recordings.iter().map(|recording| recording.video.as_str()).collect();
        let missing = || {
            let cause = format!("no labelled recording is called '{name}'");
            Error::usage("--held-out", cause, format!("Name one of {}", known.join(", ")))
        };
        found.map(name_of).ok_or_else(missing)
    };
    named.iter().map(find).collect()
}

fn drawn(data: &SequenceData, settings: &SequenceSettings) -> Result<BTreeSet<String>> {
    if settings.hold_out == 0.0 {
        return Ok(BTreeSet::new());
    }
    let mut clips = Vec::new();
    for recording in &data.recordings {
        let labels: BTreeSet<FrameLabel> = recording.labels.iter().flatten().copied().collect();
        // Background counts as a class.
        let place = |label| if let FrameLabel::Class(class) = label { class } else { data.source.classes.len() };
        clips.extend(labels.into_iter().map(|label| LabelledClip {
            path: recording.video.clone().into(),
            label: place(label),
            segment_secs: None,
            group: Some(name_of(recording)),
            also: Vec::new(),
        }));
    }
    let held: BTreeSet<String> = hold_out::held_out(&clips, settings.hold_out, settings.seed).into_iter().collect();
    if held.is_empty() {
        let cause = "every recording is the only one of some class, so none can be held out";
        let remedy = "Label more recordings, name those to hold out with --held-out, or pass --hold-out 0";
        return Err(Error::new("hold-out", cause, remedy));
    }
    Ok(held)
}
