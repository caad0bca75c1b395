//! Predicted bouts of a video beside what a person said about them.

use std::ops::Range;

use crate::labels::{ClassId, Document, Label, PredictedBout, Video};
use crate::names::Alike;
use crate::predictions::{Bout, FrameScores, is_background_class};

/// A predicted bout is labelled, or rejected, if so much of it is.
const SHARE: f64 = 0.5;

/// What a person said about a predicted bout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoutState {
    /// Nothing yet.
    Open,
    /// Half of it or more is labelled with its class.
    Labelled,
    /// Half of it or more was rejected.
    Rejected,
}

/// A predicted bout.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewedBout {
    /// The place of its class among those of the predictions.
    pub class: usize,
    /// The class of the project of that name; `None` where there is none, or several are alike.
    pub id: Option<ClassId>,
    /// The bout as it was predicted.
    pub bout: Bout,
    /// Its frames, perhaps with edges that a person has moved.
    pub frames: Range<usize>,
    /// What was said about it.
    pub state: BoutState,
}

impl ReviewedBout {
    /// Returns the frames that were predicted.
    pub fn predicted_frames(&self) -> Range<usize> {
        self.bout.start_frame..self.bout.end_frame
    }

    /// Returns it for an edit of the project; `None` without a class there.
    pub fn predicted(&self) -> Option<PredictedBout> {
        Some(PredictedBout { class: self.id?, frames: self.frames.clone() })
    }
}

/// Edges of a predicted bout that a person has moved.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MovedEdges {
    /// The place of its class among those of the predictions.
    pub class: usize,
    /// The frames that were predicted.
    pub predicted: Range<usize>,
    pub frames: Range<usize>,
}

/// Returns the predicted bouts of all classes by their beginnings, with what is said about them in `video`. Background is what is left
/// between them and has none.
pub(super) fn review(
    scores: &FrameScores,
    bouts: &[Vec<Bout>],
    moved: &[MovedEdges],
    document: &Document,
    video: &Video,
) -> Vec<ReviewedBout> {
    let mut all = Vec::with_capacity(bouts.iter().map(Vec::len).sum());
    let classes = scores.classes.iter().zip(bouts).enumerate();
    for (class, (name, own)) in classes.filter(|(_, (name, _))| !is_background_class(name)) {
        let id = class_of(document, name);
        let segments = video.segments.iter().filter(|segment| id.map(Label::Class) == Some(segment.label));
        let segments: Vec<Range<usize>> = segments.map(|segment| segment.start..segment.end).collect();
        let rejected = video.rejected.iter().filter(|bout| id == Some(bout.class));
        let rejected: Vec<Range<usize>> = rejected.map(|bout| bout.frames()).collect();
        all.extend(own.iter().map(|bout| {
            let predicted = bout.start_frame..bout.end_frame;
            let moved = moved.iter().find(|moved| moved.class == class && moved.predicted == predicted);
            let frames = moved.map_or(predicted, |moved| moved.frames.clone());
            let state = match (is_covered(&frames, &segments), is_covered(&frames, &rejected)) {
                (true, _) => BoutState::Labelled,
                (false, true) => BoutState::Rejected,
                (false, false) => BoutState::Open,
            };
            ReviewedBout { class, id, bout: *bout, frames, state }
        }));
    }
    all.sort_by_key(|found| (found.frames.start, found.frames.end, found.class));
    all
}

/// Returns the class of the project that a predicted class is; `None` where there is none, or several are alike.
pub(super) fn class_of(document: &Document, name: &str) -> Option<ClassId> {
    match document.class_alike(name) {
        Alike::One(place) => document.classes.get(place).map(|class| class.id),
        Alike::None | Alike::Several(_) => None,
    }
}

/// Whether half of the frames or more are among those of `others`, which are in order.
fn is_covered(frames: &Range<usize>, others: &[Range<usize>]) -> bool {
    let (mut covered, mut from) = (0, frames.start);
    for other in others.iter().take_while(|other| other.start < frames.end) {
        let start = other.start.max(from);
        let end = other.end.min(frames.end);
        covered += end.saturating_sub(start);
        from = from.max(end);
    }
    !frames.is_empty() && covered as f64 >= SHARE * frames.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_bout_decides_and_frames_count_once() {
        let of = |others: &[[usize; 2]]| {
            is_covered(&(10..20), &others.iter().map(|[start, end]| *start..*end).collect::<Vec<_>>())
        };
        assert!(!of(&[]));
        assert!(of(&[[0, 15]]));
        assert!(!of(&[[0, 14]]));
        assert!(of(&[[0, 12], [14, 17]]), "2 and 3 of 10");
        assert!(!of(&[[0, 13], [11, 14]]), "4 of 10, some of them twice");
        assert!(!of(&[[20, 40]]));
    }
}
