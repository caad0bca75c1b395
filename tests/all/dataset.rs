//! Data sets in every layout, what is said about bad lists, and the check before training.

use std::fs;
use std::path::PathBuf;

use motionscope::cli::bench::fixture;
use motionscope::data::{
    AmbiguousSegment, CheckPlan, CheckReport, ClassSpread, DataSource, Dataset, LabelledClip, Layout, ListSource,
    ProblemKind, Subset, check,
};
use motionscope::error::{Error, Result};
use motionscope::video::{ClipFacts, Geometry, VideoReader, decode_clip, decode_segment};
use serde_json::Value;

use crate::cli::{code, motionscope, text};
use crate::shared;
use crate::video::uneven_clip;

pub const SIZE: Geometry = Geometry { width: 64, height: 48 };

/// A folder of files, most of them empty: readers of lists only look whether clips are there.
pub struct Stage(pub tempfile::TempDir);

impl Stage {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let stage = Self(tempfile::tempdir().unwrap());
        for (name, content) in files {
            stage.write(name, content);
        }
        stage
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::create_dir_all(self.at(name).parent().unwrap()).unwrap();
        fs::write(self.at(name), content).unwrap();
    }

    /// A clip of so many frames.
    pub fn clip(&self, name: &str, frames: usize) {
        let path = self.at(name);
        let written = fixture::clip(path.parent().unwrap(), frames, SIZE);
        fs::rename(written.unwrap(), path).unwrap();
    }

    /// `list` with the clips in the same folder and no file of classes.
    pub fn source(&self, list: &str) -> ListSource {
        ListSource::new(self.0.path().into(), self.at(list))
    }

    pub fn open(&self, list: &str) -> Result<Dataset> {
        Dataset::open(&DataSource::List(self.source(list)))
    }

    pub fn clip_of(
        &self,
        path: &str,
        label: usize,
        segment_secs: Option<[f64; 2]>,
        group: Option<&str>,
    ) -> LabelledClip {
        LabelledClip { path: self.at(path), label, segment_secs, group: group.map(str::to_owned), also: Vec::new() }
    }
}

fn test(source: ListSource) -> DataSource {
    DataSource::List(ListSource { subset: Subset::Test, ..source })
}

const UCF101: [(&str, &str); 5] = [
    ("HandstandPushups/v_HandStandPushups_g01_c01.avi", ""),
    ("YoYo/v_YoYo_g08_c02.avi", ""),
    ("classInd.txt", "\u{feff}1 HandstandPushups\r\n2 YoYo\r\n"),
    ("trainlist01.txt", "HandStandPushups/v_HandStandPushups_g01_c01.avi 1\r\nYoYo/v_YoYo_g08_c02.avi 2\r\n"),
    ("testlist01.txt", "HandStandPushups/v_HandstandPushups_g01_c01.avi\r\n\r\nYoYo/v_YoYo_g08_c02.avi"),
];

#[test]
fn ucf101_with_and_without_labels_and_both_spellings() {
    let stage = Stage::new(&UCF101);
    let clips = [
        stage.clip_of(UCF101[0].0, 0, None, Some("v_handstandpushups_g01")),
        stage.clip_of(UCF101[1].0, 1, None, Some("v_yoyo_g08")),
    ];
    for list in ["trainlist01.txt", "testlist01.txt"] {
        let dataset = stage.open(list).unwrap();
        assert_eq!((dataset.classes, dataset.clips), (vec!["HandstandPushups".into(), "YoYo".into()], clips.to_vec()));
    }
}

#[test]
fn hmdb51_splits_have_training_test_and_other_clips() {
    let film = "wave/Film_wave_u_nm_np1_ba_goo_0.avi";
    let stage = Stage::new(&[
        (film, ""),
        ("wave/b#1.avi", ""),
        ("brush_hair/c.avi", ""),
        ("lists/wave_test_split1.txt", "Film_wave_u_nm_np1_ba_goo_0.avi 1 \r\nb#1.avi 2 \r\nc.avi 0 \r\n"),
        ("lists/brush_hair_test_split1.txt", "c.avi 1\n"),
        ("lists/wave_test_split2.txt", "b#1.avi 1\n"),
    ]);
    let source = stage.source("lists");
    let train = Dataset::open(&DataSource::List(source.clone())).unwrap();
    assert_eq!(train.classes, ["brush_hair", "wave"]);
    let film = stage.clip_of(film, 1, None, Some("Film_wave"));
    assert_eq!(train.clips, [stage.clip_of("brush_hair/c.avi", 0, None, None), film]);
    let test = Dataset::open(&test(source.clone())).unwrap();
    assert_eq!(test.clips, [stage.clip_of("wave/b#1.avi", 1, None, None)]);
    let second = Dataset::open(&DataSource::List(ListSource { split: 2, ..source.clone() })).unwrap();
    assert_eq!((second.classes.len(), second.clips.len()), (1, 1));
    let error = Dataset::open(&DataSource::List(ListSource { split: 4, ..source })).unwrap_err();
    assert!(error.cause.contains("no CLASS_test_split4.txt"), "{error}");
}

