//! The rates, the latency and what was left out, each in a place of its own so that nothing jumps.

use eframe::egui::{Align2, Rect, Role, Sense, TextStyle, Ui, WidgetInfo, pos2, vec2};

use crate::app::ui::theme::{RADIUS, SECTION_GAP, Tokens, semibold};
use crate::engine::LiveView;

/// Height of a figure, in points.
const HEIGHT: f32 = 52.0;
/// Space between figures, in points.
const GAP: f32 = 6.0;
/// Narrower figures have no room for their names, in points.
const NARROWEST: f32 = 78.0;

/// Draws the figures of `view`.
pub fn figures_ui(ui: &mut Ui, view: &LiveView) {
    ui.add_space(SECTION_GAP);
    let result = view.result.as_deref();
    let rate = |fps: f64| if fps > 0.0 { format!("{fps:.1}") } else { "–".into() };
    let latency = result.map_or("–".into(), |result| format!("{:.0}", result.latency_ms));
    let skipped = result.map_or("–".into(), |result| {
        let seen = result.skipped + result.answered;
        format!("{:.0}", 100.0 * result.skipped as f64 / seen.max(1) as f64)
    });
    let figures = [
        (view.source.kind(), rate(view.camera.fps), "fps", "Frames that the source delivers per second"),
        (
            "Inference",
            rate(result.map_or(0.0, |result| f64::from(result.fps))),
            "fps",
            "Predictions per second, each on eleven frames",
        ),
        ("Latency", latency, "ms", "Time from frame capture to prediction"),
        ("Skipped", skipped, "%", "Frames skipped while inference was busy"),
    ];
    let width_of = |columns: usize| (ui.available_width() - GAP * (columns - 1) as f32) / columns as f32;
    let columns = if width_of(figures.len()) >= NARROWEST { figures.len() } else { figures.len() / 2 };
    let (width, rows) = (width_of(columns), (figures.len() / columns) as f32);
    let (area, _) = ui.allocate_exact_size(vec2(ui.available_width(), rows * (HEIGHT + GAP) - GAP), Sense::hover());
    for (i, (name, value, unit, tooltip)) in figures.into_iter().enumerate() {
        let step = vec2((i % columns) as f32 * (width + GAP), (i / columns) as f32 * (HEIGHT + GAP));
        figure_ui(ui, Rect::from_min_size(area.min + step, vec2(width, HEIGHT)), name, &value, unit, tooltip);
    }
}

fn figure_ui(ui: &mut Ui, rect: Rect, name: &str, value: &str, unit: &str, tooltip: &str) {
    let tokens = Tokens::of(ui);
    let response = ui.interact(rect, ui.scope_id().with(name), Sense::hover());
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, RADIUS, tokens.raised);
    let small = TextStyle::Small.resolve(ui.style());
    painter.text(rect.min + vec2(9.0, 7.0), Align2::LEFT_TOP, name, small.clone(), tokens.weak);
    let at = rect.left_bottom() + vec2(9.0, -7.0);
    let drawn = painter.text(at, Align2::LEFT_BOTTOM, value, semibold(18.0), tokens.strong);
    painter.text(pos2(drawn.right() + 4.0, at.y - 2.0), Align2::LEFT_BOTTOM, unit, small, tokens.weak);
    let text = format!("{name}: {value} {unit}");
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &text));
    response.on_hover_text(tooltip);
}
