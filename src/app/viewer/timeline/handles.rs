//! What the pointer takes of segments and predicted bouts, and where it seeks.

use eframe::egui::{CursorIcon, Id, Rect, Response, Sense, Ui};

use super::axis::Axis;
use super::drag::TrackPart;
use crate::app::panel::PanelContext;

/// How near the pointer takes an edge, in points.
pub(super) const REACH: f32 = 4.0;
/// How near an edge snaps to another one, in points.
pub(super) const SNAP: f32 = 6.0;

/// Whether a drag ended as the button was let go, and not with Esc.
pub(super) fn is_let_go(ui: &Ui) -> bool {
    ui.input(|input| input.pointer.any_released())
}

/// The body and both edges of a segment, as far as they are seen; edges are above the body and reach a little beyond.
pub(super) fn parts(ui: &Ui, place: Rect, salt: Id) -> [(TrackPart, Response); 3] {
    let inner = REACH.min(place.width() / 4.0);
    let edge = |x: f32, out: f32| {
        let (a, b) = (x - out, x + if out < 0.0 { -inner } else { inner });
        Rect::from_x_y_ranges(a.min(b)..=a.max(b), place.y_range())
    };
    let interact = |rect: Rect, name: &str| ui.interact(rect, salt.with(name), Sense::click_and_drag());
    [
        (TrackPart::Whole, interact(place, "whole")),
        (TrackPart::Start, interact(edge(place.left(), REACH), "start")),
        (TrackPart::End, interact(edge(place.right(), -REACH), "end")),
    ]
}

/// Returns how the pointer looks over a part.
pub(super) fn cursor(part: TrackPart) -> CursorIcon {
    match part {
        TrackPart::Whole => CursorIcon::Grab,
        TrackPart::Start | TrackPart::End => CursorIcon::ResizeHorizontal,
    }
}

/// Seeks to where the pointer is pressed.
pub(super) fn scrub(response: &Response, axis: &Axis, cx: &mut PanelContext<'_>) {
    if let Some(pointer) = response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked()) {
        seek(axis.frame_at(pointer.x, cx.session.frames()), cx);
    }
}

/// Seeks to a frame where the clip is not there already.
pub(super) fn seek(frame: usize, cx: &mut PanelContext<'_>) {
    if frame != cx.session.player.position {
        cx.seek(frame);
    }
}
