//! What a run is told while it trains: hold, go back, stop; and the banner of a run that diverged.

use eframe::egui::{Button, Label, RichText, Ui};

use crate::app::command::Command;
use crate::app::command::button::command_button;
use crate::app::panel::PanelContext;
use crate::app::training::state::TrainingPhase;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{menu_list, remark};
use crate::engine::Request;
use crate::training::Network;

/// The buttons of a run under way.
pub(super) fn steering_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let paused = cx.session.training.phase == TrainingPhase::Paused;
    command_button(ui, cx, Command::PauseTraining, if paused { "Resume" } else { "Pause" });
    command_button(ui, cx, Command::StopTraining, "Stop and save");
    roll_back_ui(ui, cx);
}

/// A menu of the steps that the run can go back to, the newest first.
fn roll_back_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let training = &cx.session.training;
    let steers = matches!(training.phase, TrainingPhase::Running | TrainingPhase::Pausing | TrainingPhase::Paused);
    let steps: Vec<usize> = training.snapshots.iter().rev().map(|snapshot| snapshot.step).collect();
    let reason = if steers { "No snapshots yet" } else { "Training is not running" };
    let present = training.latest.as_ref().map_or(0, |latest| latest.step);
    let mut chosen = None;
    ui.add_enabled_ui(steers && !steps.is_empty(), |ui| {
        ui.menu_button("Roll back…", |ui| {
            menu_list(ui).show(ui, |ui| {
                for step in steps {
                    let text = match step {
                        0 => "Start of the run".to_owned(),
                        _ if step > present => format!("Step {step} (discarded)"),
                        _ => format!("Step {step}"),
                    };
                    if ui.add(Button::new(text).frame_when_inactive(false)).clicked() {
                        chosen = Some(step);
                        ui.close();
                    }
                }
            });
        })
        .response
        .on_hover_text("Resume from an earlier snapshot and drop later curves")
        .on_disabled_hover_text(reason);
    });
    if let Some(step) = chosen {
        cx.send(Request::RollBackTraining(step));
    }
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
