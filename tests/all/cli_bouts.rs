//! `motionscope summary` and `motionscope evaluate agreement` as they are typed.

use std::fs;
use std::path::Path;

use motionscope::nets::fusion::Fusion;
use motionscope::output::OutputGuard;
use motionscope::predictions::{PredictionFacts, PredictionWriter};
use serde_json::{Value, json};

use crate::cli::{code, motionscope, text};

/// Writes labels of `a.mp4` with so many frames at 10 frames per second; each segment has a label, a start and an end.
fn labels(path: &Path, frames: usize, segments: &[(&str, usize, usize)]) {
    let facts =
        json!({"frames": frames, "fps": 10.0, "start_secs": 0.0, "size": [64, 48], "bytes": 1000, "hash": "00ff"});
    let segments: Vec<Value> =
        segments.iter().map(|(label, start, end)| json!({"label": label, "start": start, "end": end})).collect();
    let video = json!({"path": "a.mp4", "facts": facts, "labels": [], "segments": segments});
    let classes = ["walk", "rear", "groom"].map(|name| json!({"name": name, "color": "#808080"}));
    fs::write(path, json!({"motionscope-labels": 1, "classes": classes, "videos": [video]}).to_string()).unwrap();
}

/// Writes predictions of `a.mp4` with so many frames at 10 frames per second, every second one scored: walking is likely in `walk`,
/// and background elsewhere.
pub fn predictions(path: &Path, frames: usize, walk: std::ops::Range<usize>) {
    let facts = PredictionFacts {
        video: "a.mp4".into(),
        content: "00ff".into(),
        frames,
        fps: 10.0,
        end_secs: frames as f64 / 10.0,
        stride: 2,
        classes: vec!["walk".into(), "background".into()],
        model: "model".into(),
        model_hash: "0123".into(),
        fusion: Fusion::default(),
        thresholds: Vec::new(),
        version: "0.1.0".into(),
        devices: vec!["AMD EPYC, 2 threads (Flex)".into()],
        features: None,
        sequence: None,
    };
    let mut writer = PredictionWriter::begin(path, facts).unwrap();
    for frame in (0..frames).step_by(2) {
        let likely = if walk.contains(&frame) { 0.75 } else { 0.25 };
        writer.push(frame as f64 / 10.0, &[likely, 1.0 - likely]).unwrap();
    }
    writer.finish(&OutputGuard::default()).unwrap();
}

/// What is printed, what is said besides, and the exit code.
fn run(dir: &Path, line: &str) -> (String, String, i32) {
    let output = motionscope(dir, &line.split(' ').collect::<Vec<_>>());
    (text(&output.stdout), text(&output.stderr), code(&output))
}

#[test]
fn two_label_files_are_compared_by_frame_and_by_bout() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    labels(&at("a.json"), 100, &[("walk", 0, 40), ("background", 40, 60)]);
    labels(&at("b.json"), 100, &[("walk", 0, 30), ("rear", 30, 50)]);
    let (printed, said, status) = run(dir.path(), "evaluate agreement a.json b.json --out out");
    assert_eq!(status, 0, "{printed}{said}");
    assert!(printed.contains("1 video, 5.0 s compared") && printed.contains("Left out: 5.0 s"), "{printed}");
    assert!(printed.contains("No compared frame is labelled as: groom") && !printed.contains("NaN"), "{printed}");
    let report: Value = serde_json::from_str(&fs::read_to_string(at("out/agreement.json")).unwrap()).unwrap();
    assert_eq!(report["classes"][0]["frames"]["recall"], 0.75);
    assert_eq!(report["classes"][0]["bouts"]["matched"], json!([1, 1, 1]), "30 of 40 frames");
    let disagreements = fs::read_to_string(at("out/disagreements.csv")).unwrap();
    assert_eq!(disagreements.lines().nth(1), Some("a.mp4,30,40,3,4,walk,rear"));
    let confusion = fs::read_to_string(at("out/confusion.csv")).unwrap();
    assert_eq!(confusion.lines().nth(1), Some("walk,30,10,0,0"));
    let (printed, _, _) = run(dir.path(), "evaluate agreement a.json b.json --unlabelled-is-background");
    assert!(printed.contains("10.0 s compared") && !printed.contains("Left out"), "{printed}");
    let (_, said, status) = run(dir.path(), "evaluate agreement a.json b.json --out out");
    assert!(status == 1 && said.contains("exist"), "nothing is replaced without consent: {said}");
}

