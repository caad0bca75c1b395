//! The reliability diagram: accuracy over confidence, in bins.

use eframe::egui::{Ui, vec2};
use egui_plot::{Bar, BarChart, Line, Plot, PlotPoints};

use crate::app::ui::format::percent;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{explanation, plot_height};
use crate::evaluation::StreamReport;
use crate::plural::counted;

/// Minimum height of the plot, in points.
const HEIGHT: f32 = 220.0;

/// Draws the page.
pub(super) fn calibration_ui(ui: &mut Ui, name: &str, stream: &StreamReport) {
    let tokens = Tokens::of(ui);
    let bins = &stream.calibration.bins;
    let width = 100.0 / bins.len().max(1) as f64;
    let (mut right, mut gap) = (Vec::new(), Vec::new());
    for (i, bin) in bins.iter().enumerate().filter(|(_, bin)| bin.clips > 0) {
        let (at, accuracy, confidence) = (width * (i as f64 + 0.5), 100.0 * bin.accuracy, 100.0 * bin.confidence);
        let text = format!(
            "{}\nconfidence {} %\naccuracy {} %",
            counted(bin.clips, "clip"),
            percent(bin.confidence),
            percent(bin.accuracy)
        );
        let (low, high) = (accuracy.min(confidence), accuracy.max(confidence));
        right.push(Bar::new(at, low).width(0.9 * width).name(&text));
        gap.push(Bar::new(at, high - low).base_offset(low).width(0.9 * width).name(text));
    }
    let formatter = |bar: &Bar, _: &BarChart| bar.name.clone();
    let plot = Plot::new("reliability")
        .grid_color(tokens.outline)
        .height(plot_height(ui, HEIGHT))
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .show_background(true)
        .include_x(0.0)
        .include_x(100.0)
        .include_y(0.0)
        .include_y(100.0)
        .set_margin_fraction(vec2(0.02, 0.02))
        .y_axis_min_width(40.0)
        .x_axis_label("confidence, %")
        .y_axis_formatter(|mark, _| format!("{:.0} %", mark.value));
    plot.show(ui, |plot| {
        plot.bar_chart(BarChart::new("right", right).color(tokens.accent).element_formatter(Box::new(formatter)));
        let faint = tokens.error.gamma_multiply(0.4);
        plot.bar_chart(BarChart::new("gap", gap).color(faint).element_formatter(Box::new(formatter)));
        let diagonal = PlotPoints::from(vec![[0.0, 0.0], [100.0, 100.0]]);
        plot.line(Line::new("perfect calibration", diagonal).color(tokens.weak).width(1.0));
    });
    let ece = stream.calibration.ece;
    let lean: f64 = bins.iter().map(|bin| (bin.confidence - bin.accuracy) * bin.clips as f64).sum();
    let lean = if lean > 0.0 { "overconfident" } else { "underconfident" };
    explanation(
        ui,
        &format!(
            "Expected calibration error (ECE) of the {name} scores: {ece:.3}. Red is the gap between confidence and accuracy: underconfident above the diagonal, overconfident below it. Overall: {lean}."
        ),
    );
}
