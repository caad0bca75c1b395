//! Tests with files that deviate from their formats, as written by scripts and other programs.

use super::super::{Document, Label, VideoId, edits};
use super::foreign_tests::{ALL, boris, imported, project, shown};
use super::*;
use crate::error::Error;
use std::fs;

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
    for (note, cause) in notes.iter().zip([
        "neither",
        "neither",
        "not a valid segment",
        "\"soon\" is not a number",
        "not a valid segment",
    ]) {
        assert!(note.contains(cause), "{note}");
    }
}

#[test]
fn activity_nets_times_and_boris_names_may_be_the_other_of_text_and_number() {
    let content = r#"{"database": {"a": {"duration": "40", "annotations": [{"segment": ["12.5", "0:20"], "label": "run"},
        {"segment": [1, "soon"], "label": "run"}, {"segment": [1, 2], "label": 7, "clip": null}]}}}"#;
    let (document, notes) = imported(Format::ActivityNet, "a.json", content, project(&["a.mp4"]));
    assert_eq!(shown(&document, 0).1, [("7", 25, 50), ("run", 313, 500)]);
    assert!(notes.len() == 1 && notes[0].cause.contains("1 to \"soon\" is not a segment"), "{notes:?}");
    let content = r#"{"behaviors_conf": {"0": {"type": "Point event", "code": 7}}, "observations": {"o": {"type": "MEDIA",
        "file": {"1": ["a.mp4"]}, "events": [["1.5", 3, 7, null, null]]}}}"#;
    let (document, notes) = imported(Format::Boris, "a.boris", content, project(&["a.mp4"]));
    assert_eq!((shown(&document, 0).1, notes), (vec![("7", 38, 39)], Vec::new()));
    assert_eq!(document.videos[&VideoId(0)].segments[0].note, "subject: 3");
}

#[test]
fn another_file_of_a_name_of_the_project_is_named_and_a_copy_is_the_video() {
    let dir = tempfile::tempdir().unwrap();
    let (list, video) = (dir.path().join("list.csv"), dir.path().join("elsewhere/a.mp4"));
    fs::create_dir(video.parent().unwrap()).unwrap();
    fs::write(&video, "one").unwrap();
    fs::write(&list, format!("path,label\n{},run\n", video.display())).unwrap();
    let mut document = project(&["clips/a.mp4"]);
    let found = |document: &Document| import(Format::Csv, &list, document, Path::new("/project"), ALL).unwrap();
    let other = found(&document);
    assert_eq!((other.videos, other.left_out, other.unknown_videos.as_slice()), (0, 1, &[video.clone()][..]));
    let cause = format!("{} is not clips/a.mp4 of the project", video.display());
    assert!(other.notes.len() == 1 && other.notes[0].cause.ends_with(&cause), "{:?}", other.notes);
    let facts = document.videos.get_mut(&VideoId(0)).unwrap().facts.as_mut().unwrap();
    (facts.bytes, facts.hash) = super::super::media_scan::fingerprint(&video).unwrap();
    let copy = found(&document);
    assert_eq!((copy.videos, copy.left_out, copy.notes, copy.remarks), (1, 0, Vec::new(), Vec::new()));
}

#[test]
fn a_linguistic_type_called_clip_of_another_program_has_times() {
    let eaf = |tier: &str| {
        format!(
            r#"<ANNOTATION_DOCUMENT><HEADER><MEDIA_DESCRIPTOR MEDIA_URL="file:///x/a.mp4" MIME_TYPE="video/mp4"/></HEADER>
            <TIME_ORDER><TIME_SLOT TIME_SLOT_ID="s1" TIME_VALUE="1000"/><TIME_SLOT TIME_SLOT_ID="s2" TIME_VALUE="2000"/>
            </TIME_ORDER><TIER LINGUISTIC_TYPE_REF="clip" TIER_ID="{tier}"><ANNOTATION><ALIGNABLE_ANNOTATION
            ANNOTATION_ID="a" TIME_SLOT_REF1="s1" TIME_SLOT_REF2="s2"><ANNOTATION_VALUE>run</ANNOTATION_VALUE>
            </ALIGNABLE_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>"#
        )
    };
    let (document, notes) = imported(Format::Elan, "a.eaf", &eaf("gait"), project(&["a.mp4"]));
    assert_eq!((shown(&document, 0), notes), ((vec![], vec![("run", 25, 50)]), Vec::new()));
    let (document, _) = imported(Format::Elan, "a.eaf", &eaf("clip: run"), project(&["a.mp4"]));
    assert_eq!(shown(&document, 0), (vec!["run"], vec![]));
}

