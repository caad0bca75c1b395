//! The commands that predict videos.

use std::path::PathBuf;

use eframe::egui::Context;

use super::form::PredictForm;
use crate::app::App;
use crate::app::command::conditions::{Availability, Conditions, clip, ensure};
use crate::app::command::prompt::{PathKind, PathPrompt, PromptSpec};
use crate::app::command::spec::{CommandSpec, command};
use crate::app::command::{Command as C, Group as G};
use crate::app::shell::topic::Topic;
use crate::engine::{NamedVideo, PredictionFolder, PredictionOrder, Request};

/// The menu in the menu.
const MENU: &str = "Predictions";

#[rustfmt::skip] // A table reads as a table.
pub const COMMANDS: &[CommandSpec] = &[
    command(C::PredictClip, G::Label, "Predict open clip…", "Store the classes' probabilities throughout the open clip", &[],
        |on| {
            predictable(on)?;
            clip(on)
        })
        // Only where the clip is in no project.
        .opens(PromptSpec::new("Choose a folder for the predictions", "Path of a folder for the predictions…", PathKind::SaveFolder),
            |app, path, _| app.predict_clip_into(path))
        .runs(App::predict_clip)
        .keywords("probabilities bouts dense parquet")
        .within(MENU),
    command(C::PredictAll, G::Label, "Predict all clips…", "Store the classes' probabilities throughout all project videos", &[],
        |on| {
            predictable(on)?;
            let document = on.session.labeling.document().ok_or("No labelling project is open")?;
            ensure(!document.videos.is_empty(), "Add videos to the project first")
        })
        .runs(|app, _| app.predict_project())
        .keywords("probabilities bouts dense parquet")
        .within(MENU),
    command(C::StopPredicting, G::Label, "Stop predicting", "Stop predicting videos; what is done is kept", &[],
        |on| {
            ensure(on.session.predicting.progress().is_some(), "No videos are being predicted")?;
            ensure(!on.session.predicting.is_stopping(), "Predicting is being stopped")
        })
        .runs(|app, _| {
            app.session.predicting.stop();
            app.engine.send(Request::Predict(None));
        })
        .within(MENU),
];

/// Whether videos can be predicted.
fn predictable(on: Conditions<'_>) -> Availability {
    ensure(on.session.predicting.progress().is_none(), "Videos are already being predicted")?;
    let model = on.session.model.as_ref().ok_or("No model is loaded")?;
    ensure(model.has_spatial || model.has_temporal, "The loaded model has no classification stream")
}

impl App {
    /// Asks how the open clip is to be predicted; where it is in no project first into which folder.
    fn predict_clip(&mut self, ctx: &Context) {
        let Some(path) = self.session.clip.as_ref().map(|clip| clip.path.clone()) else { return };
        let of_project = self.session.labeling.project().and_then(|project| {
            let video = project.document().videos.get(&self.session.labeling.video_at(&path)?)?;
            Some((NamedVideo::of_project(video, project.dir()), project.dir().to_owned()))
        });
        match of_project {
            Some((video, dir)) => {
                let form = PredictForm::new(vec![video], PredictionFolder::Project(dir));
                self.overlay.show_predict(form.at_rates(self.session.clip.iter().map(|clip| clip.fps)));
            }
            None => self.ask(PathPrompt::Of(C::PredictClip), ctx),
        }
    }

    /// Asks how the open clip is to be predicted into the folder `out`.
    fn predict_clip_into(&mut self, out: PathBuf) {
        let Some(clip) = &self.session.clip else { return };
        let video = NamedVideo::by_file(clip.path.clone());
        let form = PredictForm::new(vec![video], PredictionFolder::Chosen(out)).at_rates(std::iter::once(clip.fps));
        self.overlay.show_predict(form);
    }

    /// Asks how the videos of the project are to be predicted.
    fn predict_project(&mut self) {
        let Some(project) = self.session.labeling.project() else { return };
        let dir = project.dir().to_owned();
        let videos = NamedVideo::all_of_project(project.document(), &dir);
        let rates = project.document().videos.values().filter_map(|video| Some(video.facts.as_ref()?.fps));
        let form = PredictForm::new(videos, PredictionFolder::Project(dir)).at_rates(rates);
        self.overlay.show_predict(form);
    }

    /// Begins to predict videos.
    pub(in crate::app) fn predict(&mut self, order: Box<PredictionOrder>) {
        self.session.succeeded(Topic::Predictions); // The notice may have been about the last attempt.
        self.session.predicting.begin();
        self.engine.send(Request::Predict(Some(order)));
    }
}
