//! Files as other programs write them, reduced to the relevant parts.

use std::path::Path;
use std::{fs, io::Write};

use super::super::{Document, Facts, Video, VideoId, edits};
use super::*;
use crate::annotations::text;
use crate::error::Error;

pub(super) const ALL: Choices = Choices { add_classes: true, replace: true, allow_several: true };

/// A project of videos with 1000 frames at 25 per second.
pub(super) fn project(paths: &[&str]) -> Document {
    let mut document = Document::default();
    let facts = Facts {
        frames: 1000,
        fps: 25.0,
        start_secs: Some(0.0),
        variable_rate: false,
        size: [64, 48],
        bytes: 1,
        hash: "0".into(),
    };
    let videos = paths.iter().map(|path| Video { facts: Some(facts.clone()), ..Video::new(*path) });
    document.apply(edits::add_videos(&document, videos.collect()));
    document
}

/// The labels of the whole clip, and the segments, of a video.
pub(super) type Shown<'a> = (Vec<&'a str>, Vec<(&'a str, usize, usize)>);

pub(super) fn shown(document: &Document, video: u32) -> Shown<'_> {
    let video = &document.videos[&VideoId(video)];
    let labels = video.labels.iter().map(|label| document.label_name(*label)).collect();
    let segments = video.segments.iter().map(|part| (document.label_name(part.label), part.start, part.end)).collect();
    (labels, segments)
}

/// Returns `document` after the import of a file named `name`, and the notes.
pub(super) fn imported(format: Format, name: &str, content: &str, mut document: Document) -> (Document, Vec<Error>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, content).unwrap();
    let import = import(format, &path, &document, Path::new("/project"), ALL).unwrap();
    document.apply(import.step);
    (document, import.notes)
}

#[test]
fn boris_projects_pair_states_run_over_several_media_and_have_points() {
    let content = r#"{
        "project_format_version": "7.0",
        "behaviors_conf": {
            "0": {"type": "Point event", "key": "p", "code": "peck", "modifiers": {}},
            "1": {"type": "State event", "key": "s", "code": "sleep", "modifiers": {}}
        },
        "observations": {
            "night": {
                "type": "MEDIA", "time offset": 0.0, "description": "", "file": {"1": ["a.mp4", "b.mp4"], "2": []},
                "media_info": {"length": {"a.mp4": 40.0, "b.mp4": 40.0}, "fps": {"a.mp4": 25.0}},
                "events": [
                    [1.8, "ann", "sleep", "", "snores"], [2.0, "bob", "sleep", "", ""], [8.12, "ann", "sleep", "", ""],
                    [9.0, "bob", "sleep", "", ""], [10.0, "", "peck", "m1|m2", ""], [42.0, "", "sleep", "", ""],
                    [43.0, "", "sleep", "", ""], [44.0, "", "sleep", "", ""]
                ]
            },
            "live": {"type": "LIVE", "file": [], "events": [[2.0, "", "peck", "", ""]]}
        }
    }"#;
    let (document, notes) = imported(Format::Boris, "a.boris", content, project(&["a.mp4", "b.mp4"]));
    assert_eq!(shown(&document, 0).1, [("sleep", 45, 225), ("peck (m1, m2)", 250, 251)], "both sleep at a time");
    let note = &document.videos[&VideoId(0)].segments[0].note;
    assert_eq!(note, "snores\nsubject: ann, 1.800 s to 8.120 s\nsubject: bob, 2.000 s to 9.000 s");
    assert_eq!(shown(&document, 1).1, [("sleep", 50, 75)]);
    let notes: Vec<_> = notes.iter().map(|note| note.cause.as_str()).collect();
    assert!(notes.iter().any(|note| note.contains("starts and does not stop")), "{notes:?}");
    assert!(notes.iter().any(|note| note.contains("live: it has no media file")), "{notes:?}");
}

/// Returns a project of BORIS with one observation of `file`, media lengths of 40 s, and these events.
fn boris_project(file: &str, more: &str, events: &str) -> String {
    format!(
        r##"{{"project_format_version": "7.0", "behaviors_conf": {{
            "0": {{"type": "State event", "code": "peck", "color": "#ff0000"}}, "1": {{"type": 3}}}},
        "observations": {{
            "broken": {{"type": "MEDIA", "file": {{"1": ["a.mp4"]}}, "events": 3}},
            "o": {{"type": "MEDIA", "file": {file}, {more} "events": [{events}],
                "media_info": {{"length": {{"a.mp4": 40.0, "b.mp4": 40.0}}, "offset": {{"1": 0.0, "2": 1.5}},
                    "media_creation_time": {{"a.mp4": 1000000, "b.mp4": 2000000}}}}}}}}}}"##
    )
}

