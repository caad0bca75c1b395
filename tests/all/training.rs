//! Training on generated clips: it learns, resumes to the same numbers, and survives what goes wrong.

use std::fs;
use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use motionscope::data::{CachePlan, DataSource, Dataset, LabelledClip};
use motionscope::error::Result;
use motionscope::nets::{Backbone, HiddenTwoStream, Modality, MotionConfig, StreamEntry};
use motionscope::sample::{ACTIONS, STYLES, render_clip};
use motionscope::training::validation::{PhotometricError, middle};
use motionscope::training::{self, Network, OptimiserKind, TemporalMode, TrainingControl, TrainingEvent, TrainingPlan};
use motionscope::video::{Geometry, VideoWriter, decode_clip};

const FRAME: Geometry = Geometry { width: 96, height: 64 };
const CROP: Geometry = Geometry { width: 64, height: 64 };

/// A folder of `actions` classes with `styles` clips of 13 frames each.
pub fn clips(dir: &Path, actions: usize, styles: usize) -> DataSource {
    for &action in &ACTIONS[..actions] {
        let folder = dir.join("clips").join(action.name());
        fs::create_dir_all(&folder).unwrap();
        for (i, style) in STYLES[..styles].iter().enumerate() {
            let size = Geometry { width: 192, height: 128 };
            let mut writer = VideoWriter::create(&folder.join(format!("{i}.mp4")), size, 25.0).unwrap();
            for frame in render_clip(action, style, 5, 13, size).frames {
                writer.push(&frame).unwrap();
            }
            writer.finish().unwrap();
        }
    }
    DataSource::Folder(dir.join("clips"))
}

pub fn small(network: Network, data: &DataSource, run_dir: PathBuf) -> TrainingPlan {
    TrainingPlan {
        data: data.clone(),
        run_dir,
        motion: MotionConfig { frames: 2, width: 4, ..MotionConfig::default() },
        frame: FRAME,
        crop: CROP,
        batch: 2,
        steps: 4,
        warm_up: 1,
        checkpoint_every: 2,
        ..TrainingPlan::of(network)
    }
}

pub fn train(plan: &TrainingPlan) -> (Result<()>, Vec<TrainingEvent>) {
    train_until(plan, usize::MAX)
}

/// Trains and asks to stop after `last` steps.
pub fn train_until(plan: &TrainingPlan, last: usize) -> (Result<()>, Vec<TrainingEvent>) {
    let control = TrainingControl::default();
    let mut events = Vec::new();
    let result = training::run(plan, &Device::flex(), &control, &mut |event| {
        if matches!(&event, TrainingEvent::Step(metrics) if metrics.step >= last) {
            control.stop();
        }
        events.push(event);
    });
    (result, events)
}

/// A model folder with a trained-looking motion network.
pub fn flow_model(dir: &Path, data: &DataSource) -> PathBuf {
    let plan = TrainingPlan { steps: 1, ..small(Network::Flow, data, dir.join("flow")) };
    train(&plan).0.unwrap();
    plan.run_dir.join("model")
}

/// A few steps end to end in mode (c) on clips in `dir`, from networks without dropout: what is repeated gives the same numbers.
pub fn end_to_end(dir: &Path) -> TrainingPlan {
    let data = clips(dir, 2, 2);
    let base = without_dropout(&flow_model(dir, &data), &data);
    TrainingPlan { base: Some(base), mode: TemporalMode::C, ..small(Network::Temporal, &data, dir.join("run")) }
}

/// The model with a temporal stream that drops nothing: dropout draws from a generator that all threads of a process
/// share, and other tests draw from it too.
pub fn without_dropout(model: &Path, data: &DataSource) -> PathBuf {
    let mut model = HiddenTwoStream::load(model, &Device::flex()).unwrap();
    let entry = StreamEntry { dropout: Some(0.0), ..StreamEntry::new("temporal.safetensors", Backbone::SqueezeNet) };
    model.card.classes = Dataset::open(data).unwrap().classes;
    model.temporal = Some(entry.config(Modality::Flow, model.card.classes.len()).init(&Device::flex()));
    model.card.temporal = Some(entry);
    let dir = data.clips().with_file_name("base");
    model.save(&dir).unwrap();
    dir
}

