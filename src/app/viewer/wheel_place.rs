//! Where the colour wheel is over the views, and whether it is shown: the part of the legend that the settings keep.

use eframe::egui::{Rect, Vec2, vec2};
use serde::{Deserialize, Serialize};

/// Distance of the wheel from the edges of its view, in points.
const MARGIN: f32 = 8.0;

/// The place of the colour wheel.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WheelPlace {
    /// Across and down, as shares of the room around it: a view of another size keeps it in the same corner.
    at: [f32; 2],
    /// Whether it is drawn small.
    pub is_small: bool,
    /// Whether it is not drawn.
    pub is_hidden: bool,
}

impl Default for WheelPlace {
    fn default() -> Self {
        Self { at: [1.0, 1.0], is_small: false, is_hidden: false }
    }
}

impl WheelPlace {
    /// Returns the rectangle of a card of `size` in `pane`.
    pub fn card(&self, pane: Rect, size: Vec2) -> Rect {
        let [across, down] = self.at.map(|share| share.clamp(0.0, 1.0)); // A file may say anything.
        Rect::from_min_size(pane.min + vec2(MARGIN, MARGIN) + room(pane, size) * vec2(across, down), size)
    }

    /// Moves the card by `delta`, not out of `pane`.
    pub fn drag(&mut self, pane: Rect, size: Vec2, delta: Vec2) {
        let room = room(pane, size);
        for (at, (delta, room)) in self.at.iter_mut().zip([(delta.x, room.x), (delta.y, room.y)]) {
            if room > 0.0 {
                *at = (*at + delta / room).clamp(0.0, 1.0);
            }
        }
    }
}

/// How far a card of `size` can be moved in `pane`.
fn room(pane: Rect, size: Vec2) -> Vec2 {
    (pane.size() - vec2(2.0 * MARGIN, 2.0 * MARGIN) - size).max(Vec2::ZERO)
}

#[cfg(test)]
mod tests {
    use eframe::egui::pos2;

    use super::*;

    const SIZE: Vec2 = vec2(80.0, 100.0);

    #[test]
    fn the_wheel_keeps_its_corner_in_views_of_any_size_and_never_leaves_them() {
        let mut place = WheelPlace::default();
        let [large, small] = [800.0, 300.0].map(|side| Rect::from_min_size(pos2(10.0, 20.0), vec2(side, side)));
        assert_eq!(place.card(large, SIZE).max, large.max - vec2(MARGIN, MARGIN));
        place.drag(large, SIZE, vec2(-2000.0, 0.0));
        for pane in [large, small] {
            assert_eq!(place.card(pane, SIZE).left_bottom(), pane.left_bottom() + vec2(MARGIN, -MARGIN));
        }
        place.drag(large, SIZE, vec2(100.0, -50.0));
        let moved = place.card(large, SIZE).left_bottom() - large.left_bottom() - vec2(MARGIN, -MARGIN);
        assert!((moved - vec2(100.0, -50.0)).length() < 0.1, "{moved:?}");
        let tiny = Rect::from_min_size(pos2(0.0, 0.0), vec2(40.0, 40.0));
        place.drag(tiny, SIZE, vec2(-10.0, -10.0));
        assert_eq!(place.card(tiny, SIZE).min, pos2(MARGIN, MARGIN));
    }
}
