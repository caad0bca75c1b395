//! The results: a row for each pair, a column for each method, the mean below.

use eframe::egui::{ComboBox, Grid, Label, RichText, ScrollArea, TextStyle, Ui, vec2};

use crate::app::actions::PanelContext;
use crate::app::benchmark_state::BenchmarkRun;
use crate::app::theme::Tokens;
use crate::app::widgets::{explanation, field};
use crate::engine::Request;
use crate::evaluation::{MeanResult, PairResult};
use crate::flow::metrics::FlowErrors;

/// Width of a method's column in points.
const COLUMN: f32 = 88.0;

/// Which number of each pair is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Figure {
    /// Mean end-point error.
    #[default]
    Epe,
    /// Mean angular error.
    Aae,
    /// Share of outliers.
    Fl,
    /// End-point error of what stays visible.
    Matched,
    /// End-point error of what is occluded.
    Unmatched,
    /// Time.
    Millis,
}

impl Figure {
    const ALL: [(Self, &'static str, &'static str); 6] = [
        (Self::Epe, "EPE, px", "Mean end-point error"),
        (Self::Aae, "AAE, °", "Mean angular error"),
        (Self::Fl, "Fl, %", "Share of pixels that are off by more than 3 px and more than 5 %"),
        (Self::Matched, "EPE matched, px", "Mean end-point error of pixels that both pictures show"),
        (Self::Unmatched, "EPE unmatched, px", "Mean end-point error of pixels that the second picture does not show"),
        (Self::Millis, "Time, ms", "Time of one estimate, without the reading of files; the last row is the median"),
    ];

    fn of_errors(self, errors: Option<&FlowErrors>) -> Option<f64> {
        let errors = errors?;
        match self {
            Self::Epe => Some(errors.all.epe),
            Self::Aae => Some(errors.all.aae_deg),
            Self::Fl => Some(100.0 * errors.all.fl),
            Self::Matched => errors.matched.map(|region| region.epe),
            Self::Unmatched => errors.unmatched.map(|region| region.epe),
            Self::Millis => None,
        }
    }

    fn of(self, result: &PairResult) -> Option<f64> {
        if self == Self::Millis { Some(result.ms) } else { self.of_errors(result.errors.as_ref()) }
    }

    fn of_mean(self, mean: &MeanResult) -> Option<f64> {
        if self == Self::Millis { Some(mean.ms) } else { self.of_errors(mean.errors.as_ref()) }
    }
}

/// Draws the table.
pub fn table_ui(ui: &mut Ui, figure: &mut Figure, cx: &mut PanelContext<'_>) {
    field(ui, "Figure", |ui, label| {
        let name = Figure::ALL.iter().find(|(other, ..)| other == figure).map_or("", |(_, name, _)| name);
        let figures = ComboBox::from_id_salt("figure").selected_text(name).width(180.0);
        let figures = figures.show_ui(ui, |ui| {
            for (other, name, tooltip) in Figure::ALL {
                ui.selectable_value(figure, other, name).on_hover_text(tooltip);
            }
        });
        figures.response.labelled_by(label);
    });
    let mut clicked = None;
    let runs = &cx.session.benchmark.runs;
    ScrollArea::horizontal().show(ui, |ui| {
        Grid::new("benchmark").striped(true).spacing([14.0, 3.0]).min_row_height(20.0).show(ui, |ui| {
            head_ui(ui, runs);
            let pairs = runs.last().map(|run| run.pairs.as_slice()).unwrap_or_default();
            for (row, pair) in pairs.iter().enumerate() {
                let known = pair.truth.is_some();
                let tooltip = if known { "Open this pair beside its ground truth" } else { "Open this pair" };
                if ui.link(&pair.name).on_hover_text(tooltip).clicked() {
                    clicked = Some(pair.clone());
                }
                let values: Vec<_> = runs.iter().map(|run| run.results.get(row).and_then(|r| figure.of(r))).collect();
                values_ui(ui, &values);
            }
            if runs.iter().any(|run| run.report.is_some()) {
                ui.label(RichText::new(if *figure == Figure::Millis { "median" } else { "mean" }).strong());
                let mean = |run: &BenchmarkRun| run.report.as_ref().and_then(|report| figure.of_mean(&report.mean));
                values_ui(ui, &runs.iter().map(mean).collect::<Vec<_>>());
            }
        });
    });
    let lacks_truth = runs.iter().any(|run| run.results.iter().any(|result| result.errors.is_none()));
    if lacks_truth {
        explanation(ui, "Pairs without a figure have no public ground truth.");
    }
    if let Some(pair) = clicked {
        cx.send(Request::ShowPair(Box::new(pair)));
    }
}

fn head_ui(ui: &mut Ui, runs: &[BenchmarkRun]) {
    ui.label("");
    for run in runs {
        // Names are long and numbers are short.
        ui.allocate_ui(vec2(COLUMN, 0.0), |ui| {
            ui.set_width(COLUMN);
            ui.add(Label::new(RichText::new(&run.method).small().color(Tokens::of(ui).strong)).wrap());
        });
    }
    ui.end_row();
}

/// A row of numbers, the smallest one marked.
fn values_ui(ui: &mut Ui, values: &[Option<f64>]) {
    let tokens = Tokens::of(ui);
    let known = || values.iter().flatten().copied();
    let best = known().reduce(f64::min).filter(|_| known().count() > 1);
    for value in values {
        let is_best = value.is_some() && *value == best;
        let text = value.map_or("–".into(), |value| format!("{value:.2}"));
        let color = if is_best { tokens.good } else { tokens.text };
        ui.label(RichText::new(text).text_style(TextStyle::Monospace).color(color));
    }
    ui.end_row();
}
