//! Fine-tuning: from labels to a recogniser of one's own classes, quickly.

use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use motionscope::data::{Chosen, DataSource, FromLabels};
use motionscope::labels::{Document, Label, Video, edits};
use motionscope::nets::{Backbone, HiddenTwoStream, Layers, Modality, ModelCard, Precision, StreamEntry};
use motionscope::training::finetune::{Depth, FineTune, Preset, Streams};
use motionscope::training::{self, TrainingControl, TrainingEvent, TrainingPlan};

use crate::training::{clips, flow_model};

/// A model of the clips' classes with both streams, untrained, and small frames.
fn base(dir: &Path, data: &DataSource, classes: &[&str]) -> PathBuf {
    let mut model = HiddenTwoStream::load(&flow_model(dir, data), &Device::flex()).unwrap();
    let entry = |weights: &str| StreamEntry { dropout: Some(0.0), ..StreamEntry::new(weights, Backbone::SqueezeNet) };
    model.card.classes = classes.iter().map(|&class| class.to_owned()).collect();
    (model.card.preprocessing.spatial.width, model.card.preprocessing.spatial.height) = (64, 64);
    let (spatial, temporal) = (entry("spatial.safetensors"), entry("temporal.safetensors"));
    model.spatial = Some(spatial.config(Modality::Pictures, classes.len()).init(&Device::flex()));
    model.temporal = Some(temporal.config(Modality::Flow, classes.len()).init(&Device::flex()));
    (model.card.spatial, model.card.temporal) = (Some(spatial), Some(temporal));
    let base = dir.join("base");
    model.save(&base).unwrap();
    base
}

/// The clips of `data` as a labelled project, each class by the name of its folder.
fn labelled(data: &DataSource) -> DataSource {
    let mut document = Document::default();
    let mut labels = Vec::new();
    for folder in sorted(data.clips()) {
        let (class, step) = edits::add_class(&document, &folder.file_name().unwrap().to_string_lossy()).unwrap();
        document.apply(step);
        labels.push(Label::Class(class));
        for path in sorted(&folder) {
            let id = document.free_video_id();
            document.apply(edits::add_videos(&document, vec![Video::new(path.to_str().unwrap())]));
            document.apply(edits::label_clip(&document, id, Label::Class(class)).unwrap());
        }
    }
    let locate = |id| document.videos.get(&id).map(|video| PathBuf::from(&video.path));
    let chosen = Chosen { labels: labels.into_iter().collect(), ..Chosen::default() };
    let found = FromLabels::new(&document, data.clips(), &chosen, &locate);
    assert!(found.left_out.is_empty(), "{:?}", found.left_out);
    DataSource::Pieces(found.pieces)
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn train(plans: &[TrainingPlan]) -> Vec<TrainingEvent> {
    let mut events = Vec::new();
    let control = TrainingControl::default();
    training::run_in_turn(plans, &Device::flex(), &control, &mut |event| events.push(event)).unwrap();
    events
}

fn tuned(tuning: &FineTune, base: &Path, data: &DataSource, run_dir: &Path) -> (HiddenTwoStream, Vec<TrainingEvent>) {
    let card = HiddenTwoStream::load(base, &Device::flex()).unwrap().card;
    let events = train(&tuning.plans(base, &card, data, run_dir).unwrap());
    let Some(TrainingEvent::Finished { model_dir, stopped_early: false }) = events.last() else {
        panic!("it ends: {:?}", events.last())
    };
    (HiddenTwoStream::load(model_dir, &Device::flex()).unwrap(), events)
}

#[test]
fn the_last_layers_of_both_streams_are_fitted_to_labelled_clips() {
    let dir = tempfile::tempdir().unwrap();
    let data = labelled(&clips(dir.path(), 2, 3));
    let base = base(dir.path(), &data_folder(dir.path()), &["other", "wave"]);
    let (model, events) = tuned(&FineTune::default(), &base, &data, &dir.path().join("runs/tune-01"));
    assert_eq!(model.card.classes.len(), 2);
    assert!(model.spatial.is_some() && model.temporal.is_some(), "both streams are in one folder");
    let parts = events.iter().filter(|event| matches!(event, TrainingEvent::Part { .. })).count();
    let measured = |event: &&TrainingEvent| matches!(event, TrainingEvent::Validation { name, .. } if name == "cross-validated top-1");
    assert_eq!((parts, events.iter().filter(measured).count() > 2), (2, true));
    let losses: Vec<f32> = events
        .iter()
        .filter_map(|event| if let TrainingEvent::Step(step) = event { Some(step.loss) } else { None })
        .collect();
    // The features of a random network may say nothing about the classes; then the loss falls to that of a coin, ln 2 = 0.69, of which
    // the last batches are a noisy sample.
    let mean = |part: &[f32]| part.iter().sum::<f32>() / part.len() as f32;
    let (start, end) = (losses[0], mean(&losses[150..200]));
    assert!(end < 0.76 || end < 0.9 * start, "of the spatial stream: {start} to {end}");
    let config = fs::read_to_string(dir.path().join("runs/tune-01/config.toml")).unwrap();
    assert!(config.contains("[[data.pieces.pieces]]"), "{config}");
}

fn data_folder(dir: &Path) -> DataSource {
    DataSource::Folder(dir.join("clips"))
}

#[test]
fn new_classes_extend_what_the_base_tells() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let classes = motionscope::data::Dataset::open(&data).unwrap().classes;
    let base = base(dir.path(), &data, &["first", &classes[1], "last"]);
    for depth in [Depth::Heads, Depth::LastStages] {
        let mut tuning = FineTune { keep_classes: true, ..FineTune::default() };
        tuning.set_depth(depth);
        (tuning.spatial.steps, tuning.temporal.steps) = (2, 2);
        (tuning.spatial.batch, tuning.temporal.batch) = (2, 2);
        let run_dir = dir.path().join(format!("runs/{depth:?}"));
        let (model, _) = tuned(&FineTune { hold_out: 0.0, ..tuning }, &base, &data, &run_dir);
        assert_eq!(model.card.classes, ["first", &classes[1], "last", &classes[0]]);
    }
}