#[test]
fn tsn_lists_name_folders_of_pictures_and_videos() {
    let stage = Stage::new(&[
        ("wave/a b/img_00001.jpg", ""),
        ("walk/v.mp4", ""),
        ("rgb.txt", "wave/a b 12 1\r\nwalk/v 30 0\r\n"),
        ("classes.txt", "walk\nwave\n"),
    ]);
    let numbered = stage.open("rgb.txt").unwrap();
    assert_eq!(numbered.classes, ["0", "1"]);
    let clips = [stage.clip_of("wave/a b", 1, None, None), stage.clip_of("walk/v.mp4", 0, None, None)];
    assert_eq!(numbered.clips, clips);
    let source = ListSource { classes: Some(stage.at("classes.txt")), ..stage.source("rgb.txt") };
    assert_eq!(Dataset::open(&DataSource::List(source)).unwrap().classes, ["walk", "wave"]);
}

#[test]
fn thumos14_segments_and_ambiguous_ones() {
    let stage = Stage::new(&[
        ("video_validation_0000051.mp4", ""),
        ("video_test_0000004.mp4", ""),
        (
            "annotation/CliffDiving_val.txt",
            "video_validation_0000051  67.5 75.9\r\nvideo_validation_0000051  85.9 90.6\r\n",
        ),
        ("annotation/Diving_val.txt", "video_validation_0000051  67.5 75.9\n"),
        ("annotation/Diving_test.txt", "video_test_0000004  0.2 1.1\n"),
        ("annotation/Ambiguous_val.txt", "video_validation_0000051  1 2\n"),
        ("detclasslist.txt", "7 Diving\n9 CliffDiving\n"),
    ]);
    let source = stage.source("annotation");
    let dataset = Dataset::open(&DataSource::List(source.clone())).unwrap();
    let clip = |label, segment| {
        let group = Some("video_validation_0000051");
        stage.clip_of("video_validation_0000051.mp4", label, Some(segment), group)
    };
    assert_eq!(dataset.classes, ["CliffDiving", "Diving"]);
    assert_eq!(dataset.clips, [clip(0, [67.5, 75.9]), clip(0, [85.9, 90.6]), clip(1, [67.5, 75.9])]);
    let path = stage.at("video_validation_0000051.mp4");
    assert_eq!(dataset.ambiguous, [AmbiguousSegment { path, segment_secs: [1.0, 2.0] }]);

    let named = ListSource { classes: Some(stage.at("detclasslist.txt")), ..source.clone() };
    assert_eq!(Dataset::open(&test(named)).unwrap().classes, ["Diving", "CliffDiving"]);
    assert_eq!(Dataset::open(&test(source)).unwrap().clips[0].segment_secs, Some([0.2, 1.1]));
}

const ACTIVITY_NET: &str = r#"{"version": "VERSION 1.2", "taxonomy": [], "database": {
    "_a1": {"duration": 60.5, "subset": "training", "url": "", "annotations":
        [{"segment": [1.5, 20.25], "label": "Long jump"}, {"segment": [30, 40], "label": "Archery"}]},
    "b2": {"duration": 9, "subset": "validation", "annotations": [{"segment": [0, 9], "label": "Archery"}]},
    "c3": {"duration": 5, "subset": "testing", "annotations": []}}}"#;

