//! Lists and folders as people have them: other countings, hidden files, accents, edges of segments, tables of other tools.

use std::fs;

use motionscope::data::{CheckPlan, DataSource, Dataset, LabelledClip, ListSource, Problem, check};
use motionscope::engine::probe;
use motionscope::labels::formats::{Choices, Format, import};
use motionscope::labels::{Document, edits};
use motionscope::video::first_frame;

use crate::dataset::{SIZE, Stage};

/// The causes of the remarks on a list, or a folder without one, and its clips as `name: class`.
fn remarked(data: DataSource) -> (Vec<String>, Vec<String>) {
    let report = check(&CheckPlan { train: data.clone(), test: None, thorough: false }, &mut |_, _| {}).unwrap();
    let Dataset { classes, clips, .. } = Dataset::open(&data).unwrap();
    let name =
        |clip: &LabelledClip| format!("{}: {}", clip.path.file_name().unwrap().to_string_lossy(), classes[clip.label]);
    (report.remarks.into_iter().map(|remark| remark.cause).collect(), clips.iter().map(name).collect())
}

#[test]
fn lists_that_count_from_0_shift_no_class_and_it_is_said() {
    let stage = Stage::new(&[
        ("bow/x.mp4", ""),
        ("run/y.mp4", ""),
        ("wave/z.mp4", ""),
        ("classInd.txt", "1 bow\n2 run\n3 wave\n"),
        ("all.txt", "bow/x.mp4 0\nrun/y.mp4 1\nwave/z.mp4 2\n"),
        ("without-first.txt", "run/y.mp4 1\nwave/z.mp4 2\n"),
        ("from1.txt", "run/y.mp4 2\nwave/z.mp4 3\n"),
        ("rgb.txt", "run/y 12 2\nwave/z 12 3\n"),
        ("table.csv", "run/y.mp4,2\nwave/z.mp4,3\n"),
        ("mixed.txt", "bow/x.mp4 1\nrun/y.mp4 1\nwave/z.mp4 3\n"),
    ]);
    let source = |list: &str| ListSource { classes: Some(stage.at("classInd.txt")), ..stage.source(list) };
    let right = ["y.mp4: run", "z.mp4: wave"];
    for (list, said) in [
        ("without-first.txt", Some("from 0, not from 1")),
        ("from1.txt", None),
        ("rgb.txt", Some("from 1, not from 0")),
        ("table.csv", Some("from 1, not from 0")),
    ] {
        let (remarks, clips) = remarked(DataSource::List(source(list)));
        assert_eq!(clips, right, "{list}");
        let is_said = remarks.iter().any(|cause| cause.contains("count the classes from"));
        assert_eq!(is_said, said.is_some(), "{list}: {remarks:?}");
        assert!(said.is_none_or(|said| remarks.iter().any(|cause| cause.contains(said))), "{list}: {remarks:?}");
    }
    assert_eq!(remarked(DataSource::List(source("all.txt"))).1[0], "x.mp4: bow");
    let error = Dataset::open(&DataSource::List(source("mixed.txt"))).unwrap_err();
    assert!(error.cause.starts_with("line 2: 'run/y.mp4' is in folder 'run', but class 1 is 'bow'"), "{error}");
}

#[test]
fn what_is_left_out_of_a_folder_is_told_and_hidden_files_are_not() {
    let stage = Stage::new(&[("wave/._a.mp4", "\0\u{5}"), ("wave/.DS_Store", ""), ("wave/Thumbs.db", "")]);
    stage.clip("wave/a.mp4", 12);
    let (remarks, clips) = remarked(DataSource::Folder(stage.0.path().into()));
    assert_eq!((remarks, clips), (Vec::new(), vec!["a.mp4: wave".to_owned()]));
    stage.write("walk/clip.xyz", "");
    stage.write("walk/clip.abc", "");
    assert!(remarked(DataSource::Folder(stage.0.path().into())).0[0].starts_with("2 files skipped"));
    let error = Dataset::open(&DataSource::Folder(stage.at("walk"))).unwrap_err();
    assert!(error.cause.starts_with("no clips found"), "{error}");
    fs::remove_dir_all(stage.at("wave")).unwrap();
    let error = Dataset::open(&DataSource::Folder(stage.0.path().into())).unwrap_err();
    assert!(error.cause.contains("2 files skipped, without a video file extension"), "{error}");
}