#[test]
fn a_deep_tuning_chooses_when_answers_are_unsure_by_its_hold_out() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 8, 5);
    let base = base(dir.path(), &data, &["other"]);
    let mut tuning = FineTune { streams: Streams::Spatial, hold_out: 0.5, ..FineTune::default() };
    tuning.set_depth(Depth::LastStages);
    (tuning.spatial.steps, tuning.spatial.batch) = (1, 2);
    let (model, _) = tuned(&tuning, &base, &data, &dir.path().join("runs/tune-01"));
    let threshold = model.card.fusion.unsure_below.expect("twenty held-out answers suffice");
    assert!((0.3..=0.9).contains(&threshold), "{threshold}");
}

#[test]
fn a_tuned_model_says_what_it_is_and_keeps_the_dropout_and_the_precision_that_were_measured() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let base = base(dir.path(), &data, &["a", "b"]);
    let mut model = HiddenTwoStream::load(&base, &Device::flex()).unwrap();
    model.card.precision = Precision::F16;
    model.card.temporal.as_mut().unwrap().dropout = Some(0.25);
    model.card.name = "Base".into();
    (model.card.origin.trained_on, model.card.origin.date) = ("other clips".into(), "2020-01-01".into());
    model.save(&base).unwrap();
    let base_card = ModelCard::read(&base).unwrap();
    assert_eq!(base_card.hash, HiddenTwoStream::load(&base, &Device::flex()).unwrap().card.hash);

    for name in ["tune-01", "tune-02"] {
        let tuning = FineTune { streams: Streams::Temporal, ..FineTune::default() };
        let card = tuned(&tuning, &base, &data, &dir.path().join(name)).0.card;
        assert_eq!(card.name, format!("clips ({name})"));
        assert!(card.hash.is_some() && card.hash != base_card.hash);
        assert_eq!(card.temporal.unwrap().dropout, Some(0.25), "for classes of its own too");
        assert_eq!(card.precision, Precision::F32);
        let origin = card.origin;
        assert!(origin.trained_on.starts_with("4 clips of 2 classes in "), "{}", origin.trained_on);
        assert_ne!(origin.date, "2020-01-01");
        assert!(origin.commands.last().unwrap().contains("rate 1e-2,"), "{:?}", origin.commands);
        let from = origin.base.unwrap();
        assert_eq!(
            (from.name.as_str(), from.hash, from.trained_on.as_str()),
            ("Base", base_card.hash.clone(), "other clips")
        );
    }
}

