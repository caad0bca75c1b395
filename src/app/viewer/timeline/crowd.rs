//! How many of the segments of a track are drawn, and which of them the pointer can take.

use eframe::egui::Rect;

/// Segments below this width are only painted where they are crowded, in points: nobody can aim at one of them.
const THIN: f32 = 6.0;
/// How far thin segments are apart that can each be aimed at, in points.
const APART: f32 = 24.0;
/// Segments that end within this of what is painted already would change no pixel, in points.
const SAME: f32 = 0.5;

/// What there is room for in a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// Nothing: it would change no pixel.
    None,
    /// A segment that is seen.
    ToSee,
    /// A segment that the pointer can take.
    ToTake,
}

/// The segments that were drawn in a track, by start: how far they reach.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crowd {
    painted_to: f32,
    taken_to: f32,
}

impl Default for Crowd {
    fn default() -> Self {
        Self { painted_to: f32::NEG_INFINITY, taken_to: f32::NEG_INFINITY }
    }
}

impl Crowd {
    /// Returns what there is room for at `place`, and notes that it is drawn.
    pub fn room_for(&mut self, place: Rect, is_selected: bool) -> Room {
        let is_crowded = place.width() < THIN && place.left() < self.taken_to + APART;
        if is_selected || !is_crowded {
            self.taken_to = self.taken_to.max(place.right());
            self.painted_to = self.painted_to.max(place.right());
            return Room::ToTake;
        }
        if place.right() <= self.painted_to + SAME {
            return Room::None;
        }
        self.painted_to = place.right();
        Room::ToSee
    }
}

#[cfg(test)]
mod tests {
    use eframe::egui::{pos2, vec2};

    use super::*;

    #[test]
    fn crowded_thin_segments_are_painted_and_not_taken_one_by_one() {
        let mut crowd = Crowd::default();
        let mut room = |left: f32, width: f32, is_selected| {
            crowd.room_for(Rect::from_min_size(pos2(left, 0.0), vec2(width, 9.0)), is_selected)
        };
        assert_eq!(room(0.0, 2.0, false), Room::ToTake, "one that stands alone");
        assert_eq!(room(2.0, 2.0, false), Room::ToSee);
        assert_eq!(room(2.2, 2.0, false), Room::None);
        assert_eq!(room(2.3, 2.0, true), Room::ToTake, "the selected one can always be changed");
        assert_eq!(room(8.0, 20.0, false), Room::ToTake);
        assert_eq!(room(60.0, 2.0, false), Room::ToTake, "far from the others");
    }
}