#[derive(Default)]
struct Values(Vec<f32>);

impl ModuleVisitor for Values {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.extend(param.val().into_data().try_to_vec::<f32>().unwrap());
    }
}

/// All parameters of a network in its order.
pub fn parameters(network: &impl Module) -> Vec<f32> {
    let mut values = Values::default();
    network.visit(&mut values);
    values.0
}

#[test]
fn motion_net_learns_on_the_sample() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 1, 2);
    let small = small(Network::Flow, &data, dir.path().join("run"));
    let plan = TrainingPlan {
        motion: MotionConfig { width: 8, ..small.motion },
        steps: 250,
        batch: 4,
        rate: 2e-3,
        warm_up: 10,
        checkpoint_every: 1000,
        ..small
    };
    train(&plan).0.unwrap();

    let model = HiddenTwoStream::load(&plan.run_dir.join("model"), &Device::flex()).unwrap();
    let mut error = PhotometricError::default();
    for LabelledClip { path, .. } in Dataset::open(&data).unwrap().clips {
        let frames = decode_clip(&path, FRAME, None).unwrap();
        let window = middle(frames.len(), model.motion.frames()).into_iter().map(|place| &frames[place]).collect();
        error.add_windows(&model.motion, &[window]).unwrap();
    }
    assert!(error.ratio() < 0.95, "photometric error is {} of zero flow's", error.ratio());
}

#[test]
fn a_resumed_run_gives_the_numbers_of_one_that_was_never_interrupted() {
    let dir = tempfile::tempdir().unwrap();
    let small = end_to_end(dir.path());
    let at = |name: &str| TrainingPlan { run_dir: dir.path().join(name), ..small.clone() };
    train(&at("whole")).0.unwrap();
    let (_, events) = train_until(&at("halves"), 2);
    assert!(matches!(events.last(), Some(TrainingEvent::Finished { stopped_early: true, .. })));
    let (_, events) = train(&at("halves"));
    assert!(matches!(events[0], TrainingEvent::Started { resumed_at: 2, .. }), "{events:?}");

    let metrics = |name: &str| fs::read_to_string(dir.path().join(name).join("metrics.csv")).unwrap();
    assert_eq!(metrics("whole").lines().count(), 5, "a header and four steps");
    assert_eq!(metrics("whole"), metrics("halves"));
    let weights = |name: &str| fs::read(dir.path().join(name).join("model/temporal.safetensors")).unwrap();
    assert_eq!(weights("whole"), weights("halves"));
}

#[test]
fn modes_b_and_c_train_motion_net_and_mode_a_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let base = flow_model(dir.path(), &data);
    let load = |dir: &Path| HiddenTwoStream::load(dir, &Device::flex()).unwrap();
    let before = parameters(&load(&base).motion);
    for (mode, trains, terms) in [(TemporalMode::A, false, 1), (TemporalMode::B, true, 1), (TemporalMode::C, true, 16)]
    {
        let plan = TrainingPlan {
            base: Some(base.clone()),
            mode,
            steps: 2,
            ..small(Network::Temporal, &data, dir.path().join(format!("{mode:?}")))
        };
        let (result, events) = train(&plan);
        result.unwrap();
        let model = load(&plan.run_dir.join("model"));
        assert_eq!(parameters(&model.motion) != before, trains, "mode {mode:?}");
        assert_eq!(model.card.classes, ["bow", "clap"]);
        let steps = events
            .iter()
            .filter_map(|event| if let TrainingEvent::Step(metrics) = event { Some(metrics) } else { None });
        assert!(
            steps.into_iter().all(|metrics| metrics.terms.len() == terms && metrics.accuracy.is_some()),
            "mode {mode:?}"
        );
    }
}

