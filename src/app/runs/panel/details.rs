//! Actions on a run.

use std::path::PathBuf;

use eframe::egui::{Button, Label, RichText, TextEdit, Ui};

use crate::app::command::Command;
use crate::app::panel::{Action, PanelContext};
use crate::app::training::curve_names::measurement_title;
use crate::app::training::held_out::HeldOutView;
use crate::app::training::old_and_new::OldAndNew;
use crate::app::training::state::TrainingState;
use crate::app::ui::format::span;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{field, remark};
use crate::engine::Request;
use crate::error::Result;
use crate::training::runs::{self, Run, RunState};

/// Work on the files of a run, done on another thread; returns a description of its result.
pub(super) type CatalogWork = Box<dyn FnOnce() -> Result<String> + Send>;

/// The state of the actions on a run.
#[derive(Default)]
pub(super) struct Details {
    /// The run that is shown, and its name as typed.
    name: Option<(PathBuf, String)>,
    /// The run to be deleted once the person confirms.
    deleting: Option<PathBuf>,
    /// The result of the run on held-out clips.
    held_out: HeldOutView,
}

impl Details {
    /// Draws the run, of this `edition` of the list; returns the requested work.
    pub fn details_ui(
        &mut self,
        ui: &mut Ui,
        cx: &mut PanelContext<'_>,
        run: &Run,
        all: &[Run],
        edition: usize,
    ) -> Option<CatalogWork> {
        let renamed = self.name_ui(ui, run);
        facts_ui(ui, run);
        let is_active = cx.session.training.is_active();
        let mut work = renamed;
        ui.horizontal_wrapped(|ui| {
            let has_model = run.model.is_some();
            let missing = "This run has no snapshot or model yet";
            if button(ui, "Load model", has_model.then_some(()).ok_or(missing), "Load this run's model") {
                cx.actions.extend(run.model.clone().map(Action::LoadModel));
            }
            let turn = run.turn(all);
            let tooltip = match turn.len() {
                0 | 1 => "Resume from the last checkpoint",
                _ => "Resume each stream from its last checkpoint",
            };
            if button(ui, "Resume", resumable(&turn, is_active), tooltip) {
                let plans: Vec<_> = turn.iter().filter_map(|run| run.plan.clone()).collect();
                cx.session.training = TrainingState::taken_up(plans.clone(), run.seconds_of_ended(all));
                cx.send(Request::TrainInTurn(plans));
                cx.run(Command::ShowTraining);
            }
            if button(
                ui,
                "Compare pinned frames",
                has_model.then_some(()).ok_or(missing),
                "Show this run's results on pinned frames",
            ) {
                cx.session.pinned.open(run, ui.ctx());
                cx.run(Command::ShowPinned);
            }
            let both = old_and_new(run, all);
            if button(ui, "Compare old and new", both.as_ref().map(drop).map_err(|reason| *reason), OldAndNew::TOOLTIP)
                && let Ok(OldAndNew { old, new }) = both
            {
                cx.actions.push(Action::Compare { old, new });
            }
            if button(ui, "Export…", has_model.then_some(()).ok_or(missing), Command::ExportModel.tooltip()) {
                cx.run(Command::ExportModel);
            }
            let deletable = if run.state == RunState::Running { Err("The run is in progress") } else { Ok(()) };
            if button(ui, "Delete…", deletable, "Move the run to the .deleted folder") {
                self.deleting = Some(run.dir.clone());
            }
        });
        if self.deleting.as_ref() == Some(&run.dir) {
            work = self.deleting_ui(ui, run).or(work);
        }
        self.held_out.follow_run(Some(&run.dir), edition, ui.ctx());
        self.held_out.held_out_ui(ui, cx);
        work
    }

