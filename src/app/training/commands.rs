//! The commands that train networks and use what was trained.

use std::path::PathBuf;
use std::time::Instant;

use eframe::egui::Context;

use super::old_and_new::OldAndNew;
use super::state::{TrainingPhase, TrainingState};
use crate::app::App;
use crate::app::command::conditions::{Availability, Conditions, always, ensure};
use crate::app::command::prompt::{Filter, IMAGE, PathKind, PromptSpec, TABLE};
use crate::app::command::spec::{CommandSpec, command};
use crate::app::command::{Command as C, Group as G};
use crate::app::layout::Pane;
use crate::app::shell::log::LogLevel;
use crate::app::shell::topic::Topic;
use crate::app::tasks::Tasks;
use crate::app::viewer::presets::ViewPreset;
use crate::engine::Request;
use crate::flow::files::write_picture;
use crate::output::Existing;

const PICTURE: Filter = (IMAGE, "png jpg");

#[rustfmt::skip] // A table reads as a table.
pub const COMMANDS: &[CommandSpec] = &[
    command(C::ChooseTrainingFolder, G::Training, "Choose clips…", "Choose a folder with one sub-folder per class", &[], always)
        .opens(
            PromptSpec::new("Choose a folder with one sub-folder of clips per class",
                "Path of a folder with one sub-folder of clips per class…", PathKind::Folder),
            |app, path, ctx| {
                app.choose_training_folder(path, ctx);
                app.show(Pane::Training);
            }),
    command(C::StartTraining, G::Training, "Start training", "Start training with the current settings", &[],
        |on| ensure(!on.session.training.is_active(), "Training is already running").and(on.training_ready))
        .runs(App::start_training)
        .below_line(),
    command(C::ResumeTraining, G::Training, "Resume stopped training", "Continue the stopped training from its last checkpoint", &[],
        |on| ensure(on.session.training.resumable().is_some(), "No training was stopped"))
        .runs(|app, _| app.resume_training()),
    command(C::PauseTraining, G::Training, "Pause or resume training", "Pause after the current step, or resume", &[], pausable)
        .runs(|app, _| match app.session.training.phase {
            TrainingPhase::Paused => app.engine.send(Request::ResumeTraining),
            _ => {
                app.session.training.enter(TrainingPhase::Pausing);
                app.engine.send(Request::PauseTraining);
            }
        }),
    command(C::StopTraining, G::Training, "Stop training and save", "Stop and save; the run can be resumed", &[],
        |on| match on.session.training.phase {
            TrainingPhase::Stopping => Err("Training is being stopped"),
            _ => ensure(on.session.training.is_active(), "No training is running"),
        })
        .runs(|app, _| {
            app.session.training.enter(TrainingPhase::Stopping);
            app.engine.send(Request::StopTraining);
        }),
    command(C::SaveCurves, G::Training, "Save training curves…", "Save the training curves as CSV", &[], has_curves)
        .saves(PromptSpec::new("Save training curves", "Path of the table, such as curves.csv…", PathKind::Save("curves", TABLE)),
            |app, path, existing, ctx| app.write_text(path, app.session.training.curves_table(), existing, ctx)),
    command(C::SaveCurvesPicture, G::Training, "Save training plot…", "Save the training plot as PNG", &[], has_curves)
        .saves(PromptSpec::new("Save a plot of the training curves", "Path of the image, such as curves.png…", PathKind::Save("curves", PICTURE)),
            App::save_curves_picture),
    command(C::UseTrainedWeights, G::Training, "Load new model", "Load the new model", &[],
        |on| {
            ensure(on.session.training.trained().is_some(), "No training has finished yet")?;
            ensure(!on.session.training.is_loaded, "The new model is already in use")
        })
        .runs(|app, _| {
            if let Some(dir) = app.session.training.trained().cloned() {
                app.use_model(dir);
            }
        }),
    command(C::CompareWeights, G::Training, "Compare old and new model", OldAndNew::TOOLTIP, &[],
        |on| on.session.training.old_and_new().map(drop))
        .runs(|app, _| {
            if let Ok(OldAndNew { old, new }) = app.session.training.old_and_new() {
                app.compare_models(old, new);
            }
        }),
    command(C::TrainOnLabels, G::Training, "Train on labels", "Fine-tune the loaded model on project labels", &[],
        |on| ensure(on.session.labels_project().is_some(), "No labelling project is open"))
        .runs(|app, _| {
            app.panels.training.choose_labels();
            app.show(Pane::Training);
        }),
];

