//! What a training can be told besides its data: parts, solver, regularisation, measurements and what they lead to.

use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use motionscope::cli::bench::fixture;
use motionscope::nets::{Backbone, HiddenTwoStream, MotionConfig};
use motionscope::training::{
    ClassBalance, FlowSource, Freeze, NO_CLIPPING, Network, OptimiserKind, ScheduleKind, StepMetrics, TemporalMode,
    TrainingEvent, TrainingPlan,
};
use motionscope::video::Geometry;

use crate::training::{clips, flow_model, parameters, small, train, train_until, without_dropout};

fn load(dir: &Path) -> HiddenTwoStream {
    HiddenTwoStream::load(dir, &Device::flex()).unwrap()
}

fn steps(events: &[TrainingEvent]) -> Vec<&StepMetrics> {
    events
        .iter()
        .filter_map(|event| if let TrainingEvent::Step(metrics) = event { Some(metrics) } else { None })
        .collect()
}

/// The largest difference between two parameters.
fn furthest(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn a_checkpoint_carries_the_average_the_best_and_what_is_drawn() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 3);
    let base = without_dropout(&flow_model(dir.path(), &data), &data);
    let at = |name: &str| TrainingPlan {
        base: Some(base.clone()),
        mode: TemporalMode::C,
        optimiser: OptimiserKind::Sgd,
        schedule: ScheduleKind::Step,
        milestones: vec![2, 3],
        accumulate: 2,
        segments: 2,
        head_rate: 5.0,
        bias_rate: 2.0,
        freeze: vec![Freeze::UpTo("fire3".into()), Freeze::MotionUpTo("conv1".into())],
        ema: 0.9,
        label_smoothing: 0.1,
        mixup: 0.4,
        balance: ClassBalance::Sampling,
        hold_out: 0.3,
        patience: Some(5),
        ..small(Network::Temporal, &data, dir.path().join(name))
    };
    let (result, events) = train(&at("whole"));
    result.unwrap();
    assert!(matches!(events[0], TrainingEvent::Started { clips: 4, .. }), "one of three is held out of each class");
    assert!(events.iter().any(|event| matches!(event, TrainingEvent::Best { step: 2, .. })), "{events:?}");
    train_until(&at("parts"), 1).0.unwrap();
    train_until(&at("parts"), 3).0.unwrap();
    let (_, events) = train(&at("parts"));
    assert!(matches!(events[0], TrainingEvent::Started { resumed_at: 3, .. }), "{events:?}");

    let bytes = |name: &str, file: &str| fs::read(dir.path().join(name).join(file)).unwrap();
    let files = [
        "metrics.csv",
        "model/temporal.safetensors",
        "model/motion.safetensors",
        "best/temporal.safetensors",
        "best/motion.safetensors",
    ];
    for file in files {
        assert!(bytes("whole", file) == bytes("parts", file), "{file} differs");
    }
    let progress = |name: &str| {
        let text = String::from_utf8(bytes(name, "checkpoint/progress.toml")).unwrap();
        text.lines().filter(|line| !line.starts_with("seconds")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(progress("whole"), progress("parts"));
    assert!(progress("whole").contains(&"[best]".to_owned()), "{:?}", progress("whole"));
}

#[test]
fn accumulated_batches_make_the_step_of_the_large_one() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let base = without_dropout(&flow_model(dir.path(), &data), &data);
    let trained = |name: &str, batch: usize, accumulate: usize| {
        let plan = TrainingPlan {
            base: Some(base.clone()),
            mode: TemporalMode::C,
            optimiser: OptimiserKind::Sgd,
            rate: 1e-2,
            clip_norm: NO_CLIPPING,
            label_smoothing: 0.1,
            balance: ClassBalance::Weighting,
            batch,
            accumulate,
            steps: 2,
            ..small(Network::Temporal, &data, dir.path().join(name))
        };
        let (result, events) = train(&plan);
        result.unwrap();
        let losses: Vec<f32> = steps(&events).iter().map(|metrics| metrics.loss).collect();
        let model = load(&plan.run_dir.join("model"));
        (losses, [parameters(&model.motion), parameters(&model.temporal.unwrap())].concat())
    };
    let before = load(&base);
    let before = [parameters(&before.motion), parameters(&before.temporal.unwrap())].concat();
    let (large_losses, large) = trained("large", 4, 1);
    let (losses, small) = trained("small", 2, 2);
    // The second loss is one of networks that differ by rounding already.
    for ((a, b), bound) in large_losses.iter().zip(&losses).zip([1e-5, 1e-3]) {
        assert!((a - b).abs() < bound * a.abs(), "{large_losses:?} {losses:?}");
    }
    let (moved, apart) = (furthest(&large, &before), furthest(&large, &small));
    // The first step's rounding grows in the second one's ρ near zero; a gradient that is not the mean is 1 apart.
    assert!(moved > 0.0 && apart < 5e-2 * moved, "the networks moved {moved} and ended {apart} apart");
}

