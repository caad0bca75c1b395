use std::path::{Path, PathBuf};

use burn::tensor::{Device, Distribution, Tensor};

use super::settings::LENGTH;
use super::training::loss_for_tests;
use super::*;
use crate::frame_times::FrameTimes;
use crate::nets::fusion::Fusion;
use crate::output::OutputGuard;
use crate::predictions::{
    FeatureCounts, LabelledSpan, LabelledVideo, LabelledVideos, PredictionFacts, PredictionWriter, read_features,
};

const FRAMES: usize = 240;
const CLASSES: [&str; 2] = ["walk", "rear"];

/// Returns the class at a frame of a recording: one for 20 frames, then the other.
fn class_at(number: usize, frame: usize) -> usize {
    (frame + 7 * number) / 20 % 2
}

/// Writes predictions of a recording that are right except in the first 8 frames of a bout, where both classes are
/// equally probable and only the neighbouring frames determine the class.
fn predictions(path: &Path, number: usize, change: impl Fn(&mut PredictionFacts)) {
    let mut facts = PredictionFacts {
        video: format!("{number}.mp4"),
        content: format!("{number:02}"),
        frames: FRAMES,
        fps: 10.0,
        end_secs: FRAMES as f64 / 10.0,
        stride: 1,
        classes: CLASSES.map(str::to_owned).into(),
        model: "golf".into(),
        model_hash: "0123".into(),
        fusion: Fusion::default(),
        version: "0.1.0".into(),
        ..PredictionFacts::default()
    };
    change(&mut facts);
    let mut writer = PredictionWriter::begin(path, facts.clone()).unwrap();
    for frame in 0..facts.scored() {
        let is_open = (frame + 7 * number) % 20 < 8;
        // Of two equally probable classes, the first is chosen.
        let first = if is_open { 0.5 } else { [0.9, 0.1][class_at(number, frame)] };
        let secs = frame as f64 / 10.0 * facts.stride as f64;
        let features = vec![(31 * frame % 17) as f32; facts.feature_count()];
        writer.push_with_features(secs, &[first, 1.0 - first], &features).unwrap();
    }
    writer.finish(&OutputGuard::default()).unwrap();
}

/// Returns labels of the first half of each recording; the second half is unlabelled.
fn labels(count: usize) -> LabelledVideos {
    let video = |number: usize| {
        let span = |frame: usize| LabelledSpan { class: Some(class_at(number, frame)), frames: frame..frame + 1 };
        LabelledVideo {
            video: format!("{number}.mp4"),
            file: PathBuf::new(),
            group: String::new(),
            hash: format!("{number:02}"),
            times: FrameTimes::even(FRAMES, 10.0, 0.0).unwrap(),
            spans: (0..FRAMES / 2).map(span).collect(),
            whole: Vec::new(),
        }
    };
    let (classes, colors) = (CLASSES.map(str::to_owned).into(), vec![[0; 3]; 2]);
    LabelledVideos { classes, colors, videos: (0..count).map(video).collect(), ..LabelledVideos::default() }
}

fn written(dir: &Path, count: usize) -> Vec<PathBuf> {
    let path = |number: usize| dir.join(format!("{number}.parquet"));
    (0..count).for_each(|number| predictions(&path(number), number, |_| ()));
    (0..count).map(path).collect()
}

fn data(dir: &Path, count: usize) -> SequenceData {
    SequenceData::read(&written(dir, count), labels(count), Path::new("lab"), false).unwrap()
}

fn plan(out: PathBuf) -> SequencePlan {
    let settings = SequenceSettings { epochs: 4, rate: 1e-2, channels: 16, blocks: 3, ..SequenceSettings::default() };
    SequencePlan { settings, held_out: Vec::new(), allows_missing_classes: false, labels: "lab".into(), out }
}

fn trained(plan: &SequencePlan, data: &SequenceData) -> SequenceModel {
    train_sequence(plan, data, &OutputGuard::default(), &|| false, &mut |_| ()).unwrap()
}

#[test]
fn context_decides_what_a_window_cannot() {
    let dir = tempfile::tempdir().unwrap();
    let data = data(dir.path(), 4);
    let model = trained(&plan(dir.path().join("model")), &data);
    let (plain, sequence) = (model.card.plain.unwrap(), model.card.sequence.unwrap());
    assert_eq!((model.card.held_out.len(), model.card.trained_on.len(), plain.frames), (1, 3, FRAMES / 2));
    assert!(plain.macro_f1 < 0.9 && sequence.macro_f1 > plain.macro_f1 + 0.05, "{plain:?} {sequence:?}");
    assert!(sequence.accuracy > plain.accuracy && sequence.loss < plain.loss, "{plain:?} {sequence:?}");

    // Also applies to the unlabelled part of a recording.
    let read = SequenceModel::load(&dir.path().join("model")).unwrap();
    assert_eq!(read.card, model.card);
    let path = dir.path().join("3.parquet");
    let (facts, scores, features) = read_features(&path).unwrap();
    let (new_facts, new) = read.apply(&path, &facts, &scores, &features).unwrap();
    assert_eq!((new_facts.sequence.as_ref(), &new.secs), (Some(&model.card.hash), &scores.secs));
    let right = |scores: &crate::predictions::FrameScores| {
        let is_right = |&frame: &usize| (scores.row(frame)[1] > scores.row(frame)[0]) == (class_at(3, frame) == 1);
        (FRAMES / 2..FRAMES).filter(is_right).count()
    };
    assert!(right(&new) > right(&scores), "{} {}", right(&new), right(&scores));
    let error = read.apply(&path, &new_facts, &new, &[]).unwrap_err();
    assert!(error.cause.contains("of a sequence model"), "{error}");
}