const EDGES: &str = r#"{"database": {"steady": {"duration": "1.2", "subset": "training", "annotations": [
    {"segment": [0, 0], "label": "run"}, {"segment": ["0.01", "0,02"], "label": "run"}, {"segment": [0.8, 1.9], "label": "run"},
    {"segment": [1.5, 1.6], "label": "run"}, {"segment": [1, 0.5], "label": "run"}, {"segment": 3, "label": "run"}]},
    "other": {"duration": 3, "subset": "testing", "url": "", "annotations": null}}}"#;

#[test]
fn the_edges_of_activity_net_are_read_and_told() {
    let stage = Stage::new(&[("edges.json", EDGES)]);
    stage.clip("v_steady.mp4", 30);
    let source = ListSource { skip_bad: true, ..stage.source("edges.json") };
    let dataset = Dataset::open(&DataSource::List(source.clone())).unwrap();
    let segments: Vec<_> = dataset.clips.iter().map(|clip| clip.segment_secs.unwrap()).collect();
    assert_eq!(segments, [[0.0, 0.0], [0.01, 0.02], [0.8, 1.2]]);
    let frames: Vec<_> = dataset.clips.iter().map(|clip| clip.decode(SIZE, None).unwrap().len()).collect();
    assert_eq!(frames, [1, 1, 10], "an event is one frame, and 30 frames of 25 a second end at 1.2 s");
    let report =
        check(&CheckPlan { train: DataSource::List(source), test: None, thorough: false }, &mut |_, _| {}).unwrap();
    let said = |found: &[Problem], words: &str| {
        assert!(found.iter().any(|problem| problem.cause.contains(words)), "{words}: {found:#?}");
    };
    said(&report.remarks, "video 'steady': 'run' from 0.8 to 1.9 s is cut");
    said(&report.remarks, "video 'steady': 'run' from 1.5 to 1.6 s is skipped");
    said(&report.problems, "video 'steady': 1 to 0.5 is not a segment");
    said(&report.problems, "video 'steady': annotation 6: ");
    said(&report.problems, "the segment of");
}

#[test]
fn frames_of_a_list_at_another_rate_are_those_that_an_import_finds() {
    let list = "path,label,start_frame,end_frame,fps\na.mp4,run,10,20,50\nb.mp4,run,10,20,25\nc.mp4,run,20,40,\nd.mp4,run,70,80,50\n";
    let stage = Stage::new(&[("list.csv", list)]);
    for name in ["a.mp4", "b.mp4", "c.mp4", "d.mp4"] {
        stage.clip(name, 30);
    }
    let source = ListSource { skip_bad: true, ..stage.source("list.csv") };
    let dataset = Dataset::open(&DataSource::List(source.clone())).unwrap();
    let starts: Vec<_> = dataset.clips.iter().map(|clip| first_frame(&clip.path, clip.segment_secs).unwrap()).collect();
    let frames: Vec<_> = dataset.clips.iter().map(|clip| clip.decode(SIZE, None).unwrap().len()).collect();
    assert_eq!((starts, frames), (vec![5, 10, 20], vec![5, 10, 10]), "25 a second are counted as 50 in the first");
    let report =
        check(&CheckPlan { train: DataSource::List(source), test: None, thorough: false }, &mut |_, _| {}).unwrap();
    let said = |found: &[Problem], words: &str| found.iter().any(|problem| problem.cause.contains(words));
    assert!(said(&report.remarks, "a.mp4 at 50 instead of 25 a second"), "{:#?}", report.remarks);
    assert!(said(&report.remarks, "line 4: the segment extends past the end of the video"), "{:#?}", report.remarks);
    assert!(
        said(&report.problems, "line 5: ") && said(&report.problems, "70 and 80 at 50 a second"),
        "{:#?}",
        report.problems
    );

    let mut document = Document::default();
    let videos = ["a.mp4", "b.mp4", "c.mp4"].map(|name| probe(&stage.at(name), stage.0.path()).unwrap());
    document.apply(edits::add_videos(&document, videos.into()));
    let choices = Choices { add_classes: true, ..Choices::default() };
    let import = import(Format::Csv, &stage.at("list.csv"), &document, stage.0.path(), choices).unwrap();
    document.apply(import.step);
    let segments = document.videos.values().map(|video| (video.segments[0].start, video.segments[0].end));
    assert_eq!(segments.collect::<Vec<_>>(), [(5, 10), (10, 20), (20, 30)]);
}