#[test]
fn numbers_that_are_not_finite_are_skipped_and_said() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 1, 2);
    let plan = TrainingPlan {
        optimiser: OptimiserKind::Sgd,
        rate: 1.0,
        clip_norm: 1e30,
        steps: 30,
        ..small(Network::Flow, &data, dir.path().join("run"))
    };
    let (result, events) = train(&plan);
    let warnings: Vec<_> = events
        .iter()
        .filter_map(|event| if let TrainingEvent::Warning(error) = event { Some(error) } else { None })
        .collect();
    assert!(warnings.first().is_some_and(|warning| warning.cause.contains("not finite")), "{result:?} {warnings:?}");
    let rates: Vec<f64> = events
        .iter()
        .filter_map(|event| if let TrainingEvent::Step(metrics) = event { Some(metrics.rate) } else { None })
        .collect();
    assert!(rates.last().unwrap() < &0.5, "the rate was lowered: {rates:?}");
}

#[test]
fn unreadable_clips_are_replaced_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    fs::write(dir.path().join("clips/bow/broken.mp4"), "not a video").unwrap();
    let (result, events) = train(&small(Network::Spatial, &data, dir.path().join("run")));
    result.unwrap();
    let named = events
        .iter()
        .any(|event| matches!(event, TrainingEvent::Warning(error) if error.subject.ends_with("broken.mp4")));
    assert!(named, "{events:?}");
}

#[test]
fn an_unreadable_clip_to_measure_on_is_left_out_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 3);
    let other = dir.path().join("measured");
    for class in ["bow", "clap"] {
        fs::create_dir_all(other.join(class)).unwrap();
        fs::copy(dir.path().join(format!("clips/{class}/0.mp4")), other.join(class).join("0.mp4")).unwrap();
    }
    fs::write(other.join("bow/broken.mp4"), "not a video").unwrap();
    let base = Some(flow_model(dir.path(), &data));
    for network in [Network::Flow, Network::Spatial, Network::Temporal] {
        let validation = Some(DataSource::Folder(other.clone()));
        let run_dir = dir.path().join(network.name());
        let plan = TrainingPlan { validation, base: base.clone(), ..small(network, &data, run_dir) };
        let (result, events) = train(&plan);
        result.unwrap();
        let named = |event: &&TrainingEvent| matches!(event, TrainingEvent::Warning(error) if error.subject.ends_with("broken.mp4"));
        assert_eq!(events.iter().filter(named).count(), 1, "{network:?}: once for all measurements: {events:?}");
        let guesses: Vec<usize> = events
            .iter()
            .filter_map(|event| match event {
                TrainingEvent::Validation { name, guesses, .. } if name == "top-1" => Some(guesses.len()),
                _ => None,
            })
            .collect();
        assert_eq!(guesses, if network == Network::Flow { vec![] } else { vec![2, 2] });
    }
}

#[test]
fn nothing_readable_to_measure_on_does_not_end_a_training() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 1, 2);
    let other = dir.path().join("measured");
    fs::create_dir_all(other.join("bow")).unwrap();
    fs::write(other.join("bow/broken.mp4"), "not a video").unwrap();
    let validation = Some(DataSource::Folder(other));
    let plan = TrainingPlan { validation, ..small(Network::Spatial, &data, dir.path().join("run")) };
    let (result, events) = train(&plan);
    result.unwrap();
    let said = |event: &TrainingEvent| matches!(event, TrainingEvent::Warning(error) if error.subject == "validation");
    assert!(events.iter().any(said), "{events:?}");
}

/// A run that was stopped where it would have measured has its steps, and measures when it is resumed.
#[test]
fn a_run_that_ended_while_it_measured_goes_on_from_there_and_measures() {
    let dir = tempfile::tempdir().unwrap();
    let small = TrainingPlan { hold_out: 0.5, ..end_to_end(dir.path()) };
    let at = |name: &str| TrainingPlan { run_dir: dir.path().join(name), ..small.clone() };
    train(&at("whole")).0.unwrap();
    // Stopped at a checkpoint: it does not wait for the measurement that would follow.
    let (result, events) = train_until(&at("halves"), 2);
    result.unwrap();
    assert!(!events.iter().any(|event| matches!(event, TrainingEvent::Validation { .. })), "{events:?}");
    let checkpoints = events.iter().filter(|event| matches!(event, TrainingEvent::Checkpoint(_))).count();
    assert_eq!(
        checkpoints, 2,
        "at the start and at the end: the checkpoint that was just written is not written again"
    );
    let progress = fs::read_to_string(dir.path().join("halves/checkpoint/progress.toml")).unwrap();
    assert!(progress.contains("step = 2") && progress.contains("measured = 0"), "{progress}");
    let (result, events) = train(&at("halves"));
    result.unwrap();
    assert!(matches!(events[0], TrainingEvent::Started { resumed_at: 2, .. }), "{events:?}");
    let validation = |name: &str| fs::read_to_string(dir.path().join(name).join("validation.csv")).unwrap();
    assert_eq!(validation("whole").lines().count(), 3, "a header and two measurements");
    assert_eq!(validation("whole"), validation("halves"));
}

