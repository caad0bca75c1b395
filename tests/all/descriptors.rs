//! MV + FV: descriptors and Fisher vectors against the independent reference, and the command line from clips to scores.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use ffmpeg_next::format::Pixel;
use motionscope::data::{DataSource, Dataset};
use motionscope::descriptors::{
    DescriptorBatch, DescriptorKind, DescriptorStream, FisherEncoder, FisherEvent, FisherModel, FisherPlan, FisherRule,
    FisherSettings, GridFrame, Mixture, VectorField, patches, power_normalised, train_fisher,
};
use motionscope::flow::Plane;
use motionscope::output::OutputGuard;
use serde_json::Value;

use crate::cli::{code, motionscope, text};
use crate::codec_vectors::{encode_moving_texture, write_moving_texture};
use crate::losses::tensors;
use crate::shared;

fn assert_close(name: &str, found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len(), "{name}");
    let worst = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= tolerance, "{name} differs by {worst}");
}

/// Descriptors of the reference's vectors, whose flow is checked on the way.
fn reference_descriptors(path: &Path) -> DescriptorBatch {
    let reference = tensors(path);
    let (shape, vectors) = &reference["vectors"];
    let [frames, _, height, width] = shape[..] else { panic!("{shape:?}") };
    let (shape, grey) = &reference["grey"];
    let (rows, columns) = (shape[1], shape[2]);
    let mut stream = DescriptorStream::new(&DescriptorKind::ALL, (columns, rows), frames);
    let mut batches = Vec::new();
    for index in 0..frames {
        let plane = |component: usize| {
            let first = (2 * index + component) * width * height;
            Plane::new(width, height, vectors[first..][..width * height].to_vec())
        };
        let field = VectorField { u: plane(0), v: plane(1) }.enlarged();
        let flow = [field.u.values.clone(), field.v.values.clone()].concat();
        assert_close("flow", &flow, &reference["flow"].1[index * flow.len()..][..flow.len()], 1e-5);
        let grey = Plane::new(columns, rows, grey[index * rows * columns..][..rows * columns].to_vec());
        batches.extend(stream.push(&GridFrame { index, field, grey: Some(grey) }));
    }
    assert_eq!((batches.len(), patches(columns, rows).len()), (1, reference["hof"].0[0]));
    batches.remove(0)
}

#[test]
fn descriptors_of_given_motion_vectors_are_those_of_the_reference() {
    for path in shared::reference("rivals_mpegflow") {
        let (reference, batch) = (tensors(&path), reference_descriptors(&path));
        assert_close("positions", &batch.positions.concat(), &reference["positions"].1, 1e-6);
        for (kind, values) in DescriptorKind::ALL.iter().zip(&batch.values) {
            assert_close(kind.key(), values, &reference[kind.key()].1, 1e-4);
        }
    }
}

#[test]
fn fisher_vectors_of_given_descriptors_are_those_of_the_reference() {
    for path in shared::reference("rivals_fisher") {
        let reference = tensors(&path);
        let values = |name: &str| reference[name].1.clone();
        let length = reference["mu"].0[1];
        let mixture = Mixture { length, weights: values("weights"), means: values("mu"), variances: values("var") };
        let positions = values("positions");
        let positions: Vec<[f32; 3]> = positions.as_chunks().0.to_vec();
        let close = |name: &str, found: &[f32], expected: &[f32]| {
            let largest = expected.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
            assert_close(name, found, expected, 1e-4 * largest);
        };

        let released = FisherEncoder::new(&mixture, FisherRule::Released);
        let mut sums = released.begin();
        released.add(&mut sums, &values("descriptors"), &positions);
        close("released rows", &released.rows(&sums), &values("released_rows"));
        close("released", &released.finish(&sums), &values("released_normalised"));

        let standard = FisherEncoder::new(&mixture, FisherRule::Standard);
        let mut sums = standard.begin();
        standard.add(&mut sums, &values("descriptors"), &positions);
        let rows = standard.rows(&sums);
        let whole = &rows[..standard.row_length()];
        close("first order", &whole[..mixture.means.len()], &values("fv_first"));
        close("second order", &whole[mixture.means.len()..], &values("fv_second"));
        let mut row = whole.to_vec();
        power_normalised(&mut row);
        close("standard", &row, &values("fv_normalised"));
    }
}