#[test]
fn a_training_that_was_stopped_ends_with_the_same_model() {
    let dir = tempfile::tempdir().unwrap();
    let data = data(dir.path(), 3);
    let at = |name: &str| dir.path().join(name);
    let whole = trained(&plan(at("whole")), &data);
    let stopped = plan(at("stopped"));
    let updates = std::cell::Cell::new(0);
    let stop = || updates.replace(updates.get() + 1) >= 2 * settings::UPDATES + 3;
    let error = train_sequence(&stopped, &data, &OutputGuard::default(), &stop, &mut |_| ()).unwrap_err();
    assert!(error.is_cancelled() && at("stopped/training/checkpoint").is_dir(), "{error}");
    let other = SequencePlan { settings: SequenceSettings { seed: 2, ..stopped.settings.clone() }, ..stopped.clone() };
    let error = train_sequence(&other, &data, &OutputGuard::default(), &|| false, &mut |_| ()).unwrap_err();
    assert!(error.cause.contains("other settings"), "{error}");
    let mut resumed = 0;
    let mut report = |event: SequenceEvent<'_>| {
        if let SequenceEvent::Begun { resumed: epochs, .. } = event {
            resumed = epochs;
        }
    };
    let model = train_sequence(&stopped, &data, &OutputGuard::default(), &|| false, &mut report).unwrap();
    assert_eq!((resumed, &model.card), (2, &whole.card));
    let bytes = |name: &str| std::fs::read(at(name).join("sequence.safetensors")).unwrap();
    assert!(bytes("whole") == bytes("stopped") && !at("stopped/training").exists());
    assert_ne!(trained(&SequencePlan { out: at("other"), ..other }, &data).card.hash, whole.card.hash);
}

/// The networks of three seeds equal those trained with each seed alone, with the hold-out of the first.
#[test]
fn networks_of_several_seeds_are_averaged_in_one_file() {
    let dir = tempfile::tempdir().unwrap();
    let data = data(dir.path(), 3);
    let at = |name: &str| dir.path().join(name);
    let held_out = vec!["2.mp4".to_owned()];
    let of = |name: &str, seed: u64, seeds: usize| {
        let base = plan(at(name));
        let settings = SequenceSettings { seed, seeds, epochs: 2, ..base.settings };
        trained(&SequencePlan { settings, held_out: held_out.clone(), ..base }, &data)
    };
    let all = of("all", 5, 3);
    let single = [5, 6, 7].map(|seed| of(&format!("seed {seed}"), seed, 1));
    let path = at("0.parquet");
    let (facts, scores, features) = read_features(&path).unwrap();
    let corrected = |model: &SequenceModel| model.apply(&path, &facts, &scores, &features).unwrap().1.probabilities;
    let read = SequenceModel::load(&at("all")).unwrap();
    assert_eq!((&read.card, read.networks.len()), (&all.card, 3));
    let singles = single.each_ref().map(corrected);
    assert_ne!(singles[0], singles[1]);
    for (place, mean) in corrected(&read).into_iter().enumerate() {
        let expected = singles.iter().map(|shares| shares[place]).sum::<f32>() / 3.0;
        assert!((mean - expected).abs() < 1e-6, "{place}: {mean} for {expected}");
    }
    assert!(!at("all/training").exists(), "no checkpoint stays");

    // Stopped in the second network and resumed, the result is the same.
    let base = plan(at("stopped"));
    let settings = SequenceSettings { seed: 5, seeds: 3, epochs: 2, ..base.settings };
    let stopped = SequencePlan { settings, held_out, ..base };
    let updates = std::cell::Cell::new(0);
    let stop = || updates.replace(updates.get() + 1) >= 3 * settings::UPDATES + 3;
    assert!(train_sequence(&stopped, &data, &OutputGuard::default(), &stop, &mut |_| ()).unwrap_err().is_cancelled());
    let mut resumed = 0;
    let mut report = |event: SequenceEvent<'_>| {
        if let SequenceEvent::Begun { resumed: epochs, .. } = event {
            resumed = epochs;
        }
    };
    let model = train_sequence(&stopped, &data, &OutputGuard::default(), &|| false, &mut report).unwrap();
    assert_eq!((resumed, &model.card), (3, &all.card));
}

