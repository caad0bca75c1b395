//! The training panel: what is to be trained, the run's state and curves, and what to do with the result.

mod confusion;
mod form;
mod gradient_shares;
mod grid;
mod interrupted;
mod plots;
mod progress;
mod steering;

use std::path::PathBuf;

use eframe::egui::{Label, RichText, ScrollArea, TextStyle, Ui, vec2};

use self::confusion::confusion_ui;
use self::form::{Form, Plans};
use self::gradient_shares::gradient_shares_ui;
use self::grid::grid_ui;
use self::interrupted::interrupted_ui;
use self::plots::{Cursor, Plots};
use self::progress::progress_ui;
use self::steering::{divergence_ui, few_steps_ui, steering_ui};
use super::by_class::ChosenClips;
use super::curve_names::{CROSS_VALIDATED, result_text};
use super::held_out::HeldOutView;
use super::outcome_words::{unmeasured_text, untrained_text, was_stopped_before_evaluation};
use super::settings::TrainingSettings;
use super::state::{TrainingPhase, TrainingState};
use crate::app::command::Command;
use crate::app::command::button::{command_button, primary_button};
use crate::app::panel::Panel;
use crate::app::panel::PanelContext;
use crate::app::session::Session;
use crate::app::tasks::{Background, Tasks};
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{explanation, remark, section};
use crate::nets::ModelCard;
use crate::plural::counted;
use crate::training::{CutShort, EndingWork, TrainingPlan};

/// A page of the panel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum TrainingPage {
    /// The next run, which can be prepared while one is under way.
    #[default]
    NewRun,
    /// The run that is under way, or the last one.
    Running,
}

/// The training panel.
#[derive(Default)]
pub struct TrainingPanel {
    page: TrainingPage,
    /// Whether the form was drawn in the last repaint.
    pub is_form_shown: bool,
    /// Whether a run was under way at the last repaint.
    was_active: bool,
    form: Form,
    plots: Plots,
    cursor: Cursor,
    /// Whether the form is to be brought into view.
    is_wanted: bool,
    /// The result on held-out clips.
    held_out: HeldOutView,
    /// The card of the model that was trained last; none where it cannot be read.
    card: Background<PathBuf, Option<ModelCard>>,
    /// Offers of interrupted runs that are being dismissed.
    dismissals: Tasks<(), ()>,
}

impl TrainingPanel {
    /// Whether the panel describes a run; the reason if it does not.
    pub fn ready(&self) -> Result<(), &'static str> {
        self.form.ready()
    }

    /// The choices to be remembered.
    pub fn settings(&self) -> TrainingSettings {
        self.form.settings()
    }

    /// Takes choices that were remembered.
    pub fn restore(&mut self, settings: TrainingSettings) {
        self.form.restore(settings);
    }

    /// What finds out the runs that the panel describes, in turn, on any thread.
    ///
    /// # Errors
    /// If there are none.
    pub fn plans(&self, session: &Session) -> crate::error::Result<Plans> {
        self.form.plans(session)
    }

    /// Takes what was found out about the clips, and what has changed in the project and the model in use.
    pub fn follow(&mut self, session: &Session, ctx: &eframe::egui::Context) {
        self.form.follow(session, ctx);
        self.held_out.follow(&session.training, ctx);
        self.follow_card(&session.training, ctx);
    }

    /// Reads the card of a result that may lack a stream.
    fn follow_card(&mut self, training: &TrainingState, ctx: &eframe::egui::Context) {
        match training.trained().filter(|_| !training.untrained().is_empty()) {
            Some(dir) => {
                let read = dir.clone();
                self.card.ask(dir.clone(), ctx, move || ModelCard::read(&read).ok());
                self.card.receive();
            }
            None => self.card.clear(), // a run that is resumed writes another one
        }
    }

    /// Where the runs lie that the panel describes.
    pub fn runs_folder(&self) -> Option<PathBuf> {
        self.form.runs_folder()
    }

    /// Trains on the labelled clips of the project.
    pub fn choose_labels(&mut self) {
        self.is_wanted = true;
        self.form.choose_labels();
    }

    /// The form, to be filled in by tests.
    #[cfg(test)]
    pub fn form(&mut self) -> &mut form::Form {
        &mut self.form
    }

    /// The runs of which a step is to be timed: those that are described while the form is looked at.
    pub fn timed_plans(&self) -> Option<Vec<TrainingPlan>> {
        self.form.timed_plans().filter(|_| self.is_form_shown)
    }

    /// How the curves are shown.
    pub fn plots(&self) -> &Plots {
        &self.plots
    }

    /// Trains on corrected clips together with those that were chosen before, or with those in the folder `last`.
    pub fn join(&mut self, last: Option<PathBuf>, corrections: PathBuf, ctx: &eframe::egui::Context) {
        self.form.join(last, corrections, ctx);
        self.page = TrainingPage::NewRun; // until the run begins
    }

    /// Whether the clips to train on are still being listed.
    pub fn is_listing(&self) -> bool {
        self.form.is_listing()
    }

    /// Returns whether the clips to train on leave out classes of the model.
    pub fn leaves_out_classes(&self, session: &Session) -> bool {
        self.form.lacking_text(session).is_some()
    }

    /// Chooses whether the classes of the model are kept.
    #[cfg(test)]
    pub fn choose_classes(&mut self, keep: bool) {
        self.form.tuning().keep_classes = keep;
    }

    /// Trains on the clips of another folder.
    pub fn choose_folder(&mut self, folder: PathBuf, ctx: &eframe::egui::Context) {
        self.form.choose_folder(folder, ctx);
    }

    /// Trains on the clips of a folder that was opened, unless there are labels to train on.
    pub fn offer_folder(&mut self, folder: PathBuf, ctx: &eframe::egui::Context) {
        self.form.offer_folder(folder, ctx);
    }
}

