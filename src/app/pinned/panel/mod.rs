//! The pinned panel: predictions of a few windows before a training and now, with their differences.

mod card;
mod scores;

use eframe::egui::{Label, RichText, ScrollArea, Slider, Ui};

use self::card::Cards;
use super::state::{PINS, PinnedState, WatchedRun};
use crate::app::command::Command;
use crate::app::command::button::{command_button, primary_button};
use crate::app::panel::Panel;
use crate::app::panel::{Action, PanelContext};
use crate::app::training::old_and_new::OldAndNew;
use crate::app::ui::theme::{SECTION_GAP, Tokens};
use crate::app::ui::widgets::{empty_state, explanation, field};
use crate::training::TrainingPlan;

/// The pinned panel.
#[derive(Default)]
pub struct PinnedPanel {
    cards: Cards,
}

impl Panel for PinnedPanel {
    fn panel_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        cx.session.pinned.recall(ui.ctx());
        if cx.session.pinned.pins.is_empty() {
            let text = "Pin a frame of the open clip to compare its flow and scores before and during training.";
            return empty_state(ui, "No pinned frames", text, |ui| {
                primary_button(ui, cx, Command::PinFrame, "Pin this frame");
            });
        }
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                let is_pinned = cx.session.frame_pin().is_some_and(|pin| cx.session.pinned.has(&pin));
                command_button(
                    ui,
                    cx,
                    Command::PinFrame,
                    if is_pinned { "Unpin this frame" } else { "Pin this frame" },
                );
                compare_ui(ui, cx);
                let text = format!("{} of {PINS} pinned", cx.session.pinned.pins.len());
                ui.add(Label::new(RichText::new(text).color(Tokens::of(ui).weak)).extend());
            });
            progress_ui(ui, cx);
            let training = &cx.session.training;
            let is_training = training.is_active() && training.run_dir.as_ref() == Some(&cx.session.pinned.run.dir);
            scrubber_ui(ui, &mut cx.session.pinned, is_training);
            let mut unpinned = None;
            for (place, pin) in cx.session.pinned.pins.iter().enumerate() {
                ui.add_space(SECTION_GAP);
                ui.push_id(place, |ui| {
                    if self.cards.card_ui(ui, place, pin, &cx.session.pinned, cx.settings) {
                        unpinned = Some(pin.clone());
                    }
                });
            }
            self.cards.sweep();
            if let Some(pin) = unpinned {
                cx.session.pinned.toggle(pin);
            }
        });
    }
}

/// Draws the progress of the predictions; the row is always reserved once there is a run, so that nothing below it
/// moves.
fn progress_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let pinned = &cx.session.pinned;
    if pinned.now().is_none() && pinned.run.before().is_none() {
        return;
    }
    let (progress, is_stopped) = (pinned.progress(), pinned.is_stopped());
    ui.horizontal(|ui| {
        ui.set_min_height(ui.spacing().interact_size.y);
        match progress {
            Some(progress) => {
                command_button(ui, cx, Command::StopPinned, "Cancel");
                progress.bar_ui(ui, "Starting…");
            }
            None if is_stopped => {
                command_button(ui, cx, Command::StopPinned, "Compute the rest");
            }
            None => {}
        }
    });
}

/// Draws the button that swipes the flow of the networks before over that of the networks now, on any clip.
fn compare_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let ready = old_and_new(&cx.session.pinned, &cx.session.training.plans);
    let in_use = cx.session.model.as_ref().map(|model| model.dir.as_path());
    // Loading replaces the model in use, so the button announces it.
    let is_loading = ready.as_ref().is_ok_and(|both| in_use != Some(both.new.as_path()));
    let text = if is_loading { "Load and swipe in the viewer" } else { "Swipe in the viewer" };
    let words = ready.as_ref().map_or_else(|_| OldAndNew::TOOLTIP.into(), |both| both.in_words(in_use));
    let button = ui.add_enabled(ready.is_ok(), eframe::egui::Button::new(text)).on_hover_text(words);
    match ready {
        Ok(OldAndNew { old, new }) if button.clicked() => cx.actions.push(Action::Compare { old, new }),
        Ok(_) => {}
        Err(reason) => _ = button.on_disabled_hover_text(reason),
    }
}

