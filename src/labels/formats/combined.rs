//! A video of the project merged with the labels of a file: labels are replaced as a whole, group and notes separately.

use std::collections::BTreeMap;

use super::super::{Label, Segment, SegmentId, Video};

/// The video after an import, and which of its values the project keeps.
pub(super) struct Combined {
    pub video: Video,
    pub labels: LabelFate,
    /// `true` if a group or note of the project is kept although the file has a different one.
    pub keeps_texts: bool,
}

/// The outcome for the labels of a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LabelFate {
    /// The file has the same labels, or none.
    Same,
    /// The project takes the labels of the file: this many new ones, in place of this many of its own.
    Taken { added: usize, replaced: usize },
    /// The project keeps its labels, since they are not to be replaced.
    Kept,
    /// The project keeps its labels, since those of the file cannot be used in full.
    Incomplete,
}

impl Combined {
    /// Combines `known` with the file's version `said`, of which `left_out` labels cannot be used. Empty groups and
    /// notes are filled; labels, groups and notes that differ are replaced if `replaces`. A format without notes erases
    /// none.
    pub fn of(known: &Video, mut said: Video, left_out: usize, replaces: bool) -> Self {
        adopt_segments(&mut said, known);
        said.sort();
        // Only labels can replace labels.
        let is_silent = said.is_unlabelled() && left_out == 0;
        let labels = match known.is_unlabelled() {
            _ if is_silent || labels_of(known) == labels_of(&said) => LabelFate::Same,
            false if !replaces => LabelFate::Kept,
            false if left_out > 0 => LabelFate::Incomplete,
            _ => LabelFate::Taken { added: lacking(&said, known), replaced: lacking(known, &said) },
        };
        let (mut video, mut texts) = (known.clone(), Texts { replaces, are_kept: false });
        match labels {
            LabelFate::Taken { .. } => {
                (video.labels, video.segments) = (said.labels, said.segments);
                if !said.reviewer.is_empty() {
                    video.reviewer = said.reviewer;
                }
            }
            LabelFate::Same => {
                for segment in &said.segments {
                    let own = video.segments.iter_mut().find(|own| own.id == segment.id);
                    own.into_iter().for_each(|own| texts.take(&mut own.note, &segment.note));
                }
                if !said.reviewer.is_empty() && (replaces || video.reviewer.is_empty()) {
                    video.reviewer = said.reviewer;
                }
            }
            LabelFate::Kept | LabelFate::Incomplete => {}
        }
        texts.take(&mut video.group, &said.group);
        texts.take(&mut video.note, &said.note);
        Self { video, labels, keeps_texts: texts.are_kept }
    }
}

/// Chooses between texts of the project and of the file.
struct Texts {
    replaces: bool,
    /// `true` if a text of the project was kept although the file has a different one.
    are_kept: bool,
}

impl Texts {
    fn take(&mut self, own: &mut String, said: &str) {
        if said.is_empty() || own == said {
            return;
        }
        if own.is_empty() || self.replaces {
            said.clone_into(own);
        } else {
            self.are_kept = true;
        }
    }
}

/// Identity of a segment without id and note.
type SegmentPlace = (usize, usize, Label);

fn place_of(segment: &Segment) -> SegmentPlace {
    (segment.start, segment.end, segment.label)
}

/// Gives segments that `known` also has their ids, and their notes where they have none; others get new ids.
fn adopt_segments(said: &mut Video, known: &Video) {
    let own: BTreeMap<SegmentPlace, &Segment> =
        known.segments.iter().map(|segment| (place_of(segment), segment)).collect();
    let mut free = (0..=u32::MAX).map(SegmentId).filter(|id| known.segment(*id).is_none());
    for segment in &mut said.segments {
        match own.get(&place_of(segment)) {
            Some(own) => {
                segment.id = own.id;
                if segment.note.is_empty() {
                    segment.note.clone_from(&own.note);
                }
            }
            // There are more identifiers than segments.
            None => segment.id = free.next().unwrap_or(segment.id),
        }
    }
}

