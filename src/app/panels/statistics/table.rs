//! The figures of the newest flow of every source that is on: a row for each figure, a column for each source.

use eframe::egui::{Grid, Label, RichText, ScrollArea, TextStyle, Ui};

use super::figure::Figure;
use super::is_on;
use crate::app::actions::PanelContext;
use crate::app::session::Session;
use crate::app::theme::Tokens;
use crate::app::widgets::{explanation, source_dot};
use crate::engine::{FlowSource, FlowStatistics};

/// Draws the table.
pub fn table_ui(ui: &mut Ui, cx: &PanelContext<'_>) {
    let sources: Vec<FlowSource> = FlowSource::ALL.into_iter().filter(|source| is_on(*source, cx)).collect();
    let session = &cx.session;
    let statistics = |source: &FlowSource| {
        let statistics = session.lab.source(*source).inspection.as_ref()?.statistics;
        // The truth is no competitor of its own.
        let errors = statistics.errors.filter(|_| *source != FlowSource::Truth);
        Some(FlowStatistics { errors, ..statistics })
    };
    let columns: Vec<Option<FlowStatistics>> = sources.iter().map(statistics).collect();
    ScrollArea::horizontal().show(ui, |ui| {
        Grid::new("figures").striped(true).spacing([12.0, 3.0]).min_row_height(20.0).show(ui, |ui| {
            head_ui(ui, &sources, session);
            for figure in Figure::ALL {
                row_ui(ui, figure, &sources, &columns);
            }
            cost_ui(ui, &sources, session);
        });
    });
    if columns.iter().flatten().all(|statistics| statistics.errors.is_none()) {
        explanation(ui, "EPE, AAE and Fl need a ground truth: choose one in the Flow panel.");
    }
    if sources.len() == 1 {
        explanation(ui, "Switch further sources on in the Flow panel to compare them here.");
    }
}

/// Names of the sources, and the frame each figure belongs to.
fn head_ui(ui: &mut Ui, sources: &[FlowSource], session: &Session) {
    ui.label("");
    for source in sources {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            source_dot(ui, *source);
            let state = session.lab.source(*source);
            let frame = state.inspection.as_ref().map_or("nothing measured yet".into(), |found| {
                format!("frame {} → {}", found.frame, found.frame + found.stride)
            });
            ui.label(RichText::new(source.name()).small().color(Tokens::of(ui).strong)).on_hover_text(frame);
        });
    }
    ui.end_row();
}

fn row_ui(ui: &mut Ui, figure: Figure, sources: &[FlowSource], columns: &[Option<FlowStatistics>]) {
    let values: Vec<Option<f32>> = columns.iter().map(|column| figure.of(column.as_ref()?)).collect();
    if figure.needs_truth() && values.iter().all(Option::is_none) {
        return;
    }
    name_ui(ui, figure.name(), figure.tooltip());
    let best = figure.best(&values);
    for (i, (value, source)) in values.iter().zip(sources).enumerate() {
        let text = value.map_or("–".into(), number);
        let tooltip = format!("{}, {}: {text}", source.name(), figure.full_name());
        value_ui(ui, &text, best == Some(i), &tooltip);
    }
    ui.end_row();
}

fn cost_ui(ui: &mut Ui, sources: &[FlowSource], session: &Session) {
    let millis = |source: &FlowSource| {
        session.lab.source(*source).flow.as_ref().map(|flow| flow.millis).filter(|millis| *millis > 0.0)
    };
    let costs: Vec<Option<f32>> = sources.iter().map(millis).collect();
    for (name, tooltip, of) in [
        ("Cost, ms", "What the newest flow cost", (|millis| millis) as fn(f32) -> f32),
        ("Rate, fps", "How many flows a second that would be", |millis| 1000.0 / millis),
    ] {
        name_ui(ui, name, tooltip);
        for (millis, source) in costs.iter().zip(sources) {
            let text = millis.map_or("–".into(), |millis| number(of(millis)));
            value_ui(ui, &text, false, &format!("{}, {name}: {text}", source.name()));
        }
        ui.end_row();
    }
}

fn name_ui(ui: &mut Ui, name: &str, tooltip: &str) {
    ui.add(Label::new(RichText::new(name).small().color(Tokens::of(ui).weak))).on_hover_text(tooltip);
}

fn value_ui(ui: &mut Ui, text: &str, best: bool, tooltip: &str) {
    let tokens = Tokens::of(ui);
    let color = if best { tokens.good } else { tokens.text };
    let text = RichText::new(text).text_style(TextStyle::Monospace).color(color);
    let remark = if best { format!("{tooltip} (best)") } else { tooltip.to_owned() };
    ui.label(text).on_hover_text(remark);
}

/// Three digits that matter.
fn number(value: f32) -> String {
    match value.abs() {
        size if size >= 99.95 => format!("{value:.0}"),
        size if size >= 9.995 => format!("{value:.1}"),
        size if size >= 0.9995 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        assert_eq!([0.0, 0.0123, 1.5, 12.34, 1234.0].map(number), ["0.000", "0.012", "1.50", "12.3", "1234"]);
    }
}
