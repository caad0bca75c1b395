//! Loading a model, and saying what it knows once a person who asked for it has it.

use std::path::PathBuf;
use std::time::Instant;

use crate::app::App;
use crate::app::session::Session;
use crate::engine::{ModelInfo, Request};
use crate::plural::counted;

/// Classes that are named.
const NAMED: usize = 6;

impl App {
    /// Begins to load the model in `dir`, which a person chose: the status bar says when it is in use.
    pub(in crate::app) fn use_model(&mut self, dir: PathBuf) {
        self.session.notice = None; // It may have been about the last attempt.
        self.load_model(dir.clone());
        self.announced_model = Some(dir);
    }

    /// Begins to load the model in `dir`.
    pub(in crate::app) fn load_model(&mut self, dir: PathBuf) {
        self.announced_model = None;
        self.session.loading_model = Some(dir.clone());
        self.session.is_model_for_sample = false;
        self.engine.send(Request::LoadModel(dir));
    }

    /// Says that the model is in use, if a person asked for it.
    pub(in crate::app) fn announce_model(&mut self, info: &ModelInfo) {
        if self.announced_model.take_if(|dir| *dir == info.dir).is_some() {
            self.session.told = Some((loaded_text(&self.session, info), Instant::now()));
        }
    }
}

/// Returns which model is in use, and its classes.
fn loaded_text(session: &Session, info: &ModelInfo) -> String {
    let name = session.model_label().unwrap_or_else(|| info.name.clone());
    if info.classes.is_empty() {
        return format!("Loaded {name}: flow only, no classes");
    }
    let named: Vec<&str> = info.classes.iter().take(NAMED).map(String::as_str).collect();
    let more = if info.classes.len() > NAMED { ", …" } else { "" };
    format!("Loaded {name} with {}: {}{more}", counted(info.classes.len(), "class"), named.join(", "))
}

#[cfg(test)]
mod tests {
    use crate::app::command::Command;
    use crate::app::flow::tests::{Window, model_of};
    use crate::app::training::state::TrainingPhase;
    use crate::app::viewer::views::Views;
    use crate::engine::{Message, ModelInfo};

    #[test]
    fn a_model_that_was_asked_for_is_announced_with_its_classes_and_is_not_loaded_twice() {
        let mut window = Window::new([1280.0, 720.0], Views::default());
        let ctx = window.harness.ctx.clone();
        let trained =
            ModelInfo { dir: "/runs/tune-01/model".into(), name: "clips".into(), ..model_of(&["bow", "clap"]) };
        let app = window.harness.state_mut();
        app.receive(&Message::ModelLoaded(trained.clone()), &ctx);
        assert_eq!(app.session.told, None, "that of the start was not asked for");
        app.receive(&Message::ModelLoaded(model_of(&["wave"])), &ctx);
        let phase = TrainingPhase::Finished { model_dir: trained.dir.clone(), stopped_early: false };
        app.session.training.phase = phase;
        window.perform(Command::UseTrainedWeights);
        assert!(window.sees("Loading model…"), "of the run's folder");
        window.harness.state_mut().receive(&Message::ModelLoaded(trained), &ctx);
        window.settle();
        assert!(window.sees("Loaded clips (tune-01) with 2 classes: bow, clap"));
        let answer = Command::UseTrainedWeights.available(window.harness.state().conditions());
        assert_eq!(answer, Err("The new model is already in use"));
    }
}
