//! The training panel: what is to be trained, the run's state and curves, and what to do with the result.

mod by_class;
mod confusion;
mod form;
mod gradient_shares;
mod grid;
mod held_out;
mod interrupted;
mod plots;
mod progress;
mod steering;

use eframe::egui::{Align, CollapsingHeader, Label, RichText, ScrollArea, TextStyle, Ui, vec2};

use self::by_class::ChosenClips;
use self::confusion::confusion_ui;
use self::form::{Form, Plans};
use self::gradient_shares::gradient_shares_ui;
use self::grid::grid_ui;
use self::held_out::HeldOutView;
use self::interrupted::interrupted_ui;
use self::plots::{Cursor, Plots};
use self::progress::progress_ui;
use self::steering::{divergence_ui, few_steps_ui, steering_ui};
use super::curve_names::{CROSS_VALIDATED, result_text};
use super::settings::TrainingSettings;
use super::state::TrainingPhase;
use crate::app::command::Command;
use crate::app::command::button::{command_button, primary_button};
use crate::app::panel::Panel;
use crate::app::panel::PanelContext;
use crate::app::session::Session;
use crate::app::tasks::Tasks;
use crate::app::ui::theme::{SECTION_GAP, Tokens};
use crate::app::ui::widgets::remark;

/// The training panel.
#[derive(Default)]
pub struct TrainingPanel {
    form: Form,
    plots: Plots,
    cursor: Cursor,
    /// Whether the form is to be brought into view: a run before it may fill the panel.
    is_wanted: bool,
    /// The result on held-out clips.
    held_out: HeldOutView,
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
    }

    /// Where the runs lie that the panel describes.
    pub fn runs_folder(&self) -> Option<std::path::PathBuf> {
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

    /// How the curves are shown.
    pub fn plots(&self) -> &Plots {
        &self.plots
    }

    /// Trains on corrected clips together with those that were chosen before, or with those in the folder `last`.
    pub fn join(
        &mut self,
        last: Option<std::path::PathBuf>,
        corrections: std::path::PathBuf,
        ctx: &eframe::egui::Context,
    ) {
        self.form.join(last, corrections, ctx);
        self.is_wanted = true;
    }

    /// Whether the clips to train on are still being listed.
    pub fn is_listing(&self) -> bool {
        self.form.is_listing()
    }

    /// Trains on the clips of another folder.
    pub fn choose_folder(&mut self, folder: std::path::PathBuf, ctx: &eframe::egui::Context) {
        self.form.choose_folder(folder, ctx);
    }

    /// Trains on the clips of a folder that was opened, unless there are labels to train on.
    pub fn offer_folder(&mut self, folder: std::path::PathBuf, ctx: &eframe::egui::Context) {
        self.form.offer_folder(folder, ctx);
    }
}

impl TrainingPanel {
    /// What the run measures.
    fn diagnostics_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        self.cursor.begin();
        self.plots.plots_ui(ui, &cx.session.training, &mut self.cursor);
        if !cx.session.training.losses.is_empty() {
            ui.horizontal(|ui| {
                command_button(ui, cx, Command::SaveCurves, "Save as CSV…");
                command_button(ui, cx, Command::SaveCurvesPicture, "Save as PNG…");
            });
        }
        grid_ui(ui, cx);
        gradient_shares_ui(ui, cx, &mut self.cursor);
        let can_list = self.held_out.report().is_some();
        if let Some((label, guess)) = confusion_ui(ui, &cx.session.training.diagnostics, can_list) {
            self.held_out.chosen = Some(ChosenClips::Cell { label, guess });
        }
    }

    /// What came of the last run, which can be folded, above the next one.
    fn results_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        let run = cx.session.training.run_dir.as_deref().and_then(std::path::Path::file_name);
        let Some(name) = run.map(|name| name.to_string_lossy().into_owned()) else { return };
        let results =
            CollapsingHeader::new(format!("Results of {name}")).id_salt(("results", &name)).default_open(true);
        results.show(ui, |ui| {
            self.held_out.held_out_ui(ui, cx);
            self.diagnostics_ui(ui, cx);
        });
        ui.add_space(SECTION_GAP);
        ui.separator();
        ui.label(RichText::new("New run").heading());
    }
}