    fn name_ui(&mut self, ui: &mut Ui, run: &Run) -> Option<CatalogWork> {
        if self.name.as_ref().is_none_or(|(of, _)| *of != run.dir) {
            self.name = Some((run.dir.clone(), run.name.clone()));
        }
        let (_, name) = self.name.as_mut()?;
        let mut wanted = None;
        field(ui, "Name", |ui, label| {
            let edit = TextEdit::singleline(name).desired_width((ui.available_width() - 80.0).max(60.0));
            let typed = ui.add(edit).labelled_by(label);
            let is_new = name.trim() != run.name;
            let pressed = button(
                ui,
                "Rename",
                if is_new { Ok(()) } else { Err("Name unchanged") },
                "The run's folder is not renamed",
            );
            if is_new
                && (pressed || (typed.lost_focus() && ui.input(|input| input.key_pressed(eframe::egui::Key::Enter))))
            {
                wanted = Some(name.clone());
            }
        });
        let (dir, before, name) = (run.dir.clone(), run.name.clone(), wanted?);
        Some(Box::new(move || {
            runs::rename(&dir, &name)?;
            Ok(format!("Renamed {before} to {}", name.trim()))
        }))
    }

    fn deleting_ui(&mut self, ui: &mut Ui, run: &Run) -> Option<CatalogWork> {
        let mut answer = None;
        remark(ui, Tokens::of(ui).warning, |ui| {
            ui.add(Label::new(format!("Delete {}? It will be moved to the .deleted folder.", run.name)).wrap());
            ui.horizontal(|ui| {
                if ui.button("Delete run").clicked() {
                    answer = Some(true);
                }
                if ui.button("Keep run").clicked() {
                    answer = Some(false);
                }
            });
        });
        let is_deleted = answer?;
        self.deleting = None;
        let (dir, name) = (run.dir.clone(), run.name.clone());
        is_deleted.then(|| -> CatalogWork {
            Box::new(move || Ok(format!("Moved {name} to {}", runs::delete(&dir)?.display())))
        })
    }
}

/// Draws a button with a tooltip that explains why it is disabled.
fn button(ui: &mut Ui, text: &str, state: std::result::Result<(), &str>, tooltip: &str) -> bool {
    let response = ui.add_enabled(state.is_ok(), Button::new(text)).on_hover_text(tooltip);
    match state {
        Ok(()) => response.clicked(),
        Err(reason) => {
            response.on_disabled_hover_text(reason);
            false
        }
    }
}

/// Returns the models whose flows are to be compared, or the reason if there is nothing to compare.
fn old_and_new(run: &Run, all: &[Run]) -> std::result::Result<OldAndNew, &'static str> {
    let before = run.training(all).into_iter().take_while(|other| other.dir != run.dir);
    let made_by = before.chain([run]).filter_map(|run| run.plan.as_ref());
    let base = run.plan.as_ref().and_then(|plan| plan.base.as_deref());
    OldAndNew::of(base, run.model.as_deref(), made_by)
}

/// Returns `Ok` if the runs that belong to one can be resumed, otherwise the reason.
fn resumable(turn: &[&Run], is_active: bool) -> std::result::Result<(), &'static str> {
    if turn.is_empty() {
        return Err("The run is complete");
    }
    if turn.iter().any(|run| run.state == RunState::Running) {
        return Err("The run is in progress");
    }
    if turn.iter().any(|run| matches!(run.state, RunState::Broken(_))) {
        return Err("The run's files cannot be read");
    }
    if is_active { Err("Training is already running") } else { Ok(()) }
}

fn facts_ui(ui: &mut Ui, run: &Run) {
    let tokens = Tokens::of(ui);
    let dir = run.dir.display().to_string();
    field(ui, "Folder", |ui, _| {
        ui.add(Label::new(RichText::new(&dir).color(tokens.text)).truncate().selectable(true)).on_hover_text(&dir);
    });
    if let RunState::Broken(error) = &run.state {
        remark(ui, tokens.error, |ui| {
            ui.add(Label::new(error.to_string()).wrap());
        });
    }
    let title = |(name, value): &(String, f64)| format!("{} {value:.3}", measurement_title(name));
    let last: Vec<String> = run.last.iter().map(title).collect();
    let measured = if last.is_empty() { "no results".to_owned() } else { last.join(", ") };
    field(ui, "Result", |ui, _| {
        ui.add(Label::new(format!("{measured}, trained for {}", span(run.seconds))).wrap());
    });
}