#[test]
fn a_run_folder_of_other_settings_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 1, 2);
    let plan = small(Network::Flow, &data, dir.path().join("run"));
    train(&plan).0.unwrap();
    let other = TrainingPlan { seed: 2, ..plan };
    let error = train(&other).0.unwrap_err();
    assert!(error.cause.contains("other settings: seed is 1 there and 2 here"), "{error}");
}

/// The clips of the run, and those it measures on, by path.
fn clips_of(run: &Path) -> [Vec<PathBuf>; 2] {
    let kept: toml::Table = toml::from_str(&fs::read_to_string(run.join("clips.toml")).unwrap()).unwrap();
    let paths = |key: &str| -> Vec<PathBuf> {
        let clips = kept.get(key).and_then(|clips| clips.as_array()).cloned().unwrap_or_default();
        clips.iter().map(|clip| clip["path"].as_str().unwrap().into()).collect()
    };
    ["training", "measured"].map(paths)
}

#[test]
fn a_resumed_run_goes_on_with_the_clips_and_the_hold_out_it_began_with() {
    let dir = tempfile::tempdir().unwrap();
    let small = TrainingPlan { hold_out: 0.4, ..end_to_end(dir.path()) };
    let at = |name: &str| TrainingPlan { run_dir: dir.path().join(name), ..small.clone() };
    train(&at("whole")).0.unwrap();
    train_until(&at("halves"), 2).0.unwrap();
    let began_with = clips_of(&dir.path().join("halves"));
    assert!(began_with.iter().all(|clips| clips.len() == 2), "{began_with:?}");
    // More recordings of each class: chosen again, others might be held out.
    for class in ["bow", "clap"] {
        let folder = dir.path().join("clips").join(class);
        for i in 0..8 {
            fs::copy(folder.join("0.mp4"), folder.join(format!("more {i}.mp4"))).unwrap();
        }
    }
    let (result, events) = train(&at("halves"));
    result.unwrap();
    assert_eq!(clips_of(&dir.path().join("halves")), began_with);
    let read = |file: &str| ["whole", "halves"].map(|run| fs::read_to_string(dir.path().join(run).join(file)).unwrap());
    for file in ["metrics.csv", "validation.csv"] {
        let [whole, halves] = read(file);
        assert_eq!(whole, halves, "{file}");
    }
    let said = |event: &TrainingEvent| matches!(event, TrainingEvent::Warning(error) if error.cause.starts_with("16 clips were added"));
    assert!(events.iter().any(said), "{events:?}");
}

#[test]
fn a_class_that_was_renamed_meanwhile_never_renames_what_was_learned() {
    let dir = tempfile::tempdir().unwrap();
    let small = end_to_end(dir.path());
    train_until(&small, 2).0.unwrap();
    // "bow" was the first class; as "zoom" it would be the second.
    fs::rename(dir.path().join("clips/bow"), dir.path().join("clips/zoom")).unwrap();
    let error = train(&small).0.unwrap_err();
    assert!(error.cause.contains("class 'bow'") && error.cause.contains("are missing"), "{error}");
    fs::rename(dir.path().join("clips/zoom"), dir.path().join("clips/bow")).unwrap();
    let count = |events: &[TrainingEvent]| {
        events.iter().find_map(|event| match event {
            TrainingEvent::Started { clips, .. } => Some(*clips),
            _ => None,
        })
    };
    let all = clips_of(&small.run_dir)[0].len();
    fs::remove_file(dir.path().join("clips/bow/1.mp4")).unwrap();
    let copy = dir.path().join("clips/clap/added.mp4");
    fs::copy(dir.path().join("clips/clap/1.mp4"), copy).unwrap();
    let (result, events) = train(&small);
    result.unwrap();
    assert_eq!(count(&events), Some(all - 1), "without the one that is gone");
    let is_added = |event: &TrainingEvent| matches!(event, TrainingEvent::Warning(error) if error.cause.starts_with("1 clip was added"));
    assert!(events.iter().any(is_added), "{events:?}");
    let said =
        |event: &&TrainingEvent| matches!(event, TrainingEvent::Warning(error) if error.subject.ends_with("1.mp4"));
    assert_eq!(events.iter().filter(said).count(), 1, "once, however often it is drawn: {events:?}");
    let model = HiddenTwoStream::load(&small.run_dir.join("model"), &Device::flex()).unwrap();
    assert_eq!(model.card.classes, ["bow", "clap"]);
}