impl Panel for TrainingPanel {
    fn panel_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            state_ui(ui, cx, &self.dismissals, self.form.tunes_to_labels());
            if let Some((network, batch)) = few_steps_ui(ui, cx) {
                self.form.use_batch(network, batch);
            }
            if cx.session.training.is_active() {
                self.diagnostics_ui(ui, cx);
                ui.add_space(SECTION_GAP);
                CollapsingHeader::new("Settings of this run").show(ui, |ui| {
                    ui.add_enabled_ui(false, |ui| self.form.form_ui(ui, cx));
                });
            } else {
                self.results_ui(ui, cx);
                if std::mem::take(&mut self.is_wanted) {
                    ui.scroll_to_cursor(Some(Align::TOP));
                }
                start_ui(ui, cx);
                self.form.form_ui(ui, cx);
            }
        });
    }
}

/// What the training does, how far it is, and the buttons that steer it.
fn state_ui(ui: &mut Ui, cx: &mut PanelContext<'_>, dismissals: &Tasks<(), ()>, tunes_to_labels: bool) {
    let tokens = Tokens::of(ui);
    let training = &cx.session.training;
    ui.add(Label::new(RichText::new(phase_text(&training.phase)).heading()).truncate());
    // Before what comes and goes while a run is under way, so that it does not move them away from the pointer.
    buttons_ui(ui, cx, tunes_to_labels);
    interrupted_ui(ui, cx, dismissals);
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
        remark(ui, tokens.good, |ui| {
            if let Some(((right, of), classes)) = measured {
                let label = ui.add(Label::new(result_text(&name, right, of)).wrap());
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
            if stopped_early {
                ui.label("Stopped early. Resume to continue it; Start begins a new run.");
            }
        });
    }
}

fn buttons_ui(ui: &mut Ui, cx: &mut PanelContext<'_>, tunes_to_labels: bool) {
    ui.horizontal_wrapped(|ui| {
        if cx.session.training.is_active() {
            steering_ui(ui, cx);
            return;
        }
        if cx.session.training.trained().is_some() {
            primary_button(ui, cx, Command::UseTrainedWeights, Command::UseTrainedWeights.text());
            command_button(ui, cx, Command::CompareWeights, "Compare old and new");
            if cx.session.training.resumable().is_some() {
                command_button(ui, cx, Command::ResumeTraining, "Resume");
            }
            command_button(ui, cx, Command::StartTraining, "Start");
        } else {
            primary_button(ui, cx, Command::StartTraining, "Start");
        }
        if !tunes_to_labels {
            command_button(ui, cx, Command::TrainOnLabels, Command::TrainOnLabels.text());
        }
    });
}

/// Why no run can be started, where the form is filled in. It has its line whether or not there is a reason, so that the fields below
/// do not move while they are filled in.
fn start_ui(ui: &mut Ui, cx: &PanelContext<'_>) {
    let height = ui.text_style_height(&TextStyle::Body);
    let Err(reason) = cx.available(Command::StartTraining) else {
        ui.allocate_space(vec2(0.0, height));
        return;
    };
    let text = format!("Cannot start yet: {}", lowered(reason));
    ui.add(Label::new(RichText::new(text).color(Tokens::of(ui).warning)).truncate());
}

/// A reason within a sentence.
fn lowered(reason: &str) -> String {
    let mut characters = reason.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}

fn phase_text(phase: &TrainingPhase) -> &'static str {
    match phase {
        TrainingPhase::Idle => "Train a model on your clips",
        TrainingPhase::Preparing => "Reading clips…",
        TrainingPhase::Running => "Training",
        TrainingPhase::Pausing => "Pausing after this step…",
        TrainingPhase::Paused => "Paused",
        TrainingPhase::Stopping => "Saving and stopping…",
        TrainingPhase::Finished { stopped_early: false, .. } => "Finished",
        TrainingPhase::Finished { stopped_early: true, .. } => "Stopped",
        TrainingPhase::Failed => "Failed – see the log",
    }
}

/// What may be the matter with clips that are recognised less often than by guessing.
const BELOW_CHANCE: &str =
    "Below chance. Clips of different classes may share a scene – put them in the same group (Project › Clip).";