#[test]
fn an_exported_project_is_trained_on_wherever_its_videos_are() {
    let json = r#"{"database": {"a": {"duration": 1, "subset": "training", "path": "sub/a.mp4", "annotations":
        [{"segment": [0, 1], "label": "run", "clip": true}]}, "sub/b.mp4": {"duration": 1, "subset": "training",
        "path": "sub/b.mp4", "annotations": [{"segment": [0.2, 0.6], "label": "walk"}]}}}"#;
    let stage = Stage::new(&[("sub/a.mp4", ""), ("sub/b.mp4", ""), ("labels.json", json), ("elsewhere/x.txt", "")]);
    let clips = [
        stage.clip_of("sub/a.mp4", 0, None, Some("a")),
        stage.clip_of("sub/b.mp4", 1, Some([0.2, 0.6]), Some("sub/b.mp4")),
    ];
    assert_eq!(stage.open("labels.json").unwrap().clips, clips);
    // Beside the list, where the folder of clips is another.
    let source = ListSource { clips: stage.at("elsewhere"), ..stage.source("labels.json") };
    assert_eq!(Dataset::open(&DataSource::List(source)).unwrap().clips, clips);
}

#[test]
fn kinetics_lists_and_lists_separated_by_blanks_are_read() {
    let stage = Stage::new(&[
        ("riding a bike/-abc_000059_000069.mp4", ""),
        ("xyz_000001_000011.mkv", ""),
        ("whole.mp4", ""),
        (
            "kinetics.csv",
            "label,youtube_id,time_start,time_end,split\nriding a bike,-abc,59,69,train\njuggling,xyz,1,11,train\n\
             juggling,whole,2,12,train\njuggling,xyz,5,15,val\n",
        ),
        ("slowfast.csv", "xyz_000001_000011.mkv 1\nriding a bike/-abc_000059_000069 0\n"),
        ("exchanged.csv", "juggling,xyz_000001_000011\njuggling,whole\n"),
        ("ids.csv", "xyz_000001_000011,juggling\nwhole,waving\n"),
    ]);
    let kinetics = stage.open("kinetics.csv").unwrap();
    let bike = stage.clip_of("riding a bike/-abc_000059_000069.mp4", 1, None, Some("-abc"));
    let juggling = stage.clip_of("xyz_000001_000011.mkv", 0, None, Some("xyz"));
    let part = stage.clip_of("whole.mp4", 0, Some([2.0, 12.0]), Some("whole"));
    assert_eq!(
        (kinetics.classes, kinetics.clips),
        (vec!["juggling".into(), "riding a bike".into()], vec![bike, juggling, part])
    );
    let blanks = stage.open("slowfast.csv").unwrap();
    assert_eq!(blanks.classes, ["0", "1"]);
    assert_eq!(blanks.clips.iter().map(|clip| clip.label).collect::<Vec<_>>(), [1, 0]);
    let error = stage.open("exchanged.csv").unwrap_err();
    assert!(error.cause.contains("the clips are in column 2") && error.remedy.contains("label,path"), "{error}");
    assert_eq!(stage.open("ids.csv").unwrap().clips.len(), 2);
}
