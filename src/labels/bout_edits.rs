//! Edits of a document that review predicted bouts: accepted ones become segments, rejected ones are recorded.

use std::ops::Range;

use super::edits::{add_segment, change_video};
use super::{Class, ClassId, Document, Label, RejectedBout, Step, VideoId};
use crate::error::{Error, Result};
use crate::plural::counted;

/// A part of a video with a predicted class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PredictedBout {
    /// The class.
    pub class: ClassId,
    /// The frames.
    pub frames: Range<usize>,
}

/// Turns predicted bouts into segments, in one step. Also returns the number of bouts left out because they overlap
/// segments. A bout that had been rejected is no longer rejected.
///
/// # Errors
/// If none of them can become a segment: the error of the first one, as for [`add_segment`].
pub fn accept_bouts(document: &Document, id: VideoId, bouts: &[PredictedBout]) -> Result<(usize, Step)> {
    let (mut after, mut left_out, mut accepted) = (document.clone(), Vec::new(), 0);
    for PredictedBout { class, frames } in bouts {
        match add_segment(&after, id, Label::Class(*class), frames.start, frames.end) {
            Ok((_, step)) => {
                after.apply(step);
                accepted += 1;
            }
            Err(error) => left_out.push(error),
        }
    }
    if accepted == 0 {
        return Err(left_out.into_iter().next().unwrap_or_else(nothing));
    }
    let title = title(document, "Accepted", accepted, bouts);
    let is_accepted = |old: &RejectedBout| bouts.iter().any(|new| new.class == old.class && shares(&new.frames, old));
    let step = change_video(&after, id, &title, |video| video.rejected.retain(|old| !is_accepted(old)))?;
    Ok((left_out.len(), step))
}

/// Turns a predicted bout into a segment with another label and rejects its predicted class there, in one step.
///
/// # Errors
/// Same as [`add_segment`].
pub fn correct_bout(document: &Document, id: VideoId, bout: &PredictedBout, label: Label) -> Result<Step> {
    if label == Label::Class(bout.class) {
        return accept_bouts(document, id, std::slice::from_ref(bout)).map(|(_, step)| step);
    }
    let mut after = document.clone();
    after.apply(add_segment(document, id, label, bout.frames.start, bout.frames.end)?.1);
    let [predicted, correct] = [Label::Class(bout.class), label].map(|label| document.label_name(label));
    let rejected = RejectedBout { start: bout.frames.start, end: bout.frames.end, class: bout.class };
    change_video(&after, id, &format!("Corrected a bout of {predicted} to {correct}"), |video| {
        video.rejected.push(rejected);
    })
}

/// Marks predicted bouts as rejected, in one step.
///
/// # Errors
/// If `bouts` is empty, or the labels of the video are locked.
pub fn reject_bouts(document: &Document, id: VideoId, bouts: &[PredictedBout]) -> Result<Step> {
    let new = bouts.iter().filter(|bout| !bout.frames.is_empty());
    let new: Vec<_> = new
        .map(|PredictedBout { class, frames }| RejectedBout { start: frames.start, end: frames.end, class: *class })
        .collect();
    if new.is_empty() {
        return Err(nothing());
    }
    change_video(document, id, &title(document, "Rejected", new.len(), bouts), |video| {
        video.rejected.extend(new);
        video.reviewer.clone_from(&document.settings.reviewer);
    })
}

/// Clears the rejected bouts of a video.
///
/// # Errors
/// If there are none, or the labels of the video are locked.
pub fn restore_rejected(document: &Document, id: VideoId) -> Result<Step> {
    let count = document.videos.get(&id).map_or(0, |video| video.rejected.len());
    if count == 0 {
        return Err(nothing());
    }
    let title = format!("Restored {}", counted(count, "rejected bout"));
    change_video(document, id, &title, |video| video.rejected.clear())
}

fn shares(frames: &Range<usize>, rejected: &RejectedBout) -> bool {
    frames.start < rejected.end && rejected.start < frames.end
}

/// Returns the title of a step, with the class if all bouts have the same.
fn title(document: &Document, done: &str, count: usize, bouts: &[PredictedBout]) -> String {
    let class = bouts.first().map(|bout| bout.class).filter(|class| bouts.iter().all(|bout| bout.class == *class));
    let of = class.and_then(|class| document.class(class)).map(|Class { name, .. }| format!(" of {name}"));
    format!("{done} {}{}", counted(count, "bout"), of.unwrap_or_default())
}

