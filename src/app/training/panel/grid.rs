//! The terms of the loss by scale: each one's newest value and weight, and a switch that acts at the next step.

use eframe::egui::{Button, DragValue, Grid, RichText, TextStyle, Ui, vec2};

use crate::app::panel::PanelContext;
use crate::app::training::curve_names::{scale_title, split, term_title};
use crate::app::training::state::TrainingPhase;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{explanation, field, section};
use crate::engine::Request;
use crate::training::{LossSwitches, LossTerm, StepMetrics};

/// Size of a cell, in points.
const CELL: [f32; 2] = [57.0, 36.0];

/// Draws the grid of a run that has terms to switch, and the weight of the action loss beside them.
pub(super) fn grid_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let training = &cx.session.training;
    let (Some(latest), Some(switches)) = (&training.latest, training.diagnostics.switches()) else { return };
    let levels = levels(latest);
    let Some(finest) = levels.first().copied() else { return };
    let steers = matches!(training.phase, TrainingPhase::Running | TrainingPhase::Pausing | TrainingPhase::Paused);
    section(ui, "Loss terms by level");
    let mut wanted = switches;
    ui.add_enabled_ui(steers, |ui| {
        Grid::new("loss-terms").spacing([4.0, 4.0]).show(ui, |ui| {
            ui.label("");
            let count = training.diagnostics.scales;
            for index in 0..count {
                let level = finest + index;
                if head_ui(ui, &scale_title(level), &format!("All terms at level {level}")) {
                    let on = !LossTerm::UNSUPERVISED.into_iter().all(|term| switches.is_on(term, index));
                    wanted = LossTerm::UNSUPERVISED.into_iter().fold(wanted, |all, term| all.with(term, index, on));
                }
            }
            ui.end_row();
            for term in LossTerm::UNSUPERVISED {
                if head_ui(ui, term_title(term), &format!("{} at all levels", term_title(term))) {
                    let on = !(0..count).all(|index| switches.is_on(term, index));
                    wanted = (0..count).fold(wanted, |all, index| all.with(term, index, on));
                }
                for index in 0..count {
                    let on = switches.is_on(term, index);
                    if cell_ui(ui, latest, term, finest + index, on) {
                        wanted = wanted.with(term, index, !on);
                    }
                }
                ui.end_row();
            }
        });
        if latest.terms.iter().any(|(name, _)| name == LossTerm::Action.name()) {
            wanted.action = action_ui(ui, wanted.action);
        }
    })
    .response
    .on_disabled_hover_text("Available while training is running");
    explanation(ui, "Latest value of each term above its weight. Click a term to turn it off or on.");
    if wanted != switches && counts(&wanted, latest) {
        cx.session.training.diagnostics.ask(wanted);
        cx.send(Request::SwitchLoss(wanted));
    }
}

/// Whether anything is left to learn from.
fn counts(switches: &LossSwitches, latest: &StepMetrics) -> bool {
    let has_action = latest.terms.iter().any(|(name, _)| name == LossTerm::Action.name());
    switches.is_unsupervised() || (has_action && switches.counts(LossTerm::Action))
}

/// The pyramid levels that the terms are of, the finest first.
fn levels(latest: &StepMetrics) -> Vec<usize> {
    let mut levels: Vec<usize> =
        latest.terms.iter().filter_map(|(name, _)| split(name).1).filter_map(|level| level.parse().ok()).collect();
    levels.sort_unstable();
    levels.dedup();
    levels
}

/// The head of a row or a column; whether it was clicked.
fn head_ui(ui: &mut Ui, text: &str, name: &str) -> bool {
    let text = RichText::new(text).text_style(TextStyle::Small).color(Tokens::of(ui).weak);
    let head = ui.add(Button::new(text).small().frame_when_inactive(false)).accessible_name(name);
    head.on_hover_text(format!("{name}: turn all on or off")).clicked()
}

/// A term at a scale; whether it was clicked.
fn cell_ui(ui: &mut Ui, latest: &StepMetrics, term: LossTerm, level: usize, on: bool) -> bool {
    let tokens = Tokens::of(ui);
    let name = format!("{} {level}", term.name());
    let place = latest.terms.iter().position(|(other, _)| *other == name);
    let value = place.map_or("–".into(), |place| two_digits(latest.terms[place].1));
    let weight = place.and_then(|place| latest.weights.get(place)).copied().unwrap_or_default();
    let below = if on { format!("× {}", two_digits(weight)) } else { "off".into() };
    let color = if on { tokens.strong } else { tokens.weak };
    let text = RichText::new(format!("{value}\n{below}")).text_style(TextStyle::Small).color(color);
    let name = format!("{} at level {level}", term_title(term));
    let cell = Button::selectable(on, text).min_size(vec2(CELL[0], CELL[1])).frame_when_inactive(true);
    let tooltip = format!("{name}: {value}, {}", if on { format!("weight {weight}") } else { "off".into() });
    ui.add(cell).accessible_name(name).on_hover_text(tooltip).clicked()
}

/// A number in two digits.
fn two_digits(value: f32) -> String {
    match value.abs() {
        0.0 => "0".into(),
        size if (1e-3..1e4).contains(&size) => {
            format!("{value:.*}", (1.0 - size.log10().floor()).clamp(0.0, 4.0) as usize)
        }
        _ => format!("{value:.1e}"),
    }
}

/// The weight of the action loss.
fn action_ui(ui: &mut Ui, weight: f32) -> f32 {
    let mut chosen = weight;
    field(ui, "Action loss", |ui, label| {
        let drag = DragValue::new(&mut chosen).speed(0.01).range(0.0..=1000.0).max_decimals(3);
        ui.add(drag).labelled_by(label).on_hover_text("Weight of the action loss (0: off)");
    });
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_hold_two_digits() {
        let cells = [0.0, 1.26, 58.8, 0.0171, 0.00241, 1.3e-5, 12345.0].map(two_digits);
        assert_eq!(cells, ["0", "1.3", "59", "0.017", "0.0024", "1.3e-5", "1.2e4"]);
    }

    #[test]
    fn the_last_term_stays_on() {
        let metrics = |terms: &[&str]| StepMetrics {
            step: 1,
            steps: 2,
            loss: 1.0,
            terms: terms.iter().map(|name| ((*name).to_owned(), 1.0)).collect(),
            weights: vec![1.0; terms.len()],
            accuracy: None,
            rate: 1.0,
            steps_per_sec: 1.0,
            stall: 0.0,
            eta_secs: 1.0,
            memory_bytes: None,
            done: 0.5,
        };
        let (flow, both) = (metrics(&["pixel 3", "smooth 2", "ssim 2"]), metrics(&["pixel 2", "action"]));
        assert_eq!(levels(&flow), [2, 3]);
        let none = [false; LossSwitches::SCALES];
        let off = LossSwitches { pixel: none, ssim: none, smooth: none, action: 1.0 };
        assert!(!counts(&off, &flow) && counts(&off, &both));
        assert!(!counts(&LossSwitches { action: 0.0, ..off }, &both));
        assert!(counts(&off.with(LossTerm::Ssim, 4, true), &flow));
    }
}