impl TrainingPanel {
    /// What the run measures.
    fn diagnostics_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        self.cursor.begin();
        self.plots.plots_ui(ui, &cx.session.training, &mut self.cursor);
        if !cx.session.training.curves_by_run().is_empty() {
            ui.horizontal(|ui| {
                command_button(ui, cx, Command::SaveCurves, "Save as CSV…");
                command_button(ui, cx, Command::SaveCurvesPicture, "Save as PNG…");
            });
        }
        grid_ui(ui, cx);
        gradient_shares_ui(ui, cx, &mut self.cursor);
        let can_list = self.held_out.report().is_some();
        if let Some((label, guess)) = confusion_ui(ui, &cx.session.training, can_list) {
            self.held_out.chosen = Some(ChosenClips::Cell { label, guess });
        }
    }

    /// Turns to a run that begins, and to the form when it is asked for.
    fn turn_page(&mut self, cx: &PanelContext<'_>) {
        let is_active = cx.session.training.is_active();
        if self.is_wanted {
            self.page = TrainingPage::NewRun;
        }
        // A run that was started meanwhile counts for more than the form that described it.
        if is_active && !self.was_active {
            self.page = TrainingPage::Running;
        }
        self.was_active = is_active;
    }

    /// What came of the last run.
    fn results_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        let Some(name) = cx.session.training.name_of_result() else { return };
        let is_unmeasured = self.has_nothing_measured(&cx.session.training);
        if is_unmeasured || !self.held_out.is_empty() {
            section(ui, &format!("Results of {name}"));
        }
        if is_unmeasured {
            return explanation(
                ui,
                match was_stopped_before_evaluation(&cx.session.training) {
                    true => unmeasured_text(&cx.session.training),
                    false => "No accuracy was measured: no clip could be left out of the training.",
                },
            );
        }
        self.held_out.held_out_ui(ui, cx);
        if self.held_out.is_without() {
            explanation(ui, unmeasured_text(&cx.session.training));
        }
        self.diagnostics_ui(ui, cx);
    }

    /// Whether the last run has a result, but neither curves nor a report on left-out clips.
    fn has_nothing_measured(&self, training: &TrainingState) -> bool {
        let has_curves = !training.curves_by_run().is_empty();
        training.trained().is_some()
            && !has_curves
            && training.diagnostics.confusion.is_none()
            && self.held_out.is_empty()
    }

    fn running_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        let card = self.card.value().filter(|_| !self.card.is_busy()).and_then(Option::as_ref);
        state_ui(ui, cx, self.form.tunes_to_labels(), card);
        if let Some((network, batch)) = few_steps_ui(ui, cx) {
            self.form.use_batch(network, batch);
        }
        match cx.session.training.is_active() {
            true => self.diagnostics_ui(ui, cx),
            false => self.results_ui(ui, cx),
        }
    }

    fn new_run_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        self.is_form_shown = true;
        let is_active = cx.session.training.is_active();
        let title = if is_active { "Prepare the next run" } else { IDLE };
        ui.add(Label::new(RichText::new(title).heading()).truncate());
        ui.horizontal_wrapped(|ui| {
            primary_button(ui, cx, Command::StartTraining, "Start");
            if !self.form.tunes_to_labels() {
                command_button(ui, cx, Command::TrainOnLabels, Command::TrainOnLabels.text());
            }
        });
        interrupted_ui(ui, cx, &self.dismissals);
        start_ui(ui, cx, self.form.forgotten_classes(cx.session));
        self.form.form_ui(ui, cx);
    }
}