#[test]
fn a_run_stopped_between_the_clips_leaves_no_model() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let base = base(dir.path(), &data, &["a", "b"]);
    let card = HiddenTwoStream::load(&base, &Device::flex()).unwrap().card;
    let run_dir = dir.path().join("run");
    let plans = FineTune::default().plans(&base, &card, &data, &run_dir).unwrap();
    let control = TrainingControl::default();
    let stopping = &mut |event| {
        if matches!(event, TrainingEvent::Preparing { .. }) {
            control.stop();
        }
    };
    let error = training::run_in_turn(&plans, &Device::flex(), &control, stopping).unwrap_err();
    assert!(error.cause.contains("before the first step"), "{error}");
    assert!(!run_dir.join("model").exists() && !run_dir.with_file_name("run-spatial").join("model").exists());
}

#[test]
fn both_streams_together_are_measured_and_features_are_taken_once() {
    let dir = tempfile::tempdir().unwrap();
    let data = labelled(&clips(dir.path(), 2, 3));
    let base = base(dir.path(), &data_folder(dir.path()), &["a", "b"]);
    let tune = |name: &str| tuned(&FineTune::default(), &base, &data, &dir.path().join("runs").join(name)).1;
    let losses = |events: &[TrainingEvent]| -> Vec<f32> {
        events
            .iter()
            .filter_map(|event| if let TrainingEvent::Step(step) = event { Some(step.loss) } else { None })
            .collect()
    };
    let first = tune("tune-01");
    let fused = |event: &TrainingEvent| matches!(event, TrainingEvent::Validation { name, .. } if name == "fused cross-validated top-1");
    let second_part = first.iter().rposition(|event| matches!(event, TrainingEvent::Part { .. })).unwrap();
    assert!(!first[..second_part].iter().any(fused) && first[second_part..].iter().any(fused));
    let table = fs::read_to_string(dir.path().join("runs/tune-01/validation.csv")).unwrap();
    assert!(table.starts_with("step,cross-validated top-1,fused cross-validated top-1\n"), "{table}");

    let networks = sorted(&dir.path().join("runs/.motionscope-features"));
    let stored: Vec<PathBuf> = networks.iter().flat_map(|networks| sorted(networks)).collect();
    assert_eq!(stored.len(), 12, "six clips of each stream");
    // What tells nothing leaves the loss at that of a coin: it was read from disk, and not made again.
    for path in &stored {
        fs::write(path, vec![0; fs::metadata(path).unwrap().len() as usize]).unwrap();
    }
    let is_of_a_coin = |loss: &f32| (loss - 2f32.ln()).abs() < 0.05;
    assert!(!losses(&first).iter().all(is_of_a_coin) && losses(&tune("tune-02")).iter().all(is_of_a_coin));
}

