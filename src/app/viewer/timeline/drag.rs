//! Segments under the pointer: one that is moved or stretched, and one that is drawn.

use crate::labels::{Label, Segment, Video, VideoId};

/// What of a segment is dragged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TrackPart {
    Start,
    End,
    Whole,
}

/// A segment under way: it becomes a step when it is let go.
#[derive(Debug, Clone)]
pub(super) struct Drag {
    pub video: VideoId,
    pub before: Segment,
    pub now: Segment,
    pub part: TrackPart,
    /// Position among the frames where it was taken.
    pub taken_at: f64,
}

impl Drag {
    /// Follows the pointer from frame to frame, and to `places` that are nearer than `snap` frames.
    pub fn move_to(&mut self, position: f64, frames: usize, places: &[usize], snap: f64) {
        let moved = position - self.taken_at;
        let edge = |edge: usize| {
            let wanted = edge as f64 + moved;
            nearest(wanted, places, snap).unwrap_or(wanted.round().max(0.0) as usize)
        };
        let Segment { start, end, .. } = self.before;
        match self.part {
            TrackPart::Start => self.now.start = edge(start).min(end - 1),
            TrackPart::End => self.now.end = edge(end).clamp(start + 1, frames.max(start + 1)),
            TrackPart::Whole => {
                let length = end - start;
                let (by_start, by_end) = (edge(start), edge(end));
                // Whichever edge has something to snap to.
                let free = (start as f64 + moved).round().max(0.0) as usize;
                let to =
                    if by_start == free && by_end != free + length { by_end.saturating_sub(length) } else { by_start };
                self.now.start = to.min(frames.saturating_sub(length));
                self.now.end = self.now.start + length;
            }
        }
    }
}

/// A segment that is drawn on an empty part of a track: it is added when the pointer is let go.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NewSegment {
    pub video: VideoId,
    pub label: Label,
    /// Position among the frames where the pointer was pressed.
    pressed_at: f64,
    pub start: usize,
    /// The frame after its last one.
    pub end: usize,
    /// The frame at the edge that follows the pointer.
    pub shown: usize,
}

impl NewSegment {
    /// Returns a segment of the frame at which the pointer was pressed.
    pub fn at(video: VideoId, label: Label, pressed_at: f64) -> Self {
        let frame = pressed_at.max(0.0) as usize;
        Self { video, label, pressed_at, start: frame, end: frame + 1, shown: frame }
    }

    /// Covers every frame from where the pointer was pressed to where it is; edges snap as those of a [`Drag`].
    pub fn reach_to(&mut self, position: f64, frames: usize, places: &[usize], snap: f64) {
        let (low, high) = (position.min(self.pressed_at), position.max(self.pressed_at));
        let start = nearest(low, places, snap).unwrap_or(low.max(0.0) as usize);
        let end = nearest(high, places, snap).unwrap_or(high.max(0.0).ceil() as usize);
        self.start = start.min(frames.saturating_sub(1));
        self.end = end.min(frames).max(self.start + 1);
        self.shown = if position < self.pressed_at { self.start } else { self.end - 1 };
    }
}

/// Returns the place that is nearest to `wanted`, if one is nearer than `snap` frames.
fn nearest(wanted: f64, places: &[usize], snap: f64) -> Option<usize> {
    let distance = |place: &usize| (*place as f64 - wanted).abs();
    let near = places.iter().copied().filter(|place| distance(place) <= snap);
    near.min_by(|a, b| distance(a).total_cmp(&distance(b)))
}

/// Returns where edges snap to: those of the segments of `video` but `own`, and both ends of the clip.
pub(super) fn snapping_places(video: &Video, own: Option<&Segment>, frames: usize) -> Vec<usize> {
    let others = video.segments.iter().filter(|other| own.is_none_or(|own| own.id != other.id));
    others.flat_map(|other| [other.start, other.end]).chain([0, frames]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::SegmentId;

    fn drag(part: TrackPart) -> Drag {
        let before = Segment { id: SegmentId(0), label: Label::Background, start: 20, end: 30, note: String::new() };
        Drag { video: VideoId(0), now: before.clone(), before, part, taken_at: 25.0 }
    }

    fn dragged(part: TrackPart, to: f64, places: &[usize]) -> (usize, usize) {
        let mut drag = drag(part);
        drag.move_to(to, 100, places, 2.0);
        (drag.now.start, drag.now.end)
    }

    #[test]
    fn edges_follow_in_whole_frames_and_never_cross() {
        assert_eq!(dragged(TrackPart::Start, 21.4, &[]), (16, 30));
        assert_eq!(dragged(TrackPart::Start, 80.0, &[]), (29, 30));
        assert_eq!(dragged(TrackPart::End, -90.0, &[]), (20, 21));
        assert_eq!(dragged(TrackPart::End, 999.0, &[]), (20, 100));
        assert_eq!(dragged(TrackPart::Start, -90.0, &[]), (0, 30));
    }

    #[test]
    fn a_moved_segment_keeps_its_length_and_snaps_with_either_edge() {
        assert_eq!(dragged(TrackPart::Whole, 35.2, &[]), (30, 40));
        assert_eq!(dragged(TrackPart::Whole, 999.0, &[]), (90, 100));
        assert_eq!(dragged(TrackPart::Whole, -50.0, &[]), (0, 10));
        assert_eq!(dragged(TrackPart::Whole, 35.0, &[31]), (31, 41), "its start is near");
        assert_eq!(dragged(TrackPart::Whole, 35.0, &[42]), (32, 42), "its end is near");
        assert_eq!(dragged(TrackPart::End, 36.0, &[42, 60]), (20, 42));
    }

    #[test]
    fn a_drawn_segment_covers_what_the_pointer_passed_in_either_direction_and_snaps() {
        let drawn = |to: f64, places: &[usize]| {
            let mut new = NewSegment::at(VideoId(0), Label::Background, 25.5);
            new.reach_to(to, 100, places, 2.0);
            (new.start, new.end, new.shown)
        };
        assert_eq!(drawn(40.2, &[]), (25, 41, 40));
        assert_eq!(drawn(10.7, &[]), (10, 26, 10));
        assert_eq!(drawn(25.6, &[]), (25, 26, 25), "a frame at least");
        assert_eq!(drawn(40.2, &[24, 42]), (24, 42, 41));
        assert_eq!(drawn(500.0, &[]), (25, 100, 99));
        assert_eq!(drawn(-5.0, &[]), (0, 26, 0));
    }
}