pub(super) fn boris(file: &str, more: &str, events: &str) -> (Document, Vec<String>) {
    let content = boris_project(file, more, events);
    let (document, notes) = imported(Format::Boris, "a.boris", &content, project(&["a.mp4", "b.mp4"]));
    let notes: Vec<_> = notes.into_iter().map(|note| note.cause).collect();
    assert!(notes[0].starts_with("behaviour 1: ") && notes[1].starts_with("observation broken: "), "{notes:?}");
    (document, notes[2..].to_vec())
}

#[test]
fn boris_states_are_of_one_subject_and_one_set_of_modifiers() {
    let events = r#"[0.5, "", "peck", "seed", ""], [1.0, "", "peck", "worm|None", ""], [2.0, "", "peck", "seed", ""],
        [3.0, "", "peck", "worm|None", ""], [4.0, "ann", "peck", "12.5", "hard"], [5, "ann", "peck", "12.5", ""], ["x"]"#;
    let (document, notes) = boris(r#"{"1": ["a.mp4"]}"#, "", events);
    assert_eq!(shown(&document, 0).1, [("peck (seed)", 13, 50), ("peck (worm)", 25, 75), ("peck", 100, 125)]);
    assert_eq!(document.videos[&VideoId(0)].segments[2].note, "hard\nsubject: ann\nmodifiers: 12.5");
    assert_eq!(document.class_named("peck").unwrap().color, [255, 0, 0]);
    assert!(notes.len() == 1 && notes[0].contains("event 7: it has no time"), "{notes:?}");

    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("b.boris");
    export(Format::Boris, &document, Path::new("/project"), &target).unwrap();
    let written: serde_json::Value = serde_json::from_str(&fs::read_to_string(&target).unwrap()).unwrap();
    let events = &written["observations"]["a.mp4"]["events"];
    assert_eq!(events[4], serde_json::json!([4.0, "ann", "peck", "12.5", "hard", 100]), "a subject again");
    assert_eq!(written["behaviors_conf"]["0"]["key"], "1", "as in the window");
    assert_eq!((&written["project_date"], &written["observations"]["a.mp4"]["date"]), (&"".into(), &"".into()));
    assert_eq!(written["behaviors_conf"]["0"]["color"], "#ff0000");
}

#[test]
fn boris_times_run_over_offsets_media_and_players() {
    let one = r#"{"1": ["a.mp4"]}"#;
    let state = |start: f64, end: f64| format!(r#"[{start}, "", "peck", "", ""], [{end}, "", "peck", "", ""]"#);
    let peck = |start, end| vec![("peck", start, end)];
    let (document, _) = boris(one, r#""time offset": 5400.0,"#, &state(5402.0, 5403.0));
    assert_eq!(shown(&document, 0).1, peck(50, 75));
    let both = r#"{"1": ["a.mp4", "b.mp4"], "2": []}"#;
    let (document, notes) = boris(both, "", &state(38.0, 41.0));
    assert_eq!((shown(&document, 0).1, shown(&document, 1).1, notes), (peck(950, 1000), peck(0, 25), Vec::new()));
    let (document, _) = boris(both, r#""media_creation_date_as_offset": true,"#, &state(2_000_042.0, 2_000_043.0));
    assert_eq!((shown(&document, 0).1, shown(&document, 1).1), (Vec::new(), peck(50, 75)));
    let players = r#"{"1": ["a.mp4"], "2": ["b.mp4"], "3": ["elsewhere.mp4"]}"#;
    let (document, notes) = boris(players, "", &state(2.0, 3.0));
    assert_eq!((shown(&document, 0).1, shown(&document, 1).1, notes), (peck(50, 75), peck(13, 38), Vec::new()));
}

/// Returns a row of a table of tabular events.
fn boris_row(offset: f64, status: &str, secs: f64, media: &str) -> String {
    format!(
        "o,2024-05-01 10:00:00,,80.000,Media file(s),player #1:/x/a.mp4;/x/b.mp4,{offset},40.000;40.000,25.0,\
        No focal subject,peck,,,{status},{secs},{media},1,,\n"
    )
}

fn boris_table(rows: &[String]) -> (Document, Vec<String>) {
    let header = "Observation id,Observation date,Description,Observation duration,Observation type,Source,Time offset (s),\
        Media duration (s),FPS,Subject,Behavior,Behavioral category,Modifier #1,Behavior type,Time,Media file name,Image index,\
        Image file path,Comment\n";
    let content = header.to_owned() + &rows.concat();
    let (document, notes) = imported(Format::Csv, "a.csv", &content, project(&["a.mp4", "b.mp4"]));
    (document, notes.into_iter().map(|note| note.cause).collect())
}

#[test]
fn boris_tables_have_offsets_and_media_that_follow_each_other() {
    let peck = |start, end| vec![("peck", start, end)];
    let row = boris_row;
    let (document, notes) = boris_table(&[row(0.0, "START", 42.0, "/x/b.mp4"), row(0.0, "STOP", 43.0, "/x/b.mp4")]);
    assert_eq!((shown(&document, 0).1, shown(&document, 1).1, notes), (Vec::new(), peck(50, 75), Vec::new()));
    let (document, notes) = boris_table(&[row(0.0, "START", 38.0, "/x/a.mp4"), row(0.0, "STOP", 41.0, "/x/b.mp4")]);
    assert_eq!((shown(&document, 0).1, shown(&document, 1).1, notes), (peck(950, 1000), peck(0, 25), Vec::new()));
    let (document, _) = boris_table(&[row(5400.0, "START", 5402.0, "Not found"), row(5400.0, "STOP", 5403.0, "NA")]);
    assert_eq!(shown(&document, 0).1, peck(50, 75));
    let rows =
        [row(0.0, "START", 1.0, "/x/a.mp4"), row(0.0, "START", 2.0, "/x/a.mp4"), row(0.0, "STOP", 3.0, "/x/a.mp4")];
    let (document, notes) = boris_table(&rows);
    assert_eq!(shown(&document, 0).1, peck(50, 75));
    assert!(notes.len() == 1 && notes[0].starts_with("line 2: peck starts twice"), "{notes:?}");
    let (_, notes) = boris_table(&[row(0.0, "STOP", 1.0, "/x/a.mp4")]);
    assert!(notes.len() == 1 && notes[0].starts_with("line 2: peck stops and has not started"), "{notes:?}");
}

#[test]
fn compressed_projects_of_boris_are_read() {
    let content = boris_project(r#"{"1": ["a.mp4"]}"#, "", r#"[1, "", "peck", "", ""], [2, "", "peck", "", ""]"#);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.boris.gz");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    fs::write(&path, &packed).unwrap();
    let mut document = project(&["a.mp4"]);
    document.apply(import(Format::Boris, &path, &document, Path::new("/project"), ALL).unwrap().step);
    assert_eq!(shown(&document, 0).1, [("peck", 25, 50)]);
    fs::write(&path, &packed[..packed.len() / 2]).unwrap();
    let error = import(Format::Boris, &path, &document, Path::new("/project"), ALL).unwrap_err();
    assert!(error.cause.contains("cannot be unpacked"), "{error}");
}

#[test]
fn exports_are_what_the_endings_of_their_names_say() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let document = project(&["a.mp4"]);
    for (format, name) in [(Format::Boris, "a.boris"), (Format::Boris, "b.json"), (Format::Csv, "c.csv")] {
        let packed = format!("packed-{name}.gz");
        export(format, &document, dir.path(), &at(name)).unwrap();
        export(format, &document, dir.path(), &at(&packed)).unwrap();
        assert!(!fs::read(at(name)).unwrap().starts_with(&[0x1f, 0x8b]) && !text::read(&at(name)).unwrap().is_empty());
        assert!(fs::read(at(&packed)).unwrap().starts_with(&[0x1f, 0x8b]));
        assert_eq!(text::read(&at(&packed)).unwrap(), text::read(&at(name)).unwrap());
        assert_eq!(Format::of(&at(&packed)), Ok(format));
    }
    for (format, name) in [
        (Format::Boris, "d.csv"),
        (Format::Boris, "d.TSV"),
        (Format::Boris, "d.csv.gz"),
        (Format::ActivityNet, "d.csv"),
        (Format::Json, "d.tsv"),
    ] {
        let error = export(format, &document, dir.path(), &at(name)).unwrap_err();
        assert!(error.remedy.contains(&format!("Name it d.{}", format.ending())), "{error}");
        assert!(
            (format == Format::Boris) == error.cause.contains("can only be imported") && !at(name).exists(),
            "{error}"
        );
    }
}

#[test]
fn boris_tables_are_read_tabular_and_aggregated() {
    let tabular = "Observation id,one,,,,,,,\n,,,,,,,,\nPlayer #1,a.mp4,,,,,,,\n\
        Time,Media file path,Total length,FPS,Subject,Behavior,Behavioral category,Comment,Status\n\
        3.300,a.mp4,40.0,25.0,ann,sleep,,,START\n7.760,a.mp4,40.0,25.0,ann,sleep,,,STOP\n\
        8.000,a.mp4,40.0,25.0,ann,peck,,,POINT\n9.000,a.mp4,40.0,25.0,ann,sleep,,,START\n";
    let (document, notes) = imported(Format::Boris, "a.csv", tabular, project(&["a.mp4"]));
    assert_eq!(shown(&document, 0).1, [("sleep", 83, 194), ("peck", 200, 201)]);
    assert!(notes.len() == 1 && notes[0].cause.starts_with("line 8: sleep starts"), "{notes:?}");
    let aggregated = "Observation id\tMedia file\tTotal length\tFPS\tSubject\tBehavior\tBehavior type\tStart (s)\tStop (s)\n\
        one\t/home/ann/a.mp4\t40.0\t25.0\tNo focal subject\tsleep\tSTATE\t1.800\t8.120\n\
        one\t/home/ann/a.mp4\t40.0\t25.0\tNo focal subject\tpeck\tPOINT\t10.0\tNA\n";
    let (document, notes) = imported(Format::Boris, "a.tsv", aggregated, project(&["a.mp4"]));
    assert_eq!((shown(&document, 0).1, notes), (vec![("sleep", 45, 203), ("peck", 250, 251)], Vec::new()));
}

#[test]
fn elan_documents_are_read_by_the_values_of_their_annotations() {
    let content = r#"<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2024-01-01T00:00:00+01:00" FORMAT="3.0" VERSION="3.0">
    <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
        <MEDIA_DESCRIPTOR MEDIA_URL="file:///Users/ann/My%20Videos/a%20b.mp4" MIME_TYPE="video/mp4"
            RELATIVE_MEDIA_URL="./a%20b.mp4"/>
    </HEADER>
    <TIME_ORDER>
        <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1000"/>
        <TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="2500"/>
        <TIME_SLOT TIME_SLOT_ID="ts3"/>
    </TIME_ORDER>
    <TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="behaviour">
        <ANNOTATION>
            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
                <ANNOTATION_VALUE>run &amp; jump</ANNOTATION_VALUE>
            </ALIGNABLE_ANNOTATION>
        </ANNOTATION>
        <ANNOTATION>
            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts3">
                <ANNOTATION_VALUE>walk</ANNOTATION_VALUE>
            </ALIGNABLE_ANNOTATION>
        </ANNOTATION>
    </TIER>
    <TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="wave">
        <ANNOTATION>
            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a3" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
                <ANNOTATION_VALUE></ANNOTATION_VALUE>
            </ALIGNABLE_ANNOTATION>
        </ANNOTATION>
    </TIER>
</ANNOTATION_DOCUMENT>"#;
    let (document, notes) = imported(Format::Elan, "a.eaf", content, project(&["videos/a b.mp4"]));
    assert_eq!(shown(&document, 0).1, [("run & jump", 25, 63), ("wave", 25, 63)]);
    assert!(notes.len() == 1 && notes[0].cause.starts_with("line 19: "), "{notes:?}");
}

#[test]
fn cvat_tracks_and_tags_become_segments() {
    let tracks = r##"<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <task><id>3</id><name>my task</name><size>1000</size>
      <labels><label><name>person</name><color>#ff6a4d</color></label></labels>
    </task>
    <source>a.mp4</source>
  </meta>
  <track id="0" label="person" source="manual">
    <box frame="10" keyframe="1" outside="0" occluded="0" xtl="1" ytl="1" xbr="2" ybr="2" z_order="0"/>
    <box frame="11" keyframe="0" outside="0" occluded="0" xtl="1" ytl="1" xbr="2" ybr="2" z_order="0"/>
    <box frame="12" keyframe="1" outside="1" occluded="0" xtl="1" ytl="1" xbr="2" ybr="2" z_order="0"/>
    <polygon frame="990" keyframe="1" outside="0" occluded="0" points="1,1;2,2;3,1" z_order="0"/>
  </track>
  <track id="1" source="manual"/>
</annotations>"##;
    let (document, notes) = imported(Format::Cvat, "a.xml", tracks, project(&["a.mp4"]));
    assert_eq!(shown(&document, 0).1, [("person", 10, 12), ("person", 990, 1000)]);
    assert_eq!(document.classes[0].color, [0xff, 0x6a, 0x4d]);
    assert!(notes.len() == 1 && notes[0].cause.contains("line 16: the track has no label"), "{notes:?}");
    let tags = r#"<annotations><version>1.1</version><meta><task><name>a.mp4</name></task></meta>
        <image id="4" name="frame_4"><tag label="wave" source="manual"/></image>
        <image id="5" name="frame_5"><tag label="wave"/><tag label="jump"/></image>
        <image id="7" name="frame_7"><tag label="wave"/></image></annotations>"#;
    let (document, _) = imported(Format::Cvat, "a.xml", tags, project(&["a.mp4"]));
    assert_eq!(shown(&document, 0).1, [("wave", 4, 6), ("jump", 5, 6), ("wave", 7, 8)]);
}

/// Returns a file of CVAT's with this metadata and these elements.
fn cvat(meta: &str, elements: &str, videos: &[&str]) -> (Document, Vec<Error>) {
    let content = format!("<annotations><version>1.1</version><meta>{meta}</meta>{elements}</annotations>");
    imported(Format::Cvat, "a.xml", &content, project(videos))
}

/// Returns a track of boxes at these frames, and whether they are outside.
fn track(more: &str, boxes: &[(usize, u8)]) -> String {
    let boxes =
        boxes.iter().map(|(frame, outside)| format!(r#"<box frame="{frame}" keyframe="1" outside="{outside}"/>"#));
    format!(r#"<track id="0" label="run" {more}>{}</track>"#, boxes.collect::<String>())
}

#[test]
fn cvats_frames_are_the_videos_whatever_the_task_looks_at() {
    let tags = |frames: &[usize]| -> String {
        frames.iter().map(|frame| format!(r#"<image id="{frame}" name="f"><tag label="run"/></image>"#)).collect()
    };
    let run = |start, end| vec![("run", start, end)];
    let step = "<task><size>50</size><stop_frame>249</stop_frame><frame_filter>step=5</frame_filter></task>\
        <source>a.mp4</source>";
    let (document, _) = cvat(step, &track("", &[(200, 0), (205, 0)]), &["a.mp4"]);
    assert_eq!(shown(&document, 0).1, run(200, 250), "to the end of the task");
    let (document, _) = cvat(step, &tags(&[10, 15, 20, 30]), &["a.mp4"]);
    assert_eq!(shown(&document, 0).1, [("run", 10, 25), ("run", 30, 35)]);
    let late = "<task><size>50</size><start_frame>60</start_frame><source>a.mp4</source></task>";
    let (document, _) = cvat(late, &track("", &[(65, 0)]), &["a.mp4"]);
    assert_eq!(shown(&document, 0).1, run(65, 110));
}

#[test]
fn cvats_projects_have_the_tracks_of_all_tasks() {
    let task =
        |id, name| format!("<task><id>{id}</id><name>{name}</name><size>100</size><source>{name}</source></task>");
    let meta = format!(
        "<project><tasks>{}{}</tasks><labels><label><name>run</name></label><label><name>rest</name></label></labels></project>",
        task(7, "a.mp4"),
        task(8, "b.mp4")
    );
    let tracks = |shift: usize| {
        track(r#"task_id="7""#, &[(1, 0), (5, 1)])
            + &track(r#"task_id="8""#, &[(shift + 10, 0), (shift + 20, 1)])
            + &track(r#"task_id="9""#, &[(1, 0)])
    };
    for shift in [0, 100] {
        let (document, notes) = cvat(&meta, &tracks(shift), &["a.mp4", "b.mp4"]);
        assert_eq!((shown(&document, 0).1, shown(&document, 1).1), (vec![("run", 1, 5)], vec![("run", 10, 20)]));
        assert!(notes.len() == 1 && notes[0].cause.contains("belongs to no task"), "{notes:?}");
        assert_eq!(document.classes.len(), 2);
    }
}

/// Returns a document of ELAN's with these media, slots and tiers.
fn eaf(media: &[(&str, &str, &str)], slots: &str, tiers: &str) -> String {
    let media = media.iter().map(|(url, kind, more)| {
        format!(r#"<MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/x/{url}" MIME_TYPE="{kind}" RELATIVE_MEDIA_URL="./{url}" {more}/>"#)
    });
    format!(
        "<ANNOTATION_DOCUMENT><HEADER>{}</HEADER><TIME_ORDER>{slots}</TIME_ORDER>{tiers}</ANNOTATION_DOCUMENT>",
        media.collect::<String>()
    )
}

fn aligned(id: &str, from: &str, to: &str, value: &str) -> String {
    format!(
        r#"<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="{id}" TIME_SLOT_REF1="{from}" TIME_SLOT_REF2="{to}">
        <ANNOTATION_VALUE>{value}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"#
    )
}

fn tier(name: &str, annotations: &[String]) -> String {
    format!(r#"<TIER LINGUISTIC_TYPE_REF="x" TIER_ID="{name}">{}</TIER>"#, annotations.concat())
}

#[test]
fn elans_times_begin_where_the_medium_says_and_the_project_has_the_medium() {
    let slots = r#"<TIME_SLOT TIME_SLOT_ID="s1" TIME_VALUE="0"/><TIME_SLOT TIME_SLOT_ID="s2" TIME_VALUE="1500.5"/>"#;
    let tiers = tier("bout", &[aligned("a1", "s1", "s2", "run")]);
    let media = [("a.wav", "audio/x-wav", ""), ("cam%201.mp4", "video/mp4", r#"TIME_ORIGIN="1000""#)];
    let content = eaf(&media, slots, &tiers);
    let (document, notes) = imported(Format::Elan, "a.eaf", &content, project(&["clips/cam 1.mp4"]));
    assert_eq!((shown(&document, 0).1, notes), (vec![("run", 25, 63)], Vec::new()));
    let media = [("a.mp4", "video/mp4", ""), ("b.mp4", "video/mp4", r#"TIME_ORIGIN="2000""#)];
    let content = eaf(&media, slots, &tiers);
    let (document, _) = imported(Format::Elan, "a.eaf", &content, project(&["a.mp4", "b.mp4"]));
    assert_eq!((shown(&document, 0).1, shown(&document, 1).1), (vec![("run", 0, 38)], vec![("run", 50, 88)]));
    let frames = eaf(&media[..1], slots, &tiers).replace("<HEADER>", r#"<HEADER TIME_UNITS="PAL-frames">"#);
    let frames = frames.replace("1500.5", "50");
    let (document, _) = imported(Format::Elan, "a.eaf", &frames, project(&["a.mp4"]));
    assert_eq!(shown(&document, 0).1, [("run", 0, 50)]);
    let (_, notes) = imported(Format::Elan, "a.eaf", &content, project(&["c.mp4"]));
    assert!(notes.len() == 1 && notes[0].cause.contains("a.mp4 is not in the project"), "{notes:?}");
}

#[test]
fn each_annotation_of_elan_that_is_left_out_is_named_with_its_video_as_people_write_it() {
    let slots = r#"<TIME_SLOT TIME_SLOT_ID="s1" TIME_VALUE="1000"/><TIME_SLOT TIME_SLOT_ID="s3"/>
        <TIME_SLOT TIME_SLOT_ID="s2" TIME_VALUE="2500"/>"#;
    let fast = r#"<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a2" ANNOTATION_REF="a1"><ANNOTATION_VALUE>fast</ANNOTATION_VALUE>
        </REF_ANNOTATION></ANNOTATION>"#;
    let tiers = tier("bout", &[aligned("a1", "s1", "s2", "run")])
        + &tier("quality", &[fast.to_owned()])
        + &tier("part", &[aligned("a3", "s1", "s3", "left"), aligned("a4", "s3", "s2", "right")]);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.eaf");
    fs::write(&path, eaf(&[("cam%201.mp4", "video/mp4", "")], slots, &tiers)).unwrap();
    let choices = Choices { allow_several: false, ..ALL };
    let import = import(Format::Elan, &path, &project(&["cam 1.mp4"]), Path::new("/project"), choices).unwrap();
    assert_eq!((import.left_out, import.notes.len()), (3, 3), "{:?}", import.notes);
    for note in import.notes.iter().chain(&import.remarks) {
        assert!(note.cause.contains("cam 1.mp4") && !note.cause.contains('%'), "{note}");
    }
}

#[test]
fn elans_dependent_annotations_hold_as_long_as_their_parents() {
    let slots = r#"<TIME_SLOT TIME_SLOT_ID="s1" TIME_VALUE="1000"/><TIME_SLOT TIME_SLOT_ID="s3"/>
        <TIME_SLOT TIME_SLOT_ID="s9"/><TIME_SLOT TIME_SLOT_ID="s2" TIME_VALUE="2500"/>"#;
    let refers = |id: &str, to: &str, value: &str| {
        format!(
            r#"<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="{id}" ANNOTATION_REF="{to}"><ANNOTATION_VALUE>{value}</ANNOTATION_VALUE>
            </REF_ANNOTATION></ANNOTATION>"#
        )
    };
    let tiers = tier("of words", &[refers("r2", "r1", "early"), refers("r3", "r1", "late")])
        + &tier("bout", &[aligned("a1", "s1", "s2", "run")])
        + &tier("quality", &[refers("r1", "a1", "fast"), refers("r4", "gone", "lost"), refers("r5", "a1", "")])
        + &tier("part", &[aligned("a3", "s1", "s3", "left"), aligned("a4", "s3", "s2", "right")])
        + &tier("other", &[aligned("a5", "s1", "s9", "first")]);
    let content = eaf(&[("a.mp4", "video/mp4", "")], slots, &tiers);
    let (document, notes) = imported(Format::Elan, "a.eaf", &content, project(&["a.mp4"]));
    let mut found = shown(&document, 0).1;
    found.sort_unstable();
    // `fast` and the annotation without a value share the time of their parent, as words share that of a sentence.
    assert_eq!(
        found,
        [
            ("early", 25, 34),
            ("fast", 25, 44),
            ("first", 25, 50),
            ("late", 34, 44),
            ("left", 25, 44),
            ("right", 44, 63),
            ("run", 25, 63)
        ]
    );
    assert!(notes.len() == 1 && notes[0].cause.contains("the annotation has no times"), "{notes:?}");
}

#[test]
fn documents_lead_to_the_video_from_where_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let mut document = project(&["../films/a b.mov", "c.mp4"]);
    let (class, step) = edits::add_class(&document, "run").unwrap();
    document.apply(step);
    for frames in [(10, 20), (20, 30)] {
        let step = edits::add_segment(&document, VideoId(0), super::super::Label::Class(class), frames.0, frames.1);
        document.apply(step.unwrap().1);
    }
    let exported =
        export(Format::Elan, &document, &dir.path().join("project"), &dir.path().join("labels/elan")).unwrap();
    let texts: Vec<_> = exported.files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let film = texts.iter().find(|text| text.contains("a%20b.mov")).unwrap();
    assert!(film.contains(r#"MIME_TYPE="video/quicktime""#), "{film}");
    assert!(film.contains(r#"RELATIVE_MEDIA_URL="../../../films/a%20b.mov""#), "{film}");
    assert!(texts.iter().any(|text| text.contains(r#"RELATIVE_MEDIA_URL="../../project/c.mp4""#)), "{texts:?}");
    assert_eq!(film.matches(r#"TIME_VALUE="800""#).count(), 2, "each annotation has its own slots: {film}");
}

#[test]
fn label_studios_frames_are_those_of_its_interface() {
    let task = |data: &str, value: &str| {
        format!(
            r#"[{{"data": {{"video": "a.mp4" {data}}}, "annotations": [{{"result": [{{"value": {{"ranges":
            [{{"start": 121, "end": 240}}], "timelinelabels": ["run"] {value}}}}}]}}]}}]"#
        )
    };
    let read = |content: &str| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        fs::write(&path, content).unwrap();
        let mut document = project(&["a.mp4"]);
        let import = import(Format::LabelStudio, &path, &document, Path::new("/project"), ALL).unwrap();
        document.apply(import.step);
        let segments: Vec<_> = shown(&document, 0).1.iter().map(|(_, start, end)| (*start, *end)).collect();
        (segments, import.remarks.len(), import.notes)
    };
    assert_eq!(read(&task("", "")), (vec![(125, 250)], 1, Vec::new()), "24 per second, with a remark");
    assert_eq!(read(&task(r#", "fps": 30"#, "")), (vec![(100, 200)], 0, Vec::new()));
    assert_eq!(read(&task("", r#", "framesCount": 400, "duration": 10"#)), (vec![(75, 150)], 0, Vec::new()));
    let boxes = r#"}}, {"value": {"sequence": [{"frame": 1}], "labels": ["car"], "framesCount": 240, "duration": 10"#;
    assert_eq!(read(&task("", boxes)), (vec![(125, 250)], 1, Vec::new()), "boxes are remarked, and tell the rate");
    let content = r#"[{"data": {"video": "a.mp4"}, "annotations": null}, {"data": 3}, {"data": {"video": "a.mp4"},
        "annotations": [{"result": [{"value": {"ranges": [{"start": "x", "end": 2}], "timelinelabels": ["run"]}},
        {"value": {"start": 1.0, "end": 2.0, "labels": ["run"]}}]}, 7]}]"#;
    let (segments, _, notes) = read(content);
    assert_eq!(segments, [(25, 50)]);
    let causes: Vec<_> = notes.iter().map(|note| &note.cause[..7]).collect();
    assert_eq!(causes, ["task 2:", "task 3:", "task 3:"], "{notes:?}");
}

#[test]
fn one_wrong_object_does_not_cost_the_others() {
    let content = r#"{"database": {
        "a": {"duration": 40.0, "annotations": [{"segment": [0, 0], "label": "run"}, {"segment": [0.05, 0.06], "label": "run"},
            {"segment": [38, 40.3], "label": "run"}, {"segment": [41, 42], "label": "run"}, {"segment": 3, "label": "run"}]},
        "b": {"duration": "?", "annotations": null}, "c": 3}}"#;
    let (document, notes) = imported(Format::ActivityNet, "a.json", content, project(&["a.mp4", "b.mp4", "c.mp4"]));
    assert_eq!(shown(&document, 0).1, [("run", 0, 1), ("run", 1, 2), ("run", 950, 1000)]);
    let causes: Vec<_> = notes.iter().map(|note| note.cause.as_str()).collect();
    assert_eq!(causes.len(), 4, "{causes:?}");
    let starts = [
        "video a: annotation 5: invalid type",
        "video c: ",
        "video a: the segment extends",
        "video a: 41 s to 42 s is not",
    ];
    assert!(causes.iter().zip(starts).all(|(cause, start)| cause.starts_with(start)), "{causes:?}");

    let content = r#"{"version": "1.0.0", "type": "video_classification", "video": "a.mp4", "labels": null, "segments":
        [{"label": "run", "start_ms": 0, "end_ms": 1000}, {"label": "run", "start_ms": "x", "end_ms": 1}]}"#;
    let (document, notes) = imported(Format::XAnyLabeling, "a.json", content, project(&["a.mp4"]));
    assert_eq!(shown(&document, 0).1, [("run", 0, 25)]);
    assert!(notes.len() == 1 && notes[0].cause.starts_with("segment 2: "), "{notes:?}");

    let content = r##"{"motionscope-labels": 1, "classes": [{"name": "run"}], "videos": [
        {"path": "a.mp4", "segments": [{"label": "run", "start": 1, "end": 2}, {"label": "run", "start": -1, "end": 2}]},
        {"path": "b.mp4", "colour": 3}]}"##;
    let (document, notes) = imported(Format::Json, "a.json", content, project(&["a.mp4", "b.mp4"]));
    assert_eq!(shown(&document, 0).1, [("run", 1, 2)]);
    let causes: Vec<_> = notes.iter().map(|note| note.cause.as_str()).collect();
    assert!(causes[0].starts_with("video 1, segment 2: ") && causes[1].starts_with("video 2: "), "{causes:?}");
}

#[test]
fn label_studio_tasks_are_read_with_uploaded_and_local_files() {
    let content = r#"[
        {"id": 1, "data": {"video": "/data/upload/3/1a2b3c4d-a.mp4"}, "annotations": [
            {"id": 9, "was_cancelled": false, "result": [
                {"id": "x", "from_name": "tl", "to_name": "video", "type": "timelinelabels", "origin": "manual",
                 "value": {"ranges": [{"start": 1, "end": 10}], "timelinelabels": ["Moving"]}},
                {"id": "y", "from_name": "c", "to_name": "video", "type": "choices", "value": {"choices": ["Calm"]}}]},
            {"id": 10, "was_cancelled": true, "result": [
                {"type": "choices", "value": {"choices": ["Wrong"]}}]}],
         "predictions": []},
        {"id": 2, "data": {"video_url": "http://localhost:8080/data/local-files/?d=in/b.mp4", "text": "x"}},
        {"id": 3, "data": {"text": "x", "more": "y"}}
    ]"#;
    let (document, notes) = imported(Format::LabelStudio, "a.json", content, project(&["a.mp4", "in/b.mp4"]));
    assert_eq!(shown(&document, 0), (vec!["Calm"], vec![("Moving", 0, 10)]));
    assert!(notes.len() == 1 && notes[0].cause.starts_with("task 3: "), "{notes:?}");
}

#[test]
fn activity_net_finds_videos_by_their_ids() {
    let content = r#"{"version": "VERSION 1.3", "taxonomy": [{"nodeId": 1, "nodeName": "Root"}], "database": {
        "--1DO2V4K74": {"duration": 211.53, "subset": "validation", "resolution": "1920x1080", "url": "https://…",
            "annotations": [{"segment": [30.025, 39.0], "label": "Powerbocking"}]}}}"#;
    let (document, notes) = imported(Format::ActivityNet, "a.json", content, project(&["v_--1DO2V4K74.mp4"]));
    assert_eq!((shown(&document, 0).1, notes), (vec![("Powerbocking", 751, 975)], Vec::new()));
}

#[test]
fn x_any_labelings_times_count_and_not_its_frames_at_another_rate() {
    let content = r##"{
        "version": "1.0.0", "type": "video_classification", "video": "a.mp4", "fps": 30.0, "duration_ms": 40000,
        "width": 64, "height": 48, "labels": ["run", "walk"], "label_colors": {"run": "#ff7f0e"},
        "segments": [
            {"id": "s1234567890", "label": "run", "start_ms": 1000, "end_ms": 3500, "start_frame": 30, "end_frame": 105,
             "description": "starts running"},
            {"id": "s2", "label": "walk", "start_ms": 8000, "end_ms": 9000, "start_frame": 0, "end_frame": 0}
        ]}"##;
    let (document, notes) = imported(Format::XAnyLabeling, "a.json", content, project(&["a.mp4"]));
    assert_eq!((shown(&document, 0).1, notes), (vec![("run", 25, 88), ("walk", 200, 225)], Vec::new()));
    assert_eq!(document.classes[0].color, [0xff, 0x7f, 0x0e]);
}

#[test]
fn ucf101s_own_lists_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| fs::write(dir.path().join(name), content).unwrap();
    write("classInd.txt", "1 ApplyEyeMakeup\r\n2 HandstandPushups\r\n");
    write("trainlist01.txt", "ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi 1\r\nApplyEyeMakeup/v_x.avi 7\r\n");
    write("testlist01.txt", "HandstandPushups/v_HandStandPushups_g01_c01.avi\n");
    let paths = ["UCF/ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi", "UCF/v_HandStandPushups_g01_c01.mp4"];
    let mut document = project(&paths);
    let import = import(Format::UcfLists, dir.path(), &document, Path::new("/project"), ALL).unwrap();
    document.apply(import.step);
    assert_eq!(shown(&document, 0).0, ["ApplyEyeMakeup"]);
    assert_eq!(document.videos[&VideoId(0)].group, "g08");
    assert_eq!(shown(&document, 1).0, ["HandstandPushups"], "converted to another format");
    assert!(import.notes.len() == 1 && import.notes[0].cause.starts_with("line 2: "), "{:?}", import.notes);
}
