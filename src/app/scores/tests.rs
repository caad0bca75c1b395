//! The scores panel and the line of scores on results made by hand: what a person sees of them.

use std::sync::Arc;

use eframe::egui::accesskit::Role;
use egui_kittest::kittest::Queryable;

use super::state::ClipScoresPhase;
use crate::app::App;
use crate::app::command::Command;
use crate::app::flow::tests::{Window, analysis, fill, model_of};
use crate::app::settings::Settings;
use crate::app::viewer::clips::KnownClip;
use crate::engine::{Analysis, ClipWindow, Message, ModelInfo, Scores};

fn scored(app: &mut App) {
    fill(app);
    let scores = Scores { temporal: vec![6.0, 0.0], spatial: vec![5.0, 1.0], ..Scores::default() };
    app.session.analysis = Some(Arc::new(Analysis { scores: Some(scores), ..analysis() }));
}

fn window() -> Window {
    let mut window = Window::with([1280.0, 720.0], Settings::default(), scored);
    window.perform(Command::ShowScores);
    window
}

fn has_button(window: &Window, text: &str) -> bool {
    window.harness.query_by_role_and_label(Role::Button, text).is_some()
}

#[test]
fn a_clip_of_an_evaluation_has_its_result_beside_the_scores_of_the_window() {
    let mut window = window();
    assert!(!window.sees("Evaluation: "));
    let session = &mut window.harness.state_mut().session;
    let path = session.clip.as_ref().unwrap().path.clone();
    let evaluated = Some("clap 15.1 %, mean of 10 views".into());
    session.examine(KnownClip { path, class: "wave".into(), segment_secs: None, evaluated });
    window.settle();
    assert!(window.sees("Evaluation: clap 15.1 %, mean of 10 views. Above are the scores of the current window."));
}

#[test]
fn the_whole_clip_has_an_answer_beside_that_of_the_window_and_a_line_over_time() {
    let mut window = window();
    assert!(window.sees("Knows 2 classes") && window.sees("wave: spatial"));
    assert_eq!(window.harness.state().session.clip_scores.phase, ClipScoresPhase::Running, "it is scored by itself");
    assert!(window.sees("Scoring…") && has_button(&window, "Cancel"));
    assert!(window.sees("This window: wave 93 %"), "and what is seen now is called so");
    let session = &mut window.harness.state_mut().session;
    let order = session.clip_scores.begin("/clips/wave.mp4".into(), &model_of(&["wave", "clap"]));
    for (start, logits) in [(0, [1.0, 5.0]), (10, [2.0, 3.0]), (20, [6.0, 5.0])] {
        let scores = Scores { temporal: logits.into(), ..Scores::default() };
        let window = ClipWindow { id: order.id, start, end: start + 11, total: 3, scores };
        session.receive(&Message::ClipWindow(Box::new(window)));
    }
    window.settle();
    assert!(window.sees("This clip, 2 of 3 windows agree") && window.sees("3 of 3"));
    let place = |window: &Window, text: &str| window.harness.get_by_label(text).rect();
    let (answer, now) = (place(&window, "clap"), place(&window, "This window: wave 93 %"));
    assert!(answer.height() > 24.0 && answer.top() < now.top(), "the clip's answer stands out: {answer:?} {now:?}");
    let strip = window.harness.get_by_label("Scores over time").rect();
    window.point_at(strip.center());
    (0..6).for_each(|_| window.harness.step());
    assert!(window.sees("frames 10 to 20"), "what is pointed at");
    window.perform(Command::ToggleFrameNumbers);
    (0..6).for_each(|_| window.harness.step());
    assert!(window.sees("frames 11 to 21"), "as frames are numbered everywhere");
    let session = &mut window.harness.state_mut().session;
    session.receive(&Message::ClipScoresEnded(order.id));
    window.settle();
    assert!(!has_button(&window, "Cancel") && !has_button(&window, "Score clip"), "all windows are scored");
    // What was said by another model is dropped.
    let session = &mut window.harness.state_mut().session;
    session.receive(&Message::ModelLoaded(model_of(&["wave", "clap"])));
    window.settle();
    assert!(!window.sees("windows agree"));
}