#[test]
fn labels_of_another_number_of_frames_are_refused_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    labels(&at("a.json"), 100, &[("walk", 0, 40)]);
    labels(&at("b.json"), 120, &[("walk", 0, 40)]);
    let (printed, said, status) = run(dir.path(), "evaluate agreement a.json b.json --out out");
    assert_eq!((status, printed.as_str()), (1, ""));
    assert!(said.contains("a.mp4: 100 frames in a.json and 120 in b.json"), "{said}");
    assert!(!at("out").exists());
}

#[test]
fn a_table_is_compared_with_a_project_and_a_project_is_summarised() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    labels(&at("a.json"), 600, &[("walk", 20, 40), ("rear", 40, 50), ("walk", 100, 140)]);
    fs::write(at("b.csv"), "path,label,start,end\na.mp4,walk,2,4\na.mp4,rear,4,5\na.mp4,walk,10,14\n").unwrap();
    for line in ["project new lab --classes walk", "project import lab a.json --add-classes"] {
        let (printed, said, status) = run(dir.path(), line);
        assert_eq!(status, 0, "{line}: {printed}{said}");
    }
    let (printed, said, _) = run(dir.path(), "evaluate agreement b.csv lab");
    assert!(printed.contains("1 video, 7.0 s compared") && printed.contains("0 disagreements"), "{printed}{said}");

    let (printed, said, status) = run(dir.path(), "summary lab --out out");
    assert_eq!(status, 0, "{printed}{said}");
    assert!(printed.contains("All: 1 video with segments, 60.0 s"), "{printed}");
    assert!(printed.contains("No segments of: groom") && !printed.contains("NaN"), "{printed}");
    let summary = fs::read_to_string(at("out/summary.csv")).unwrap();
    assert_eq!(summary.lines().nth(1), Some("video,a.mp4,1,walk,2,6,3,3,2,2,0.1,60,7"));
    assert!(fs::read_to_string(at("out/transitions.csv")).unwrap().contains("walk,0,1,0\nrear,1,0,0\n"));
    assert_eq!(fs::read_to_string(at("out/bouts.csv")).unwrap().lines().count(), 4);
    assert!(fs::read_to_string(at("out/raster.svg")).unwrap().starts_with("<svg"));
    let (printed, _, _) = run(dir.path(), "summary lab --csv");
    assert_eq!(printed, summary);
    let (_, said, status) = run(dir.path(), "summary lab --out lab/labels");
    assert!(status == 1 && said.contains("a file of the project"), "{said}");
}

/// By hand: a person has labelled 2 to 6 s as walking and the rest of 10 s as background, the model says 3 to 7 s.
#[test]
fn predictions_are_compared_with_labels_and_summarised() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    labels(&at("a.json"), 100, &[("background", 0, 20), ("walk", 20, 60), ("background", 60, 100)]);
    fs::create_dir(at("out")).unwrap();
    predictions(&at("out/a.parquet"), 100, 30..70);
    let (printed, said, status) = run(dir.path(), "evaluate agreement a.json out --out agreement");
    assert_eq!(status, 0, "{printed}{said}");
    assert!(printed.contains("1 video, 10.0 s compared") && !printed.contains("Left out"), "{printed}");
    let confusion = fs::read_to_string(at("agreement/confusion.csv")).unwrap();
    assert!(confusion.contains("walk,30,0,0,10\n") && confusion.contains("background,10,0,0,50\n"), "{confusion}");
    fs::write(at("b.csv"), "path,label,start,end\na.mp4,walk,3,7\n").unwrap();
    let (printed, said, _) = run(dir.path(), "evaluate agreement b.csv out/a.parquet");
    assert!(printed.contains("1 video, 4.0 s compared") && printed.contains("0 disagreements"), "{printed}{said}");

    for source in ["out", "out/a.parquet"] {
        let (printed, said, status) = run(dir.path(), &format!("summary {source} --csv"));
        assert_eq!(status, 0, "{printed}{said}");
        assert_eq!(printed.lines().nth(1), Some("video,a.mp4,1,walk,1,4,4,4,3,6,0.4,10,10"));
    }
    predictions(&at("short.parquet"), 80, 30..70);
    let (_, said, status) = run(dir.path(), "evaluate agreement a.json short.parquet");
    assert!(status == 1 && said.contains("100 frames in a.json and 80 in short.parquet"), "{said}");
    fs::write(at("short.parquet"), "no table").unwrap();
    for line in ["summary short.parquet", "evaluate agreement a.json short.parquet"] {
        let (_, said, status) = run(dir.path(), line);
        assert!(status == 1 && said.contains("not a Parquet file"), "{line}: {said}");
    }
}