/// The features are noise, and stored for some of the recordings only.
#[test]
fn features_can_be_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let files = written(dir.path(), 3);
    let with = dir.path().join("with.parquet");
    predictions(&with, 2, |facts| facts.features = Some(FeatureCounts { spatial: 2, temporal: 1 }));
    let mixed = [files[0].clone(), files[1].clone(), with.clone()];
    let read = |no_features: bool| SequenceData::read(&mixed, labels(3), Path::new("lab"), no_features);
    assert!(read(false).unwrap_err().cause.contains("with some of the predictions only"));
    let model = trained(&plan(dir.path().join("model")), &read(true).unwrap());
    let none = SequenceData::read(&files, labels(3), Path::new("lab"), true).unwrap();
    let alone = trained(&plan(dir.path().join("alone")), &none);
    assert_eq!((model.card.network.inputs, &model.card.hash), (2, &alone.card.hash), "they change nothing");
    let read = SequenceModel::load(&dir.path().join("model")).unwrap();
    let corrected = |path: &Path| {
        let (facts, scores, features) = read_features(path).unwrap();
        read.apply(path, &facts, &scores, &features).unwrap().1.probabilities
    };
    assert_eq!(corrected(&with), corrected(&files[2]));
}

#[test]
fn what_nobody_labelled_has_no_part_in_the_loss() {
    let dir = tempfile::tempdir().unwrap();
    let data = data(dir.path(), 1);
    let device = Device::flex().autodiff();
    let logits = Tensor::<3>::random([1, 2, LENGTH], Distribution::Normal(0.0, 1.0), &device).require_grad();
    let gradients = loss_for_tests(logits.clone(), &data.recordings[0], &device).backward();
    let gradient: Vec<f32> = logits.grad(&gradients).unwrap().into_data().try_to_vec().unwrap();
    let labelled = FRAMES / 2;
    for row in gradient.chunks(LENGTH) {
        assert!(row[..labelled].iter().all(|&value| value != 0.0));
        assert!(row[labelled..].iter().all(|&value| value == 0.0));
    }
}

#[test]
fn data_that_cannot_be_learned_from_are_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let files = written(dir.path(), 2);
    let refused = |files: &[PathBuf], change: &dyn Fn(&mut LabelledVideos), cause: &str| {
        let mut labels = labels(2);
        change(&mut labels);
        let error = SequenceData::read(files, labels, Path::new("lab"), false).unwrap_err();
        assert!(error.cause.contains(cause), "{cause}: {error}");
    };
    refused(&[], &|_| (), "there are none");
    refused(&files, &|labels| labels.videos.clear(), "labels of none of the predicted videos");
    refused(&files, &|labels| labels.videos.iter_mut().for_each(|video| video.spans.clear()), "is labelled");
    refused(&files, &|labels| labels.classes = vec!["groom".into(), "eat".into()], "does not know: groom, eat");
    let background = |labels: &mut LabelledVideos| {
        labels.videos.iter_mut().flat_map(|video| &mut video.spans).for_each(|span| span.class = None);
    };
    refused(&files, &background, "nothing but background");
    let times = |labels: &mut LabelledVideos| labels.videos[1].times = FrameTimes::even(9, 10.0, 0.0).unwrap();
    refused(&files, &times, "240 frames, and 9 frames in lab");
    let other = |name: &str, change: &dyn Fn(&mut PredictionFacts)| {
        let path = dir.path().join(name);
        predictions(&path, 1, change);
        [files[0].clone(), path]
    };
    refused(&other("a.parquet", &|facts| facts.model_hash = "4567".into()), &|_| (), "of another model, 'golf'");
    refused(&other("b.parquet", &|facts| facts.stride = 2), &|_| (), "their stride is 2, not 1");
    refused(&other("c.parquet", &|facts| facts.sequence = Some("89".into())), &|_| (), "of a sequence model");

    // A class without labels.
    let mut some = labels(2);
    some.videos.iter_mut().for_each(|video| video.spans.retain(|span| span.class == Some(0)));
    let data = SequenceData::read(&files, some, Path::new("lab"), false).unwrap();
    let plan = plan(dir.path().join("model"));
    let train =
        |plan: &SequencePlan| train_sequence(plan, &data, &OutputGuard::default(), &|| true, &mut |_| ()).unwrap_err();
    assert!(train(&plan).cause.contains("is labelled rear"), "{}", train(&plan));
    let allowed = SequencePlan { allows_missing_classes: true, ..plan.clone() };
    assert!(train(&allowed).is_cancelled());
    let named =
        |names: &[&str]| SequencePlan { held_out: names.iter().map(|&name| name.into()).collect(), ..allowed.clone() };
    assert!(train(&named(&["9.mp4"])).cause.contains("is called '9.mp4'"));
    assert!(train(&named(&["0.mp4", "1.mp4"])).cause.contains("all labelled recordings"));
}
