//! The undo and redo history.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::hash::Hash;
use super::{Change, Document, Step, Video, VideoId};

/// An undo or redo step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PastStep {
    /// Time at which it was first done: seconds since 1970, UTC.
    pub at: u64,
    /// The fingerprint of the document that it applies to,
    pub(super) from: u64,
    /// and that of the resulting document.
    pub(super) to: u64,
    /// The step itself.
    pub step: Step,
}

/// The undo and redo steps. A step holds the values before it, a few hundred bytes for a label, so that nothing of a
/// session need ever be discarded.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Undo {
    /// Undo steps, the latest last.
    back: Vec<PastStep>,
    /// Redo steps, the next one last.
    forth: Vec<PastStep>,
    /// Number of steps done before the project was opened; `None` when that state can no longer be reached.
    opened: Option<usize>,
}

/// Undo or redo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Back,
    Forth,
}

/// The effect of a step on the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Deed {
    /// A new step.
    Done,
    /// It was undone.
    Undone,
    /// It was redone.
    Redone,
    /// It was a redo step when the history was shortened.
    Ahead,
}

impl Undo {
    /// Records a deed whose inverse is `reverse`.
    pub fn note(&mut self, deed: Deed, reverse: PastStep) {
        match deed {
            Deed::Done => {
                self.opened = self.opened.filter(|opened| *opened <= self.back.len());
                self.forth.clear();
                self.back.push(reverse);
            }
            Deed::Undone => {
                self.back.pop();
                self.forth.push(reverse);
            }
            Deed::Redone => {
                self.forth.pop();
                self.back.push(reverse);
            }
            Deed::Ahead => self.forth.push(reverse),
        }
    }

    /// Returns the next step in this direction.
    pub fn next(&self, way: Way) -> Option<&PastStep> {
        self.side(way).last()
    }

    /// Returns the steps in this direction, the next one first.
    pub fn steps(&self, way: Way) -> impl Iterator<Item = &PastStep> {
        self.side(way).iter().rev()
    }

    /// Returns the number of undoable steps since the project was opened; negative if as many earlier steps were
    /// undone; `None` when that state can no longer be reached.
    pub fn since_opened(&self) -> Option<isize> {
        self.opened.map(|opened| self.back.len() as isize - opened as isize)
    }

    /// Marks the present state as that in which the project was opened.
    pub fn opened_here(mut self) -> Self {
        self.opened = Some(self.back.len());
        self
    }

    /// Returns the part that can be applied, step by step, from a document with this fingerprint.
    pub fn starting_here(&self, fingerprint: u64) -> Self {
        let chain = |steps: &[PastStep]| {
            let mut at = fingerprint;
            let fits = |step: &&PastStep| std::mem::replace(&mut at, step.to) == step.from;
            let length = steps.iter().rev().take_while(fits).count();
            steps[steps.len() - length..].to_vec()
        };
        Self { back: chain(&self.back), forth: chain(&self.forth), opened: None }
    }

    /// Returns the number of steps in both directions.
    pub fn len(&self) -> usize {
        self.back.len() + self.forth.len()
    }

    fn side(&self, way: Way) -> &Vec<PastStep> {
        match way {
            Way::Back => &self.back,
            Way::Forth => &self.forth,
        }
    }
}

impl PastStep {
    /// Returns the reverse of `step`, performed on `document` with this fingerprint at the time `at`.
    pub fn reverse(document: &Document, step: &Step, at: u64, fingerprint: u64) -> Self {
        let after: HashMap<_, _> = step.changes.iter().map(|change| (Key::of(change), print(change))).collect();
        let reverse = document.reverse(step);
        let before: HashMap<_, _> = reverse.changes.iter().map(|change| (Key::of(change), print(change))).collect();
        let total = |prints: HashMap<_, u64>| prints.into_values().fold(0, u64::wrapping_add);
        let from = fingerprint.wrapping_sub(total(before)).wrapping_add(total(after));
        Self { at, from, to: fingerprint, step: reverse }
    }
}

/// Returns the time in seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Identifies the part of the document that a change affects.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Settings,
    Classes,
    Video(VideoId),
}

impl Key {
    fn of(change: &Change) -> Self {
        match change {
            Change::Settings(_) => Self::Settings,
            Change::Classes(_) => Self::Classes,
            Change::Video(id, _) => Self::Video(*id),
        }
    }
}

/// Returns a hash of the document: the sum of the hashes of its parts, so that it can be updated incrementally.
pub(super) fn fingerprint(document: &Document) -> u64 {
    let own = [print_of(&("settings", &document.settings)), print_of(&("classes", &document.classes))];
    let videos = document.videos.iter().map(|(id, video)| print_of_video(*id, video));
    own.into_iter().chain(videos).fold(0, u64::wrapping_add)
}

fn print(change: &Change) -> u64 {
    match change {
        Change::Settings(settings) => print_of(&("settings", settings)),
        Change::Classes(classes) => print_of(&("classes", classes)),
        Change::Video(id, Some(video)) => print_of_video(*id, video),
        Change::Video(_, None) => 0,
    }
}

/// Returns the fingerprint of a video's labels and texts. Facts read from its file are excluded, since it may be
/// scanned at any time.
pub(super) fn print_of_video(id: VideoId, video: &Video) -> u64 {
    let Video { path, facts: _, labels, segments, rejected, group, note, reviewer, locked: _ } = video;
    let said = (id, path, labels, segments, group, note, reviewer);
    // Fingerprints written by earlier versions stay valid.
    if rejected.is_empty() { print_of(&said) } else { print_of(&(said, rejected)) }
}

fn print_of(content: &impl Serialize) -> u64 {
    let mut hash = Hash::new();
    // Neither writing to a hash nor serialising these types can fail.
    let _ = serde_json::to_writer(&mut hash, content);
    hash.number()
}
