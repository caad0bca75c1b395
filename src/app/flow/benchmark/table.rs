//! The table of results: a row for each pair, a column for each method, the mean below.

use eframe::egui::{ComboBox, Grid, Label, RichText, ScrollArea, TextStyle, Ui};

use crate::app::flow::benchmark_state::{BenchmarkRun, PairState};
use crate::app::panel::PanelContext;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{explanation, field};
use crate::engine::Request;
use crate::evaluation::PairResult;
use crate::evaluation::flow_benchmarks::BenchmarkPair;
use crate::flow::metrics::FlowErrors;

/// Minimum width of the names of pairs, spacing of columns, and maximum width of the names, in points.
const NAMES: f32 = 110.0;
const SPACING: f32 = 14.0;
const WIDEST: f32 = 180.0;
/// Width of a method's column in points.
const COLUMN: f32 = 96.0;

/// The displayed measure of each pair.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BenchmarkFigure {
    /// Mean end-point error.
    #[default]
    Epe,
    /// Mean angular error.
    Aae,
    /// Share of outliers.
    Fl,
    /// Share of pixels with flow from the method.
    Density,
    /// End-point error of visible pixels.
    Matched,
    /// End-point error of occluded pixels.
    Unmatched,
    /// Time.
    Millis,
}

impl BenchmarkFigure {
    const ALL: [(Self, &'static str, &'static str); 7] = [
        (Self::Epe, "EPE (px)", "Mean end-point error"),
        (Self::Aae, "AAE (°)", "Mean angular error"),
        (Self::Fl, "Fl (%)", "Percentage of pixels with error above 3 px and 5 %, or without flow"),
        (Self::Density, "Density (%)", "Percentage of pixels with flow; the rest count as zero flow"),
        (Self::Matched, "EPE matched (px)", "Mean end-point error of pixels visible in both frames"),
        (Self::Unmatched, "EPE unmatched (px)", "Mean end-point error of pixels occluded in the second frame"),
        (Self::Millis, "Time (ms)", "Time per estimate without file reading; last row: median"),
    ];

    fn of_errors(self, errors: Option<&FlowErrors>) -> Option<f64> {
        let errors = errors?;
        match self {
            Self::Epe => Some(errors.all.epe),
            Self::Aae => Some(errors.all.aae_deg),
            Self::Fl => Some(100.0 * errors.all.fl),
            Self::Density => Some(100.0 * errors.all.density),
            Self::Matched => errors.matched.map(|region| region.epe),
            Self::Unmatched => errors.unmatched.map(|region| region.epe),
            Self::Millis => None,
        }
    }

    fn of(self, result: &PairResult) -> Option<f64> {
        if self == Self::Millis { Some(result.ms) } else { self.of_errors(result.errors.as_ref()) }
    }

    /// Returns the mean over all measured pairs of a run; `None` if there is none.
    fn mean_of(self, run: &BenchmarkRun) -> Option<f64> {
        if self != Self::Millis {
            let errors: Vec<FlowErrors> = run.results.iter().filter_map(|result| result.errors).collect();
            return self.of_errors(FlowErrors::mean(&errors).as_ref());
        }
        let mut millis: Vec<f64> = run.results.iter().map(|result| result.ms).collect();
        millis.sort_by(f64::total_cmp);
        millis.get(millis.len() / 2).copied()
    }

    /// Returns the number of pairs in the mean of a run, and the number it could have.
    fn coverage(self, run: &BenchmarkRun) -> [usize; 2] {
        if self == Self::Millis {
            return [run.results.len(), run.pairs.len()];
        }
        let measured = run.results.iter().filter(|result| result.errors.is_some()).count();
        [measured, run.pairs.iter().filter(|pair| pair.truth.is_some()).count()]
    }
}

/// The content of a cell of the table.
struct Cell {
    text: String,
    /// The number, if it is comparable with others.
    value: Option<f64>,
    tooltip: String,
}

impl Cell {
    fn number(value: f64) -> Self {
        Self { text: format!("{value:.2}"), value: Some(value), tooltip: String::new() }
    }

    fn remark(text: &str, tooltip: &str) -> Self {
        Self { text: text.into(), value: None, tooltip: tooltip.into() }
    }

    fn of_pair(figure: BenchmarkFigure, run: &BenchmarkRun, pair: &BenchmarkPair) -> Self {
        match run.state_of(pair) {
            PairState::Measured(result) => match figure.of(result) {
                Some(value) => Self::number(value),
                None if pair.truth.is_none() => Self::remark("–", "Ground truth is not public"),
                None => Self::remark("–", "Not available in this ground truth"),
            },
            PairState::Pending => Self::remark("…", "Pending"),
            PairState::NotMeasured => Self::remark("not measured", "Run ended before this pair"),
            PairState::Failed => Self::remark("failed", "Measurement failed; see the log"),
        }
    }

