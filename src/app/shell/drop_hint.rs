//! Says that files held over the window can be dropped.

use eframe::egui::{Align2, Color32, Id, LayerId, Order, Stroke, StrokeKind, TextStyle, Ui};

use crate::app::ui::theme::Tokens;

/// Darkens the window while files are held over it.
pub fn drop_hint_ui(ui: &Ui) {
    if ui.input(|input| input.raw.hovered_files.is_empty()) {
        return;
    }
    let tokens = Tokens::of(ui);
    let painter = ui.ctx().layer_painter(LayerId::new(Order::Foreground, Id::unique("drop")));
    let area = ui.ctx().content_rect();
    painter.rect_filled(area, 0.0, Color32::from_black_alpha(150));
    painter.rect_stroke(area.shrink(12.0), 8.0, Stroke::new(2.0, tokens.accent), StrokeKind::Inside);
    let font = TextStyle::Heading.resolve(ui.style());
    painter.text(area.center(), Align2::CENTER_CENTER, "Drop to open", font, Color32::WHITE);
}
