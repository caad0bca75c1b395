//! The mark of a flow that is of another moment than the picture beside it.

use eframe::egui::{Align2, FontId, Painter, Rect, Ui, vec2};

use crate::app::ui::theme::{RADIUS, Tokens};
use crate::plural::counted;

/// Distance from the corner of the picture, in points.
const MARGIN: f32 = 6.0;

/// Says in the upper right corner of `picture` by how many frames it is late.
pub fn late_mark(ui: &Ui, painter: &Painter, picture: Rect, frames: usize) {
    let tokens = Tokens::of(ui);
    let text = format!("{} late", counted(frames, "frame"));
    let galley = painter.layout_no_wrap(text, FontId::proportional(11.0), tokens.warning);
    let corner = picture.right_top() + vec2(-MARGIN, MARGIN);
    let place = Align2::RIGHT_TOP.anchor_size(corner, galley.size() + vec2(8.0, 4.0));
    if place.left() < picture.left() {
        return; // There is no room for it.
    }
    painter.rect_filled(place, RADIUS, tokens.scrim);
    painter.galley(place.min + vec2(4.0, 2.0), galley, tokens.warning);
}