#[test]
fn segments_of_a_clip_train_every_stream_and_no_motion_net() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let base = without_dropout(&flow_model(dir.path(), &data), &data);
    for network in [Network::Spatial, Network::Temporal] {
        let run_dir = dir.path().join(format!("{network:?}"));
        let plan = TrainingPlan { base: Some(base.clone()), segments: 3, steps: 2, ..small(network, &data, run_dir) };
        let (result, events) = train(&plan);
        result.unwrap();
        assert!(steps(&events).iter().all(|step| step.accuracy.is_some_and(|share| [0.0, 0.5, 1.0].contains(&share))));
        let config = fs::read_to_string(plan.run_dir.join("config.toml")).unwrap();
        assert!(config.contains("\nsegments = 3\n"), "{config}");
        let older: TrainingPlan = toml::from_str(&config.replace("\nsegments = 3\n", "\n")).unwrap();
        // What the base says of views, input and resolution is in the file too.
        let TrainingPlan { spatial_crop, temporal_crop, flow_mean, flow_resolution, flow_source, input, .. } = older;
        let of_the_base =
            TrainingPlan { spatial_crop, temporal_crop, flow_mean, flow_resolution, flow_source, input, ..plan };
        assert_eq!(older, TrainingPlan { segments: 1, ..of_the_base });
    }
    let flow = TrainingPlan { segments: 2, ..small(Network::Flow, &data, dir.path().join("no")) };
    assert!(train(&flow).0.unwrap_err().cause.contains("segments are for streams"));
}

#[test]
fn frozen_parts_stay_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let base = without_dropout(&flow_model(dir.path(), &data), &data);
    let plan = TrainingPlan {
        base: Some(base.clone()),
        mode: TemporalMode::B,
        freeze: vec![Freeze::Motion, Freeze::Body],
        steps: 2,
        ..small(Network::Temporal, &data, dir.path().join("run"))
    };
    train(&plan).0.unwrap();
    let (before, after) = (load(&base), load(&plan.run_dir.join("model")));
    assert!(parameters(&before.motion) == parameters(&after.motion), "MotionNet is frozen");
    let [before, after] = [before, after].map(|model| parameters(&model.temporal.unwrap()));
    let body = before.len() - (512 * 2 + 2); // conv10 comes last
    assert!(before[..body] == after[..body], "the body is frozen");
    assert!(before[body..] != after[body..], "the last layer is trained");

    let unknown = TrainingPlan { freeze: vec![Freeze::UpTo("conv99".into())], run_dir: dir.path().join("no"), ..plan };
    let error = train(&unknown).0.unwrap_err();
    assert!(error.cause.contains("conv99") && error.remedy.contains("fire9"), "{error}");
}

#[test]
fn a_rate_of_zero_keeps_the_body_and_dropout_is_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let base = without_dropout(&flow_model(dir.path(), &data), &data);
    let plan = TrainingPlan {
        base: Some(base.clone()),
        body_rate: 0.0,
        dropout: Some(0.25),
        optimiser: OptimiserKind::AdamW,
        steps: 2,
        ..small(Network::Temporal, &data, dir.path().join("run"))
    };
    train(&plan).0.unwrap();
    let (before, after) = (load(&base), load(&plan.run_dir.join("model")));
    assert_eq!(after.card.temporal.unwrap().dropout, Some(0.25));
    let [before, after] = [before.temporal, after.temporal].map(|stream| parameters(&stream.unwrap()));
    let body = before.len() - (512 * 2 + 2);
    assert!(before[..body] == after[..body] && before[body..] != after[body..]);
}

#[test]
fn statistics_of_a_frozen_body_do_not_move() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let of = |name: &str, base: Option<PathBuf>, freeze: Vec<Freeze>| TrainingPlan {
        base,
        freeze,
        backbone: Backbone::ResNet18,
        ema: 0.9,
        steps: 2,
        ..small(Network::Spatial, &data, dir.path().join(name))
    };
    let first = of("first", None, Vec::new());
    train(&first).0.unwrap();
    let base = first.run_dir.join("model");
    let plan = of("frozen", Some(base.clone()), vec![Freeze::Body]);
    train(&plan).0.unwrap();
    let [before, after] = [base, plan.run_dir.join("model")].map(|dir| parameters(&load(&dir).spatial.unwrap())); // statistics among them
    let body = before.len() - (512 * 2 + 2);
    assert!(before[..body] == after[..body] && before[body..] != after[body..]);
}