#[test]
fn activity_net_segments_by_subset() {
    let stage = Stage::new(&[("v__a1.mkv", ""), ("b2.mp4", ""), ("activity_net.v1-2.min.json", ACTIVITY_NET)]);
    let source = stage.source("activity_net.v1-2.min.json");
    let train = Dataset::open(&DataSource::List(source.clone())).unwrap();
    assert_eq!(train.classes, ["Archery", "Long jump"]);
    let clip = |label, segment| stage.clip_of("v__a1.mkv", label, Some(segment), Some("_a1"));
    assert_eq!(train.clips, [clip(1, [1.5, 20.25]), clip(0, [30.0, 40.0])]);
    let test = Dataset::open(&test(source.clone())).unwrap();
    assert_eq!(test.clips, [stage.clip_of("b2.mp4", 0, Some([0.0, 9.0]), Some("b2"))]);

    let unnamed = ACTIVITY_NET.replace("\"subset\": \"training\", ", "");
    stage.write("part.json", unnamed.replace("}]}", ", \"clip\": null}]}").as_str());
    assert_eq!(Dataset::open(&DataSource::List(stage.source("part.json"))).unwrap().clips.len(), 2);
    assert_eq!(Dataset::open(&self::test(stage.source("part.json"))).unwrap().clips, test.clips);
    stage.write("none.json", unnamed.replace("\"validation\"", "null").replace("\"testing\"", "\"\"").as_str());
    let source_without = stage.source("none.json");
    assert_eq!(Dataset::open(&DataSource::List(source_without.clone())).unwrap().clips.len(), 3);
    assert_eq!(Dataset::open(&self::test(source_without)).unwrap().clips.len(), 3);
    stage.write("activity_net.v1-2.min.json", ACTIVITY_NET.replace("_a1", "gone").as_str());
    let error = Dataset::open(&DataSource::List(source.clone())).unwrap_err();
    assert!(error.cause.starts_with("video 'gone': ") && error.cause.contains("v_gone does not exist"), "{error}");
    let rest = ListSource { skip_bad: true, ..source };
    assert!(Dataset::open(&DataSource::List(rest)).unwrap_err().cause.contains("no clips"));
}

#[test]
fn csv_with_and_without_header_quotes_segments_and_groups() {
    let stage = Stage::new(&[
        ("a, b.mp4", ""),
        ("c.mp4", ""),
        ("plain.csv", "\"a, b.mp4\",wave\r\nc.mp4,walk\r\n"),
        ("header.csv", "\u{feff}Label;Path;group;end;start\nwave;a, b.mp4;x;2.5;1\n\nwave;c.mp4;;;\n"),
        ("numbers.csv", "path,label\nc.mp4,10\n\"a, b.mp4\",9\n"),
        ("classes.txt", "walk\nwave\n"),
        ("indices.csv", "c.mp4,1\n"),
    ]);
    let plain = stage.open("plain.csv").unwrap();
    assert_eq!(plain.classes, ["walk", "wave"]);
    assert_eq!(plain.clips, [stage.clip_of("a, b.mp4", 1, None, None), stage.clip_of("c.mp4", 0, None, None)]);
    let header = stage.open("header.csv").unwrap();
    let clips = [stage.clip_of("a, b.mp4", 0, Some([1.0, 2.5]), Some("x")), stage.clip_of("c.mp4", 0, None, None)];
    assert_eq!(header.clips, clips);
    assert_eq!(stage.open("numbers.csv").unwrap().classes, ["9", "10"]);
    let source = ListSource { classes: Some(stage.at("classes.txt")), ..stage.source("indices.csv") };
    assert_eq!(Dataset::open(&DataSource::List(source)).unwrap().clips[0].label, 1);
}

#[test]
fn the_split_of_a_csv_is_found_in_any_spelling_and_validation_is_not_tested_on_beside_a_test() {
    let videos = ["a.mp4", "b.mp4", "c.mp4", "d.mp4"];
    for (list, trained, tested, note) in [
        ("path,label,Split\na.mp4,x,Train\nb.mp4,y,train\nc.mp4,x,Test\n", vec!["a.mp4", "b.mp4"], vec!["c.mp4"], None),
        (
            "path,label,SPLIT\na.mp4,x,train\nb.mp4,y,val\nc.mp4,x,test\nd.mp4,y,testing\n",
            vec!["a.mp4"],
            vec!["c.mp4", "d.mp4"],
            Some("tested on the rows of the split 'test' and 'testing', not on those of 'val'"),
        ),
        (
            "path,label,split\na.mp4,x,train\nb.mp4,y,validation\n",
            vec!["a.mp4"],
            vec!["b.mp4"],
            Some("tested on the rows of the split 'validation', as it has none called test"),
        ),
        ("path,label,split\na.mp4,x,val\nb.mp4,y,val\n", vec!["a.mp4", "b.mp4"], vec!["a.mp4", "b.mp4"], None),
    ] {
        let stage = Stage::new(&[("list.csv", list)]);
        videos.iter().for_each(|name| stage.write(name, ""));
        let names = |subset| {
            let source = ListSource { subset, ..stage.source("list.csv") };
            let (dataset, notes) = Dataset::with_notes(&DataSource::List(source)).unwrap();
            let name = |clip: &LabelledClip| clip.path.file_name().unwrap().to_str().unwrap().to_owned();
            (dataset.clips.iter().map(name).collect::<Vec<_>>(), notes.first().map(|note| note.cause.clone()))
        };
        assert_eq!(
            names(Subset::Test),
            (tested.iter().map(|name| name.to_string()).collect(), note.map(str::to_owned))
        );
        assert_eq!(names(Subset::Train).0, trained, "{list}");
    }
}

