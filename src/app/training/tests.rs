//! The training panel's diagnostics: on events made by hand, and on a training that runs.

use std::time::{Duration, Instant};

use eframe::egui::accesskit::Role;
use eframe::egui::{Color32, Pos2, TextStyle, vec2};
use egui_kittest::kittest::{NodeT, Queryable};

use super::settings::{Aim, TrainingSettings};
use super::state::{TrainingPhase, TrainingState};
use crate::app::command::Command;
use crate::app::flow::tests::{Window, model_of};
use crate::app::settings::Settings;
use crate::app::ui::theme;
use crate::data::DataSource;
use crate::engine::{Message, ModelInfo, Request};
use crate::error::Error;
use crate::nets::{FlowMean, MotionConfig};
use crate::sample::{ACTIONS, STYLES, render_clip};
use crate::training::losses::UnsupervisedLoss;
use crate::training::{
    CutCount, CutShort, EndingWork, Fit, GradientShare, GradientShares, LossSwitches, LossTerm, Network, Preparation,
    Snapshot, StepMetrics, TrainingEvent, TrainingPlan,
};
use crate::video::{Geometry, VideoWriter};

const SIZE: [f32; 2] = [1280.0, 1500.0];

fn window() -> Window {
    let mut window = Window::with(SIZE, Settings::default(), |_| ());
    window.perform(Command::ShowTraining);
    window
}

fn tell(window: &mut Window, event: TrainingEvent) {
    window.harness.state_mut().session.receive(&Message::Training(event));
}

/// Step `step` of 100 of a run in mode (c).
fn step(step: usize) -> TrainingEvent {
    let names = LossTerm::UNSUPERVISED
        .into_iter()
        .flat_map(|term| (2..=6).map(move |level| format!("{} {level}", term.name())));
    let terms: Vec<_> = names.chain(["action".to_owned()]).map(|name| (name, 10.0 / step as f32)).collect();
    TrainingEvent::Step(StepMetrics {
        step,
        steps: 100,
        loss: 100.0 / step as f32,
        weights: vec![0.25; terms.len()],
        terms,
        accuracy: Some(0.5),
        rate: 1e-3,
        steps_per_sec: 2.0,
        stall: 0.2,
        eta_secs: 30.0,
        memory_bytes: Some(640_000_000),
        done: step as f64 / 100.0,
    })
}

/// A run in mode (c) after 40 steps, with all that it tells.
fn train(window: &mut Window) {
    window.harness.state_mut().session.training = TrainingState::starting();
    make_steps(window);
}

/// The run under way makes 40 steps.
fn make_steps(window: &mut Window) {
    let classes = vec!["bow".into(), "clap".into(), "wave".into()];
    tell(window, TrainingEvent::Started { run_dir: "/runs/a".into(), clips: 9, classes, parameters: 1, resumed_at: 0 });
    tell(window, TrainingEvent::Switched { step: 0, switches: LossSwitches::of(&UnsupervisedLoss::default()) });
    let snapshots = [0, 20, 40].map(|step| Snapshot { step, dir: format!("/runs/a/snapshots/{step}").into() });
    tell(window, TrainingEvent::Snapshots(snapshots.to_vec()));
    for number in 1..=40 {
        tell(window, step(number));
    }
    for number in [1, 21] {
        let part = |(term, share)| GradientShare { term, norm: 2.0 * share, share, cosine: 0.5 };
        let terms = LossTerm::ALL.into_iter().zip([0.1, 0.5, 0.4, 0.0]).map(part).collect();
        tell(window, TrainingEvent::GradientShares(GradientShares { step: number, norm: 1.5, terms }));
    }
    let guesses = vec![[0, 0], [1, 1], [1, 2], [2, 2]];
    tell(window, TrainingEvent::Validation { step: 40, name: "top-1".into(), value: 0.75, guesses });
    window.settle();
}