/// Returns the labels of a video in a fixed order, without segment ids.
fn labels_of(video: &Video) -> (Vec<Label>, Vec<SegmentPlace>) {
    let (mut labels, mut segments) = (video.labels.clone(), video.segments.iter().map(place_of).collect::<Vec<_>>());
    labels.sort_unstable();
    segments.sort_unstable();
    (labels, segments)
}

/// Returns the number of labels and segments of `video` that `other` does not have.
fn lacking(video: &Video, other: &Video) -> usize {
    let (_, segments) = labels_of(other);
    let is_gone = |segment: &&Segment| segments.binary_search(&place_of(segment)).is_err();
    video.labels.iter().filter(|label| !other.labels.contains(label)).count()
        + video.segments.iter().filter(is_gone).count()
}

#[cfg(test)]
mod tests {
    use super::super::super::ClassId;
    use super::*;

    const WAVE: Label = Label::Class(ClassId(0));

    fn segment(id: u32, start: usize, note: &str) -> Segment {
        Segment { id: SegmentId(id), label: WAVE, start, end: start + 10, note: note.into() }
    }

    fn video(segments: &[Segment], group: &str, note: &str) -> Video {
        Video { segments: segments.to_vec(), group: group.into(), note: note.into(), ..Video::new("a.mp4") }
    }

    #[test]
    fn a_file_without_notes_erases_none_and_agrees_with_the_same_labels() {
        let known = video(&[segment(4, 0, "slow"), segment(7, 50, "")], "kitchen", "dark");
        let same = video(&[segment(0, 50, ""), segment(1, 0, "")], "", "");
        for replaces in [false, true] {
            let combined = Combined::of(&known, same.clone(), 0, replaces);
            assert_eq!((combined.labels, combined.keeps_texts), (LabelFate::Same, false));
            assert_eq!(combined.video, known);
        }
        let other = video(&[segment(0, 0, ""), segment(1, 100, "new")], "", "");
        let combined = Combined::of(&known, other, 0, true);
        assert_eq!(combined.labels, LabelFate::Taken { added: 1, replaced: 1 });
        assert_eq!(combined.video.segments, [segment(4, 0, "slow"), segment(0, 100, "new")]);
        assert_eq!((combined.video.group.as_str(), combined.video.note.as_str()), ("kitchen", "dark"));
    }

    #[test]
    fn groups_and_notes_are_filled_and_others_replaced_with_consent_only() {
        let known = video(&[segment(0, 0, "slow")], "", "dark");
        let said = video(&[segment(0, 0, "fast")], "kitchen", "bright");
        let kept = Combined::of(&known, said.clone(), 0, false);
        assert_eq!((kept.labels, kept.keeps_texts), (LabelFate::Same, true));
        assert_eq!(kept.video, Video { group: "kitchen".into(), ..known.clone() });
        let replaced = Combined::of(&known, said.clone(), 0, true);
        assert_eq!((replaced.video, replaced.keeps_texts), (said, false));
        // Independent of the outcome for labels.
        for (said, left_out, replaces, labels) in [
            (video(&[], "kitchen", ""), 0, false, LabelFate::Same),
            (video(&[segment(0, 30, "")], "kitchen", ""), 0, false, LabelFate::Kept),
            (video(&[segment(0, 30, "")], "kitchen", ""), 1, true, LabelFate::Incomplete),
        ] {
            let combined = Combined::of(&known, said, left_out, replaces);
            assert_eq!((combined.labels, combined.keeps_texts), (labels, false));
            assert_eq!(combined.video, Video { group: "kitchen".into(), ..known.clone() });
        }
        let unlabelled = Combined::of(&video(&[], "", "dark"), video(&[], "", "bright"), 0, false);
        assert_eq!((unlabelled.video.note.as_str(), unlabelled.keeps_texts), ("dark", true));
    }
}