#[test]
fn messages_name_a_file_once() {
    let eaf = r#"<ANNOTATION_DOCUMENT><HEADER><MEDIA_DESCRIPTOR MEDIA_URL="file:///x/a.mp4" MIME_TYPE="video/mp4"/></HEADER>
        <TIME_ORDER><TIME_SLOT TIME_SLOT_ID="s1" TIME_VALUE="90000"/><TIME_SLOT TIME_SLOT_ID="s2" TIME_VALUE="91000"/></TIME_ORDER>
        <TIER LINGUISTIC_TYPE_REF="x" TIER_ID="run"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a" TIME_SLOT_REF1="s1"
        TIME_SLOT_REF2="s2"><ANNOTATION_VALUE/></ALIGNABLE_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>"#;
    let xml = r#"<annotations><meta><task><name>a.mp4</name></task></meta><track label="run">
        <box frame="2000" outside="0"/></track></annotations>"#;
    let any = r#"{"video": "a.mp4", "segments": [{"label": "run", "start_ms": 90000, "end_ms": 91000}]}"#;
    let table = "Observation id,Media file,Behavior,Start (s),Stop (s)\n,NA,peck,1,2\n";
    for (format, name, content, cause) in [
        (Format::Elan, "a.eaf", eaf, "line 3: 90 s to 91 s"),
        (Format::Cvat, "a.xml", xml, "line 1: frames 2000 to 2001"),
        (Format::XAnyLabeling, "a.json", any, "segment 1: 90 s to 91 s"),
        (Format::UcfLists, "trainlist01.txt", "run/b.mp4", "line 1: run/b.mp4 is not in the project"),
        (Format::Boris, "a.csv", table, "line 2: the events name no media file"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("in")).unwrap();
        let path = dir.path().join("in").join(name);
        fs::write(&path, content).unwrap();
        let document = project(&["a.mp4"]);
        let noted = |source: &Path| {
            let notes = import(format, source, &document, Path::new("/project"), ALL).unwrap().notes;
            assert_eq!(notes.len(), 1, "{name}: {notes:?}");
            notes[0].to_string()
        };
        let single = noted(&path);
        assert!(single.starts_with(&format!("{}: {cause}", path.display())), "{single}");
        assert_eq!(single.matches(name).count(), 1, "{single}");
        if format.is_folder() {
            let of_folder = noted(dir.path());
            assert_eq!(of_folder.matches(name).count(), 1, "{of_folder}");
        }
    }
}

#[test]
fn classes_are_added_for_labels_that_are_taken_and_for_no_others() {
    let table = "a.mp4,run,1,2\na.mp4,jump,90,91\nb.mp4,gone\na.mp4,swim,x,2\na.mp4,run,3,4\n";
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("labels.csv");
    fs::write(&path, table).unwrap();
    let mut document = project(&["a.mp4"]);
    let read = import(Format::Csv, &path, &document, Path::new("/project"), ALL).unwrap();
    assert_eq!((read.unknown_classes.as_slice(), read.left_out), (["run".to_owned()].as_slice(), 3));
    document.apply(read.step);
    assert!(document.classes.iter().map(|class| class.name.as_str()).eq(["run"]), "{:?}", document.classes);
    assert_eq!(shown(&document, 0).1, [("run", 25, 50), ("run", 75, 100)]);
    // A video that keeps its labels needs no class of others.
    fs::write(&path, "a.mp4,other,1,2\n").unwrap();
    let keep = Choices { replace: false, ..ALL };
    let read = import(Format::Csv, &path, &document, Path::new("/project"), keep).unwrap();
    assert_eq!((read.kept.len(), read.unknown_classes.len(), read.step.changes.len()), (1, 0, 0));
}