fn nothing() -> Error {
    Error::new("predictions", "there is no bout to review", "Choose a class or a video with predicted bouts")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::{Facts, SegmentId, Video, edits};

    fn project() -> (Document, [ClassId; 2], VideoId) {
        let mut document = Document::default();
        let classes = ["walk", "rear"].map(|name| {
            let (id, step) = edits::add_class(&document, name).unwrap();
            document.apply(step);
            id
        });
        let facts = Facts {
            frames: 100,
            fps: 25.0,
            start_secs: Some(0.0),
            variable_rate: false,
            size: [64, 48],
            bytes: 1,
            hash: "0".into(),
        };
        let video = Video { facts: Some(facts), ..Video::new("a.mp4") };
        document.apply(edits::add_videos(&document, vec![video]));
        (document, classes, VideoId(0))
    }

    fn bout(class: ClassId, frames: Range<usize>) -> PredictedBout {
        PredictedBout { class, frames }
    }

    #[test]
    fn accepted_bouts_become_segments_in_one_step_and_those_that_overlap_labels_are_left_out() {
        let (mut document, [walk, rear], id) = project();
        document.apply(edits::add_segment(&document, id, Label::Class(rear), 40, 50).unwrap().1);
        let before = document.clone();
        let bouts = [bout(walk, 0..10), bout(walk, 45..60), bout(walk, 60..70)];
        let (left_out, step) = accept_bouts(&document, id, &bouts).unwrap();
        assert_eq!((left_out, step.title.as_str(), step.changes.len()), (1, "Accepted 2 bouts of walk", 1));
        let undo = document.apply(step);
        let segments = document.videos[&id].segments.iter().map(|segment| (segment.label, segment.start, segment.end));
        let expected = [(Label::Class(walk), 0, 10), (Label::Class(rear), 40, 50), (Label::Class(walk), 60, 70)];
        assert_eq!(segments.collect::<Vec<_>>(), expected);
        document.apply(undo);
        assert_eq!(document, before);
        let error = accept_bouts(&document, id, &bouts[1..2]).unwrap_err();
        assert!(error.cause.contains("overlaps the segment of rear"), "{}", error.cause);
        assert!(accept_bouts(&document, id, &[]).is_err());
    }

    #[test]
    fn rejected_bouts_are_no_labels_and_come_back_by_undo_by_restoring_and_by_accepting() {
        let (mut document, [walk, rear], id) = project();
        let rejected = |document: &Document| document.videos[&id].rejected.clone();
        let step = reject_bouts(&document, id, &[bout(walk, 20..30), bout(rear, 5..9), bout(walk, 60..70)]).unwrap();
        assert_eq!(step.title, "Rejected 3 bouts");
        let undo = document.apply(step);
        let first = RejectedBout { start: 5, end: 9, class: rear };
        assert_eq!((rejected(&document).len(), rejected(&document)[0]), (3, first));
        assert!(document.videos[&id].is_unlabelled());
        let mut undone = document.clone();
        undone.apply(undo);
        assert_eq!(rejected(&undone), []);
        document.apply(accept_bouts(&document, id, &[bout(walk, 18..28)]).unwrap().1);
        assert_eq!(rejected(&document), [first, RejectedBout { start: 60, end: 70, class: walk }]);
        assert_eq!(document.videos[&id].segment(SegmentId(0)).map(|segment| segment.end), Some(28));
        document.apply(restore_rejected(&document, id).unwrap());
        assert_eq!(rejected(&document), []);
        assert!(restore_rejected(&document, id).is_err());
    }

    #[test]
    fn a_corrected_bout_is_a_segment_of_the_other_class_and_rejected_as_its_own() {
        let (mut document, [walk, rear], id) = project();
        let before = document.clone();
        let step = correct_bout(&document, id, &bout(walk, 20..30), Label::Class(rear)).unwrap();
        assert_eq!(step.title, "Corrected a bout of walk to rear");
        let undo = document.apply(step);
        let video = &document.videos[&id];
        assert_eq!((video.segments[0].label, video.segments[0].start), (Label::Class(rear), 20));
        assert_eq!(video.rejected, [RejectedBout { start: 20, end: 30, class: walk }]);
        document.apply(undo);
        assert_eq!(document, before);
        document.apply(correct_bout(&document, id, &bout(walk, 20..30), Label::Class(walk)).unwrap());
        assert_eq!((document.videos[&id].segments.len(), document.videos[&id].rejected.len()), (1, 0));
    }

    #[test]
    fn rejected_bouts_follow_merged_and_deleted_classes() {
        let (mut document, [walk, rear], id) = project();
        document.apply(reject_bouts(&document, id, &[bout(walk, 20..30)]).unwrap());
        let mut merged = document.clone();
        merged.apply(edits::merge_classes(&document, walk, rear).unwrap());
        assert_eq!(merged.videos[&id].rejected, [RejectedBout { start: 20, end: 30, class: rear }]);
        document.apply(edits::delete_class(&document, walk).unwrap());
        assert_eq!(document.videos[&id].rejected, []);
    }
}