#[test]
fn a_run_does_not_resume_on_clips_that_hold_something_else_now() {
    let dir = tempfile::tempdir().unwrap();
    let small = end_to_end(dir.path());
    train_until(&small, 2).0.unwrap();
    let clip = |name: &str| dir.path().join("clips").join(name);
    let was = ["bow/0.mp4", "bow/1.mp4"].map(|name| (clip(name), fs::read(clip(name)).unwrap()));
    for (path, _) in &was {
        fs::copy(clip("clap/0.mp4"), path).unwrap();
    }
    let error = train(&small).0.unwrap_err();
    assert!(error.subject.ends_with("0.mp4") && error.cause.contains("changed"), "{error}");
    assert!(error.cause.contains("1 more: ") && error.cause.ends_with("1.mp4"), "{error}");
    // What an older version began does not know what the clips held.
    let list = small.run_dir.join("clips.toml");
    let text = fs::read_to_string(&list).unwrap();
    fs::write(&list, text.split("[fingerprints]").next().unwrap()).unwrap();
    let (result, events) = train_until(&small, 3);
    result.unwrap();
    assert!(matches!(events[0], TrainingEvent::Started { resumed_at: 2, .. }), "{events:?}");
    // The same content is the same clip, whenever it was written.
    fs::write(&list, &text).unwrap();
    was.iter().for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
    train(&small).0.unwrap();
}

#[test]
fn the_temporal_stream_needs_a_motion_net() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 1, 1);
    let error = train(&small(Network::Temporal, &data, dir.path().join("run"))).0.unwrap_err();
    assert!(error.remedy.contains("flow network first"), "{error}");
}

#[test]
fn a_stream_of_other_classes_gets_a_new_last_layer() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let base = without_dropout(&flow_model(dir.path(), &data), &data);
    fs::rename(dir.path().join("clips/clap"), dir.path().join("clips/wave")).unwrap();
    let plan = TrainingPlan { base: Some(base), ..small(Network::Temporal, &data, dir.path().join("run")) };
    let (result, events) = train(&plan);
    result.unwrap();
    let prepared = events.iter().any(|event| matches!(event, TrainingEvent::Preparing { done: 4, of: 4, .. }));
    assert!(prepared, "{events:?}");
    let model = HiddenTwoStream::load(&plan.run_dir.join("model"), &Device::flex()).unwrap();
    assert_eq!(model.card.classes, ["bow", "wave"]);
}

#[test]
fn decoded_clips_on_disk_change_nothing_but_the_time() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 1, 2);
    // Fresh weights are drawn from the generator that all threads of a process share.
    let base = Some(flow_model(dir.path(), &data));
    let plain = TrainingPlan { base, ..small(Network::Flow, &data, dir.path().join("plain")) };
    train(&plain).0.unwrap();
    let cache = CachePlan { dir: dir.path().join("cache"), max_bytes: 1 << 30 };
    let cached = TrainingPlan { cache: Some(cache), run_dir: dir.path().join("cached"), ..plain.clone() };
    train_until(&cached, 2).0.unwrap();
    assert_eq!(fs::read_dir(dir.path().join("cache")).unwrap().count(), 2, "a file per clip");
    train(&TrainingPlan { cache: None, ..cached }).0.unwrap();
    let metrics = |name: &str| fs::read_to_string(dir.path().join(name).join("metrics.csv")).unwrap();
    assert_eq!(metrics("plain"), metrics("cached"), "and a run goes on without it");
}