/// Returns the models whose flows are swiped, or the reason if there are none or their flows are the same. `plans` are
/// those of the training that is shown.
fn old_and_new(pinned: &PinnedState, plans: &[TrainingPlan]) -> Result<OldAndNew, &'static str> {
    let (run, old, new) = (&pinned.run, pinned.run.before(), pinned.now());
    if new.is_none() || (old == new && run.snapshots.len() < 2) {
        return Err("No snapshots to compare yet");
    }
    if old == new {
        return Err("This is the step before training: choose a later one");
    }
    let of_training = plans.iter().filter(|plan| plan.run_dir == run.dir);
    OldAndNew::of(old, new, run.plan.iter().chain(of_training))
}

/// Draws the slider of the available steps. `is_training` is `true` while their run is under way.
fn scrubber_ui(ui: &mut Ui, pinned: &mut PinnedState, is_training: bool) {
    let steps: Vec<usize> = pinned.run.snapshots.iter().map(|snapshot| snapshot.step).collect();
    if pinned.run.newest().is_none() && pinned.run.before().is_none() {
        return explanation(
            ui,
            "Start training, or select a run in the Runs panel, to see its results on these frames.",
        );
    }
    if steps.len() < 2 {
        return explanation(ui, &snapshots_text(&pinned.run, is_training));
    }
    let last = steps.len() - 1;
    let before = pinned.step.and_then(|step| steps.iter().position(|other| *other == step)).unwrap_or(last);
    let mut place = before;
    field(ui, "Step", |ui, label| {
        ui.spacing_mut().slider_width = (ui.available_width() - 230.0).clamp(80.0, 400.0);
        let slider = Slider::new(&mut place, 0..=last).show_value(false);
        ui.add(slider).labelled_by(label).on_hover_text("Snapshot of the run, by step");
        ui.label(format!("{} of {}", steps[place], steps[last]));
        let mut follows = pinned.step.is_none();
        if ui.toggle_value(&mut follows, "Latest").on_hover_text("Follow the latest snapshot").changed() {
            pinned.step = (!follows).then(|| steps[last]);
        }
    });
    if place != before {
        pinned.step = Some(steps[place]);
    }
}

/// Returns a text for a run with at most one snapshot.
fn snapshots_text(run: &WatchedRun, is_training: bool) -> String {
    let name = run.dir.file_name().unwrap_or_default().to_string_lossy();
    let has_begun = run.snapshots.first().is_some_and(|snapshot| snapshot.step == 0);
    match run.newest() {
        _ if has_begun && is_training => format!("{name} has just started. Results appear with its first snapshot."),
        Some(_) if has_begun && run.result.is_none() => {
            format!("{name} was stopped before its first snapshot. Resume it to see results.")
        }
        Some(_) => format!("Result of {name} compared with its initial model."),
        None => format!("{name} has no snapshots yet."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{Network, Snapshot, TemporalMode};

    #[test]
    fn a_run_has_just_started_only_while_it_trains() {
        let first = Snapshot { step: 0, dir: "/runs/a/snapshots/0".into() };
        let mut run = WatchedRun { dir: "/runs/a".into(), snapshots: vec![first], ..WatchedRun::default() };
        assert!(snapshots_text(&run, true).starts_with("a has just started"));
        assert!(snapshots_text(&run, false).starts_with("a was stopped"));
        run.result = Some("/runs/a/model".into());
        assert!(snapshots_text(&run, false).starts_with("Result of a"));
        assert!(snapshots_text(&WatchedRun::default(), false).ends_with("has no snapshots yet."));
    }

    #[test]
    fn flows_that_are_the_same_are_not_swiped() {
        let snapshot = |step: usize| Snapshot { step, dir: format!("/runs/a/snapshots/{step}").into() };
        let plan = |mode| TrainingPlan { mode, run_dir: "/runs/a".into(), ..TrainingPlan::of(Network::Temporal) };
        let mut pinned = PinnedState::default();
        pinned.watch(WatchedRun { dir: "/runs/a".into(), snapshots: vec![snapshot(0)], ..WatchedRun::default() });
        let reason = |pinned: &PinnedState, mode| old_and_new(pinned, &[plan(mode)]).map(drop).unwrap_err();
        assert_eq!(reason(&pinned, TemporalMode::C), "No snapshots to compare yet");
        pinned.run.snapshots.push(snapshot(20));
        assert!(reason(&pinned, TemporalMode::A).contains("both flows are the same"));
        assert!(old_and_new(&pinned, &[plan(TemporalMode::C)]).is_ok());
        pinned.step = Some(0);
        assert!(reason(&pinned, TemporalMode::C).contains("choose a later one"));
    }
}
