//! The accuracies of the streams, and the origin of the report.

use eframe::egui::{Button, CollapsingHeader, Color32, Grid, Label, RichText, TextStyle, Ui};

use crate::app::panel::PanelContext;
use crate::app::ui::format::{percent, percent_or_dash};
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{explanation, remark};
use crate::evaluation::{ActionsReport, ReportSource, StreamReport, interval_in_percent, interval_of_share};
use crate::plural::counted;

/// The row that is left out if there are few classes.
const TOP5: &str = "Top-5, %";
const TOP1: &str = "Top-1, %";
const INTERVAL: &str = "95 % interval, %";
const MEAN_CLASS: &str = "Mean class, %";
const MAP: &str = "mAP, %";
const MACRO_F1: &str = "Macro F1, %";
const MICRO_F1: &str = "Micro F1, %";
/// Rows of a model that answers each class by itself, with their tooltips.
const MULTI_LABEL_ROWS: [(&str, &str); 4] = [
    (MAP, "Mean average precision of the classes"),
    (MACRO_F1, "Mean F1 of the classes at their thresholds"),
    (MICRO_F1, "F1 of all classes together, at their thresholds"),
    (TOP1, "Clips whose likeliest class is shown"),
];
/// Rows with their tooltips.
const ROWS: [(&str, &str); 5] = [
    (TOP1, "Clips whose top prediction is correct"),
    (INTERVAL, "Wilson score interval of top-1"),
    (TOP5, "Clips whose class is in the top five"),
    (MEAN_CLASS, "Mean per-class accuracy"),
    ("ECE", "Expected calibration error (0 is best)"),
];

/// Draws a button for each stream with its accuracy: that stream's figures are on the pages.
pub(super) fn streams_ui(ui: &mut Ui, report: &ActionsReport, stream: &mut &'static str) {
    let shown = chosen(report, stream).map(|(name, _)| name);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        for (name, figures) in report.streams() {
            let text = match &figures.multi_label {
                Some(own) => format!("{} mAP {} %", capitalised(name), percent_or_dash(own.map)),
                None => format!("{} {} %", capitalised(name), percent(figures.top1)),
            };
            let label = RichText::new(&text).small().color(stream_color(ui, name));
            let right = format!("{} of {} correct", figures.correct, counted(report.clips, "clip"));
            let button = ui.add(Button::selectable(shown == Some(name), label)).on_hover_text(right);
            if button.clicked() {
                *stream = name;
            }
        }
    });
}

fn stream_color(ui: &Ui, name: &str) -> Color32 {
    let tokens = Tokens::of(ui);
    match name {
        "spatial" => tokens.spatial,
        "temporal" => tokens.temporal,
        _ => tokens.fused,
    }
}

/// Draws the table and the description of the report.
pub(super) fn summary_ui(ui: &mut Ui, report: &ActionsReport, cx: &mut PanelContext<'_>) {
    state_ui(ui, report, cx);
    for text in &report.remarks {
        remark(ui, Tokens::of(ui).warning, |ui| {
            ui.add(Label::new(text).wrap());
        });
    }
    if report.clips == 0 {
        return explanation(ui, "No clip could be scored; see the log.");
    }
    accuracies_ui(ui, report);
    if !report.folds.is_empty() {
        let title = counted(report.folds.len(), "fold");
        CollapsingHeader::new(title).id_salt("folds").show(ui, |ui| folds_ui(ui, report));
    }
}