/// A folder of clips of textures that move to the right and down, `each` of either, 26 frames long.
pub fn clips(dir: &Path, name: &str, each: usize) {
    for (class, step) in [("right", [3.0, 0.2]), ("down", [0.2, 3.0])] {
        let folder = dir.join(name).join(class);
        fs::create_dir_all(&folder).unwrap();
        for number in 0..each {
            let speed = 0.7 + 0.2 * number as f64;
            write_moving_texture(&folder.join(format!("{number}.mp4")), 26, step.map(|step| step * speed));
        }
    }
}

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

const TRAIN: &str = "train fisher --data clips --out model --components 4 --em-steps 5 --sample-share 0.5";

#[test]
fn a_model_is_trained_and_evaluated_and_clips_without_vectors_are_named() {
    let dir = tempfile::tempdir().unwrap();
    clips(dir.path(), "clips", 3);
    clips(dir.path(), "test", 2);
    // In both: a clip of key frames only.
    for name in ["clips", "test"] {
        encode_moving_texture(&dir.path().join(name).join("down/intra.avi"), "mpeg4", Pixel::YUV420P, 0, 0);
    }
    let output = motionscope(dir.path(), &words(TRAIN));
    let said = text(&output.stderr);
    assert_eq!(code(&output), 1, "{said}");
    assert!(said.contains("intra.avi: it has no motion vectors"), "{said}");
    assert_eq!(said.matches("intra.avi").count(), 1, "named once: {said}");
    let mut files: Vec<_> = fs::read_dir(dir.path().join("model")).unwrap().map(|f| f.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["fisher.safetensors", "fisher.toml"], "nothing of the training is left");

    let evaluate = "evaluate fisher --model model --data test --report report --scores scores";
    let output = motionscope(dir.path(), &words(evaluate));
    assert_eq!(code(&output), 1, "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&fs::read(dir.path().join("report/report.json")).unwrap()).unwrap();
    assert_eq!((&report["clips"], &report["temporal"]["top1"]), (&4.into(), &1.0.into()), "{report:#}");
    assert!(
        report["source"]["model_hash"].is_string() && report["failures"][0].as_str().unwrap().contains("intra.avi")
    );

    let fuse = "fuse --spatial scores/temporal.npy --temporal scores/temporal.npy --labels scores/labels.txt --json";
    let output = motionscope(dir.path(), &words(fuse));
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));

    let output = motionscope(dir.path(), &words(TRAIN));
    assert!(code(&output) == 1 && text(&output.stderr).contains("--force"), "{}", text(&output.stderr));
}

#[test]
fn a_vocabulary_larger_than_the_descriptors_is_refused_and_nothing_is_left() {
    let dir = tempfile::tempdir().unwrap();
    clips(dir.path(), "clips", 1);
    let line = "train fisher --data clips --out new/model --components 5000 --sample-share 1";
    let output = motionscope(dir.path(), &words(line));
    let said = text(&output.stderr);
    // 160×96 pixels are 10×6 cells and 19×11 points: 8·4 + 5·2 = 42 patches; 25 frames with vectors end three of them; two clips.
    assert!(code(&output) == 1 && said.contains("5000 components, but only 252 descriptors"), "{said}");
    assert!(!dir.path().join("new/model").exists());
    for (line, said) in [
        ("train fisher --data clips --out m --components 0", "--components"),
        ("train fisher --data clips --out m --sample-share 2", "--sample-share"),
        ("train fisher --data clips --out m --descriptors hof,sift", "sift"),
        ("train fisher --data clips", "--out"),
    ] {
        let output = motionscope(dir.path(), &words(line));
        assert!(code(&output) == 2 && text(&output.stderr).contains(said), "{line}: {}", text(&output.stderr));
    }
}

fn plan(dir: &Path, out: &str) -> FisherPlan {
    let settings = FisherSettings {
        descriptors: DescriptorKind::ALL.to_vec(),
        components: 3,
        em_steps: 3,
        sample_share: 0.5,
        ..FisherSettings::default()
    };
    FisherPlan { data: "clips".into(), settings, out: dir.join(out) }
}