fn click(window: &mut Window, name: &str) {
    window.harness.get_by_role_and_label(Role::Button, name).click();
    window.settle();
}

#[test]
fn every_instrument_tells_what_the_run_measures() {
    let mut window = window();
    train(&mut window);
    for text in [
        "2.00 it/s (20 % waiting for clips)",
        "memory 640 MB",
        "Loss terms by level",
        "MotionNet gradient by loss term",
        "Validation after step 40: 3 of 4 clips correct",
        "Rows: true class. Columns: predicted class.",
        "Smoothness",
    ] {
        assert!(window.sees(text), "{text}");
    }
    assert!(window.sees("clap: 1 of 2 correct") && window.sees("50 %") && window.sees("+0.50"));
    window.harness.get_by_role_and_label(Role::Button, "SSIM at level 3");
    assert!(window.harness.query_by_role_and_label(Role::Image, "Confusion matrix").is_some());
}

#[test]
fn a_run_that_starts_while_its_form_is_brought_into_view_is_shown() {
    let mut window = window();
    window.harness.state_mut().panels.training.choose_labels();
    train(&mut window);
    assert!(window.sees("Loss terms by step"));
}

#[test]
fn a_run_without_anything_measured_says_so() {
    let mut window = window();
    window.harness.state_mut().session.training = TrainingState::starting();
    let classes = vec!["bow".into(), "wave".into()];
    tell(
        &mut window,
        TrainingEvent::Started { run_dir: "/runs/a".into(), clips: 2, classes, parameters: 1, resumed_at: 0 },
    );
    window.settle();
    tell(&mut window, TrainingEvent::Finished { model_dir: "/runs/a/model".into(), stopped_early: false });
    window.settle();
    assert!(window.sees("No accuracy was measured"));
    tell(&mut window, step(1));
    window.settle();
    assert!(!window.sees("No accuracy was measured") && window.sees("Loss terms by step"));
}

#[test]
fn a_single_measurement_of_the_gradient_is_a_table_without_an_empty_plot() {
    let mut window = window();
    window.harness.state_mut().session.training = TrainingState::starting();
    let classes = vec!["bow".into(), "wave".into()];
    tell(
        &mut window,
        TrainingEvent::Started { run_dir: "/runs/a".into(), clips: 9, classes, parameters: 1, resumed_at: 0 },
    );
    tell(&mut window, step(1));
    let mut height = |number: usize| {
        let part = |term| GradientShare { term, norm: 1.0, share: 0.25, cosine: 0.5 };
        let terms = LossTerm::ALL.into_iter().map(part).collect();
        tell(&mut window, TrainingEvent::GradientShares(GradientShares { step: number, norm: 1.5, terms }));
        window.settle();
        let top = |text| window.harness.get_by_label(text).rect().top();
        top("cosine") - top("MotionNet gradient by loss term")
    };
    assert!(height(1) < 60.0, "the table follows the title");
    assert!(height(21) > 100.0, "two points make an area");
}

#[test]
fn a_click_switches_a_term_and_a_row_but_not_the_last_ones() {
    let mut window = window();
    train(&mut window);
    let switches = |window: &Window| window.harness.state().session.training.diagnostics.switches().unwrap();
    let before = switches(&window);
    click(&mut window, "SSIM at level 3");
    assert_eq!(switches(&window), before.with(LossTerm::Ssim, 1, false));
    click(&mut window, "Smoothness at all levels");
    assert!(!switches(&window).counts(LossTerm::Smooth));
    click(&mut window, "All terms at level 6");
    assert!(switches(&window).pixel[4] && switches(&window).smooth[4], "one was off, so that all go on");
    click(&mut window, "All terms at level 6");
    assert!(!switches(&window).pixel[4]);

    // Without an action loss the last term stays.
    let alone = LossSwitches { action: 0.0, ..before.with(LossTerm::Pixel, 0, true) };
    let none = [false; LossSwitches::SCALES];
    let alone = LossSwitches { pixel: [true, false, false, false, false], ssim: none, smooth: none, ..alone };
    tell(&mut window, TrainingEvent::Switched { step: 41, switches: alone });
    window.settle();
    click(&mut window, "Photometric at level 2");
    assert_eq!(switches(&window), alone);
}

