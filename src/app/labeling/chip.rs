//! Labels as small coloured chips.

use eframe::egui::{Color32, CornerRadius, FontId, Pos2, Rect, Stroke, StrokeKind, Ui, vec2};

use crate::app::ui::theme::Tokens;
use crate::labels::{Document, Label};

/// Height of a chip, in points.
pub(in crate::app) const HEIGHT: f32 = 16.0;
/// Between chips, in points.
const GAP: f32 = 4.0;
/// Widest text of a chip, in points.
const WIDEST: f32 = 130.0;

/// The colour of a label: the class's own, quiet for the background.
pub(in crate::app) fn label_color(ui: &Ui, document: &Document, label: Label) -> Color32 {
    let class = match label {
        Label::Background => None,
        Label::Class(id) => document.class(id),
    };
    class.map_or(Tokens::of(ui).weak, |class| Color32::from_rgb(class.color[0], class.color[1], class.color[2]))
}

/// Paints a chip at `at`, its left edge's middle; `firm` ones are said by a person, others proposed. Returns where the next one begins.
pub(in crate::app) fn chip(ui: &Ui, at: Pos2, right: f32, text: &str, color: Color32, firm: bool) -> Pos2 {
    let tokens = Tokens::of(ui);
    let width = (right - at.x - 20.0).min(WIDEST);
    if width < 8.0 {
        return at;
    }
    let mut job = eframe::egui::text::LayoutJob::simple_singleline(
        text.to_owned(),
        FontId::proportional(11.0),
        if firm { tokens.strong } else { tokens.text },
    );
    job.wrap = eframe::egui::text::TextWrapping::truncate_at_width(width);
    let galley = ui.painter().layout_job(job);
    let rect = Rect::from_min_size(at - vec2(0.0, HEIGHT / 2.0), vec2(galley.size().x + 18.0, HEIGHT));
    let round = CornerRadius::same(8);
    if firm {
        ui.painter().rect_filled(rect, round, color.gamma_multiply(0.28));
    } else {
        ui.painter().rect_stroke(rect, round, Stroke::new(1.0, color.gamma_multiply(0.7)), StrokeKind::Inside);
    }
    ui.painter().circle_filled(rect.left_center() + vec2(7.0, 0.0), 3.0, color);
    let text_at = rect.left_center() + vec2(13.0, -galley.size().y / 2.0);
    ui.painter().galley(text_at, galley, tokens.strong);
    rect.right_center() + vec2(GAP, 0.0)
}