#[test]
fn clips_that_the_base_was_tuned_to_are_not_known_beforehand() {
    let dir = tempfile::tempdir().unwrap();
    let data = labelled(&clips(dir.path(), 2, 3));
    let base = base(dir.path(), &data_folder(dir.path()), &["a", "b"]);
    let run = |name: &str| dir.path().join("runs").join(name);
    let first_loss = |events: &[TrainingEvent]| {
        let loss = |event: &TrainingEvent| match event {
            TrainingEvent::Step(step) => Some(step.loss),
            _ => None,
        };
        events.iter().find_map(loss).unwrap()
    };
    let tell = |events: &[TrainingEvent]| {
        let of_base = |event: &TrainingEvent| matches!(event, TrainingEvent::Warning(error) if error.cause.contains("of the 6 clips that it is measured on"));
        events.iter().any(of_base)
    };
    let (mut first, _) = tuned(&FineTune::default(), &base, &data, &run("tune-01"));
    // A classifier that nobody could take for a fresh one.
    for stream in [&mut first.spatial, &mut first.temporal] {
        let Some(Layers::SqueezeNet(network)) = stream.as_mut().map(|stream| &mut stream.layers) else { panic!() };
        network.conv10.weight = network.conv10.weight.clone().map(|weight| weight * 1e4);
    }
    first.save(&run("tune-01/model")).unwrap();
    let (_, again) = tuned(&FineTune::default(), &run("tune-01/model"), &data, &run("tune-02"));
    assert!((0.2..3.0).contains(&first_loss(&again)), "the classifier starts afresh: {}", first_loss(&again));
    assert!(!tell(&again), "nothing is known of the clips that are left out");

    // A run that changed the features themselves has learned its clips for good.
    let config = run("tune-01/config.toml");
    let text = fs::read_to_string(&config).unwrap().replace("feature_windows = 3\n", "");
    fs::write(&config, text).unwrap();
    let (_, warned) = tuned(&FineTune::default(), &run("tune-01/model"), &data, &run("tune-03"));
    assert!(tell(&warned));
}

#[test]
fn a_turn_that_was_broken_off_is_taken_up_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let base = base(dir.path(), &data, &["a", "b"]);
    let card = HiddenTwoStream::load(&base, &Device::flex()).unwrap().card;
    let folder = dir.path().join("runs");
    let plans = FineTune::default().plans(&base, &card, &data, &folder.join("tune-01")).unwrap();
    // It ends in the second part.
    let control = TrainingControl::default();
    let (mut parts, mut result) = (0, None);
    let stopping = &mut |event| match event {
        TrainingEvent::Part { .. } => parts += 1,
        TrainingEvent::Preparing { .. } if parts == 2 => control.stop(),
        TrainingEvent::Finished { model_dir, stopped_early } => result = Some((model_dir, stopped_early)),
        _ => {}
    };
    training::run_in_turn(&plans, &Device::flex(), &control, stopping).unwrap();
    assert_eq!(result, Some((plans[0].run_dir.join("model"), true)), "the first stream is the result");
    let runs = training::runs::list(&folder);
    assert_eq!(runs.len(), 2, "{runs:?}");
    // What the base says of views, input and resolution is in the files too.
    let as_given = |plan: TrainingPlan| TrainingPlan {
        spatial_crop: None,
        temporal_crop: None,
        flow_mean: None,
        flow_resolution: None,
        flow_source: None,
        input: None,
        ..plan
    };
    let turns: Vec<Vec<TrainingPlan>> = runs
        .iter()
        .map(|run| run.turn(&runs).iter().filter_map(|run| run.plan.clone().map(as_given)).collect())
        .collect();
    assert!(turns.iter().all(|turn| *turn == plans[1..]), "{turns:?}");

    let events = train(&plans);
    let parts: Vec<_> = events.iter().filter(|event| matches!(event, TrainingEvent::Part { .. })).collect();
    assert!(
        matches!(parts[..], [TrainingEvent::Part { number: 1, of: 2, .. }]),
        "the first is not made again: {parts:?}"
    );
    assert!(matches!(events.last(), Some(TrainingEvent::Finished { stopped_early: false, .. })));
}

#[test]
fn a_finished_tuning_is_not_made_again_and_wrong_data_leaves_no_folder() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let base = base(dir.path(), &data, &["a", "b"]);
    let card = HiddenTwoStream::load(&base, &Device::flex()).unwrap().card;
    let run = |data: &DataSource, run_dir: &Path| {
        let plans = FineTune::default().plans(&base, &card, data, run_dir).unwrap();
        let mut events = Vec::new();
        training::run_in_turn(&plans, &Device::flex(), &TrainingControl::default(), &mut |event| events.push(event))
            .map(|()| events)
    };
    let run_dir = dir.path().join("runs/tune-01");
    run(&data, &run_dir).unwrap();
    let written = fs::read(run_dir.join("model/temporal.safetensors")).unwrap();
    let events = run(&data, &run_dir).unwrap();
    assert!(
        matches!(&events[..], [TrainingEvent::Warning(error), TrainingEvent::Finished { stopped_early: false, .. }]
            if error.cause.contains("finished already")),
        "{events:?}"
    );
    assert_eq!(fs::read(run_dir.join("model/temporal.safetensors")).unwrap(), written);

    fs::create_dir(dir.path().join("empty")).unwrap();
    for wrong in ["nowhere", "empty"] {
        let runs = dir.path().join(format!("runs of {wrong}"));
        run(&DataSource::Folder(dir.path().join(wrong)), &runs.join("tune-01")).unwrap_err();
        assert!(!runs.exists(), "{wrong}");
    }
}

