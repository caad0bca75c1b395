//! The mark of a flow that belongs to another frame than the picture beside it.

use eframe::egui::{Align2, FontId, Painter, Rect, Ui, vec2};

use crate::app::ui::theme::{RADIUS, Tokens};

/// Distance from the corner of the picture, in points.
const MARGIN: f32 = 6.0;

/// Says in the upper right corner of `picture` what sets it apart, such as `3 frames behind`.
pub fn age_mark(ui: &Ui, painter: &Painter, picture: Rect, text: String) {
    let color = Tokens::for_dark(true).warning; // The scrim is dark in both themes.
    let galley = painter.layout_no_wrap(text, FontId::proportional(11.0), color);
    let corner = picture.right_top() + vec2(-MARGIN, MARGIN);
    let place = Align2::RIGHT_TOP.anchor_size(corner, galley.size() + vec2(8.0, 4.0));
    if place.left() < picture.left() {
        return; // There is no room for it.
    }
    painter.rect_filled(place, RADIUS, Tokens::of(ui).scrim);
    painter.galley(place.min + vec2(4.0, 2.0), galley, color);
}
