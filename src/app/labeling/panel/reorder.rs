//! Rows of a list that a person drags to another place by their grips.

use eframe::egui::{CursorIcon, Id, Rect, Response, Role, Sense, Stroke, Ui, Vec2, WidgetInfo, vec2};

use crate::app::ui::icon::Icon;
use crate::app::ui::theme::{RADIUS, Tokens};

/// Size of a grip, in points.
const GRIP: Vec2 = vec2(14.0, 28.0);
/// Side of its dots together, in points.
const DOTS: f32 = 12.0;

/// Six dots at the beginning of `row`, by which it is dragged. They are for the pointer alone: what they do has to be in a
/// menu as well.
pub(super) fn grip_ui(ui: &mut Ui, id: Id, name: &str, row: Rect) -> Response {
    let tokens = Tokens::of(ui);
    let (_, place) = ui.allocate_space(GRIP);
    let response = ui.interact(place, id, Sense::DRAG).on_hover_and_drag_cursor(CursorIcon::Grab);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name));
    if response.dragged() {
        ui.set_cursor_icon(CursorIcon::Grabbing);
        ui.painter().rect_filled(row, RADIUS, tokens.accent_faint);
    }
    let color = if response.hovered() || response.dragged() { tokens.strong } else { tokens.weak };
    Icon::Grip.paint(ui.painter(), Rect::from_center_size(place.center(), Vec2::splat(DOTS)), color);
    response
}

/// Shows where the row that is being dragged would land. When it is let go: its place, and its place from then on. Esc leaves
/// it where it was.
pub(super) fn moved_row(ui: &Ui, rows: &[Rect], grips: &[Response]) -> Option<(usize, usize)> {
    let from = grips.iter().position(|grip| grip.dragged() || grip.drag_stopped())?;
    let pointer = ui.input(|input| input.pointer.latest_pos())?;
    let to = landing(rows, from, pointer.y);
    if to == from {
        return None;
    }
    if grips[from].dragged() {
        let edge = if to > from { rows[to].bottom() } else { rows[to].top() };
        let gap = 0.5 * ui.spacing().item_spacing.y;
        let y = if to > from { edge + gap } else { edge - gap };
        ui.painter().hline(rows[to].x_range(), y, Stroke::new(2.0, Tokens::of(ui).accent));
        ui.scroll_to_rect(rows[to], None); // for places out of view
    }
    // Esc ends a drag without the button being let go.
    let is_let_go = grips[from].drag_stopped() && ui.input(|input| input.pointer.any_released());
    is_let_go.then_some((from, to))
}

/// The place of row `from` once it lies where the pointer is.
fn landing(rows: &[Rect], from: usize, pointer_y: f32) -> usize {
    let above = rows.iter().filter(|row| row.center().y < pointer_y).count();
    if above > from { above - 1 } else { above }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::pos2;

    #[test]
    fn a_row_lands_between_those_that_the_pointer_is_between() {
        let rows: Vec<Rect> =
            (0..4).map(|i| Rect::from_min_size(pos2(0.0, 30.0 * i as f32), vec2(100.0, 28.0))).collect();
        for (from, y, to) in [
            (0, -50.0, 0),
            (0, 27.0, 0),
            (0, 40.0, 0),
            (0, 50.0, 1),
            (0, 999.0, 3),
            (3, 5.0, 0),
            (3, 60.0, 2),
            (2, 61.0, 2),
        ] {
            assert_eq!(landing(&rows, from, y), to, "row {from} at {y}");
        }
    }
}