#[test]
fn a_time_limit_ends_a_fit_of_last_layers() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let base = base(dir.path(), &data, &["a", "b"]);
    let mut tuning = FineTune { streams: Streams::Spatial, ..FineTune::default() };
    tuning.spatial.steps = 200_000;
    // A busy machine may spend a short budget before the first step, or on some of the clips, which leaves nothing to measure.
    let budgets = (0..6).map(|doublings| f64::from(1 << doublings));
    let attempts = budgets.map(|budget| {
        tuning.budget_secs = Some(budget);
        let (_, events) = tuned(&tuning, &base, &data, &dir.path().join(format!("run {budget}")));
        let steps = events.iter().filter(|event| matches!(event, TrainingEvent::Step(_))).count();
        let is_cut =
            events.iter().any(|event| matches!(event, TrainingEvent::Warning(error) if error.subject == "time limit"));
        (if is_cut { 0 } else { steps }, events)
    });
    let (steps, events) = { attempts }.find(|(steps, _)| *steps > 0).expect("32 seconds are enough for a step");
    assert!(steps < 200_000, "{steps}");
    let measured = events.iter().rev().find_map(|event| match event {
        TrainingEvent::Validation { step, .. } => Some(*step),
        _ => None,
    });
    assert_eq!(measured, Some(steps), "the last update is measured");
}

#[test]
fn numbers_that_have_no_part_in_a_run_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let base = base(dir.path(), &data, &["a", "b"]);
    let card = HiddenTwoStream::load(&base, &Device::flex()).unwrap().card;
    let plans = |tuning: &FineTune| tuning.plans(&base, &card, &data, &dir.path().join("run"));
    let mut heads = FineTune::default();
    heads.spatial.mixup = 0.2;
    assert!(plans(&heads).unwrap_err().cause.contains("mixup has no effect"));
    // Frozen flow is of neighbouring frames; only a MotionNet that is trained sees frames farther apart.
    for (depth, is_refused) in [(Depth::Heads, true), (Depth::Streams, true), (Depth::Everything, false)] {
        let mut tuning = FineTune { streams: Streams::Temporal, ..FineTune::default() };
        tuning.set_depth(depth);
        tuning.temporal.max_stride = 2;
        let refused = plans(&tuning).is_err_and(|error| error.subject == "max stride");
        assert_eq!(refused, is_refused, "{depth:?}");
    }
}

#[test]
fn clips_that_vanished_and_a_base_without_streams_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let folder = clips(dir.path(), 2, 2);
    let data = labelled(&folder);
    let flow_only = flow_model(dir.path(), &folder);
    let card = HiddenTwoStream::load(&flow_only, &Device::flex()).unwrap().card;
    let error = FineTune::default().plans(&flow_only, &card, &data, &dir.path().join("run")).unwrap_err();
    assert!(error.cause.contains("no such stream"), "{error}");

    let base = base(dir.path(), &folder, &["a", "b"]);
    let card = HiddenTwoStream::load(&base, &Device::flex()).unwrap().card;
    let plans = FineTune::default().plans(&base, &card, &data, &dir.path().join("run")).unwrap();
    let DataSource::Pieces(pieces) = &data else { panic!("they are pieces") };
    fs::remove_file(&pieces.pieces[0].path).unwrap();
    let control = TrainingControl::default();
    let error = training::run_in_turn(&plans, &Device::flex(), &control, &mut |_| ()).unwrap_err();
    assert!(error.cause.contains("does not exist any more"), "{error}");
}