#[test]
fn a_divergence_is_told_and_the_curves_go_back() {
    let mut window = window();
    train(&mut window);
    let error = Error::new("training", "diverged at step 40: the loss is 9.000 on average", "Lower the rate");
    tell(&mut window, TrainingEvent::RolledBack { from: 40, to: 20, rate_factor: 0.5, diverged: Some(error) });
    window.settle();
    assert!(window.sees("Training diverged") && window.sees("diverged at step 40"));
    assert!(window.sees("back to step 20; resuming at 50.000 % of the learning rate"));
    assert!(!window.sees("Validation after step 40"));
    let training = &window.harness.state().session.training;
    assert_eq!(training.losses.get("loss").unwrap().points().last().unwrap()[0], 20.0);
    assert!(training.curves_table().lines().any(|line| line == "loss,20,5"), "{}", training.curves_table());
    click(&mut window, "Dismiss");
    assert!(!window.sees("Training diverged"));
}

#[test]
fn pointing_at_a_plot_tells_step_and_values() {
    let mut window = window();
    train(&mut window);
    let heading = window.harness.query_all_by_label("Smoothing").next().unwrap().rect();
    window.point_at(heading.left_bottom() + vec2(150.0, 60.0));
    window.point_at(heading.left_bottom() + vec2(151.0, 60.0));
    std::thread::sleep(Duration::from_millis(500)); // tooltips wait for the pointer to rest
    window.settle();
    assert!(window.sees("Step ") && window.sees("Photometric 1/4"), "{:?}", heading);
}

#[test]
fn curves_become_a_picture_without_a_window() {
    let mut window = window();
    train(&mut window);
    let app = window.harness.state();
    let picture = app.panels.training.plots().picture(&app.session.training, true);
    let accent = crate::app::ui::theme::Tokens::for_dark(true).accent;
    let near = |pixel: &image::Rgb<u8>| {
        pixel.0.iter().zip(accent.to_array()).all(|(value, wanted)| value.abs_diff(wanted) < 30)
    };
    assert!(picture.pixels().filter(|pixel| near(pixel)).count() > 200, "the first curve is drawn");
}

#[test]
fn a_run_can_go_back_only_while_it_makes_steps() {
    let mut window = window();
    train(&mut window);
    click(&mut window, "Roll back…");
    assert!(window.sees("Start of the run") && window.sees("Step 40"));
    window.harness.get_by_label("Step 20 · Loss 5.0").click();
    window.settle();
    assert!(window.sees("Rolling back after this step…"));
    window.harness.state_mut().session.training.enter(TrainingPhase::Stopping);
    window.settle();
    let button = window.harness.get_by_role_and_label(Role::Button, "Roll back…");
    assert!(button.accesskit_node().is_disabled());
}

/// Waits until the training is where `reached` says.
fn wait_for(window: &mut Window, what: &str, reached: impl Fn(&TrainingState) -> bool) {
    let begun = Instant::now();
    let ctx = window.harness.ctx.clone();
    loop {
        window.harness.state_mut().take_news(&ctx);
        window.harness.step();
        let training = &window.harness.state().session.training;
        if reached(training) {
            break;
        }
        let problem = window.harness.state().session.notice.clone();
        assert!(begun.elapsed() < Duration::from_secs(120), "{what}: {:?} {problem:?}", training.phase);
        std::thread::sleep(Duration::from_millis(10));
    }
    window.settle();
}