fn pausable(on: Conditions<'_>) -> Availability {
    match on.session.training.phase {
        TrainingPhase::Running | TrainingPhase::Paused => Ok(()),
        TrainingPhase::Preparing => Err("Training is being prepared"),
        TrainingPhase::Pausing => Err("Training pauses after the current step"),
        TrainingPhase::Stopping => Err("Training is being stopped"),
        _ => Err("No training is running"),
    }
}

fn has_curves(on: Conditions<'_>) -> Availability {
    ensure(!on.session.training.curves_by_run().is_empty(), "No training steps yet")
}

impl App {
    pub(in crate::app) fn choose_training_folder(&mut self, folder: PathBuf, ctx: &Context) {
        self.settings.training_folder = Some(folder.clone());
        self.panels.training.choose_folder(folder, ctx);
    }

    /// Offers the clips of a folder that was opened to be trained on.
    pub(in crate::app) fn offer_training_folder(&mut self, folder: PathBuf, ctx: &Context) {
        self.settings.training_folder = Some(folder.clone());
        self.panels.training.offer_folder(folder, ctx);
    }

    fn start_training(&mut self, ctx: &Context) {
        self.show(Pane::Training);
        match self.panels.training.plans(&self.session) {
            Ok(plans) => {
                self.session.training = TrainingState::starting();
                self.plans = Tasks::default(); // those of a start that was stopped are not wanted
                self.plans.start("training", ctx, (), plans);
            }
            Err(error) => self.session.failed(Topic::Training, &error),
        }
    }

    fn resume_training(&mut self) {
        let Some(plans) = self.session.training.resumable().map(<[_]>::to_vec) else { return };
        self.show(Pane::Training);
        self.session.training = self.session.training.resuming();
        self.engine.send(Request::TrainInTurn(plans));
    }

    /// Starts the training whose folder was found, unless it was stopped meanwhile.
    pub(in crate::app) fn take_plans(&mut self) {
        let Some(((), found)) = self.plans.take() else { return };
        let is_wanted = self.session.training.phase == TrainingPhase::Preparing;
        match found {
            Ok(plans) if is_wanted => {
                self.session.training.base = plans.last().and_then(|plan| plan.base.clone());
                self.session.training.plans.clone_from(&plans);
                self.engine.send(Request::TrainInTurn(plans));
            }
            found => {
                self.session.training = TrainingState::default();
                found.err().iter().for_each(|error| self.session.failed(Topic::Training, error));
            }
        }
    }

    /// Writes a picture of the training's curves to `path`.
    fn save_curves_picture(&mut self, path: PathBuf, existing: Existing, ctx: &Context) {
        let (plots, training) = (self.panels.training.plots().clone(), self.session.training.clone());
        let dark = self.settings.dark;
        self.write_file(path, existing, ctx, move |path| write_picture(path, &plots.picture(&training, dark)));
    }

    /// Uses the networks in folder `new` and lays their flow over that of those in folder `old`.
    pub(in crate::app) fn compare_models(&mut self, old: PathBuf, new: PathBuf) {
        let in_use = self.session.model.as_ref().map(|model| model.dir.clone());
        let words = OldAndNew { old: old.clone(), new: new.clone() }.in_words(in_use.as_deref());
        // Also where it is in use: a run that was resumed has other networks in the same folder.
        self.use_model(new);
        self.session.log.push(LogLevel::Info, words);
        let flow_settings = &mut self.settings.flow;
        flow_settings.second_model = Some(old);
        flow_settings.second_edition += 1;
        flow_settings.coarse_to_fine = false; // both as the temporal stream sees them
        let text = "The old model is the second network now; Flow panel › Shipped brings MotionNet for flow back";
        self.session.told = Some((text.into(), Instant::now()));
        self.settings.views = ViewPreset::OldOrNew.views();
        self.panels.viewer.fit();
    }
}
