//! What a run is told while it trains: hold, go back, stop; and the banner of a run that diverged.

use std::time::Instant;

use eframe::egui::{Button, Label, RichText, Ui, vec2};

use super::plots::short;
use crate::app::command::Command;
use crate::app::command::button::{command_button, styled_command_button};
use crate::app::panel::PanelContext;
use crate::app::training::curve_names::curve_title;
use crate::app::training::state::{TrainingPhase, TrainingState};
use crate::app::ui::curves::Curve;
use crate::app::ui::format::percent;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{menu_list, remark};
use crate::engine::Request;
use crate::training::Network;

/// How far a point of a curve may be from a step to be that of the step, as a share of it: long curves keep means of steps.
const SAME_STEP: f64 = 0.01;

/// Width of the first button, in points: whatever it says, those beside it stay where they are.
const PAUSE: f32 = 72.0;

/// The buttons of a run under way, and *Resume* of one that was stopped in place of *Pause*.
pub(super) fn steering_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let training = &cx.session.training;
    let (command, text) = match training.phase {
        TrainingPhase::Paused => (Command::PauseTraining, "Resume"),
        _ if training.resumable().is_some() => (Command::ResumeTraining, "Resume"),
        _ => (Command::PauseTraining, "Pause"),
    };
    styled_command_button(ui, cx, command, Button::new(text).min_size(vec2(PAUSE, 0.0)));
    command_button(ui, cx, Command::StopTraining, "Stop and save");
    roll_back_ui(ui, cx);
}

/// A menu of the steps that the run can go back to, the newest first.
fn roll_back_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let training = &cx.session.training;
    let steers = matches!(training.phase, TrainingPhase::Running | TrainingPhase::Pausing | TrainingPhase::Paused);
    let steps: Vec<usize> = training.snapshots.iter().rev().map(|snapshot| snapshot.step).collect();
    let reason = if steers { "No snapshots yet" } else { "Training is not running" };
    let mut chosen = None;
    // While the menu is open it keeps the steps that it had, so that a new snapshot moves no entry.
    let shown = ui.scope_id().with("roll back");
    ui.add_enabled_ui(steers && !steps.is_empty(), |ui| {
        let menu = ui.menu_button("Roll back…", |ui| {
            let steps: Vec<usize> = ui.data_mut(|data| data.get_temp_mut_or(shown, steps).clone());
            menu_list(ui).show(ui, |ui| {
                for step in steps {
                    if ui.add(Button::new(snapshot_text(training, step)).frame_when_inactive(false)).clicked() {
                        chosen = Some(step);
                        ui.close();
                    }
                }
            });
        });
        if menu.inner.is_none() {
            ui.data_mut(|data| data.remove::<Vec<usize>>(shown));
        }
        menu.response
            .on_hover_text("Resume from an earlier snapshot and drop later curves")
            .on_disabled_hover_text(reason);
    });
    if let Some(step) = chosen {
        let target = if step == 0 { "the start of the run".to_owned() } else { format!("step {step}") };
        cx.session.told = Some((format!("Rolling back to {target} after this step"), Instant::now()));
        cx.session.training.rolling_back = Some(step);
        cx.send(Request::RollBackTraining(step));
    }
}

/// A step that the run can go back to, with what was measured there, or the loss where nothing was.
fn snapshot_text(training: &TrainingState, step: usize) -> String {
    let resumed = training.resumed.as_ref().map_or(0, |resumed| resumed.step);
    let present = training.latest.as_ref().map_or(resumed, |latest| latest.step);
    let mut text = match step {
        0 => "Start of the run".to_owned(),
        _ if step > present => format!("Step {step} (discarded)"),
        _ => format!("Step {step}"),
    };
    let at_step = |curve: &Curve| {
        let [at, value] = curve.near(step as f64)?;
        ((at - step as f64).abs() <= (SAME_STEP * step as f64).max(1.0)).then_some(value)
    };
    let measured = training.shares.iter().filter(|(name, _)| name.starts_with("validation "));
    let measured: Vec<(&str, f64)> = measured.filter_map(|(name, curve)| Some((name, at_step(curve)?))).collect();
    for (name, value) in &measured {
        let value = if name.contains("top-1") { format!("{} %", percent(*value)) } else { short(*value) };
        text += &format!(" · {} {value}", curve_title(name));
    }
    if let Some(loss) = training.losses.get("loss").filter(|_| measured.is_empty()).and_then(at_step) {
        text += &format!(" · Loss {}", short(loss));
    }
    text
}

/// Says that few steps fit into the time limit, until it is answered; the network and the smaller batch that was accepted.
pub(super) fn few_steps_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) -> Option<(Network, usize)> {
    let training = &cx.session.training;
    let fit = training.few_steps.filter(|_| training.is_active())?;
    let (mut accepted, mut dismissed) = (None, false);
    ui.add_space(6.0);
    let warning = Tokens::of(ui).warning;
    remark(ui, warning, |ui| {
        ui.label(RichText::new("Few steps fit into the time limit").strong().color(warning));
        ui.add(Label::new(format!("Measured: {}. {}.", fit.in_words(), fit.remedy())).wrap());
        ui.horizontal_wrapped(|ui| {
            if let Some(batch) = fit.smaller_batch() {
                let button = ui.button(format!("Stop and use batch size {batch}"));
                if button.on_hover_text("Then press Start for a new run").clicked() {
                    accepted = Some((fit.network, batch));
                }
            }
            dismissed = ui.button("Dismiss").on_hover_text("Dismiss (kept in the log)").clicked();
        });
    });
    if accepted.is_some() || dismissed {
        cx.session.training.few_steps = None;
    }
    if accepted.is_some() {
        cx.run(Command::StopTraining);
    }
    accepted
}

/// Says that the run diverged and what was done about it, until it is dismissed.
pub(super) fn divergence_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let diagnostics = &mut cx.session.training.diagnostics;
    let Some(divergence) = diagnostics.divergence.clone() else { return };
    let mut dismissed = false;
    ui.add_space(6.0);
    let warning = Tokens::of(ui).warning;
    remark(ui, warning, |ui| {
        ui.label(RichText::new("Training diverged").strong().color(warning));
        ui.add(Label::new(divergence.error.cause.clone()).wrap());
        let percent = 100.0 * divergence.rate_factor;
        let done = format!("Rolled back to step {}; resuming at {percent:.3} % of the learning rate.", divergence.to);
        ui.add(Label::new(done).wrap());
        dismissed = ui.button("Dismiss").on_hover_text("Dismiss (kept in the log)").clicked();
    });
    if dismissed {
        diagnostics.divergence = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_to_go_back_to_is_listed_with_what_was_measured_there() {
        let mut training = TrainingState::starting();
        for step in 1..=20 {
            training.losses.push("loss", f64::from(step), 0.5);
        }
        for (step, right, ratio) in [(0.0, 0.125, 0.9), (16.0, 0.25, 0.62)] {
            training.shares.push("validation fused top-1", step, right);
            training.shares.push("validation photometric ratio", step, ratio);
            training.shares.push("batch", step, 1.0);
        }
        let text = |step| snapshot_text(&training, step);
        assert_eq!(text(0), "Start of the run · Held-out, fused 12.5 % · Photometric ratio 0.90");
        assert_eq!(text(16), "Step 16 (discarded) · Held-out, fused 25.0 % · Photometric ratio 0.62");
        assert_eq!(text(9), "Step 9 (discarded) · Loss 0.50", "nothing was measured there");
        assert_eq!(text(40), "Step 40 (discarded)");
    }
}