#[test]
fn a_training_is_switched_held_sent_back_and_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("clips").join(ACTIONS[0].name());
    std::fs::create_dir_all(&folder).unwrap();
    let size = Geometry { width: 96, height: 64 };
    let mut writer = VideoWriter::create(&folder.join("0.mp4"), size, 25.0).unwrap();
    for frame in render_clip(ACTIONS[0], &STYLES[0], 5, 13, size).frames {
        writer.push(&frame).unwrap();
    }
    writer.finish().unwrap();
    let plan = TrainingPlan {
        data: DataSource::Folder(dir.path().join("clips")),
        run_dir: dir.path().join("run"),
        motion: MotionConfig { frames: 2, width: 2, ..MotionConfig::default() },
        frame: size,
        crop: Geometry { width: 64, height: 64 },
        batch: 1,
        steps: 1_000_000,
        checkpoint_every: 5,
        ..TrainingPlan::of(Network::Flow)
    };
    let mut window = window();
    let app = window.harness.state_mut();
    app.session.training = TrainingState::starting();
    app.engine.send(Request::Train(plan));
    wait_for(&mut window, "steps", |training| training.latest.as_ref().is_some_and(|latest| latest.step >= 7));
    click(&mut window, "SSIM at level 2");
    wait_for(&mut window, "a switch", |training| {
        let latest = training.latest.as_ref().unwrap();
        let place = latest.terms.iter().position(|(name, _)| name == "ssim 2").unwrap();
        latest.weights[place] == 0.0
    });
    click(&mut window, "Pause or resume training");
    wait_for(&mut window, "a pause", |training| training.phase == TrainingPhase::Paused);
    click(&mut window, "Roll back…");
    window.harness.get_by_label_contains("Step 5 · Loss").click();
    window.settle();
    wait_for(&mut window, "the way back", |training| training.diagnostics.returns == [5]);
    let last = |training: &TrainingState| training.losses.get("loss").unwrap().points().last().unwrap()[0];
    assert_eq!(last(&window.harness.state().session.training), 5.0);
    click(&mut window, "Pause or resume training"); // goes on
    wait_for(&mut window, "more steps", |training| last(training) > 6.0);
    click(&mut window, "Stop training and save");
    wait_for(&mut window, "the end", |training| training.trained().is_some_and(|dir| dir.join("model.toml").is_file()));
    let log = std::fs::read_to_string(dir.path().join("run/interventions.csv")).unwrap();
    assert!(log.contains("ssim 2 off") && log.contains("rolled back to step 5"), "{log}");
}

#[test]
fn before_the_first_step_it_is_told_what_is_waited_for() {
    let mut window = window();
    window.harness.state_mut().session.training = TrainingState::starting();
    window.settle();
    assert!(window.sees("Reading clips and building networks…") && window.sees("listed and checked"));
    let resumed_at = 0;
    let classes = vec!["bow".into(), "clap".into()];
    tell(
        &mut window,
        TrainingEvent::Started { run_dir: "/runs/a".into(), clips: 9, classes, parameters: 1, resumed_at },
    );
    window.settle();
    assert!(window.sees("Making the first step…") && window.sees("later ones are faster"));
    tell(&mut window, step(1));
    window.settle();
    assert!(window.sees("1 of 100 steps") && !window.sees("Making the first step…"));
}

#[test]
fn clips_and_steps_have_a_bar_each() {
    let mut window = Window::with([1280.0, 720.0], Settings::default(), |app| app.session.loading_model = None);
    window.perform(Command::ShowTraining);
    let ctx = window.harness.ctx.clone();
    theme::apply(&ctx, false);
    window.harness.state_mut().session.training = TrainingState::starting();
    tell(&mut window, TrainingEvent::Part { number: 0, of: 2, network: Network::Spatial });
    let classes = vec!["bow".into(), "clap".into()];
    let run_dir = "/runs/tune-01".into();
    tell(&mut window, TrainingEvent::Started { run_dir, clips: 12, classes, parameters: 1026, resumed_at: 0 });
    for done in [0, 3] {
        tell(&mut window, TrainingEvent::Preparing { what: Preparation::ExtractFeatures, done, of: 12 });
    }
    window.settle();
    assert!(
        window.sees("Spatial stream, 1 of 2: Extracting features: 3 of 12 clips") && window.sees("left to prepare")
    );
    window.harness.state_mut().session.training.enter(TrainingPhase::Stopping);
    window.settle();
    assert!(window.sees("Stopping after the current clips…") && !window.sees("left to prepare"));
    window.harness.state_mut().session.training.enter(TrainingPhase::Running);
    tell(&mut window, TrainingEvent::Preparing { what: Preparation::ExtractFeatures, done: 12, of: 12 });
    for number in 1..=30 {
        tell(&mut window, step(number));
    }
    window.settle();
    assert!(window.sees("Spatial stream, 1 of 2: Training: 30 of 100 steps"));
    window.compare("training_light");
}

