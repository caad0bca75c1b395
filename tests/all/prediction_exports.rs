//! `motionscope project export` of predictions as it is typed.

use std::fs;
use std::path::Path;

use motionscope::cli::bench::fixture;
use motionscope::labels::formats::Format;
use motionscope::video::Geometry;
use serde_json::{Value, json};

use crate::cli::{code, motionscope, text, untrained_model};
use crate::cli_bouts::predictions;

/// What is printed, what is said besides, and the exit code.
fn run(dir: &Path, line: &str) -> (String, String, i32) {
    let output = motionscope(dir, &line.split(' ').collect::<Vec<_>>());
    (text(&output.stdout), text(&output.stderr), code(&output))
}

/// Ten seconds in `p/a.parquet`, in the middle of which somebody walks.
fn predicted() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("p")).unwrap();
    predictions(&dir.path().join("p/a.parquet"), 100, 30..70);
    dir
}

#[test]
fn bouts_are_written_in_every_format_and_mean_the_same() {
    let dir = predicted();
    for format in Format::ALL {
        // A name without an ending is a folder where the format needs one.
        let name = if format.is_folder() { format!("as-{}", format.key()) } else { format!("as.{}", format.key()) };
        let (printed, said, status) = run(dir.path(), &format!("project export p {name} --format {}", format.key()));
        // CVAT has boxes as large as the pictures.
        let is_doubtful = format == Format::Cvat;
        assert_eq!(status, i32::from(is_doubtful), "{format:?}: {printed}{said}");
        assert_eq!(said.contains("--videos"), is_doubtful, "{format:?}: {said}");
        assert!(dir.path().join(name).exists(), "{format:?}: {printed}");
    }
    assert_eq!(run(dir.path(), "project export p bouts.csv").2, 0);
    let (table, _, _) = run(dir.path(), "summary p --csv");
    assert!(table.contains("all,,1,walk,1,"), "one bout: {table}");
    let rows = fs::read_to_string(dir.path().join("bouts.csv")).unwrap();
    let walks = rows.lines().filter(|row| row.starts_with("a.mp4,walk,")).count();
    assert_eq!((walks, rows.lines().count()), (1, 4), "background before and after it: {rows}");
    for labels in ["as.json", "as.boris"] {
        let (printed, said, status) = run(dir.path(), &format!("evaluate agreement p {labels}"));
        assert!(status == 0 && printed.contains("0 disagreements"), "{labels}: {printed}{said}");
        assert!(printed.contains("10.0 s compared"), "{labels}: {printed}");
    }
}

#[test]
fn detections_are_those_of_evaluate_segments() {
    let dir = predicted();
    let annotation = json!([{"label": "walk", "segment": [3.0, 6.5]}]);
    let truth = json!({"database": {"a": {"subset": "validation", "annotations": annotation}}});
    fs::write(dir.path().join("truth.json"), truth.to_string()).unwrap();
    let (printed, said, status) = run(dir.path(), "project export p detections.json --detections");
    assert!(status == 0 && printed.contains("of 1 video"), "{printed}{said}");
    let found: Value = serde_json::from_slice(&fs::read(dir.path().join("detections.json")).unwrap()).unwrap();
    let found = found["results"]["a"].as_array().unwrap();
    assert!(found.contains(&json!({"label": "walk", "score": 0.75, "segment": [3.0, 7.0]})), "{found:?}");
    let (by_scores, _, _) = run(dir.path(), "evaluate segments --truth truth.json --scores p");
    let (by_detections, said, status) =
        run(dir.path(), "evaluate segments --truth truth.json --detections detections.json");
    assert_eq!((status, by_detections), (0, by_scores), "{said}");
}

#[test]
fn probabilities_are_written_by_frame_and_nothing_is_replaced_without_consent() {
    let dir = predicted();
    fs::create_dir(dir.path().join("p/more")).unwrap();
    let other = fs::read(dir.path().join("p/a.parquet")).unwrap();
    fs::write(dir.path().join("p/more/b.mp4.parquet"), other).unwrap();
    let (printed, said, status) = run(dir.path(), "project export p frames --frames");
    assert!(status == 0 && printed.contains("2 tables"), "{printed}{said}");
    let table = fs::read_to_string(dir.path().join("frames/a.csv")).unwrap();
    assert_eq!((table.lines().count(), table.lines().nth(16)), (51, Some("30,3,0.75,0.25")), "{table}");
    assert!(dir.path().join("frames/more/b.mp4.csv").is_file());

    fs::remove_dir_all(dir.path().join("p/more")).unwrap();
    for line in ["project export p frames --frames", "project export p a.csv", "project export p a.json --detections"] {
        fs::write(dir.path().join("a.csv"), "mine").unwrap();
        fs::write(dir.path().join("a.json"), "mine").unwrap();
        let (_, said, status) = run(dir.path(), line);
        assert!(status == 1 && said.contains("exist"), "{line}: {said}");
        assert_eq!(run(dir.path(), &format!("{line} --force")).2, 0, "{line}");
    }
    let (_, said, status) = run(dir.path(), "project export p p/a.parquet --format json --force");
    assert!(status == 1 && said.contains("input"), "{said}");
}

#[test]
fn options_for_predictions_are_refused_for_labels() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), "project new golf --classes swing");
    for option in ["--detections", "--frames", "--videos golf"] {
        let (_, said, status) = run(dir.path(), &format!("project export golf out.csv {option}"));
        assert!(status == 2 && said.contains("it is for predictions only"), "{option}: {said}");
    }
}

#[test]
fn the_videos_of_a_project_are_found_for_what_is_predicted_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let size = Geometry { width: 96, height: 80 };
    untrained_model(&dir.path().join("model"));
    fs::create_dir(dir.path().join("golf")).unwrap();
    fixture::clip(dir.path(), 30, size).unwrap();
    let video = dir.path().join("golf/a.mp4");
    fs::rename(dir.path().join("clip.mp4"), &video).unwrap();
    for line in ["project new golf golf", "predict golf --model model --device cpu"] {
        assert_eq!(run(dir.path(), line).2, 0, "{line}");
    }
    let (printed, said, status) = run(dir.path(), "project export golf/predictions cvat --format cvat");
    assert_eq!(status, 0, "{printed}{said}");
    let xml = fs::read_to_string(dir.path().join("cvat/a.xml")).unwrap();
    assert!(xml.contains("<width>96</width>") && xml.contains("<height>80</height>"), "{xml}");
    let (printed, said, status) = run(dir.path(), "project export golf/predictions ucf --format ucf --cut");
    assert!(status == 0 && printed.contains("cut out"), "{printed}{said}");

    fixture::clip(dir.path(), 20, size).unwrap();
    fs::rename(dir.path().join("clip.mp4"), &video).unwrap();
    let (_, said, status) = run(dir.path(), "project export golf/predictions bouts.csv");
    assert!(status == 1 && said.contains("has changed since it was predicted"), "{said}");
    let (_, said, status) = run(dir.path(), "project export golf/predictions ucf-2 --format ucf --cut");
    assert!(status == 1 && !dir.path().join("ucf-2").exists(), "{said}");
}
