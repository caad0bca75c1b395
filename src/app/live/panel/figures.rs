//! The rates, the latency and what was left out, each in a place of its own so that nothing jumps.

use eframe::egui::{Align2, Rect, Role, Sense, TextStyle, Ui, WidgetInfo, pos2, vec2};

use crate::app::live::latency::latency;
use crate::app::live::state::fault;
use crate::app::ui::theme::{RADIUS, SECTION_GAP, Tokens, semibold};
use crate::engine::LiveView;

/// Height of a figure, in points.
const HEIGHT: f32 = 52.0;
/// Space between figures, in points.
const GAP: f32 = 6.0;
/// Narrower figures have no room for their names, in points.
const NARROWEST: f32 = 78.0;
/// A prediction that comes later is not of what a person sees, milliseconds.
const LATE_MS: f32 = 1e3;

/// Draws the figures of `view`.
pub fn figures_ui(ui: &mut Ui, view: &LiveView) {
    ui.add_space(SECTION_GAP);
    // The rates of a source that broke off are out of date.
    let result = view.result.as_deref().filter(|_| fault(view).is_none());
    let rate = |fps: f64| if fps > 0.0 { format!("{fps:.1}") } else { "–".into() };
    let (latency, latency_unit) = result.map_or(("–".into(), "ms"), |result| latency(result.latency_ms));
    let skipped = view.skipped_share().map_or("–".into(), |share| format!("{:.0}", 100.0 * share));
    let inference = rate(result.map_or(0.0, |result| f64::from(result.fps)));
    let is_late = result.is_some_and(|result| result.latency_ms >= LATE_MS);
    let figure = |name, value, unit, tooltip| Figure { name, value, unit, tooltip, is_bad: false };
    let figures = [
        figure(view.source.kind(), rate(view.camera.fps), "fps", "Frames that the source delivers per second"),
        figure("Inference", inference, "fps", "Predictions per second, each on eleven frames"),
        Figure { is_bad: is_late, ..figure("Latency", latency, latency_unit, "Time from frame capture to prediction") },
        figure("Skipped", skipped, "%", "Frames without a prediction, as inference was busy"),
    ];
    let width_of = |columns: usize| (ui.available_width() - GAP * (columns - 1) as f32) / columns as f32;
    let columns = if width_of(figures.len()) >= NARROWEST { figures.len() } else { figures.len() / 2 };
    let (width, rows) = (width_of(columns), (figures.len() / columns) as f32);
    let (area, _) = ui.allocate_exact_size(vec2(ui.available_width(), rows * (HEIGHT + GAP) - GAP), Sense::hover());
    for (i, figure) in figures.into_iter().enumerate() {
        let step = vec2((i % columns) as f32 * (width + GAP), (i / columns) as f32 * (HEIGHT + GAP));
        figure_ui(ui, Rect::from_min_size(area.min + step, vec2(width, HEIGHT)), figure);
    }
}

/// A figure with its name.
struct Figure<'a> {
    name: &'a str,
    value: String,
    unit: &'a str,
    tooltip: &'a str,
    /// Whether it is worse than a person expects of a live source.
    is_bad: bool,
}

fn figure_ui(ui: &mut Ui, rect: Rect, figure: Figure<'_>) {
    let Figure { name, value, unit, tooltip, is_bad } = figure;
    let tokens = Tokens::of(ui);
    let response = ui.interact(rect, ui.scope_id().with(name), Sense::hover());
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, RADIUS, tokens.raised);
    let small = TextStyle::Small.resolve(ui.style());
    painter.text(rect.min + vec2(9.0, 7.0), Align2::LEFT_TOP, name, small.clone(), tokens.weak);
    let at = rect.left_bottom() + vec2(9.0, -7.0);
    let color = if is_bad { tokens.warning } else { tokens.strong };
    let drawn = painter.text(at, Align2::LEFT_BOTTOM, &value, semibold(18.0), color);
    painter.text(pos2(drawn.right() + 4.0, at.y - 2.0), Align2::LEFT_BOTTOM, unit, small, tokens.weak);
    let text = format!("{name}: {value} {unit}");
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &text));
    response.on_hover_text(tooltip);
}