#[test]
fn a_table_without_notes_leaves_those_of_the_project_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("labels.csv");
    fs::write(&path, "path,label,start,end\na.mp4,run,1,2\na.mp4,run,3,4\n").unwrap();
    let mut document = project(&["a.mp4"]);
    let read =
        |document: &Document, choices| import(Format::Csv, &path, document, Path::new("/project"), choices).unwrap();
    document.apply(read(&document, ALL).step);
    let segments = &mut document.videos.get_mut(&VideoId(0)).unwrap().segments;
    segments[1].note = "limps".into();
    for choices in [ALL, Choices { replace: false, ..ALL }] {
        let again = read(&document, choices);
        assert_eq!((again.step.changes.len(), again.kept.len(), again.notes), (0, 0, Vec::new()), "they are the same");
    }
    fs::write(&path, "path,label,start,end,group\na.mp4,run,3,4,dawn\n").unwrap();
    document.apply(read(&document, ALL).step);
    let video = &document.videos[&VideoId(0)];
    assert_eq!((video.segments.len(), video.segments[0].note.as_str(), video.group.as_str()), (1, "limps", "dawn"));
}

#[test]
fn another_group_is_named_and_replaced_with_consent_only() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("labels.csv");
    fs::write(&path, "path,label,group\na.mp4,run,dawn\n").unwrap();
    let mut document = project(&["a.mp4"]);
    let read =
        |document: &Document, choices| import(Format::Csv, &path, document, Path::new("/project"), choices).unwrap();
    let keep = Choices { replace: false, ..ALL };
    document.videos.get_mut(&VideoId(0)).unwrap().group = "dusk".into();
    let found = read(&document, keep);
    let cause = "1 video has another group or note in the project, which is kept: a.mp4";
    assert!(found.notes.len() == 1 && found.notes[0].cause == cause, "{:?}", found.notes);
    document.apply(found.step);
    assert_eq!((document.videos[&VideoId(0)].group.as_str(), shown(&document, 0).0), ("dusk", vec!["run"]));
    document.apply(read(&document, ALL).step);
    assert_eq!(document.videos[&VideoId(0)].group, "dawn");
}

#[test]
fn videos_of_json_are_found_in_the_folder_that_it_names() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    ["first/clips", "second", "export"].map(at).iter().for_each(|folder| fs::create_dir_all(folder).unwrap());
    fs::write(at("first/clips/a.mp4"), "pictures").unwrap();
    let document = project(&["clips/a.mp4", "gone.mp4"]);
    export(Format::Json, &document, &at("first"), &at("export/labels.json")).unwrap();
    let mut second = Document::default();
    let read = import(Format::Json, &at("export/labels.json"), &second, &at("second"), ALL).unwrap();
    assert_eq!((read.new_videos, read.new_missing), (2, 1));
    second.apply(read.step);
    let paths: Vec<_> = second.videos.values().map(|video| video.path.as_str()).collect();
    assert_eq!(paths, ["../first/clips/a.mp4", "gone.mp4"]);
    let again = import(Format::Json, &at("export/labels.json"), &second, &at("second"), ALL).unwrap();
    assert_eq!((again.new_videos, again.step.changes.len()), (0, 0));
}

/// Videos of the project with equal file names.
const NAMESAKES: [&str; 7] = [
    "clip.mp4",
    "one/clip.mp4",
    "two/clip.mp4",
    "../one/clip.mp4",
    "deep/one/clip.mp4",
    "one/clip.avi",
    "one/50%25/clip.mp4",
];