#[test]
fn a_third_cell_that_is_no_time_is_the_group() {
    let stage = Stage::new(&[("list.csv", "a.mp4,x,monday\nb.mp4,y,0:05,0:07\nc.mp4,x,1,2,tuesday\nd.mp4,y\n")]);
    ["a.mp4", "b.mp4", "c.mp4", "d.mp4"].iter().for_each(|name| stage.write(name, ""));
    let clips = stage.open("list.csv").unwrap().clips;
    let found: Vec<_> = clips.iter().map(|clip| (clip.segment_secs, clip.group.as_deref())).collect();
    let expected =
        [(None, Some("monday")), (Some([5.0, 7.0]), None), (Some([1.0, 2.0]), Some("tuesday")), (None, None)];
    assert_eq!(found, expected);
}

#[test]
fn csv_of_any_spreadsheet_says_the_same() {
    let utf16: Vec<u8> =
        "\u{feff}path,label,start,end\na.mp4,wave,1.5,2.75\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for text in [
        b"path;label;start;end\na.mp4;wave;1,5;2,75\n".as_slice(),
        b"a.mp4;wave;1,5;2,75\n",
        b"sep=;\npath;label;start;end\na.mp4;wave;1.5;2.75\n",
        b"video,label,start,end\na.mp4,wave,00:01.5,0:00:02.75\n",
        b"video,label,start_ms,end_ms\na.mp4,wave,1500,2750\n",
        &utf16,
    ] {
        let stage = Stage::new(&[("a.mp4", "")]);
        stage.write("list.csv", text);
        let dataset = stage.open("list.csv").unwrap();
        assert_eq!(dataset.clips, [stage.clip_of("a.mp4", 0, Some([1.5, 2.75]), None)]);
    }
    let stage = Stage::new(&[("a.mp4", "")]);
    stage.write("list.csv", "path,label,start_tick,end_tick\na.mp4,wave,30,60\n");
    assert!(stage.open("list.csv").unwrap_err().cause.contains("start_tick, end_tick"));
}

#[test]
fn bad_lists_are_refused_with_their_line() {
    let clips = [("wave/a.mp4", ""), ("wave/b.mp4", ""), ("classInd.txt", "1 walk\n2 wave\n")];
    let cases: [(&str, &str, &str); 21] = [
        ("list.txt", "wave/a.mp4 3\n", "line 1: no class of"),
        ("list.txt", "wave/a.mp4 0\n", "line 1: no class of"),
        ("list.txt", "wave/a.mp4 -1\n", "line 1: no class of"),
        ("list.txt", "wave/a.mp4 99999999999999999999999\n", "line 1: no class of"),
        ("list.txt", "wave/a.mp4 2\r\n\r\nwave/c.mp4 2\r\n", "line 3: "),
        ("list.txt", "wave/a.mp4 2\nwave/b.mp4 2\nwave/a.mp4 2\n", "line 3: "),
        ("list.txt", "\r\n", "no clips found"),
        ("rgb.txt", "wave/a.mp4 12 0\nwave/b.mp4 12 -1\n", "line 2: 'wave/b.mp4 12 -1' is not"),
        ("rgb.txt", "wave/a.mp4 12 0\nwave/b.mp4 x 0\n", "line 2: 'wave/b.mp4 x 0' is not"),
        ("rgb.txt", "wave/a.mp4 12 0\nwave/b.mp4 12 99999999\n", "line 2: label 99999999 is out of range: 1 class"),
        ("rgb.txt", "wave/a.mp4 12 0\nwave/z 12 0\n", "line 2: "),
        ("list.csv", "wave/a.mp4,wave\n\"wave/b.mp4,wave\n", "line 2: quotes are opened"),
        ("list.csv", "wave/a.mp4,wave\nwave/b.mp4\n", "line 2: 'wave/b.mp4' is not 'path,label'"),
        ("list.csv", "wave/a.mp4,wave,5,1\n", "line 1: 5 to 1 is not a segment"),
        ("list.csv", "wave/a.mp4,wave,5\n", "line 1: '5' to '' is not a segment"),
        ("list.csv", "wave/a.mp4,wave,-1,NaN\n", "line 1: -1 to NaN is not a segment"),
        ("list.csv", "wave/a.mp4,wave\nwave/a.mp4,walk\n", "line 2: "),
        ("list.csv", "path,label\n", "no clips found"),
        ("list.json", "{\"database\": {\n\"a\": 3}}", "video 'a': invalid type"),
        ("list.json", "{\"database\": {\n", "not ActivityNet's JSON: EOF while parsing"),
        ("list.json", "{\"database\": {}}", "no clips found"),
    ];
    for (list, content, cause) in cases {
        let stage = Stage::new(&clips);
        stage.write(list, content);
        let error = stage.open(list).unwrap_err();
        assert!(error.cause.starts_with(cause) && error.subject.ends_with(list), "{content:?}: {error}");
        assert!(!error.remedy.is_empty());
    }
    let stage = Stage::new(&clips);
    stage.write("list.txt", b"wave/a.mp4 2\nwave/\xff.mp4 2\n");
    assert_eq!(stage.open("list.txt").unwrap_err().cause, "line 2 is not text in UTF-8");
    stage.write("list.json", "{\"database\": {\n\"a\": 3, }}");
    assert!(stage.open("list.json").unwrap_err().cause.contains("line 2 column"));
}

