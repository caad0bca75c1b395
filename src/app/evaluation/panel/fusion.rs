//! The fusion: rule and weight, which re-score at once, and the accuracy over the weight.

use eframe::egui::{ComboBox, Slider, Ui, vec2};
use egui_plot::{Line, Plot, PlotPoints, Points, VLine, uniform_grid_spacer};

use crate::app::panel::PanelContext;
use crate::app::ui::format::percent;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{explanation, field, plot_height};
use crate::evaluation::{ActionsReport, SweepPoint, interval_in_percent, wilson_interval};
use crate::nets::fusion::{Fusion, FusionRule};
use crate::plural::counted;

/// Minimum height of the plot, in points.
const HEIGHT: f32 = 170.0;
/// Largest weight of the slider and of the sweep.
const LARGEST: f64 = 4.0;

/// Draws the page.
pub(super) fn fusion_ui(ui: &mut Ui, report: &ActionsReport, cx: &mut PanelContext<'_>) {
    if report.fused.is_none() {
        return explanation(ui, "Fusion needs two streams; this model has one.");
    }
    let can_fuse = cx.session.evaluation.can_fuse();
    let mut fusion = report.fusion;
    ui.add_enabled_ui(can_fuse, |ui| choice_ui(ui, &mut fusion, report.is_multi_label()))
        .response
        .on_disabled_hover_text("A saved report has no scores to fuse");
    if fusion != report.fusion {
        cx.settings.evaluation.fusion = Some(fusion);
        cx.session.evaluation.fuse(fusion);
    }
    let of_card = cx.session.model.as_ref().map(|model| model.fusion).filter(|of_card| *of_card != fusion && can_fuse);
    field(ui, "", |ui, _| {
        let link = eframe::egui::Link::new("Use model card");
        if ui.add_enabled(of_card.is_some(), link).clicked()
            && let Some(of_card) = of_card
        {
            cx.settings.evaluation.fusion = None;
            cx.session.evaluation.fuse(of_card);
        }
    });
    plot_ui(ui, &report.sweep, fusion.temporal_weight);
    let best = report.sweep.iter().rev().max_by_key(|point| point.correct);
    if let Some(SweepPoint { weight, correct, top1 }) = best {
        let interval = interval_in_percent(wilson_interval(*correct, report.clips));
        let right = format!("{correct} of {}; 95 % interval {interval} %", counted(report.clips, "clip"));
        explanation(
            ui,
            &format!(
                "Best at {weight}: {} % ({right}). Choose the weight on validation clips; a weight chosen on the test clips is optimistic.",
                percent(*top1)
            ),
        );
    }
}

/// Draws the choice of rule and weight; classes that are answered by themselves have one rule.
fn choice_ui(ui: &mut Ui, fusion: &mut Fusion, is_multi_label: bool) {
    field(ui, "Rule", |ui, label| {
        let rules = ComboBox::from_id_salt("evaluation rule").selected_text(rule_words(fusion.rule).0).width(150.0);
        let rules = rules.show_ui(ui, |ui| {
            let rules: &[FusionRule] = match is_multi_label {
                true => &[FusionRule::Sigmoid],
                false => &[FusionRule::Released, FusionRule::Softmax, FusionRule::Logits],
            };
            for &rule in rules {
                let (name, tooltip) = rule_words(rule);
                ui.selectable_value(&mut fusion.rule, rule, name).on_hover_text(tooltip);
            }
        });
        rules.response.labelled_by(label).on_hover_text(rule_words(fusion.rule).1);
    });
    field(ui, "Weight", |ui, label| {
        ui.spacing_mut().slider_width = (ui.available_width() - 70.0).clamp(60.0, 260.0);
        ui.add(Slider::new(&mut fusion.temporal_weight, 0.0..=LARGEST).step_by(0.05).max_decimals(2))
            .labelled_by(label)
            .on_hover_text("Weight of the temporal stream (spatial stream: 1)");
    });
}

fn rule_words(rule: FusionRule) -> (&'static str, &'static str) {
    match rule {
        FusionRule::Released => ("Released", "Clip logits at 0, normalise, average (released code)"),
        FusionRule::Softmax => ("Softmax", "Average the softmax probabilities"),
        FusionRule::Logits => ("Logits", "Average the raw logits"),
        FusionRule::Sigmoid => ("Sigmoid", "Average the probability of each class by itself (multi-label model)"),
    }
}

fn plot_ui(ui: &mut Ui, sweep: &[SweepPoint], weight: f64) {
    let tokens = Tokens::of(ui);
    let points: Vec<[f64; 2]> = sweep.iter().map(|point| [point.weight, 100.0 * point.top1]).collect();
    let marked: Vec<[f64; 2]> = points.iter().copied().filter(|[at, _]| *at == weight).collect();
    let plot = Plot::new("sweep")
        .grid_color(tokens.outline)
        .height(plot_height(ui, HEIGHT))
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .show_background(true)
        .include_x(0.0)
        .include_x(LARGEST)
        .set_margin_fraction(vec2(0.02, 0.12))
        .y_axis_min_width(40.0)
        .x_axis_label("weight of the temporal stream")
        .y_grid_spacer(uniform_grid_spacer(|_| [2.0, 10.0, 50.0]))
        .y_axis_formatter(|mark, _| format!("{:.0} %", mark.value));
    plot.show(ui, |plot| {
        plot.vline(VLine::new("chosen", weight).color(tokens.outline));
        plot.line(Line::new("top-1", PlotPoints::from(points)).color(tokens.fused).width(1.5));
        plot.points(Points::new("chosen weight", PlotPoints::from(marked)).color(tokens.fused).radius(4.0));
    });
}