/// A document of these videos, optionally with segments of a separate class each.
fn namesakes(paths: &[String], is_labelled: bool) -> Document {
    let mut document = project(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    for number in 0..if is_labelled { paths.len() } else { 0 } {
        let (class, step) = edits::add_class(&document, &format!("class {number}")).unwrap();
        document.apply(step);
        let (id, label) = (VideoId(number as u32), Label::Class(class));
        document.apply(edits::label_clip(&document, id, label).unwrap());
        document.apply(edits::add_segment(&document, id, label, 10 * number, 10 * number + 5).unwrap().1);
    }
    document
}

#[test]
fn videos_of_one_name_in_several_folders_keep_their_own_labels_in_every_format() {
    let paths = NAMESAKES.map(str::to_owned);
    let document = namesakes(&paths, true);
    let home = Path::new("/home/me/project");
    // The same videos in a project in another folder.
    let elsewhere = Path::new("/home/other/deeper/project");
    let moved = NAMESAKES.map(|path| StoredPath::encode(&StoredPath::decode(path, home), elsewhere));
    for format in Format::ALL.into_iter().filter(|format| *format != Format::UcfLists) {
        let dir = tempfile::tempdir().unwrap();
        let name = if format.is_folder() { "export".to_owned() } else { format!("export.{}", format.ending()) };
        let target = dir.path().join(name);
        export(format, &document, home, &target).unwrap();
        for (paths, place) in [(&paths, home), (&moved, elsewhere)] {
            let mut back = namesakes(paths, false);
            let read = import(format, &target, &back, place, ALL).unwrap();
            back.apply(read.step);
            for video in 0..paths.len() as u32 {
                let case = format!("{}, {}: {:?}", format.name(), paths[video as usize], read.notes);
                assert_eq!(shown(&back, video), shown(&document, video), "{case}");
            }
        }
    }
}

#[test]
fn what_boris_and_cvat_do_not_write_is_left_out_with_a_sentence() {
    let causes = |notes: Vec<Error>| notes.into_iter().map(|note| note.cause).collect::<Vec<_>>();
    let aggregated = "Observation id,Media file,Subject,Behavior,Start (s),Stop (s)\n\
        o,a.mp4,ann,peck,1,soon\no,a.mp4,ann,peck,2,NA\no,a.mp4,ann,peck,4,3\n";
    let (document, notes) = imported(Format::Boris, "a.csv", aggregated, project(&["a.mp4"]));
    assert_eq!(shown(&document, 0).1, [("peck", 50, 51)]);
    let notes = causes(notes);
    assert!(
        notes.len() == 2 && notes[0].starts_with("line 2: ") && notes[1].starts_with("line 4: 4 s to 3 s"),
        "{notes:?}"
    );
    let tabular = "Time,Media file path,Behavior,Status\n1,a.mp4,peck,Start\n2,a.mp4,peck,stop\n3,a.mp4,peck,begin\n";
    let (document, notes) = imported(Format::Boris, "a.csv", tabular, project(&["a.mp4"]));
    assert_eq!(shown(&document, 0).1, [("peck", 25, 50)]);
    let notes = causes(notes);
    assert!(notes.len() == 1 && notes[0].starts_with("line 4: 'begin' is neither"), "{notes:?}");
    let content =
        r#"{"behaviors_conf": null, "observations": {"o": {"type": null, "file": {"1": ["a.mp4"]}, "events": null}}}"#;
    let (_, notes) = imported(Format::Boris, "a.boris", content, project(&["a.mp4"]));
    assert_eq!(notes, []);
    let tracks = "<annotations><meta><task><name>a.mp4</name></task></meta>\n<track label=\"run\"><box frame=\"5\"/>\
        <box frame=\"9\" outside=\"1\"/></track>\n<track label=\"run\"/>\n<image id=\"x\"><tag label=\"run\"/></image></annotations>";
    let (document, notes) = imported(Format::Cvat, "a.xml", tracks, project(&["a.mp4"]));
    assert_eq!(shown(&document, 0).1, [("run", 5, 9)]);
    let notes = causes(notes);
    assert!(notes.len() == 2 && notes[0].starts_with("line 3: the track has no shape"), "{notes:?}");
    assert!(notes[1].starts_with("line 4: the image of a tag is not a frame"), "{notes:?}");
}

#[test]
fn label_studios_numbers_may_be_text_and_its_lists_one_value_or_none() {
    let content = r#"[{"data": {"video": "a.mp4", "fps": "50"}, "annotations": [{"result": [
        {"value": {"ranges": [{"start": "51", "end": 100}], "timelinelabels": "run", "choices": null}},
        {"value": {"ranges": null, "choices": ["Calm"]}}, {"value": {"ranges": [{"start": null, "end": 2}], "timelinelabels": ["run"]}},
        {"value": {"ranges": [{"start": 90, "end": 60}], "timelinelabels": ["run"]}}]}]}]"#;
    let (document, notes) = imported(Format::LabelStudio, "a.json", content, project(&["a.mp4"]));
    assert_eq!(shown(&document, 0), (vec!["Calm"], vec![("run", 25, 50)]));
    assert!(notes.len() == 2 && notes[0].cause.contains("null is not a frame number"), "{notes:?}");
}