#[test]
fn bad_annotation_folders_are_refused_with_their_line() {
    let cases: [(&str, &str, &str); 5] = [
        ("a/wave_test_split1.txt", "a.mp4 3\n", "line 1: 'a.mp4 3' is not"),
        ("a/wave_test_split1.txt", "a.mp4 1\nb.mp4 1\n", "line 2: "),
        ("a/Diving_val.txt", "a 1\n", "line 1: 'a 1' is not 'video start end'"),
        ("a/Diving_val.txt", "a 3 2\n", "line 1: 3 to 2 is not a segment"),
        ("a/Diving_val.txt", "a 2 3\na 2 3\n", "line 2: "),
    ];
    for (list, content, cause) in cases {
        let stage = Stage::new(&[("wave/a.mp4", ""), ("a.mp4", ""), (list, content)]);
        let error = stage.open("a").unwrap_err();
        assert!(error.cause.starts_with(cause) && error.subject.ends_with(list), "{content:?}: {error}");
    }
    let stage = Stage::new(&[("a/Diving_val.txt", "a 2 3\n"), ("a.mp4", ""), ("classes.txt", "Archery\n")]);
    let source = ListSource { classes: Some(stage.at("classes.txt")), ..stage.source("a") };
    assert!(Dataset::open(&DataSource::List(source)).unwrap_err().cause.contains("no class 'Diving'"));
    let file = ListSource { layout: Some(Layout::Hmdb51), ..stage.source("classes.txt") };
    assert!(Dataset::open(&DataSource::List(file)).unwrap_err().cause.contains("one file per class"));
}

#[test]
fn several_bad_rows_are_counted_or_left_out() {
    let stage = Stage::new(&[
        ("wave/a.mp4", ""),
        ("classInd.txt", "1 wave\n"),
        ("list.txt", "wave/x.mp4 1\nwave/a.mp4 1\nwave/a.mp4 7\nwave/a.mp4 1\n"),
    ]);
    let error = stage.open("list.txt").unwrap_err();
    assert!(error.cause.starts_with("line 1: ") && error.cause.ends_with("2 more rows are wrong"), "{error}");
    assert!(error.remedy.contains("--skip-bad"), "{error}");
    let rest = ListSource { skip_bad: true, ..stage.source("list.txt") };
    assert_eq!(Dataset::open(&DataSource::List(rest)).unwrap().clips.len(), 1);
}

#[test]
fn missing_lists_classes_and_folders_are_named() {
    let stage = Stage::new(&[("list.txt", "wave/a.mp4 1\n")]);
    let cause = |source: ListSource| {
        let error = Dataset::open(&DataSource::List(source)).unwrap_err();
        (PathBuf::from(error.subject), error.cause)
    };
    let (subject, said) = cause(stage.source("list.txt"));
    assert!(subject == stage.at("list.txt") && said.contains("no class index is named"), "{said}");
    assert_eq!(cause(stage.source("none.txt")).0, stage.at("none.txt"));
    let no_clips = ListSource { clips: stage.at("none"), ..stage.source("list.txt") };
    assert_eq!(cause(no_clips).0, stage.at("none"));
}

