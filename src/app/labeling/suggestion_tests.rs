//! Suggestions: how they are accepted and corrected, those that the networks are unsure of, and the walk through a list that labels
//! shorten.

use std::sync::Arc;

use crossbeam_channel::unbounded;
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;

use super::tests::LabelingStage;
use super::video_list::{Shown, Sort};
use crate::app::command::Command;
use crate::app::flow::tests::model_of;
use crate::app::settings::Settings;
use crate::engine::{Message, ModelInfo, Prediction, SuggestionStart, WindowPrediction};
use crate::error::Error;
use crate::labels::{Settings as ProjectSettings, VideoId, edits};
use crate::nets::fusion::{Fusion, FusionRule};

/// What a model of classes wave and jump says: the shares of wave by the spatial and the temporal stream.
fn prediction(spatial: f32, temporal: f32) -> Arc<Prediction> {
    let shares = |wave: f32| vec![wave, 1.0 - wave];
    let window = |start: usize| WindowPrediction {
        start,
        end: start + 11,
        spatial: shares(spatial),
        temporal: shares(temporal),
        fused: shares((spatial + temporal) / 2.0),
    };
    Arc::new(Prediction::of(vec![window(0), window(89)]).unwrap())
}

/// A project of four videos and what a model that is fused so says of them.
pub(super) fn suggested_by(classes: &[&str], fusion: Fusion) -> LabelingStage {
    suggested_at(classes, fusion, &[], false)
}

/// The same of a model with thresholds of its classes, in a project that may be multi-label.
fn suggested_at(classes: &[&str], fusion: Fusion, thresholds: &[f64], multi_label: bool) -> LabelingStage {
    let mut labeling = LabelingStage::new(classes, 4);
    if multi_label {
        let labels = &mut labeling.app_mut().session.labeling;
        let settings = labels.document().unwrap().settings.clone();
        labels.perform(edits::set_settings(ProjectSettings { multi_label, ..settings })).unwrap();
    }
    let model = ModelInfo { fusion, thresholds: thresholds.to_vec(), ..model_of(&["Wave", "jump"]) };
    labeling.app_mut().session.receive(&Message::ModelLoaded(model));
    labeling.window.perform(Command::Suggest);
    let (sender, outcomes) = unbounded();
    let start = SuggestionStart { classes: vec!["Wave".into(), "jump".into()], videos: 4, outcomes };
    let session = &mut labeling.app_mut().session;
    session.receive(&Message::SuggestionsStarted(Box::new(start)));
    for (id, prediction) in [(0, prediction(0.9, 0.9)), (1, prediction(0.7, 0.6)), (2, prediction(1.0, 0.2))] {
        sender.send((VideoId(id), Ok(prediction))).unwrap();
    }
    sender.send((VideoId(3), Err(Error::new("clip_3.mp4", "it is torn", "Copy it again")))).unwrap();
    session.labeling.suggestions.refresh(&mut session.log);
    session.receive(&Message::SuggestionsEnded);
    labeling.window.settle();
    labeling
}

/// Of the videos 0 to 2, whose share of wave is 0.9, 0.65 and 0.6, a model that is unsure below 0.63 is unsure of the last.
fn suggested() -> LabelingStage {
    suggested_by(&["wave", "jump"], Fusion { unsure_below: Some(0.63), ..Fusion::default() })
}

fn labelled(labeling: &LabelingStage) -> Vec<bool> {
    (0..4).map(|id| !labeling.video(id).is_unlabelled()).collect()
}

#[test]
fn unsure_suggestions_say_so_and_come_first_by_uncertainty() {
    let mut labeling = suggested();
    assert!(labeling.window.sees("clip_1.mp4, unlabelled, suggested wave? 65 %"));
    assert!(labeling.window.sees("clip_2.mp4, unlabelled, suggested unsure, wave? 60 %"));
    labeling.app_mut().session.labeling.choice.sort = Sort::Uncertainty;
    let rows = labeling.app_mut().session.labeling.list().rows().to_vec();
    assert_eq!(rows[..3], [VideoId(2), VideoId(1), VideoId(0)]);
}

/// Where a label takes a video out of the list, the next video is that of the row that follows, not the first one.
#[test]
fn the_walk_through_unlabelled_videos_goes_on_where_it_was() {
    for advance in [true, false] {
        let mut settings = Settings::default();
        settings.labeling.advance = advance;
        let mut labeling = LabelingStage::with(&["wave"], 6, settings);
        labeling.app_mut().session.labeling.choice.shown = Shown::Unlabelled;
        labeling.see(2);
        labeling.window.settle();
        labeling.key(Key::Num1);
        assert!(!labeling.video(2).is_unlabelled());
        if !advance {
            labeling.press(Modifiers::COMMAND, Key::ArrowDown);
        }
        assert_eq!(labeling.app().session.labeling.selected(), Some(VideoId(3)), "advance: {advance}");
        labeling.see(3);
        labeling.key(Key::Num1);
        if !advance {
            labeling.press(Modifiers::COMMAND, Key::ArrowUp);
            assert_eq!(labeling.app().session.labeling.selected(), Some(VideoId(1)), "the one before");
        }
    }
}