impl Panel for TrainingPanel {
    fn panel_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        self.turn_page(cx);
        cx.session.training.has_unseen_result = false;
        let training = &cx.session.training;
        let (is_active, has_run) = (training.is_active(), training.phase != TrainingPhase::Idle);
        let running = if is_active || !has_run { "Running" } else { "Last run" };
        ui.horizontal(|ui| {
            ui.selectable_value(&mut self.page, TrainingPage::NewRun, "New run");
            ui.add_enabled_ui(has_run, |ui| {
                let tab = ui.selectable_value(&mut self.page, TrainingPage::Running, running);
                tab.on_disabled_hover_text("No run has been started yet");
            });
        });
        ui.separator();
        let mut area = ScrollArea::vertical().id_salt(("training", self.page as usize)).auto_shrink(false);
        if std::mem::take(&mut self.is_wanted) {
            area = area.vertical_scroll_offset(0.0);
        }
        area.show(ui, |ui| match self.page {
            TrainingPage::NewRun => self.new_run_ui(ui, cx),
            TrainingPage::Running => self.running_ui(ui, cx),
        });
    }
}

/// What the training does, how far it is, and the buttons that steer it.
fn state_ui(ui: &mut Ui, cx: &mut PanelContext<'_>, tunes_to_labels: bool, card: Option<&ModelCard>) {
    let tokens = Tokens::of(ui);
    let training = &cx.session.training;
    ui.add(Label::new(RichText::new(phase_text(training)).heading()).truncate());
    // Before what comes and goes while a run is under way, so that it does not move them away from the pointer.
    buttons_ui(ui, cx, tunes_to_labels);
    let training = &cx.session.training;
    if !training.summary.is_empty() {
        ui.label(RichText::new(&training.summary).color(tokens.weak));
    }
    progress_ui(ui, training);
    ui.add_space(6.0);
    divergence_ui(ui, cx);
    if let TrainingPhase::Finished { model_dir, stopped_early } = &cx.session.training.phase {
        let (model_dir, stopped_early) = (model_dir.display().to_string(), *stopped_early);
        let confusion = cx.session.training.diagnostics.confusion.as_ref();
        let measured = confusion.map(|(_, confusion)| (confusion.right(), confusion.counts.len()));
        let name = cx.session.training.diagnostics.measured.clone();
        let network = cx.session.training.network();
        let is_in_use = cx.session.training.is_loaded;
        let untrained = cx.session.training.untrained();
        let cut_short: Vec<String> = cx.session.training.cut_short.iter().map(CutShort::in_words).collect();
        remark(ui, tokens.good, |ui| {
            for text in cut_short {
                ui.add(Label::new(RichText::new(text).color(tokens.warning)).wrap());
            }
            for stream in untrained {
                ui.add(Label::new(untrained_text(&stream, card)).wrap());
            }
            if let Some(((right, of), classes)) = measured {
                let label = ui.add(Label::new(result_text(&name, right, of, network)).wrap());
                if name.contains("cross-validated") {
                    label.on_hover_text(CROSS_VALIDATED);
                }
                if right * classes < of {
                    ui.add(Label::new(BELOW_CHANCE).wrap());
                }
            }
            ui.horizontal_wrapped(|ui| {
                ui.add(Label::new(format!("Model saved to {model_dir}")).wrap());
                if ui.small_button("Copy path").clicked() {
                    ui.ctx().copy_text(model_dir.clone());
                }
            });
            if is_in_use {
                ui.label("It is in use.");
            }
            let next = match stopped_early {
                true => "Stopped early. Resume continues it; Start again begins a new run, as set under New run.",
                false => "Finished. Start again begins another run, with the settings under New run.",
            };
            ui.add(Label::new(next).wrap());
        });
    }
}

