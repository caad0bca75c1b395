//! Closing of popups while the content below them is scrolled: egui leaves them in place, away from their buttons.

use eframe::egui::{Context, Event, InputState, Order, Popup, Pos2};

/// Closes the open list or menu if something below it is scrolled or dragged. To be called before anything is drawn.
pub fn close_scrolled(ctx: &Context) {
    let Some(at) = ctx.input(scrolled_at).filter(|_| Popup::is_any_open(ctx)) else { return };
    let is_below = ctx.layer_id_at(at).is_none_or(|layer| layer.order < Order::Foreground);
    if is_below {
        Popup::close_all(ctx);
    }
}

/// Returns the position of a wheel turn or of the start of a drag.
fn scrolled_at(input: &InputState) -> Option<Pos2> {
    let is_wheel = |event: &Event| matches!(event, Event::MouseWheel { .. });
    if input.events.iter().any(is_wheel) {
        return input.pointer.latest_pos();
    }
    input.pointer.press_origin().filter(|_| input.pointer.is_decidedly_dragging())
}
