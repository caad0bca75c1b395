//! Changes since another report: accuracies, McNemar's test, classes and clips.

use eframe::egui::{Grid, Label, RichText, TextStyle, Ui};

use super::clip_filter::WantedClips;
use super::clips::row_ui;
use super::summary::capitalised;
use crate::app::command::Command;
use crate::app::command::button::command_button;
use crate::app::panel::PanelContext;
use crate::app::ui::format::percent;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{explanation, remark, section};
use crate::evaluation::{ActionsReport, Comparison, StreamChange, interval_in_percent};
use crate::plural::counted;

/// Maximum number of clips listed on either side.
const CLIPS: usize = 50;
/// Maximum number of classes named where a report is to be chosen.
const NAMED: usize = 3;
/// Significance level of a difference.
const UNLIKELY: f64 = 0.05;

/// Draws the page.
pub(super) fn comparison_ui(
    ui: &mut Ui,
    report: &ActionsReport,
    stream: &str,
    cx: &mut PanelContext<'_>,
) -> Option<WantedClips> {
    let tokens = Tokens::of(ui);
    ui.horizontal_wrapped(|ui| {
        command_button(ui, cx, Command::CompareEvaluation, Command::CompareEvaluation.text());
    });
    let Some(baseline) = &cx.session.evaluation.baseline else {
        explanation(ui, &format!("Choose a report.json with the same classes: {}.", named(&report.classes)));
        return None;
    };
    let before = &baseline.report;
    let line = format!("A: {}, {}, {} views", before.model, counted(before.clips, "clip"), before.views);
    ui.add(Label::new(RichText::new(line).color(tokens.weak)).wrap())
        .on_hover_text(baseline.path.display().to_string());
    ui.add(Label::new(RichText::new("B: the report above").color(tokens.weak)).wrap());
    let comparison = match &baseline.comparison {
        Ok(comparison) => comparison,
        Err(error) => {
            remark(ui, tokens.error, |ui| {
                ui.add(Label::new(error.to_string()).wrap().selectable(true));
            });
            return None;
        }
    };
    table_ui(ui, comparison);
    if comparison.apart > 0 {
        let text = format!("{} in both reports, {} in only one.", counted(comparison.common, "clip"), comparison.apart);
        explanation(ui, &text);
    }
    match comparison.streams.iter().find(|change| change.name == stream) {
        Some(change) => change_ui(ui, report, change),
        None => {
            explanation(ui, &format!("Report A has no {stream} stream."));
            None
        }
    }
}

/// Returns the first classes and how many more there are.
fn named(classes: &[String]) -> String {
    let first = classes.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match classes.len().checked_sub(NAMED).filter(|more| *more > 0) {
        Some(more) => format!("{first} and {more} more"),
        None => first,
    }
}

/// Draws the accuracies of A and B.
fn table_ui(ui: &mut Ui, comparison: &Comparison) {
    let tokens = Tokens::of(ui);
    let number = |text: String, color| RichText::new(text).text_style(TextStyle::Monospace).color(color);
    Grid::new("comparison").spacing([12.0, 2.0]).show(ui, |ui| {
        for title in ["", "", "A, %", "B, %", "B − A"] {
            ui.label(RichText::new(title).small().color(tokens.weak));
        }
        ui.end_row();
        for stream in &comparison.streams {
            for (i, (figure, values)) in stream.figures.iter().enumerate() {
                let [Some(a), Some(b)] = values else { continue };
                ui.label(if i == 0 { capitalised(stream.name) } else { String::new() });
                ui.label(RichText::new(*figure).color(tokens.weak));
                ui.label(number(percent(*a), tokens.text));
                ui.label(number(percent(*b), tokens.text));
                let color = if b > a {
                    tokens.good
                } else if b < a {
                    tokens.error
                } else {
                    tokens.weak
                };
                ui.label(number(format!("{:+.1}", 100.0 * (b - a)), color));
                ui.end_row();
                if i == 0 {
                    ui.label("");
                    ui.label(RichText::new("95 % interval").color(tokens.weak))
                        .on_hover_text("Wilson score interval of top-1");
                    for interval in stream.intervals {
                        ui.label(number(interval_in_percent(interval), tokens.weak));
                    }
                    ui.end_row();
                }
            }
        }
    });
}

/// Draws McNemar's test, and the classes and clips that changed.
fn change_ui(ui: &mut Ui, report: &ActionsReport, change: &StreamChange) -> Option<WantedClips> {
    let tokens = Tokens::of(ui);
    section(ui, &format!("{} scores", capitalised(change.name)));
    let StreamChange { won, lost, p, .. } = change;
    let verdict = if *p < UNLIKELY { "significant" } else { "not significant" };
    let text = format!("{} gained, {lost} lost: p = {p:.3}, {verdict}", counted(*won, "clip"));
    ui.add(Label::new(text).wrap()).on_hover_text("McNemar's exact test, two-sided");
    for (class, [a, b]) in &change.classes {
        let text = format!("{class}: {} → {} %", percent(*a), percent(*b));
        let color = if b > a { tokens.good } else { tokens.error };
        ui.add(Label::new(RichText::new(text).small().color(color)).truncate());
    }
    let mut wanted = None;
    for (title, is_won) in [("Gained clips", true), ("Lost clips", false)] {
        let clips = || change.changed.iter().filter(|clip| clip.is_won() == is_won);
        if clips().next().is_none() {
            continue;
        }
        section(ui, title);
        for clip in clips().take(CLIPS) {
            if row_ui(ui, report, change.name, clip.index, false) {
                wanted = Some(WantedClips::Clip(clip.index));
            }
        }
        if clips().count() > CLIPS {
            explanation(ui, &format!("and {} more", clips().count() - CLIPS));
        }
    }
    wanted
}