/// By hand: walking has a probability of 0.75 from 3 to 7 s, and is labelled from 2 to 6 s of 10 s. Background is a class of the model.
#[test]
fn options_choose_how_bouts_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    labels(&at("a.json"), 100, &[("background", 0, 20), ("walk", 20, 60), ("background", 60, 100)]);
    predictions(&at("a.parquet"), 100, 30..70);
    let bouts = |options: &str| {
        let (printed, said, status) = run(dir.path(), &format!("summary a.parquet --csv {options}"));
        assert_eq!(status, 0, "{options}: {said}");
        printed.lines().nth(1).unwrap().split(',').nth(4).unwrap().to_owned()
    };
    for (options, count) in [
        ("--threshold 0.7", "1"),
        ("--threshold 0.8", "0"),
        ("--threshold 0.8 --threshold Walk=0.7", "1"),
        ("--threshold walk=0.8", "0"),
        ("--threshold background=0.8", "1"),
        ("--min-length 5", "0"),
        ("--smoothing 20 --end-threshold walk=0.1", "0"),
    ] {
        assert_eq!(bouts(options), count, "{options}");
    }

    for (options, accuracy) in [("--close-gaps 0", "Accuracy 0.800"), ("--threshold 0.8", "Accuracy 0.600")] {
        let (printed, said, status) = run(dir.path(), &format!("evaluate agreement a.json a.parquet {options}"));
        assert!(status == 0 && printed.contains(accuracy), "{options}: {printed}{said}");
        assert!(printed.contains("Likeliest class right: 0.800 of 100 frames"), "{options}: {printed}");
    }
    let (printed, _, _) = run(dir.path(), "evaluate agreement a.json a.json");
    assert!(!printed.contains("Likeliest"), "no predictions: {printed}");

    let line = "project export a.parquet bouts.csv --threshold 0.8";
    let (printed, said, status) = run(dir.path(), line);
    assert!(!fs::read_to_string(at("bouts.csv")).unwrap().contains("walk"), "{status}: {printed}{said}");
    for (line, cause) in [
        ("summary a.parquet --threshold groom=0.8", "no such class"),
        ("summary a.parquet --end-threshold 0.8", "0.8 is above the threshold 0.5"),
        ("summary a.parquet --threshold 1.5", "expected a number from 0 to 1"),
        ("evaluate agreement a.json a.json --smoothing 1", "for predictions only"),
        ("project export a.parquet frames --frames --smoothing 1", "export no bouts"),
    ] {
        let (printed, said, status) = run(dir.path(), line);
        assert!(status == 2 && said.contains(cause), "{line}: {printed}{said}");
    }
}

/// By hand: at 0.5 the model finds walking from 3 to 7 s; 4 to 7 s are annotated, so that the IoU is 3/4.
#[test]
fn detections_in_predictions_are_measured() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::create_dir(at("out")).unwrap();
    predictions(&at("out/a.parquet"), 100, 30..70);
    let annotations = json!([{"segment": [4.0, 7.0], "label": "walk"}]);
    let truth = json!({"database": {"a": {"subset": "validation", "annotations": annotations}}});
    fs::write(at("truth.json"), truth.to_string()).unwrap();
    let line = "evaluate segments --truth truth.json --scores out --thresholds 0.5 --ious 0.7,0.8 --json";
    let (printed, said, status) = run(dir.path(), line);
    assert_eq!(status, 0, "{said}");
    let report: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(report["map"], json!([1.0, 0.0]), "{report}");
    fs::write(at("out/scores.json"), "{}").unwrap();
    let (_, said, status) = run(dir.path(), line);
    assert!(status == 1 && said.contains("scores of windows (scores.json) and of frames"), "{said}");
}

#[test]
fn a_project_whose_classes_cannot_be_is_not_made() {
    let dir = tempfile::tempdir().unwrap();
    for classes in ["walk,walk", "walk,background"] {
        let (_, said, status) = run(dir.path(), &format!("project new lab --classes {classes}"));
        assert!(status != 0 && !dir.path().join("lab").exists(), "{classes}: {said}");
    }
    let (_, said, status) = run(dir.path(), "project new lab --classes walk,rear");
    assert_eq!(status, 0, "{said}");
}