#[test]
fn a_smaller_batch_is_proposed_where_few_steps_fit() {
    let mut window = window();
    train(&mut window);
    let plan = TrainingPlan { budget_secs: Some(300.0), batch: 16, steps: 1200, ..TrainingPlan::of(Network::Temporal) };
    tell(&mut window, TrainingEvent::FewSteps(Fit::new(&plan, 25, 12.0).unwrap()));
    window.settle();
    assert!(window.sees("Measured: about 25 steps of 12.0 s each fit into 5.0 minutes"));
    click(&mut window, "Stop and use batch size 4");
    let app = window.harness.state_mut();
    assert_eq!(app.session.training.phase, TrainingPhase::Stopping);
    assert_eq!(app.panels.training.form().tuning().temporal.batch, 4);
    assert!(!window.sees("about 25 steps"));
}

#[test]
fn a_ratio_has_a_plot_of_its_own() {
    let mut window = window();
    train(&mut window);
    assert!(
        window.sees("Accuracy by step") && window.sees("Held-out 0.75") && !window.sees("Photometric ratio by step")
    );
    let name = "photometric ratio".into();
    tell(&mut window, TrainingEvent::Validation { step: 40, name, value: 0.6, guesses: Vec::new() });
    window.settle();
    assert!(window.sees("Photometric ratio by step") && window.sees("Photometric ratio 0.60"));
}

#[test]
fn the_panel_fits_a_small_window() {
    let mut window = Window::with([1280.0, 720.0], Settings::default(), |_| ());
    window.perform(Command::ShowTraining);
    train(&mut window);
    let right = window.harness.get_by_role_and_label(Role::Button, "SSIM at level 6").rect().right();
    assert!(right <= 1280.0, "the coarsest scale ends at {right}");
    window.point_at(Pos2::new(10.0, 10.0));
}

#[test]
fn the_buttons_of_a_run_stay_where_they_are_while_it_makes_steps() {
    let mut window = window();
    window.harness.state_mut().session.training = TrainingState::starting();
    window.settle();
    let place = |window: &Window| window.harness.get_by_label("Stop training and save").rect();
    let before = place(&window);
    train(&mut window);
    assert!(window.sees("40 of 100 steps"));
    assert_eq!(place(&window), before);
    let session = &mut window.harness.state_mut().session;
    session.problem(&Error::new("/clips/a.mp4", "it is torn", "Copy it again"));
    window.settle();
    assert!(window.sees("It is torn. Copy it again."));
    assert_eq!(place(&window), before, "a problem is shown over the panels");
}

#[test]
fn a_finished_run_says_what_start_does_and_whether_its_model_is_in_use() {
    let mut window = window();
    train(&mut window);
    tell(&mut window, TrainingEvent::Finished { model_dir: "/runs/a/model".into(), stopped_early: false });
    window.settle();
    assert!(window.sees("Finished. Start again begins another run"));
    assert!(!window.sees("It is in use."));
    let model = ModelInfo { dir: "/runs/a/model".into(), ..model_of(&["bow", "clap", "wave"]) };
    window.harness.state_mut().session.receive(&Message::ModelLoaded(model));
    window.settle();
    assert!(window.sees("It is in use."));
    // It was resumed: other networks are in the same folder.
    tell(&mut window, TrainingEvent::Finished { model_dir: "/runs/a/model".into(), stopped_early: true });
    window.settle();
    assert!(window.sees("Resume continues it; Start again begins a new run"));
    assert!(
        !window.sees("It is in use.")
            && Command::UseTrainedWeights.available(window.harness.state().conditions()).is_ok()
    );
}

