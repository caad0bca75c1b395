//! `motionscope train sequence` and `motionscope predict --sequence` as they are typed.

use std::fs;
use std::path::Path;

use motionscope::nets::fusion::Fusion;
use motionscope::output::OutputGuard;
use motionscope::predictions::{PredictionFacts, PredictionWriter, SequenceModel, read_predictions};
use serde_json::{Value, json};

use crate::cli::{code, motionscope, text};

const FRAMES: usize = 400;

/// What is printed, what is said besides, and the exit code.
fn run(dir: &Path, line: &str) -> (String, String, i32) {
    let output = motionscope(dir, &line.split_whitespace().collect::<Vec<_>>());
    (text(&output.stdout), text(&output.stderr), code(&output))
}

/// Whether a recording shows walking at a frame, else rearing: 40 frames in turn.
fn walks(number: usize, frame: usize) -> bool {
    ((frame + 10 * number) / 40).is_multiple_of(2)
}

/// Makes a project `lab` of three labelled recordings, and predictions of them, every second frame scored, that know nothing of the
/// first half of each bout.
fn prepare(dir: &Path) {
    let mut videos = Vec::new();
    fs::create_dir(dir.join("windows")).unwrap();
    for number in 0..3 {
        let (video, content) = (format!("{number}.mp4"), format!("{number}0ff"));
        let facts =
            json!({"frames": FRAMES, "fps": 10.0, "start_secs": 0.0, "size": [64, 48], "bytes": 1000, "hash": content});
        let label = |frame| if walks(number, frame) { "walk" } else { "rear" };
        let segments: Vec<Value> = (0..FRAMES / 10)
            .map(|part| json!({"label": label(10 * part), "start": 10 * part, "end": 10 * part + 10}))
            .collect();
        videos.push(json!({"path": video, "facts": facts, "labels": [], "segments": segments}));
        let facts = PredictionFacts {
            video: video.clone(),
            content,
            frames: FRAMES,
            fps: 10.0,
            end_secs: FRAMES as f64 / 10.0,
            stride: 2,
            classes: vec!["walk".into(), "rear".into()],
            model: "model".into(),
            model_hash: "0123".into(),
            fusion: Fusion::default(),
            version: "0.1.0".into(),
            ..PredictionFacts::default()
        };
        let path = dir.join("windows").join(format!("{number}.mp4.parquet"));
        let mut writer = PredictionWriter::begin(&path, facts).unwrap();
        for frame in (0..FRAMES).step_by(2) {
            let is_known = (frame + 10 * number) % 40 >= 20;
            let likely = if !is_known {
                0.5
            } else if walks(number, frame) {
                0.875
            } else {
                0.125
            };
            writer.push(frame as f64 / 10.0, &[likely, 1.0 - likely]).unwrap();
        }
        writer.finish(&OutputGuard::default()).unwrap();
    }
    let classes = ["walk", "rear"].map(|name| json!({"name": name, "color": "#808080"}));
    let labels = json!({"motionscope-labels": 1, "classes": classes, "videos": videos});
    fs::write(dir.join("labels.json"), labels.to_string()).unwrap();
    for line in ["project new lab --classes walk,rear", "project import lab labels.json"] {
        let (printed, said, status) = run(dir, line);
        assert_eq!(status, 0, "{line}: {printed}{said}");
    }
}

const TRAIN: &str = "train sequence windows --labels lab --out sequence --held-out 2.mp4 --epochs 3 --channels 16 \
                     --blocks 4 --lr 0.01";

#[test]
fn a_sequence_model_is_trained_measured_and_applied() {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path());
    let (printed, said, status) = run(dir.path(), TRAIN);
    assert_eq!(status, 0, "{printed}{said}");
    for words in ["Held out: 1 recording, 200 labelled scored frames", "2.mp4", "plain windows", "of 2 recordings"] {
        assert!(printed.contains(words), "{words}: {printed}");
    }
    let model = SequenceModel::load(&dir.path().join("sequence")).unwrap();
    let (plain, sequence) = (model.card.plain.unwrap(), model.card.sequence.unwrap());
    assert!(sequence.macro_f1 > plain.macro_f1 && model.card.epoch > 0, "{plain:?} {sequence:?}");
    let percent = format!("{:.1}%", 100.0 * sequence.accuracy);
    assert!(printed.contains(&percent), "{percent}: {printed}");
    let (_, said, status) = run(dir.path(), TRAIN);
    assert!(status == 1 && said.contains("exist, so nothing was written"), "{said}");

    let (printed, said, status) = run(dir.path(), "predict windows --sequence sequence --csv");
    assert_eq!(status, 0, "{printed}{said}");
    let folder = format!("windows-sequence-{}", &model.card.hash[..8]);
    let (facts, scores) = read_predictions(&dir.path().join(&folder).join("2.mp4.parquet")).unwrap();
    assert_eq!((facts.sequence.as_ref(), scores.scored()), (Some(&model.card.hash), 200));
    assert!(dir.path().join(&folder).join("2.mp4.csv").is_file());
    assert!(
        run(dir.path(), "predict windows --sequence sequence --csv").0.contains("3 videos had predictions of this")
    );
    let kappa = |folder: &str| -> f64 {
        let (printed, said, status) =
            run(dir.path(), &format!("evaluate agreement lab {folder} --out {folder}-figures"));
        assert_eq!(status, 0, "{printed}{said}");
        let figures = fs::read(dir.path().join(format!("{folder}-figures/agreement.json"))).unwrap();
        serde_json::from_slice::<Value>(&figures).unwrap()["accuracy"].as_f64().unwrap()
    };
    assert!(kappa(&folder) > kappa("windows"));
    let (printed, said, status) = run(dir.path(), &format!("summary {folder}"));
    assert!(status == 0 && printed.contains("All: 3 videos"), "{printed}{said}");
}

#[test]
fn what_makes_no_sense_is_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path());
    fs::create_dir(dir.path().join("empty")).unwrap();
    for (line, words) in [
        ("train sequence empty --labels lab --out sequence", "empty: there are no predictions"),
        ("train sequence windows --labels empty --out sequence", "empty"),
        ("train sequence windows --labels lab --out sequence --held-out 9.mp4", "Name one of 0.mp4, 1.mp4, 2.mp4"),
        ("train sequence windows --labels lab --out sequence --blocks 30", "--blocks: it is outside 1 to 12"),
        ("predict windows --sequence windows", "Choose the folder that motionscope train sequence wrote"),
        ("predict windows --sequence windows --stride 2", "cannot be used with"),
    ] {
        let (_, said, status) = run(dir.path(), line);
        assert!(status > 0 && said.contains(words), "{line}: {said}");
        assert!(!dir.path().join("sequence/sequence.toml").exists(), "{line}");
    }
}