/// The buttons of a run under way keep their places when it ends, so that no click on one of them meets another; those for its result
/// come below.
fn buttons_ui(ui: &mut Ui, cx: &mut PanelContext<'_>, tunes_to_labels: bool) {
    ui.horizontal_wrapped(|ui| steering_ui(ui, cx));
    if cx.session.training.is_active() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        if cx.session.training.trained().is_some() {
            primary_button(ui, cx, Command::UseTrainedWeights, Command::UseTrainedWeights.text());
            command_button(ui, cx, Command::CompareWeights, "Compare old and new");
            command_button(ui, cx, Command::StartTraining, "Start again");
        } else {
            primary_button(ui, cx, Command::StartTraining, "Start");
        }
        if !tunes_to_labels {
            command_button(ui, cx, Command::TrainOnLabels, Command::TrainOnLabels.text());
        }
    });
}

/// Why no run can be started, or which classes the new model will lack, where the form is filled in. It has its line whether or not there
/// is something to say, so that the fields below do not move while they are filled in.
fn start_ui(ui: &mut Ui, cx: &PanelContext<'_>, forgets: Option<usize>) {
    let height = ui.text_style_height(&TextStyle::Body);
    let text = match (cx.available(Command::StartTraining), forgets) {
        (Err(reason), _) => format!("Cannot start yet: {}", lowered(reason)),
        (Ok(()), Some(count)) => format!("The new model will not know {} of the loaded one", counted(count, "class")),
        (Ok(()), None) => {
            ui.allocate_space(vec2(0.0, height));
            return;
        }
    };
    ui.add(Label::new(RichText::new(text).color(Tokens::of(ui).warning)).truncate());
}

/// A reason within a sentence.
fn lowered(reason: &str) -> String {
    let mut characters = reason.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}

/// The heading where no run was started.
const IDLE: &str = "Train a model on your clips";

fn phase_text(training: &TrainingState) -> &'static str {
    match training.phase {
        TrainingPhase::Running if training.rolling_back.is_some() => "Rolling back after this step…",
        TrainingPhase::Idle => IDLE,
        TrainingPhase::Preparing => "Reading clips…",
        TrainingPhase::Running => "Training",
        TrainingPhase::Pausing => "Pausing after this step…",
        TrainingPhase::Paused => "Paused",
        TrainingPhase::Stopping => stopping_text(training),
        TrainingPhase::Finished { stopped_early: false, .. } => "Finished",
        TrainingPhase::Finished { stopped_early: true, .. } => "Stopped",
        TrainingPhase::Discarded => "Stopped before the first step",
        TrainingPhase::Failed => "Failed – see the log",
    }
}

/// What a run that is to stop still does.
fn stopping_text(training: &TrainingState) -> &'static str {
    match training.ending {
        Some(EndingWork::Measure) => "Stopping: evaluating held-out clips…",
        Some(EndingWork::SaveCheckpoint) => "Stopping: saving the checkpoint…",
        Some(EndingWork::SaveModel) => "Stopping: saving the model…",
        None if training.preparing.is_some() => "Stopping after the current clips…",
        None if training.latest.is_none() => "Stopping before the first step…",
        None => "Stopping after this step…",
    }
}

/// What may be the matter with clips that are recognised less often than by guessing.
const BELOW_CHANCE: &str =
    "Below chance. Clips of different classes may share a scene – put them in the same group (Project › Clip).";