#[test]
fn a_training_that_is_stopped_in_its_first_stream_says_that_the_other_is_missing() {
    let mut window = window();
    let dir = tempfile::tempdir().unwrap();
    let plans = [Network::Spatial, Network::Temporal].map(TrainingPlan::of).to_vec();
    window.harness.state_mut().session.training.plans = plans;
    tell(&mut window, TrainingEvent::Part { number: 0, of: 2, network: Network::Spatial });
    make_steps(&mut window);
    tell(&mut window, TrainingEvent::Finished { model_dir: dir.path().join("model"), stopped_early: true });
    window.settle();
    assert!(window.sees("The temporal stream was not trained."), "its card cannot be read");
    assert!(window.sees("Stopped") && window.sees("Stopped early. Resume continues it"));
    assert!(!window.sees("The time limit") && !window.sees("The spatial stream was not trained."));
}

#[test]
fn a_result_says_which_streams_the_time_limit_stopped() {
    let mut window = window();
    let cut = |network, done| TrainingEvent::CutShort(CutShort { network, done, of: 100, counted: CutCount::Steps });
    for (number, network) in [Network::Spatial, Network::Temporal].into_iter().enumerate() {
        tell(&mut window, TrainingEvent::Part { number, of: 2, network });
        make_steps(&mut window);
        tell(&mut window, cut(network, 40 + number));
    }
    tell(&mut window, TrainingEvent::Finished { model_dir: "/runs/a/model".into(), stopped_early: false });
    window.settle();
    assert!(window.sees("The time limit stopped the spatial stream after 40 of 100 steps."));
    assert!(window.sees("The time limit stopped the temporal stream after 41 of 100 steps."));
}

#[test]
fn a_run_that_is_to_stop_says_what_it_still_does() {
    let mut window = window();
    train(&mut window);
    window.harness.state_mut().session.training.enter(TrainingPhase::Stopping);
    window.settle();
    assert!(window.sees("Stopping after this step…"));
    for (work, text) in [
        (EndingWork::Measure, "Stopping: evaluating held-out clips…"),
        (EndingWork::SaveCheckpoint, "Stopping: saving the checkpoint…"),
        (EndingWork::SaveModel, "Stopping: saving the model…"),
    ] {
        tell(&mut window, TrainingEvent::Ending(work));
        window.settle();
        assert!(window.sees(text), "{text}");
    }
}

#[test]
fn no_button_comes_under_the_pointer_when_a_run_ends() {
    let mut window = window();
    train(&mut window);
    let place = |window: &Window, text: &str| window.harness.get_by_role_and_label(Role::Button, text).rect();
    let names = ["Pause or resume training", "Stop training and save", "Roll back…"];
    let before = names.map(|name| place(&window, name));
    window.harness.state_mut().session.training.enter(TrainingPhase::Paused);
    window.settle();
    assert_eq!(names.map(|name| place(&window, name)), before, "paused");
    tell(&mut window, TrainingEvent::Finished { model_dir: "/runs/a/model".into(), stopped_early: false });
    window.settle();
    assert_eq!(names.map(|name| place(&window, name)), before, "finished");
    let load = place(&window, "Load new model");
    assert!(before.iter().all(|button| !button.intersects(load)), "{load:?}");
    let stop = window.harness.get_by_role_and_label(Role::Button, "Stop training and save");
    assert!(stop.accesskit_node().is_disabled());
}