#[test]
fn all_sure_suggestions_are_accepted_in_one_step_and_unsure_ones_if_asked_for() {
    let mut labeling = suggested();
    labeling.press(Modifiers::SHIFT, Key::Y);
    assert_eq!(labelled(&labeling), [true, true, false, false]);
    assert_eq!(labeling.video(1).labels, [labeling.class(0)]);
    assert!(labeling.window.sees("Accepted 2 suggestions"));
    labeling.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(labelled(&labeling), [false; 4]);
    labeling.window.perform(Command::AcceptAll);
    assert_eq!(labelled(&labeling), [true, true, true, false], "nothing is suggested for the last one");
    let answer = Command::AcceptSure.available(labeling.app().conditions());
    assert!(answer.is_err());
}

/// Wave and jump have probabilities of 0.9 and 0.1, 0.65 and 0.35, 0.6 and 0.4, at thresholds of 0.62 and 0.3.
#[test]
fn a_multi_label_model_suggests_all_classes_at_their_thresholds() {
    let fusion = Fusion { rule: FusionRule::Sigmoid, ..Fusion::default() };
    let mut labeling = suggested_at(&["wave", "jump"], fusion, &[0.62, 0.3], true);
    assert!(labeling.window.sees("clip_0.mp4, unlabelled, suggested wave? 90 %"));
    assert!(labeling.window.sees("clip_1.mp4, unlabelled, suggested wave? 65 %, jump? 35 %"));
    assert!(labeling.window.sees("clip_2.mp4, unlabelled, suggested jump? 40 %"));
    let [wave, jump] = [0, 1].map(|place| labeling.class(place));
    labeling.see(1);
    labeling.window.perform(Command::AcceptSuggestion);
    assert_eq!(labeling.video(1).labels, [wave, jump]);
    labeling.press(Modifiers::SHIFT, Key::Y);
    assert_eq!([0, 2].map(|id| labeling.video(id).labels.clone()), [vec![wave], vec![jump]]);
    // A project of one class a clip has room for the likeliest alone.
    let labeling = suggested_at(&["wave", "jump"], fusion, &[0.62, 0.3], false);
    assert!(labeling.window.sees("clip_1.mp4, unlabelled, suggested wave? 65 %"));
}

#[test]
fn suggestions_bear_the_names_of_the_networks_that_score() {
    let mut labeling = LabelingStage::new(&["hop", "jump", "wave"], 2);
    labeling.app_mut().session.receive(&Message::ModelLoaded(model_of(&["jump", "wave"])));
    labeling.window.perform(Command::Suggest);
    // Another training has written to the folder since the model was loaded.
    let (sender, outcomes) = unbounded();
    let classes = ["hop", "jump"].map(str::to_owned).to_vec();
    let session = &mut labeling.app_mut().session;
    session.receive(&Message::SuggestionsStarted(Box::new(SuggestionStart { classes, videos: 1, outcomes })));
    sender.send((VideoId(0), Ok(prediction(0.9, 0.9)))).unwrap();
    session.labeling.suggestions.refresh(&mut session.log);
    session.receive(&Message::SuggestionsEnded);
    labeling.window.settle();
    assert!(labeling.window.sees("clip_0.mp4, unlabelled, suggested hop"));
    labeling.window.perform(Command::Suggest);
    assert!(labeling.window.sees("clip_0.mp4, unlabelled, suggested hop"), "those of what was scored before, too");
}

#[test]
fn suggestions_are_accepted_or_corrected_with_a_key_and_the_queue_leads_to_what_is_worth_labelling() {
    let mut labeling = suggested_by(&["wave", "jump"], Fusion::default());
    let (wave, jump) = (labeling.class(0), labeling.class(1));
    assert!(labeling.window.sees("clip_0.mp4, unlabelled, suggested wave"));
    labeling.key(Key::Y);
    assert_eq!(labeling.video(0).labels, [wave]);
    labeling.key(Key::Q);
    assert_eq!(labeling.app().session.labeling.selected(), Some(VideoId(2)), "its streams disagree most");
    labeling.key(Key::Q);
    assert_eq!(labeling.app().session.labeling.selected(), Some(VideoId(1)), "then comes the next one");
    labeling.press(Modifiers::SHIFT, Key::Q);
    assert_eq!(labeling.app().session.labeling.selected(), Some(VideoId(2)), "0.6 is less sure than 0.65");
    labeling.see(2);
    labeling.key(Key::Num2);
    assert_eq!(labeling.video(2).labels, [jump]);
    labeling.app_mut().session.labeling.choice.sort = Sort::Uncertainty;
    assert_eq!(labeling.app_mut().session.labeling.list().rows()[0], VideoId(1), "the only one left that is suggested");
}

#[test]
fn classes_that_only_the_networks_know_are_told_and_never_suggested() {
    let mut labeling = suggested_by(&["jump"], Fusion::default());
    assert!(!labeling.window.sees("unlabelled, suggested"), "no jump is likelier than chance");
    labeling.window.harness.get_by_role_and_label(Role::Button, "Classes").click();
    labeling.window.settle();
    assert!(labeling.window.sees("The model also has the classes Wave"));
}

#[test]
fn the_labelled_project_looks_as_it_did() {
    let mut labeling = suggested_by(&["wave", "jump", "clap"], Fusion::default());
    labeling.key(Key::Y);
    for (from, to, key) in [(10, 29, Key::Num1), (40, 69, Key::Num3)] {
        labeling.at(from);
        labeling.key(Key::I);
        labeling.at(to);
        labeling.key(Key::O);
        labeling.key(key);
    }
    let session = &mut labeling.app_mut().session;
    (session.told, session.device) = (None, "CPU".into()); // neither the clock's nor the machine's
    labeling.window.settle();
    labeling.window.compare("labelled_project");
}