#[test]
fn frames_of_a_table_at_another_rate_are_placed_by_their_times() {
    let table = "path,label,start_frame,end_frame,fps\na.mp4,wave,100,200,50\nb.mp4,wave,100,200,25.1\n";
    let (document, notes) = imported(Format::Csv, "a.csv", table, project(&["a.mp4", "b.mp4"]));
    assert_eq!(notes, []);
    assert_eq!(shown(&document, 0).1, [("wave", 50, 100)]);
    assert_eq!(shown(&document, 1).1, [("wave", 100, 200)], "the rate is the video's");
}

#[test]
fn a_format_of_a_file_per_video_is_not_exported_to_the_name_of_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let document = project(&["a.mp4"]);
    let prepared = |format, name: &str| prepare(format, &document, Path::new("/project"), &dir.path().join(name));
    for (format, name, folder) in [
        (Format::Cvat, "cvat.xml", "cvat"),
        (Format::Elan, "talk.EAF", "talk"),
        (Format::UcfLists, "lists.csv", "lists"),
        (Format::XAnyLabeling, "labels.json", "labels"),
    ] {
        let error = prepared(format, name).unwrap_err();
        assert!(error.cause.contains("a folder") && error.remedy.ends_with(&format!("such as {folder}")), "{error}");
    }
    assert!(prepared(Format::Cvat, "labels.2026").is_ok());
    fs::create_dir(dir.path().join("old.xml")).unwrap();
    assert!(prepared(Format::Cvat, "old.xml").is_ok(), "a folder that is there is one, whatever its name");
}

#[test]
fn classes_are_matched_whatever_is_between_their_words() {
    let mut document = project(&["a.mp4", "b.mp4", "c.mp4"]);
    for name in ["kick_ball", "Run", "run"] {
        let (_, step) = edits::add_class(&document, name).unwrap();
        document.apply(step);
    }
    let content = "path,label\na.mp4,Kick Ball\nb.mp4,run\nc.mp4,RUN\n";
    let (document, notes) = imported(Format::Csv, "labels.csv", content, document);
    assert_eq!(document.classes.len(), 3, "no new class");
    assert_eq!([0, 1, 2].map(|video| shown(&document, video).0), [vec!["kick_ball"], vec!["run"], vec![]]);
    let [note, ..] = notes.as_slice() else { panic!("the class that may be two is noted") };
    assert!(note.cause.contains("class RUN may be any of the project's classes Run, run; skipped"), "{note}");
}

#[test]
fn boris_bouts_of_three_subjects_are_joined_two_of_them_alike() {
    let bout = |subject: &str, start: f64, end: f64| {
        format!(r#"[{start}, "{subject}", "peck", "", ""], [{end}, "{subject}", "peck", "", ""]"#)
    };
    let events = [bout("ann", 0.0, 10.0), bout("bob", 0.0, 10.0), bout("cid", 5.0, 15.0)].join(", ");
    let (document, notes) = boris(r#"{"1": ["a.mp4"]}"#, "", &events);
    assert_eq!(shown(&document, 0).1, [("peck", 0, 375)]);
    assert!(notes.is_empty(), "nothing is skipped: {notes:?}");
    let note = &document.videos[&VideoId(0)].segments[0].note;
    assert!(["ann", "bob", "cid"].iter().all(|subject| note.contains(subject)), "{note}");
}