#[test]
fn segments_and_folders_of_pictures_are_decoded() {
    let stage = Stage::new(&[]);
    stage.clip("clip.mp4", 30);
    let path = stage.at("clip.mp4");
    let whole = decode_clip(&path, SIZE, None).unwrap();
    let fps = VideoReader::open(&path, Default::default()).unwrap().info().fps;
    let part = |start: f64, end: f64| decode_segment(&path, Some([start / fps, end / fps]), SIZE, None);
    assert!(part(10.0, 20.0).unwrap() == whole[10..20], "the frame that begins at the end is not part of it");
    assert!(part(9.6, 20.4).unwrap() == whole[10..20], "times are rounded to the nearest frame");
    assert!(part(28.0, 500.0).unwrap() == whole[28..]);
    assert!(part(3.1, 3.2).unwrap() == whole[3..4]);
    assert!(part(40.0, 50.0).unwrap_err().cause.contains("ends at 1.20 s"));

    fs::create_dir(stage.at("frames")).unwrap();
    for (i, frame) in whole.iter().enumerate().take(12) {
        frame.save(stage.at("frames").join(format!("img_{}.png", i + 1))).unwrap();
        frame.save(stage.at("frames").join(format!("flow_x_{}.png", i + 1))).unwrap();
    }
    assert!(decode_clip(&stage.at("frames"), SIZE, None).unwrap() == whole[..12], "1, 2, … 10, 11, 12");
    assert_eq!(decode_clip(&stage.at("frames"), SIZE, Some(5)).unwrap().len(), 5);
    assert!(decode_segment(&stage.at("frames"), Some([0.0, 1.0]), SIZE, None).is_err());
    fs::remove_file(stage.at("frames/img_3.png")).unwrap();
    let facts = ClipFacts::of(&stage.at("frames"), true).unwrap();
    assert_eq!((facts.frames, facts.size, facts.times), (11, SIZE, None));
    assert!(facts.warnings[0].cause.contains("1 of the frames 1 to 12 is missing"));
    stage.write("frames/img_12.png", "not a picture");
    assert!(ClipFacts::of(&stage.at("frames"), false).is_err());
}

fn checked(train: DataSource, test: Option<DataSource>) -> CheckReport {
    let mut told = Vec::new();
    let plan = CheckPlan { train, test, thorough: true };
    let report = check(&plan, &mut |done, of| told.push((done, of))).unwrap();
    assert!(told.iter().all(|&(done, of)| done <= of) && told.iter().any(|&(done, of)| done == of), "{told:?}");
    report
}

fn kinds(report: &CheckReport) -> Vec<(ProblemKind, &str)> {
    report.problems.iter().map(|problem| (problem.kind, problem.cause.as_str())).collect()
}

#[test]
fn the_check_finds_what_would_spoil_a_training() {
    use ProblemKind::{Duplicate, EmptyClass, Label, Leak, Missing, Short, SingleClip, Unreadable};
    let stage = Stage::new(&[
        ("classInd.txt", "1 wave\n2 walk\n3 run\n"),
        (
            "trainlist01.txt",
            "wave/v_wave_g01_c01.mp4 1\nwave/short.mp4 1\nwave/broken.mp4 1\nwave/gone.mp4 1\nwave/copy.mp4 1\nwave/x.mp4 9\nwalk/a.mp4 2\n",
        ),
        ("testlist01.txt", "wave/v_wave_g01_c02.mp4\nwalk/a.mp4\nwalk/b.mp4\n"),
        ("wave/broken.mp4", "not a video"),
        ("walk/none", ""),
    ]);
    stage.clip("wave/v_wave_g01_c01.mp4", 14);
    stage.clip("wave/v_wave_g01_c02.mp4", 13);
    stage.clip("wave/short.mp4", 10);
    stage.clip("walk/a.mp4", 20);
    fs::copy(stage.at("wave/v_wave_g01_c01.mp4"), stage.at("wave/copy.mp4")).unwrap();
    fs::copy(stage.at("wave/short.mp4"), stage.at("walk/b.mp4")).unwrap();
    let source = |list: &str| DataSource::List(stage.source(list));
    let report = checked(source("trainlist01.txt"), Some(source("testlist01.txt")));
    let found = kinds(&report);
    for (kind, words) in [
        (Missing, "line 4: "),
        (Label, "line 6: "),
        (Unreadable, "not a video"),
        (Short, "line 2: "),
        (SingleClip, "'walk'"),
        (EmptyClass, "'run'"),
        (Duplicate, "line 5: "),
        (Leak, "line 1: "),
        (Leak, "line 2: "),
        (Leak, "line 3: "),
        (Short, "line 3: "),
    ] {
        assert!(found.iter().any(|(k, cause)| *k == kind && cause.contains(words)), "{kind:?} {words}: {found:#?}");
    }
    assert_eq!(found.len(), 11, "{found:#?}");
    let leaks: Vec<_> = found.iter().filter(|(kind, _)| *kind == Leak).map(|(_, cause)| *cause).collect();
    assert!(leaks[0].contains("recording 'v_wave_g01'") && leaks[1].contains("trained on too"), "{leaks:?}");
    assert!(leaks[2].contains("is a copy of"), "{leaks:?}");
    let [train, test] = &report.subsets[..] else { panic!("two lists") };
    assert_eq!((train.clips, test.clips), (5, 3));
    assert_eq!(train.classes.iter().map(|class| class.clips).collect::<Vec<_>>(), [4, 1, 0]);
    assert_eq!(train.frames, Some(ClassSpread { least: 10, median: 14, most: 20 }));
}