#[test]
fn an_analysis_by_another_model_is_not_shown_under_its_classes() {
    let mut window = window();
    let session = &mut window.harness.state_mut().session;
    let shown = session.analysis.clone();
    session.set_analysis(shown.clone());
    assert!(session.analysis.is_some());
    let other = Analysis { model: 7, ..Analysis::clone(&shown.unwrap()) };
    session.set_analysis(Some(Arc::new(other)));
    assert!(session.analysis.is_none());
}

#[test]
fn scoring_the_clip_can_be_cancelled_and_asked_for_again() {
    let mut window = window();
    window.harness.get_by_role_and_label(Role::Button, "Cancel").click();
    window.settle();
    assert_eq!(window.harness.state().session.clip_scores.phase, ClipScoresPhase::Ended);
    window.harness.get_by_role_and_label(Role::Button, "Score clip").click();
    window.settle();
    assert!(has_button(&window, "Cancel"));
}

#[test]
fn an_answer_below_the_threshold_is_unsure_and_the_fused_share_is_explained() {
    let mut window = window();
    assert!(!window.sees("unsure, wave?") && window.sees("so it may lie outside both streams"));
    let session = &mut window.harness.state_mut().session;
    let mut model = model_of(&["wave", "clap"]);
    model.fusion.unsure_below = Some(1.0);
    session.receive(&Message::ModelLoaded(model));
    window.settle();
    assert!(window.sees("unsure, wave?"));
}

#[test]
fn an_answer_that_neither_stream_gives_is_unsure_and_its_tooltip_says_why() {
    let mut window = window();
    let session = &mut window.harness.state_mut().session;
    let mut model = model_of(&["wave", "clap", "bow"]);
    model.fusion.unsure_below = Some(0.3);
    session.receive(&Message::ModelLoaded(model));
    let scores = Scores { spatial: vec![4.5, 4.6, 0.0], temporal: vec![4.5, 0.0, 4.6], ..Scores::default() };
    session.analysis = Some(Arc::new(Analysis { scores: Some(scores), ..analysis() }));
    window.settle();
    let answer = window.harness.get_by_label_contains("This window: unsure, wave?").rect();
    window.point_at(answer.center());
    window.harness.run_steps(60); // a tooltip waits
    assert!(window.sees("each stream finds another class likelier"));
}

#[test]
fn scores_of_a_frame_that_was_left_are_named_after_it() {
    let mut window = window();
    assert!(window.sees("This window: wave"));
    window.harness.state_mut().session.player.position = 20;
    window.settle();
    assert!(window.sees("Frame 3: wave") && !window.sees("This window"));
    // The flow of the new frame comes before its scores.
    let session = &mut window.harness.state_mut().session;
    let shown = session.analysis.clone().unwrap();
    session.analysis = Some(Arc::new(Analysis { frame: 20, window_start: 20, ..Analysis::clone(&shown) }));
    window.settle();
    assert!(window.sees("Frame 3: wave") && !window.sees("This window"));
}

#[test]
fn a_model_of_one_stream_says_so_and_has_no_weight_to_set() {
    let mut window = window();
    let model = ModelInfo { has_temporal: false, ..model_of(&["wave", "clap"]) };
    let session = &mut window.harness.state_mut().session;
    session.receive(&Message::ModelLoaded(model));
    let scores = Scores { spatial: vec![5.0, 1.0], ..Scores::default() };
    session.analysis = Some(Arc::new(Analysis { scores: Some(scores), ..analysis() }));
    window.settle();
    assert!(window.sees("This model has no temporal stream"));
}

#[test]
fn the_line_over_time_numbers_frames_as_everything_else_does() {
    let mut window = window();
    let session = &mut window.harness.state_mut().session;
    let order = session.clip_scores.begin("/clips/wave.mp4".into(), &model_of(&["wave", "clap"]));
    let scores = Scores { temporal: vec![1.0, 5.0], ..Scores::default() };
    let scored = ClipWindow { id: order.id, start: 0, end: 11, total: 1, scores };
    session.receive(&Message::ClipWindow(Box::new(scored)));
    session.receive(&Message::ClipScoresEnded(order.id));
    window.settle();
    let strip = window.harness.get_by_label("Scores over time").rect();
    window.point_at(strip.center());
    window.harness.run_steps(60); // a tooltip waits
    assert!(window.sees("frames 0 to 10"));
    window.perform(Command::ToggleFrameNumbers);
    window.point_at(strip.center() + eframe::egui::vec2(1.0, 0.0));
    window.harness.run_steps(60);
    assert!(window.sees("frames 1 to 11"));
}
