//! Files that take the rules of their formats lightly, as scripts and other programs write them.

use super::super::VideoId;
use super::foreign_tests::{imported, project, shown};
use super::*;

#[test]
fn x_any_labelings_numbers_may_be_text_and_its_times_frames() {
    let file = |more: &str, segments: &str| {
        let content = format!(
            r#"{{"type": "video_classification", "video": "a.mp4", "duration_ms": "40000", {more}"segments": [{segments}]}}"#
        );
        let (document, notes) = imported(Format::XAnyLabeling, "a.json", &content, project(&["a.mp4"]));
        let (whole, parts) = shown(&document, 0);
        let whole: Vec<_> = whole.into_iter().map(str::to_owned).collect();
        let parts = parts.iter().map(|(label, start, end)| format!("{label} {start} {end}"));
        (whole, parts.collect::<Vec<_>>(), notes.into_iter().map(|note| note.cause).collect::<Vec<_>>())
    };
    let (whole, parts, notes) = file(
        r#""version": 1.0, "labels": ["run", 7], "#,
        r#"{"id": 1, "label": "run", "start_ms": "1000", "end_ms": "2000,0", "description": null},
        {"label": 7, "start_frame": 100, "end_frame": "110"}, {"label": "run", "start_frame": 200, "end_frame": 200},
        {"id": "clip-3", "label": "run", "start_ms": 0, "end_ms": 400},
        {"id": "clip4", "label": "run", "start_ms": 12000, "end_ms": 13000},
        {"id": "clip0", "label": "run", "start_ms": 0, "end_ms": 40000}"#,
    );
    assert_eq!((whole, notes), (vec!["run".to_owned()], Vec::new()), "only what covers the clip is of the whole");
    assert_eq!(parts, ["run 0 10", "run 25 50", "7 100 110", "run 200 201", "run 300 325"]);
    let (_, parts, notes) =
        file(r#""fps": "50", "version": "1.1.0", "#, r#"{"label": "run", "start_frame": 100, "end_frame": 200}"#);
    assert_eq!((parts, notes), (vec!["run 50 100".to_owned()], Vec::new()), "at the rate of the file");
    let (_, parts, notes) = file(
        "",
        r#"{"label": "run"}, {"label": "run", "start_frame": 5}, {"label": "run", "start_frame": 9, "end_frame": 5},
        {"label": "run", "start_ms": "soon", "end_ms": 5}, {"label": "run", "start_frame": 1.5, "end_frame": 5}"#,
    );
    assert!(parts.is_empty() && notes.len() == 5, "{parts:?}, {notes:?}");
    for (note, cause) in notes.iter().zip(["neither", "neither", "no segment", "\"soon\" is no number", "no segment"]) {
        assert!(note.contains(cause), "{note}");
    }
}

#[test]
fn activity_nets_times_and_boris_names_may_be_the_other_of_text_and_number() {
    let content = r#"{"database": {"a": {"duration": "40", "annotations": [{"segment": ["12.5", "0:20"], "label": "run"},
        {"segment": [1, "soon"], "label": "run"}, {"segment": [1, 2], "label": 7}]}}}"#;
    let (document, notes) = imported(Format::ActivityNet, "a.json", content, project(&["a.mp4"]));
    assert_eq!(shown(&document, 0).1, [("7", 25, 50), ("run", 313, 500)]);
    assert!(notes.len() == 1 && notes[0].cause.contains("1 to \"soon\" is no segment"), "{notes:?}");
    let content = r#"{"behaviors_conf": {"0": {"type": "Point event", "code": 7}}, "observations": {"o": {"type": "MEDIA",
        "file": {"1": ["a.mp4"]}, "events": [["1.5", 3, 7, null, null]]}}}"#;
    let (document, notes) = imported(Format::Boris, "a.boris", content, project(&["a.mp4"]));
    assert_eq!((shown(&document, 0).1, notes), (vec![("7", 38, 39)], Vec::new()));
    assert_eq!(document.videos[&VideoId(0)].segments[0].note, "subject: 3");
}
