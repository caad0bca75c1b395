//! Predictions as a person asks for them: which commands there are when, the form, and what is shown meanwhile.

use eframe::egui::accesskit::Role;
use egui_kittest::kittest::Queryable;

use crate::app::App;
use crate::app::command::Command;
use crate::app::command::conditions::Availability;
use crate::app::command::prompt::PathPrompt;
use crate::app::flow::tests::{Window, model_of};
use crate::app::labeling::tests::{LabelingStage, SIZE};
use crate::app::settings::Settings;
use crate::engine::{Message, ModelInfo, PredictionProgress, PredictionReport, Topic};
use crate::error::Error;

fn available(app: &App, command: Command) -> Availability {
    command.available(app.conditions())
}

/// A project of three videos, the first of which is open, and a model.
fn stage() -> LabelingStage {
    let mut labeling = LabelingStage::new(&["wave", "jump"], 3);
    let model = ModelInfo { hash: Some("0123456789".into()), ..model_of(&["wave", "jump"]) };
    labeling.app_mut().session.receive(&Message::ModelLoaded(model));
    labeling.window.settle();
    labeling
}

fn click(window: &mut Window, button: &str) {
    window.harness.get_by_role_and_label(Role::Button, button).click();
    window.settle();
}

#[test]
fn the_commands_say_what_is_missing() {
    let mut labeling = LabelingStage::new(&["wave"], 2);
    for command in [Command::PredictClip, Command::PredictAll] {
        assert_eq!(available(labeling.app(), command), Err("No model is loaded"));
    }
    let flow_only = ModelInfo { has_spatial: false, has_temporal: false, ..model_of(&[]) };
    labeling.app_mut().session.receive(&Message::ModelLoaded(flow_only));
    assert_eq!(available(labeling.app(), Command::PredictAll), Err("The loaded model has no classification stream"));
    labeling.app_mut().session.receive(&Message::ModelLoaded(model_of(&["wave"])));
    for command in [Command::PredictClip, Command::PredictAll] {
        assert_eq!(available(labeling.app(), command), Ok(()));
    }
    assert_eq!(available(labeling.app(), Command::StopPredicting), Err("No videos are being predicted"));
    let window = Window::with(SIZE, Settings::default(), |app| {
        app.session.loading_model = None;
        app.session.receive(&Message::ModelLoaded(model_of(&["wave"])));
    });
    let app = window.harness.state();
    assert_eq!(available(app, Command::PredictClip), Err("No clip is open"));
    assert_eq!(available(app, Command::PredictAll), Err("No labelling project is open"));
}

#[test]
fn the_form_says_where_the_files_go_and_nothing_begins_before_it_is_answered() {
    let mut labeling = stage();
    let folder = labeling.app().session.labels_project().unwrap().dir().join("predictions/own-01234567");
    for (command, heading) in [(Command::PredictAll, "Predict 3 videos"), (Command::PredictClip, "Predict clip_0.mp4")]
    {
        labeling.window.perform(command);
        assert!(labeling.window.sees(heading) && labeling.window.sees(&folder.display().to_string()), "{heading}");
        if command == Command::PredictClip {
            let secs = 4.0 / labeling.app().session.clip.as_ref().unwrap().fps;
            assert!(labeling.window.sees(&format!("{secs:.2} s")), "four frames are {secs} s");
        }
        click(&mut labeling.window, "Cancel");
        assert!(!labeling.window.sees(heading) && labeling.app().session.predicting.progress().is_none());
    }
}

#[test]
fn what_is_predicted_is_shown_and_can_be_stopped_until_it_ends() {
    let mut labeling = stage();
    labeling.window.perform(Command::PredictAll);
    click(&mut labeling.window, "Predict");
    assert!(labeling.window.sees("Predicting…"));
    assert_eq!(available(labeling.app(), Command::PredictClip), Err("Videos are already being predicted"));
    let session = &mut labeling.app_mut().session;
    session.receive(&Message::PredictionProgress(PredictionProgress { video: 2, videos: 3, done: 0, of: 25 }));
    labeling.window.settle();
    assert!(labeling.window.sees("Predicting video 2 of 3: 0 of 25 frames"));
    labeling.window.perform(Command::StopPredicting);
    assert!(labeling.window.sees("Stopping predictions"));
    assert_eq!(available(labeling.app(), Command::StopPredicting), Err("Predicting is being stopped"));

    let session = &mut labeling.app_mut().session;
    let error = Error::new("clip_1.mp4", "it is torn", "Copy it again");
    session.receive(&Message::Problem(Topic::Predictions, error.clone()));
    let folder = "/golf/predictions/own-01234567".into();
    let report = PredictionReport { folder, predicted: 1, complete: 0, failed: 1, is_stopped: true };
    session.receive(&Message::Predicted(report));
    session.receive(&Message::PredictionsEnded);
    labeling.window.settle();
    assert!(labeling.window.sees("Predicted 1 video, 1 failed, then stopped"));
    assert!(labeling.window.sees("It is torn") && !labeling.window.sees("Stopping predictions"));
    labeling.window.perform(Command::PredictAll);
    click(&mut labeling.window, "Predict");
    assert_eq!(labeling.app().session.notice, None, "it was about the last attempt");
}

#[test]
fn a_clip_in_no_project_asks_for_a_folder_first() {
    let mut labeling = stage();
    labeling.window.perform(Command::CloseProject);
    let prompt = PathPrompt::Of(Command::PredictClip);
    let ctx = labeling.window.harness.ctx.clone();
    let app = labeling.app_mut();
    assert!(app.session.labels_project().is_none());
    app.open_as(prompt, "/out".into(), Default::default(), &ctx);
    labeling.window.settle();
    assert!(labeling.window.sees("Predict clip_0.mp4") && labeling.window.sees("/out"));
    assert!(!labeling.window.sees("own-01234567"));
}