/// Of 200 frames in 10 s the last second has 10: too few for a window, though a tenth of them are 20.
#[test]
fn the_check_counts_the_frames_of_a_segment_by_their_time_stamps() {
    let stage = Stage::new(&[("list.csv", "uneven.mkv,a,2,3\nuneven.mkv,b,5,6.2\nuneven.mkv,c,8,9\n")]);
    uneven_clip(&stage.at(""));
    let report = checked(DataSource::List(stage.source("list.csv")), None);
    let short: Vec<_> = kinds(&report).into_iter().filter(|(kind, _)| *kind == ProblemKind::Short).collect();
    assert!(short.len() == 1 && short[0].1.contains("has 10 frames, a window 11"), "{short:?}");
    assert_eq!(report.subsets[0].frames, Some(ClassSpread { least: 10, median: 12, most: 30 }));
}

#[test]
fn the_check_looks_at_segments_and_promised_frames() {
    let stage = Stage::new(&[
        ("list.csv", "clip.mp4,wave,0,0.6\nclip.mp4,wave,0.2,0.4\nclip.mp4,wave,1,99\n"),
        ("rgb.txt", "clip 30 0\nframes 12 0\n"),
        ("frames/notes.txt", ""),
    ]);
    stage.clip("clip.mp4", 30);
    let report = checked(DataSource::List(stage.source("list.csv")), None);
    let found = kinds(&report);
    let causes: Vec<_> = found.iter().map(|(_, cause)| &cause[..7]).collect();
    assert_eq!(causes, ["line 2:", "line 3:"], "{found:?}");
    assert_eq!((report.subsets[0].clips, report.subsets[0].files), (3, 1));

    let picture = image::RgbImage::new(64, 48);
    for i in 1..=11 {
        picture.save(stage.at(&format!("frames/image_{i:04}.jpg"))).unwrap();
    }
    let report = checked(DataSource::List(stage.source("rgb.txt")), None);
    assert!(report.is_sound(), "{:?}", report.problems);
    assert!(report.remarks.iter().any(|remark| remark.cause.contains("11 of the 12 frames")), "{:?}", report.remarks);
}

#[test]
fn an_empty_split_is_refused() {
    let stage = Stage::new(&[("lists/wave_test_split1.txt", "a.mp4 1\n"), ("wave/a.mp4", "")]);
    let error = |subset| -> Error {
        let source = DataSource::List(ListSource { subset, ..stage.source("lists") });
        check(&CheckPlan { train: source, test: None, thorough: false }, &mut |_, _| {}).unwrap_err()
    };
    assert_eq!(error(Subset::Test).cause, "no clips found");
}