#[test]
fn the_average_is_exported_and_the_steps_are_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 1, 2);
    // Fresh parameters would be drawn from the one random generator that tests beside this one draw from too.
    let base = flow_model(dir.path(), &data);
    let trained = |name: &str, ema: f64| {
        let base = Some(base.clone());
        let plan = TrainingPlan { ema, base, rate: 1e-3, ..small(Network::Flow, &data, dir.path().join(name)) };
        train(&plan).0.unwrap();
        let metrics = fs::read(plan.run_dir.join("metrics.csv")).unwrap();
        (metrics, parameters(&load(&plan.run_dir.join("model")).motion))
    };
    let (metrics, weights) = trained("weights", 0.0);
    let (of_average, average) = trained("average", 0.999);
    assert!(metrics == of_average, "the average changes nothing of the training");
    let first = parameters(&load(&base).motion);
    assert!(average != weights && average != first);
}

#[test]
fn a_run_that_gets_no_better_ends_and_keeps_its_best() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 1, 3);
    let plan = TrainingPlan {
        rate: 1e-30, // nothing changes, so nothing gets better
        hold_out: 0.3,
        patience: Some(2),
        checkpoint_every: 1,
        steps: 10,
        ..small(Network::Flow, &data, dir.path().join("run"))
    };
    let (result, events) = train(&plan);
    result.unwrap();
    assert_eq!(steps(&events).len(), 3, "the best and two that are no better");
    assert!(events.iter().any(|event| matches!(event, TrainingEvent::OutOfPatience { best_step: 1 })), "{events:?}");
    assert!(matches!(events.last(), Some(TrainingEvent::Finished { stopped_early: false, .. })), "{events:?}");
    let [best, last] = ["best", "model"].map(|name| parameters(&load(&plan.run_dir.join(name)).motion));
    assert!(furthest(&best, &last) < 1e-20, "nothing but rounding");

    let (result, events) = train(&plan);
    result.unwrap();
    assert!(steps(&events).is_empty(), "the run is over");
}

#[test]
fn validation_clips_are_matched_by_the_names_of_their_classes() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let other = dir.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::rename(dir.path().join("clips/clap"), other.join("clap")).unwrap();
    fs::create_dir(dir.path().join("clips/clap")).unwrap();
    fs::copy(other.join("clap/0.mp4"), dir.path().join("clips/clap/0.mp4")).unwrap();
    let plan = TrainingPlan {
        validation: Some(motionscope::data::DataSource::Folder(other.clone())),
        steps: 1,
        ..small(Network::Spatial, &data, dir.path().join("run"))
    };
    train(&plan).0.unwrap();
    fs::rename(other.join("clap"), other.join("cartwheel")).unwrap();
    let plan = TrainingPlan { run_dir: dir.path().join("again"), ..plan };
    let error = train(&plan).0.unwrap_err();
    assert!(error.cause.contains("'cartwheel'"), "{error}");
}

#[test]
fn clips_shorter_than_motion_nets_window_are_left_out_of_flow_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 1, 1);
    for name in ["a", "b"] {
        let folder = dir.path().join("clips").join(name);
        fs::create_dir(&folder).unwrap();
        fixture::clip(&folder, 10, Geometry { width: 96, height: 64 }).unwrap();
    }
    let window = MotionConfig { frames: 11, width: 2, ..MotionConfig::default() };
    let plan = |run: &str, motion: &MotionConfig| TrainingPlan {
        motion: motion.clone(),
        ..small(Network::Flow, &data, dir.path().join(run))
    };
    let warnings = |plan: &TrainingPlan| -> Vec<String> {
        let (result, events) = train(plan);
        result.unwrap();
        let warning = |event| if let TrainingEvent::Warning(error) = event { Some(error.to_string()) } else { None };
        events.into_iter().filter_map(warning).collect()
    };
    let said = warnings(&plan("eleven", &window));
    assert!(said.len() == 2 && said[0].contains("it has 10 frames, fewer than MotionNet's window"), "{said:?}");
    assert!(said[1].contains("2 of 3 clips have fewer frames"), "{said:?}");
    assert_eq!(warnings(&plan("two", &MotionConfig { frames: 2, ..window.clone() })), [""; 0]);
    let stream = TrainingPlan {
        flow_source: Some(FlowSource::Dis),
        steps: 1,
        batch: 3,
        ..small(Network::Temporal, &data, dir.path().join("stream"))
    };
    let said = warnings(&stream);
    assert!(said.len() == 1 && said[0].contains("it has 10 frames, a window 11: the last frame"), "{said:?}");
    fs::remove_dir_all(dir.path().join("clips/").join(motionscope::sample::ACTIONS[0].name())).unwrap();
    let error = train(&plan("none", &window)).0.unwrap_err();
    assert_eq!(error.cause, "no clip has the 11 frames of MotionNet's window");
}
