//! The numbers of a run.

use eframe::egui::emath::Numeric;
use eframe::egui::{ComboBox, DragValue, Ui};

use crate::app::ui::widgets::field;
use crate::nets::FlowMean;
use crate::training::{ClassBalance, OptimiserKind, ScheduleKind, TrainingPlan};

/// Draws the numbers that every run has; the batch where clips are looked at in batches.
pub fn main_numbers_ui(ui: &mut Ui, plan: &mut TrainingPlan, in_batches: bool) {
    rate_ui(ui, "Learning rate", &mut plan.rate, "Peak learning rate of the schedule");
    number_ui(ui, "Steps", &mut plan.steps, 1..=10_000_000, 10.0, "Number of training steps");
    if in_batches {
        number_ui(ui, "Batch size", &mut plan.batch, 1..=1024, 0.2, "Windows or frames per batch");
    }
    field(ui, "Seed", |ui, label| {
        ui.add(DragValue::new(&mut plan.seed)).labelled_by(label).on_hover_text("Random seed, for reproducible runs");
    });
}

/// Draws the others. Those of regularisation are for streams.
pub fn other_numbers_ui(ui: &mut Ui, plan: &mut TrainingPlan, is_stream: bool) {
    choice_ui(
        ui,
        "Optimiser",
        &mut plan.optimiser,
        &[(OptimiserKind::Adam, "Adam"), (OptimiserKind::AdamW, "AdamW"), (OptimiserKind::Sgd, "SGD")],
    );
    let schedules = [
        (ScheduleKind::Cosine, "Cosine"),
        (ScheduleKind::Linear, "Linear"),
        (ScheduleKind::Halving, "Halving"),
        (ScheduleKind::Tenths, "Step (÷10)"),
        (ScheduleKind::Constant, "Constant"),
    ];
    choice_ui(ui, "Schedule", &mut plan.schedule, &schedules);
    number_ui(ui, "Warm-up", &mut plan.warm_up, 0..=100_000, 1.0, "Warm-up steps of the learning rate");
    number_ui(ui, "Weight decay", &mut plan.weight_decay, 0.0..=1.0, 1e-4, "L2 penalty on the weights");
    number_ui(ui, "Accumulation", &mut plan.accumulate, 1..=1024, 0.1, "Gradient accumulation steps");
    number_ui(ui, "EMA decay", &mut plan.ema, 0.0..=0.9999, 0.001, "EMA decay of the weights (0: off)");
    number_ui(ui, "Checkpoints", &mut plan.checkpoint_every, 1..=1_000_000, 1.0, "Steps between checkpoints");
    number_ui(ui, "Max stride", &mut plan.max_stride, 1..=16, 0.05, "Largest stride between frames of a window");
    if !is_stream {
        return;
    }
    number_ui(ui, "Label smoothing", &mut plan.label_smoothing, 0.0..=0.9, 0.01, "Label smoothing");
    number_ui(ui, "Mixup", &mut plan.mixup, 0.0..=1.0, 0.01, "Mixup α, at least 0.01 (0: off)");
    number_ui(ui, "Segments", &mut plan.segments, 1..=16, 0.05, "Segments sampled per clip");
    number_ui(
        ui,
        "MotionNet LR",
        &mut plan.motion_rate,
        0.0..=10.0,
        0.01,
        "MotionNet's learning rate relative to the stream's",
    );
    number_ui(
        ui,
        "Backbone LR",
        &mut plan.body_rate,
        0.0..=10.0,
        0.01,
        "Backbone's learning rate relative to the classifier's",
    );
    let balances = [
        (ClassBalance::None, "Unbalanced"),
        (ClassBalance::Sampling, "Balanced sampling"),
        (ClassBalance::Weighting, "Weighted loss"),
    ];
    choice_ui(ui, "Balancing", &mut plan.balance, &balances);
}

/// Draws the choice of the level that a temporal stream subtracts from flow.
pub fn flow_mean_ui(ui: &mut Ui, mean: &mut Option<FlowMean>) {
    let choices = [
        (None, "Default", "As the base model, or as published for the backbone"),
        (Some(FlowMean::Middle), "Middle", "Subtract the level of no motion"),
        (Some(FlowMean::Field), "Field", "Subtract each field's mean, and so camera motion"),
    ];
    field(ui, "Flow mean", |ui, label| {
        let chosen = choices.iter().find(|(choice, ..)| choice == mean).map_or("", |(_, text, _)| text);
        let combo = ComboBox::from_id_salt("flow mean").selected_text(chosen).width(120.0);
        let shown = combo.show_ui(ui, |ui| {
            for (choice, text, tooltip) in choices {
                ui.selectable_value(mean, choice, text).on_hover_text(tooltip);
            }
        });
        shown.response.labelled_by(label).on_hover_text("Level subtracted from the flow that the stream reads");
    });
}

/// A learning rate.
fn rate_ui(ui: &mut Ui, name: &str, rate: &mut f64, tooltip: &str) {
    field(ui, name, |ui, label| {
        let speed = *rate * 0.01;
        let value = DragValue::new(rate).speed(speed).range(1e-8..=1.0);
        let value =
            value.custom_formatter(|rate, _| format!("{rate:.1e}")).custom_parser(|text| text.trim().parse().ok());
        ui.add(value).labelled_by(label).on_hover_text(tooltip);
    });
}

fn number_ui<N: Numeric>(
    ui: &mut Ui,
    name: &str,
    value: &mut N,
    range: std::ops::RangeInclusive<N>,
    speed: f64,
    tooltip: &str,
) {
    field(ui, name, |ui, label| {
        let value = DragValue::new(value).range(range).speed(speed).max_decimals(if N::INTEGRAL { 0 } else { 5 });
        ui.add(value).labelled_by(label).on_hover_text(tooltip);
    });
}

fn choice_ui<T: Copy + PartialEq>(ui: &mut Ui, name: &str, value: &mut T, choices: &[(T, &str)]) {
    field(ui, name, |ui, label| {
        let chosen = choices.iter().find(|(choice, _)| choice == value).map_or("Other", |(_, text)| text);
        let combo = ComboBox::from_id_salt((name, label)).selected_text(chosen).width(120.0);
        let shown = combo.show_ui(ui, |ui| {
            for (choice, text) in choices {
                ui.selectable_value(value, *choice, *text);
            }
        });
        shown.response.labelled_by(label);
    });
}