#[test]
fn after_a_stop_in_the_second_stream_the_curves_of_either_can_be_seen() {
    let mut window = window();
    tell(&mut window, TrainingEvent::Part { number: 0, of: 2, network: Network::Spatial });
    make_steps(&mut window);
    tell(&mut window, TrainingEvent::Part { number: 1, of: 2, network: Network::Temporal });
    let TrainingEvent::Step(second) = step(1) else { unreachable!("it is a step") };
    tell(&mut window, TrainingEvent::Step(StepMetrics { accuracy: None, ..second }));
    tell(&mut window, TrainingEvent::Finished { model_dir: "/runs/a/model".into(), stopped_early: true });
    window.settle();
    assert!(window.sees("Curves of") && window.sees("Loss terms by step") && !window.sees("Accuracy by step"));
    window.harness.get_by_label("spatial").click();
    window.settle();
    window.settle();
    assert!(window.sees("Accuracy by step"));
}

#[test]
fn a_training_that_is_stopped_before_it_has_networks_has_not_failed() {
    let mut window = window();
    window.harness.state_mut().session.training = TrainingState::starting();
    let (run_dir, classes) = ("/runs/a".into(), vec!["bow".into(), "wave".into()]);
    tell(&mut window, TrainingEvent::Started { run_dir, clips: 9, classes, parameters: 1, resumed_at: 0 });
    window.settle();
    let mut end = |error| {
        window.harness.state_mut().session.notice = None;
        window.harness.state_mut().session.receive(&Message::TrainingFailed(error));
        window.settle();
        assert!(!window.sees("No accuracy was measured"));
        let is_told = window.harness.state().session.notice.is_some();
        [window.sees("Stopped before the first step"), window.sees("Failed – see the log"), is_told]
    };
    assert_eq!(end(Error::cancelled("/runs/a", "stopped before the first step", "Start again")), [true, false, false]);
    assert_eq!(end(Error::new("/runs/a", "the disk is full", "Free some space")), [false, true, true]);
}

#[test]
fn the_time_left_is_not_cut_in_a_small_window() {
    let mut window = Window::with([1280.0, 720.0], Settings::default(), |_| ());
    window.perform(Command::ShowTraining);
    tell(&mut window, TrainingEvent::Part { number: 0, of: 2, network: Network::Spatial });
    make_steps(&mut window);
    let right = |text: &str| window.harness.get_by_label_contains(text).rect().right();
    assert!(right("elapsed, 30 s left for this stream") <= 1280.0 && right("2.00 it/s") <= 1280.0);
    let lines = ["elapsed, 30 s left for this stream", "2.00 it/s (20 % waiting for clips), memory 640 MB"];
    for line in lines {
        let node = window.harness.get_by_label_contains(line);
        let text = node.accesskit_node().label().unwrap_or_default();
        let font = TextStyle::Body.resolve(&window.harness.ctx.global_style());
        let width = window.harness.ctx.fonts_mut(|fonts| fonts.layout_no_wrap(text, font, Color32::WHITE).size().x);
        assert!(width <= node.rect().width() + 1.0, "{line} is cut to {} of {width}", node.rect().width());
    }
}

#[test]
fn the_flow_mean_of_a_temporal_stream_is_among_the_advanced_choices_and_kept() {
    let mut settings = Settings::default();
    let plan = TrainingPlan { flow_mean: Some(FlowMean::Field), ..TrainingPlan::of(Network::Temporal) };
    settings.training = TrainingSettings { aim: Aim::Train, plan, ..TrainingSettings::default() };
    let mut window = Window::with(SIZE, settings, |_| ());
    window.perform(Command::ShowTraining);
    assert!(!window.sees("Flow mean"));
    window.harness.get_by_label("Advanced").click();
    (0..3).for_each(|_| window.settle());
    assert!(window.sees("Flow mean"));
    let kept = window.harness.state().panels.training.settings();
    assert_eq!(kept.plan.flow_mean, Some(FlowMean::Field));
}