    fn of_mean(figure: BenchmarkFigure, run: &BenchmarkRun) -> Self {
        let Some(mean) = figure.mean_of(run) else { return Self::remark("–", "No pairs measured") };
        match figure.coverage(run) {
            [measured, all] if measured < all => Self {
                text: format!("{mean:.2} ({measured} of {all})"),
                value: None,
                tooltip: format!("Partial: {measured} of {all} pairs"),
            },
            _ => Self::number(mean),
        }
    }
}

/// Draws the table.
pub fn table_ui(ui: &mut Ui, figure: &mut BenchmarkFigure, cx: &mut PanelContext<'_>) {
    field(ui, "Metric", |ui, label| {
        let name = BenchmarkFigure::ALL.iter().find(|(other, ..)| other == figure).map_or("", |(_, name, _)| name);
        let figures = ComboBox::from_id_salt("figure").selected_text(name).width(180.0);
        let figures = figures.show_ui(ui, |ui| {
            for (other, name, tooltip) in BenchmarkFigure::ALL {
                ui.selectable_value(figure, other, name).on_hover_text(tooltip);
            }
        });
        figures.response.labelled_by(label);
    });
    let mut clicked = None;
    let runs = &cx.session.benchmark.runs;
    let room = (ui.available_width() - NAMES) / runs.len().max(1) as f32 - SPACING;
    ScrollArea::horizontal().show(ui, |ui| {
        Grid::new("benchmark").striped(true).spacing([SPACING, 3.0]).min_row_height(20.0).show(ui, |ui| {
            head_ui(ui, runs, room.clamp(COLUMN, WIDEST));
            let pairs = runs.last().map(|run| run.pairs.as_slice()).unwrap_or_default();
            for pair in pairs {
                let known = pair.truth.is_some();
                let tooltip = if known { "Open this pair with its ground truth" } else { "Open this pair" };
                if ui.link(&pair.name).on_hover_text(tooltip).clicked() {
                    clicked = Some(pair.clone());
                }
                cells_ui(ui, *figure, runs.iter().map(|run| Cell::of_pair(*figure, run, pair)).collect());
            }
            ui.label(RichText::new(if *figure == BenchmarkFigure::Millis { "median" } else { "mean" }).strong());
            cells_ui(ui, *figure, runs.iter().map(|run| Cell::of_mean(*figure, run)).collect());
        });
    });
    let lacks_truth = runs.last().is_some_and(|run| run.pairs.iter().any(|pair| pair.truth.is_none()));
    if lacks_truth && *figure != BenchmarkFigure::Millis {
        explanation(ui, "Pairs with “–” have no public ground truth.");
    }
    if let Some(pair) = clicked {
        cx.send(Request::ShowPair(Box::new(pair)));
    }
}

/// Draws the methods, with their variants below.
fn head_ui(ui: &mut Ui, runs: &[BenchmarkRun], width: f32) {
    let tokens = Tokens::of(ui);
    ui.label("");
    for run in runs {
        let (name, variant) = head_lines(&run.method);
        let head = ui.vertical(|ui| {
            ui.set_width(width);
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.add(Label::new(RichText::new(name).small().color(tokens.strong)).truncate());
            ui.add(Label::new(RichText::new(variant).small().color(tokens.weak)).truncate());
        });
        head.response.on_hover_text(&run.method);
    }
    ui.end_row();
}

/// Splits `MotionNet-16, coarse to fine` and `TV-L1 (opencv)` into two lines.
fn head_lines(method: &str) -> (&str, &str) {
    let bracketed = || method.split_once(" (").and_then(|(name, rest)| Some((name, rest.strip_suffix(')')?)));
    method.split_once(", ").or_else(bracketed).unwrap_or((method, ""))
}

/// Draws a row of cells with the best number marked.
fn cells_ui(ui: &mut Ui, figure: BenchmarkFigure, cells: Vec<Cell>) {
    let tokens = Tokens::of(ui);
    let known = || cells.iter().filter_map(|cell| cell.value);
    let better = if figure == BenchmarkFigure::Density { f64::max } else { f64::min };
    let best = known().reduce(better).filter(|_| known().count() > 1);
    for cell in &cells {
        let color = match cell.value {
            None => tokens.weak,
            value if value == best => tokens.good,
            _ => tokens.text,
        };
        let text = RichText::new(&cell.text).text_style(TextStyle::Monospace).color(color);
        let response = ui.label(text);
        if !cell.tooltip.is_empty() {
            response.on_hover_text(&cell.tooltip);
        }
    }
    ui.end_row();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_and_their_variants() {
        assert_eq!(head_lines("MotionNet-16, coarse to fine"), ("MotionNet-16", "coarse to fine"));
        assert_eq!(head_lines("TV-L1 (own parameters)"), ("TV-L1", "own parameters"));
        assert_eq!(head_lines("zero flow"), ("zero flow", ""));
    }
}