/// Draws the accuracies with a column for each stream, and a row of top-5 if there are enough classes.
fn accuracies_ui(ui: &mut Ui, report: &ActionsReport) {
    let tokens = Tokens::of(ui);
    Grid::new("accuracies").spacing([8.0, 4.0]).show(ui, |ui| {
        ui.label("");
        for (name, _) in report.streams() {
            ui.label(RichText::new(capitalised(name)).small().color(stream_color(ui, name)));
        }
        ui.end_row();
        let rows = if report.is_multi_label() { &MULTI_LABEL_ROWS[..] } else { &ROWS[..] };
        for &(title, tooltip) in rows.iter().filter(|(title, _)| *title != TOP5 || report.has_top5()) {
            ui.label(RichText::new(title).small().color(tokens.weak)).on_hover_text(tooltip);
            for (_, figures) in report.streams() {
                let several = figures.multi_label.as_ref();
                let text = match title {
                    MAP => percent_or_dash(several.and_then(|own| own.map)),
                    MACRO_F1 => percent_or_dash(several.and_then(|own| own.macro_f1)),
                    MICRO_F1 => percent_or_dash(several.and_then(|own| own.micro_f1)),
                    TOP1 => percent(figures.top1),
                    INTERVAL => interval_in_percent(figures.interval),
                    TOP5 => percent_or_dash(figures.top5),
                    MEAN_CLASS => percent_or_dash(figures.mean_class),
                    _ => format!("{:.3}", figures.calibration.ece),
                };
                let right = format!("{} of {} correct", figures.correct, counted(report.clips, "clip"));
                ui.label(RichText::new(text).text_style(TextStyle::Monospace).color(tokens.strong))
                    .on_hover_text(right);
            }
            ui.end_row();
        }
    });
}

/// Draws the folds that were held out, with the top-1 of each.
fn folds_ui(ui: &mut Ui, report: &ActionsReport) {
    let tokens = Tokens::of(ui);
    Grid::new("folds").striped(true).spacing([12.0, 2.0]).show(ui, |ui| {
        for title in ["Hold-out", "Clips", "Spatial", "Temporal", "Fused"] {
            ui.label(RichText::new(title).small().color(tokens.weak));
        }
        ui.end_row();
        for fold in &report.folds {
            let name = Label::new(&fold.name).truncate();
            ui.add(name).on_hover_text(format!("{}, trained on {}", fold.name, counted(fold.learned_from, "clip")));
            ui.label(RichText::new(fold.clips.to_string()).text_style(TextStyle::Monospace));
            for share in [fold.spatial, fold.temporal, fold.fused] {
                let cell = RichText::new(percent_or_dash(share)).text_style(TextStyle::Monospace);
                let interval = share.and_then(|share| interval_of_share(share, fold.clips));
                ui.label(cell).on_hover_text(format!("95 % interval: {} %", interval_in_percent(interval)));
            }
            ui.end_row();
        }
    });
}

/// Draws whether the report is complete, its origin, and what was left out.
fn state_ui(ui: &mut Ui, report: &ActionsReport, cx: &mut PanelContext<'_>) {
    let tokens = Tokens::of(ui);
    let evaluation = &mut cx.session.evaluation;
    if let Some(all) = report.stopped_of {
        let seen = report.clips + report.failures.len();
        remark(ui, tokens.warning, |ui| {
            ui.add(Label::new(format!("Partial result: stopped after {seen} of {all} clips.")).wrap());
        });
    }
    if let Some(path) = evaluation.file().map(|path| path.display().to_string()) {
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new("Saved report").small().color(tokens.weak)).on_hover_text(path);
            if evaluation.has_run() && ui.link(RichText::new("Back to this session's report").small()).clicked() {
                evaluation.close_file();
            }
        });
    }
    CollapsingHeader::new("Details").id_salt("origin").show(ui, |ui| details_ui(ui, report));
    let left_out = cx.session.evaluation.left_out();
    if !left_out.is_empty() {
        let reasons: Vec<String> = left_out.iter().take(20).map(ToString::to_string).collect();
        let text = RichText::new(format!("Skipped list rows: {}", left_out.len())).small();
        ui.label(text.color(tokens.warning)).on_hover_text(reasons.join("\n"));
    }
}

/// Draws the list, the model, and the place, time and command of the measurement.
fn details_ui(ui: &mut Ui, report: &ActionsReport) {
    let tokens = Tokens::of(ui);
    let rows = report.source.iter().flat_map(ReportSource::rows);
    for [name, text] in std::iter::once(["Data".into(), report.data.clone()]).chain(rows) {
        ui.label(RichText::new(name).small().color(tokens.weak));
        ui.add(Label::new(RichText::new(text).small()).wrap().selectable(true));
    }
}

/// Returns the name with its first letter capitalised.
pub(super) fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Returns the stream called `name`, or the last one that there is.
pub fn chosen<'a>(report: &'a ActionsReport, name: &str) -> Option<(&'static str, &'a StreamReport)> {
    report.streams().find(|(other, _)| *other == name).or_else(|| report.streams().last())
}