#[test]
fn a_training_that_was_stopped_resumes_to_the_same_model() {
    let dir = tempfile::tempdir().unwrap();
    clips(dir.path(), "clips", 2);
    let dataset = Dataset::open(&DataSource::Folder(dir.path().join("clips"))).unwrap();
    let guard = OutputGuard::default();
    let train = |plan: &FisherPlan, stop_after: usize| {
        let (encoded, mut resumed) = (AtomicUsize::new(0), 0);
        let stop = || encoded.load(Ordering::Relaxed) >= stop_after;
        let result = train_fisher(plan, &dataset, &guard, &stop, &mut |event| match event {
            FisherEvent::Encoded { done, .. } => encoded.store(done, Ordering::Relaxed),
            FisherEvent::Resumed { vectors, .. } => resumed = vectors,
            _ => {}
        });
        (result, resumed)
    };
    let whole = train(&plan(dir.path(), "whole"), usize::MAX).0.unwrap().model;
    let stopped = plan(dir.path(), "stopped");
    assert!(train(&stopped, 1).0.unwrap_err().is_cancelled());
    assert!(!FisherModel::files(&stopped.out)[0].exists());

    let mut other = stopped.clone();
    other.settings.components = 2;
    let error = train(&other, usize::MAX).0.unwrap_err();
    assert!(error.cause.contains("components 3 instead of 2"), "{error}");

    let (resumed, kept) = train(&stopped, usize::MAX);
    assert!(kept >= 1, "no vector was kept");
    assert_eq!(resumed.unwrap().model, whole);
    assert_eq!(FisherModel::load(&stopped.out).unwrap(), whole);
}

#[test]
fn a_clip_that_can_be_read_again_while_a_training_runs_is_used() {
    let dir = tempfile::tempdir().unwrap();
    clips(dir.path(), "clips", 2);
    let dataset = Dataset::open(&DataSource::Folder(dir.path().join("clips"))).unwrap();
    let (clip, away) = (dataset.clips[0].path.clone(), dir.path().join("away.mp4"));
    fs::rename(&clip, &away).unwrap();
    let plan = plan(dir.path(), "model");
    let encoded = AtomicUsize::new(0);
    let stop = || encoded.load(Ordering::Relaxed) >= 1;
    let stopped = train_fisher(&plan, &dataset, &OutputGuard::default(), &stop, &mut |event| {
        if let FisherEvent::Encoded { done, .. } = event {
            encoded.store(done, Ordering::Relaxed);
        }
    });
    assert!(stopped.unwrap_err().is_cancelled());
    let trained = train_fisher(&plan, &dataset, &OutputGuard::default(), &|| false, &mut |event| {
        if matches!(event, FisherEvent::Resumed { .. }) {
            fs::rename(&away, &clip).unwrap(); // the disk is back
        }
    });
    let trained = trained.unwrap();
    assert_eq!((trained.model.card.clips, trained.left_out.len()), (4, 0));
}

#[test]
fn a_damaged_model_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    clips(dir.path(), "clips", 1);
    let dataset = Dataset::open(&DataSource::Folder(dir.path().join("clips"))).unwrap();
    let plan = plan(dir.path(), "model");
    train_fisher(&plan, &dataset, &OutputGuard::default(), &|| false, &mut |_| {}).unwrap();
    let [card, numbers] = FisherModel::files(&plan.out);
    let cause = || FisherModel::load(&plan.out).unwrap_err().to_string();
    let (text, bytes) = (fs::read_to_string(&card).unwrap(), fs::read(&numbers).unwrap());
    let mut flipped = bytes.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for damaged in [&flipped[..], &bytes[..bytes.len() / 2], &[]] {
        fs::write(&numbers, damaged).unwrap();
        assert!(cause().contains("fisher.safetensors: it is damaged"), "{}", cause());
    }
    fs::write(&numbers, &bytes).unwrap();
    fs::write(&card, text.replace("components = 3", "components = 4")).unwrap();
    assert!(cause().contains("tensor `hog.weight`"), "{}", cause());
    fs::write(&card, text.replace("format = 1", "format = 2")).unwrap();
    assert!(cause().contains("its format is 2"), "{}", cause());
    fs::remove_file(&card).unwrap();
    assert!(cause().contains("motionscope train fisher"), "{}", cause());
}