#[test]
fn data_check_speaks_text_and_json_and_exits_by_what_it_found() {
    let stage = Stage::new(&[
        ("classInd.txt", "1 wave\n2 walk\n"),
        ("train.txt", "wave/a.mp4 1\nwave/b.mp4 1\nwalk/a.mp4 2\nwalk/b.mp4 2\n"),
        ("test.txt", "wave/c.mp4\nwalk/a.mp4\n"),
        ("wave/none", ""),
        ("walk/none", ""),
    ]);
    for (i, name) in ["wave/a.mp4", "wave/b.mp4", "wave/c.mp4", "walk/a.mp4", "walk/b.mp4"].into_iter().enumerate() {
        stage.clip(name, 12 + i);
    }
    let run = |arguments: &str| motionscope(stage.0.path(), &arguments.split(' ').collect::<Vec<_>>());
    let sound = run("data check --data . --list train.txt");
    assert_eq!(code(&sound), 0, "{}", text(&sound.stderr));
    for words in ["4 clips of 2 classes; 12 to 16 frames, median 15", "No problems found", "walk"] {
        assert!(text(&sound.stdout).contains(words), "{words} is not in {}", text(&sound.stdout));
    }
    let leaking = run("data check --data . --list train.txt --test-list test.txt --json");
    let report: Value = serde_json::from_slice(&leaking.stdout).unwrap();
    assert_eq!((code(&leaking), &report["sound"]), (1, &Value::Bool(false)), "{}", text(&leaking.stderr));
    assert_eq!(report["problems"][0]["kind"], "leak", "{report:#}");
    assert_eq!(report["subsets"][1]["subset"], "test");
    let missing = run("data check --data . --list none.txt");
    assert!(code(&missing) == 1 && text(&missing.stderr).contains("none.txt"), "{}", text(&missing.stderr));
}

#[test]
fn jhmdb_has_no_leaks() {
    let Some(root) = shared::data("data/jhmdb") else { return };
    let source = |list: &str| DataSource::list(root.join("clips"), root.join(list), root.join("classInd.txt"));
    let plan = CheckPlan { train: source("trainlist01.txt"), test: Some(source("testlist01.txt")), thorough: false };
    let report = check(&plan, &mut |_, _| {}).unwrap();
    assert!(report.is_sound(), "{:#?}", report.problems);
    assert_eq!(report.subsets.iter().map(|subset| subset.clips).collect::<Vec<_>>(), [650, 138]);
    assert!(report.subsets.iter().all(|subset| subset.classes.len() == 21));
}

#[test]
fn gestures_are_a_folder_per_class() {
    let Some(root) = shared::data("data/gestures") else { return };
    let dataset = Dataset::open(&DataSource::Folder(root)).unwrap();
    assert_eq!((dataset.classes.len(), dataset.clips.len()), (3, 27));
    assert!(dataset.clips.iter().all(|clip| clip.path.is_file()));
}

/// The rows of a list that name one clip are its classes, where several are allowed.
#[test]
fn rows_of_a_whole_clip_give_it_several_classes() {
    let list = "path,label\na.mp4,walk\nb.mp4,carry\na.mp4,carry\n";
    let stage = Stage::new(&[("list.csv", list), ("a.mp4", ""), ("b.mp4", "")]);
    let error = stage.open("list.csv").unwrap_err();
    assert!(error.cause.contains("line 4") && error.cause.contains("with another class"), "{error}");
    let open = |list: &str| Dataset::open(&DataSource::List(stage.source(list)).with_several(true));
    let shown = |list: &str| -> Vec<(String, Vec<String>)> {
        let dataset = open(list).unwrap().cut_at_changes();
        let names =
            |clip: &LabelledClip| clip.shown().into_iter().map(|class| dataset.classes[class].clone()).collect();
        let file = |clip: &LabelledClip| clip.path.file_name().unwrap().to_string_lossy().into_owned();
        dataset.clips.iter().map(|clip| (file(clip), names(clip))).collect()
    };
    let expected = [("a.mp4", vec!["carry", "walk"]), ("b.mp4", vec!["carry"])];
    let expected = expected.map(|(file, names)| (file.to_owned(), names.into_iter().map(str::to_owned).collect()));
    assert_eq!(shown("list.csv"), expected);
    stage.write("list.txt", "a.mp4 2\nb.mp4 1\na.mp4 1\n");
    stage.write("classes.txt", "1 carry\n2 walk\n");
    let source = ListSource { classes: Some(stage.at("classes.txt")), several: true, ..stage.source("list.txt") };
    let clips = Dataset::open(&DataSource::List(source)).unwrap().cut_at_changes().clips;
    assert_eq!(clips.iter().map(LabelledClip::shown).collect::<Vec<_>>(), [vec![0, 1], vec![0]]);
    stage.write("list.csv", "path,label\na.mp4,walk\na.mp4,carry\na.mp4,walk\n");
    assert!(open("list.csv").unwrap_err().cause.contains("line 4"), "the same class twice");
}