/// What the issue promises of the shipped model: twelve clips of three classes, on two cores. Takes minutes.
#[test]
#[ignore = "measures; run it alone in a release build"]
fn twelve_clips_make_a_useful_model_in_three_minutes() {
    use motionscope::data::Dataset;
    use motionscope::sample::write_project;
    let dir = tempfile::tempdir().unwrap();
    write_project(dir.path(), 1, &mut |_, _| ()).unwrap();
    let whole = Dataset::open(&DataSource::Folder(dir.path().join("clips"))).unwrap();
    let model = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/models/default"));
    let card = HiddenTwoStream::load(&model, &Device::flex()).unwrap().card;
    for renamed in [false, true] {
        let (train_dir, test_dir) =
            (dir.path().join(format!("train{renamed}")), dir.path().join(format!("test{renamed}")));
        for clip in &whole.clips {
            let class = &whole.classes[clip.label];
            if !whole.classes[..3].contains(class) {
                continue;
            }
            let of_class = |folder: &Path| fs::read_dir(folder).map_or(0, Iterator::count);
            let name = if renamed { format!("my own {}", clip.label) } else { class.clone() };
            let to = if of_class(&train_dir.join(&name)) < 4 { &train_dir } else { &test_dir }.join(&name);
            fs::create_dir_all(&to).unwrap();
            fs::copy(&clip.path, to.join(clip.path.file_name().unwrap())).unwrap();
        }
        let data = DataSource::Folder(train_dir);
        let plans = FineTune::of(Preset::Quick).plans(&model, &card, &data, &dir.path().join(format!("{renamed}/run")));
        let began = std::time::Instant::now();
        let events = train(&plans.unwrap());
        let seconds = began.elapsed().as_secs_f64();
        let validated: Vec<_> = events
            .iter()
            .filter_map(|event| if let TrainingEvent::Validation { value, .. } = event { Some(*value) } else { None })
            .collect();
        eprintln!("renamed {renamed}: {seconds:.1} s, cross-validated {validated:?}");
        eprintln!("model {:?}", events.last());
        let test = Dataset::open(&DataSource::Folder(test_dir)).unwrap();
        let Some(TrainingEvent::Finished { model_dir, .. }) = events.last() else { panic!("it ends") };
        let tuned = HiddenTwoStream::load(model_dir, &Device::flex()).unwrap();
        let right = recognised(&tuned, &test);
        eprintln!("{right:?} of {} other clips (spatial, temporal, fused)", test.clips.len());
        assert!(seconds < 180.0 && right[2] * 10 >= test.clips.len() * 8, "{seconds} s, {right:?}");
    }
}

/// How many clips each stream and both recognise by their middle.
pub fn recognised(model: &HiddenTwoStream, clips: &motionscope::data::Dataset) -> [usize; 3] {
    use motionscope::ranking::arg_max;
    use motionscope::training::validation::middle;
    use motionscope::video::{Geometry, decode_clip};
    fn window(frames: &[image::RgbImage], count: usize) -> Vec<&image::RgbImage> {
        middle(frames.len(), count).into_iter().map(|at| &frames[at]).collect()
    }
    let geometry = |size: motionscope::nets::FrameSize| Geometry { width: size.width, height: size.height };
    let sizes = model.card.preprocessing;
    let mut right = [0; 3];
    for clip in &clips.clips {
        let frames = decode_clip(&clip.path, geometry(sizes.spatial.size()), None).unwrap();
        let stream = model.spatial.as_ref().unwrap();
        let spatial = stream.spatial_logits(&[window(&frames, 1)]).unwrap().remove(0);
        let frames = decode_clip(&clip.path, geometry(sizes.motion), None).unwrap();
        let stream = model.temporal.as_ref().unwrap();
        let flow = model.motion.flows(&[window(&frames, 11)]).into_finest();
        let temporal = stream.temporal_logits(flow).unwrap().remove(0);
        let fused = model.card.fusion.fuse(&spatial, &temporal);
        for (count, logits) in right.iter_mut().zip([&spatial, &temporal, &fused]) {
            *count += usize::from(arg_max(logits) == Some(clip.label));
        }
    }
    right
}
