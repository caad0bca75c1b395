//! Exports are imported without change, and files that are no exports do no harm.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::random_edits::RandomEdits;
use super::super::{Document, Facts, Label, Settings, StoredPath, Video, VideoId, edits, times};
use super::*;
use crate::frame_times::FrameTimes;

const ALL: Choices = Choices { add_classes: true, replace: true, allow_several: true };

/// Labels of a video: by name for the whole clip, segments by frame with label and note.
type ShownLabels = (Vec<String>, Vec<(usize, usize, String, String)>);

fn shown(document: &Document, with_notes: bool) -> BTreeMap<String, ShownLabels> {
    let mut all = BTreeMap::new();
    for video in document.videos.values() {
        let name = |label| document.label_name(label).to_owned();
        let mut labels: Vec<_> = video.labels.iter().copied().map(name).collect();
        labels.sort();
        let note = |note: &str| if with_notes { note.to_owned() } else { String::new() };
        let segments = video.segments.iter();
        let mut segments: Vec<_> = segments.map(|s| (s.start, s.end, name(s.label), note(&s.note))).collect();
        segments.sort();
        all.insert(video.path.clone(), (labels, segments));
    }
    all
}

/// Returns the same project before anything was labelled.
fn unlabelled(document: &Document) -> Document {
    let mut blank = document.clone();
    for video in blank.videos.values_mut() {
        *video = Video { facts: video.facts.clone(), ..Video::new(video.path.clone()) };
    }
    blank
}

fn target(format: Format, dir: &Path) -> PathBuf {
    if format.is_folder() { dir.join("export") } else { dir.join(format!("export.{}", format.ending())) }
}

#[test]
fn what_is_exported_comes_back_in_every_format_but_lists() {
    let mut segments = 0;
    for format in Format::ALL.into_iter().filter(|format| *format != Format::UcfLists) {
        for seed in 0..12 {
            let dir = tempfile::tempdir().unwrap();
            let project = Path::new("/home/me/project");
            let document = RandomEdits::new(seed).document(seed % 2 == 0, 60 + 20 * seed as usize);
            let target = target(format, dir.path());
            export(format, &document, project, &target).unwrap();
            let mut back = unlabelled(&document);
            let read = import(format, &target, &back, project, ALL).unwrap();
            assert!(read.notes.is_empty(), "{}, seed {seed}: {:?}", format.name(), read.notes);
            assert!(read.unknown_classes.is_empty(), "{}, seed {seed}", format.name());
            back.apply(read.step);
            let with_notes = format != Format::Elan;
            assert_eq!(shown(&back, with_notes), shown(&document, with_notes), "{}, seed {seed}", format.name());
            segments += document.videos.values().map(|video| video.segments.len()).sum::<usize>();
            let again = import(format, &target, &back, project, ALL).unwrap();
            assert_eq!(again.videos, 0, "{}: what is there already changes nothing", format.name());
        }
    }
    assert!(segments > 1000, "the documents have something to lose: {segments}");
}

#[test]
fn groups_and_notes_come_back_or_the_export_says_that_they_do_not() {
    for format in Format::ALL {
        let dir = tempfile::tempdir().unwrap();
        let mut document = small();
        let wave = Label::Class(document.classes[0].id);
        let second = Video { facts: document.videos[&VideoId(0)].facts.clone(), ..Video::new("b.mp4") };
        document.apply(edits::add_videos(&document, vec![second]));
        document.apply(edits::label_clip(&document, VideoId(0), wave).unwrap());
        document.apply(edits::add_segment(&document, VideoId(0), wave, 10, 20).unwrap().1);
        let segment = document.videos[&VideoId(0)].segments[0].id;
        document.apply(edits::note_segment(&document, VideoId(0), segment, "with the left hand").unwrap());
        for id in [VideoId(0), VideoId(1)] {
            let say =
                |video: &mut Video| (video.group, video.note) = ("kitchen <1>".into(), "dark & \"odd\"\n2".into());
            document.apply(edits::change_video(&document, id, "Say", say).unwrap());
        }
        let target = target(format, dir.path());
        let exported = export(format, &document, dir.path(), &target).unwrap();
        let lost: usize = ["groups of videos", "notes of videos", "notes of segments"]
            .into_iter()
            .filter_map(|what| exported.notes.iter().find(|note| note.cause.starts_with(what)))
            .map(|note| note.cause.rsplit(": ").next().unwrap().parse::<usize>().unwrap())
            .sum();
        let expected = match format {
            Format::Json | Format::ActivityNet | Format::Boris | Format::LabelStudio => 0,
            Format::Csv => 2, // both of the video without labels
            Format::Elan => 1,
            Format::Cvat | Format::XAnyLabeling => 3,
            Format::UcfLists => 4,
        };
        assert_eq!(lost, expected, "{}: {:?}", format.name(), exported.notes);
        if format == Format::UcfLists {
            continue; // Its clips are other videos.
        }
        let mut back = unlabelled(&document);
        back.apply(import(format, &target, &back, dir.path(), ALL).unwrap().step);
        let texts = |document: &Document| {
            let videos = document.videos.values();
            let said = videos.flat_map(|video| [&video.group, &video.note].map(|text| !text.is_empty()));
            let spans =
                document.videos.values().flat_map(|video| &video.segments).map(|segment| !segment.note.is_empty());
            said.chain(spans).filter(|is_there| *is_there).count()
        };
        assert_eq!(texts(&back) + lost, texts(&document), "{}", format.name());
        let first = &back.videos[&VideoId(0)];
        assert!([&first.group, &first.note].into_iter().all(|text| {
            text.is_empty() || document.videos.values().any(|video| [&video.group, &video.note].contains(&text))
        }));
    }
}

#[test]
fn json_holds_everything() {
    for seed in 0..12 {
        let dir = tempfile::tempdir().unwrap();
        let document = RandomEdits::new(seed).document(true, 200);
        let target = target(Format::Json, dir.path());
        export(Format::Json, &document, dir.path(), &target).unwrap();
        let mut back = Document::default();
        let read = import(Format::Json, &target, &back, dir.path(), ALL).unwrap();
        assert_eq!((read.notes.len(), read.new_videos), (0, document.videos.len()));
        back.apply(read.step);
        let classes = |document: &Document| {
            document.classes.iter().map(|class| (class.name.clone(), class.color)).collect::<Vec<_>>()
        };
        assert_eq!(classes(&back), classes(&document), "in their order and colours");
        assert_eq!(shown(&back, true), shown(&document, true));
        for video in document.videos.values() {
            let (_, other) = back.video_at(&video.path).unwrap();
            assert_eq!(other.facts, video.facts);
            assert_eq!((&other.group, &other.note), (&video.group, &video.note));
        }
    }
}

#[test]
fn lists_name_every_clip_that_is_cut_out_by_its_class() {
    for seed in 0..12 {
        let dir = tempfile::tempdir().unwrap();
        let document = RandomEdits::new(seed).document(seed % 2 == 0, 200);
        let exported = export(Format::UcfLists, &document, dir.path(), dir.path()).unwrap();
        let mut expected = Vec::new();
        for video in document.videos.values() {
            let name = |label| document.label_name(label).to_owned();
            let whole = video.labels.first().filter(|_| video.labels.len() == 1 && video.segments.is_empty());
            expected.extend(whole.map(|label| (name(*label), 0, None)));
            expected.extend(video.segments.iter().map(|s| (name(s.label), s.start, Some(s.end))));
        }
        // A project of the extracted clips.
        let mut clips = Document::default();
        let videos = exported.cuts.iter().map(|cut| Video::new(StoredPath::encode(&cut.target, dir.path())));
        clips.apply(edits::add_videos(&clips, videos.collect()));
        assert_eq!(clips.videos.len(), exported.cuts.len(), "every clip has its own name");
        let read = import(Format::UcfLists, dir.path(), &clips, dir.path(), ALL).unwrap();
        assert!(read.notes.is_empty(), "{:?}", read.notes);
        clips.apply(read.step);
        let found = clips.videos.values().zip(&exported.cuts).map(|(video, cut)| {
            assert_eq!(video.labels.len(), 1);
            (clips.label_name(video.labels[0]).to_owned(), cut.start, cut.end)
        });
        assert_eq!(found.collect::<Vec<_>>(), expected, "seed {seed}");
        let rows = |ours: &str, theirs: &str| {
            let [ours, theirs] = [ours, theirs].map(|name| fs::read_to_string(dir.path().join(name)).unwrap());
            let class_of = |path: &str| path.split('/').next().unwrap_or_default().to_owned();
            let paths = theirs.lines().map(|line| line.split_once('\t').unwrap());
            for (line, (path, _)) in ours.lines().zip(paths.clone()) {
                assert!(line.starts_with(path), "{line} is {path}");
            }
            assert_eq!(ours.lines().count(), theirs.lines().count());
            paths.map(|(path, class)| (class_of(path), class.parse::<usize>().unwrap())).collect::<Vec<_>>()
        };
        let index = fs::read_to_string(dir.path().join("classInd.txt")).unwrap();
        let number = |class: &str| index.lines().position(|line| line.split_once(' ').unwrap().1 == class).unwrap();
        for (class, place) in [("trainlist01.txt", "mmaction2_train.txt"), ("testlist01.txt", "mmaction2_test.txt")]
            .map(|(a, b)| rows(a, b))
            .concat()
        {
            assert_eq!(place, number(&class), "{class}");
        }
        let groups = |name: &str| {
            let text = fs::read_to_string(dir.path().join(name)).unwrap();
            text.lines().map(|line| line.split("_g").last().unwrap()[..2].to_owned()).collect::<Vec<_>>()
        };
        let test = groups("testlist01.txt");
        assert!(groups("trainlist01.txt").iter().all(|group| !test.contains(group)), "no group on both sides");
    }
}

/// Returns a project of one video of 100 frames at 25 per second and the class wave.
fn small() -> Document {
    let mut document = Document::default();
    document.apply(edits::add_class(&document, "wave").unwrap().1);
    let facts = Facts {
        frames: 100,
        fps: 25.0,
        start_secs: Some(0.0),
        variable_rate: false,
        size: [64, 48],
        bytes: 1,
        hash: "0".into(),
    };
    document.apply(edits::add_videos(&document, vec![Video { facts: Some(facts), ..Video::new("a.mp4") }]));
    document
}

fn import_csv(text: &str, document: &Document, choices: Choices) -> Import {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("labels.csv");
    fs::write(&path, text).unwrap();
    import(Format::Csv, &path, document, dir.path(), choices).unwrap()
}

#[test]
fn times_become_the_nearest_frames_within_the_video() {
    let mut document = small();
    let text = "path,label,start,end\na.mp4,wave,0.199,0.401\na.mp4,wave,-1,0.1\na.mp4,wave,3.5,99\na.mp4,wave,4,5\n\
                a.mp4,wave,2,1\na.mp4,wave,1,1\na.mp4,wave,NaN,2\na.mp4,wave,1,1e300\n";
    let read = import_csv(text, &document, Choices::default());
    let causes: Vec<_> = read.notes.iter().map(|note| note.cause.clone()).collect();
    for (note, start) in [
        "line 3: the segment extends",
        "line 4: the segment extends",
        "line 5: 4 s to 5 s is not",
        "line 6: 2 s to 1 s is not",
    ]
    .into_iter()
    .enumerate()
    .map(|(place, start)| (&causes[place], start))
    {
        assert!(note.starts_with(start), "{note}");
    }
    assert!(causes[4].starts_with("line 8: NaN s") && causes[5].starts_with("line 9: "), "{causes:?}");
    document.apply(read.step);
    let segments: Vec<_> = document.videos[&VideoId(0)].segments.iter().map(|s| (s.start, s.end)).collect();
    assert_eq!(segments, [(0, 3), (5, 10), (25, 26), (88, 100)]);
}

#[test]
fn a_class_in_either_form_of_unicode_is_added_once_and_gets_all_labels() {
    let text = "a.mp4,o\u{308}l,0,1\na.mp4,\u{f6}l,2,3\n";
    let mut document = small();
    let offered = import_csv(text, &document, Choices::default());
    assert_eq!(offered.unknown_classes, ["\u{f6}l"]);
    let read = import_csv(text, &document, Choices { add_classes: true, ..Choices::default() });
    assert_eq!(read.unknown_classes, ["\u{f6}l"]);
    document.apply(read.step);
    let labels: Vec<_> = document.videos[&VideoId(0)].segments.iter().map(|part| part.label).collect();
    assert_eq!(labels.iter().map(|label| document.label_name(*label)).collect::<Vec<_>>(), ["\u{f6}l"; 2]);
    let (id, name) = document.classes.iter_mut().map(|class| (class.id, &mut class.name)).last().unwrap();
    *name = "o\u{308}l".into(); // As older versions stored it.
    let again = import_csv("a.mp4,\u{f6}l,3,4\n", &document, ALL);
    assert_eq!(again.unknown_classes, [""; 0]);
    document.apply(again.step);
    assert!(
        document.videos[&VideoId(0)].segments.iter().any(|part| (part.start, part.label) == (75, Label::Class(id)))
    );
}

#[test]
fn unknown_classes_are_offered_and_added_if_wanted() {
    let mut document = small();
    let text = "a.mp4,jump\na.mp4,wave,0,1\na.mp4,\"dive, high\",2,3\na.mp4,\"two\nlines\",3,4\n";
    let read = import_csv(text, &document, Choices::default());
    assert_eq!(read.unknown_classes, ["jump", "dive, high"]);
    assert!(read.notes.iter().any(|note| note.cause.contains("line break")), "{:?}", read.notes);
    assert!(read.notes.iter().any(|note| note.cause.contains("1 label of class jump")), "{:?}", read.notes);
    let read = import_csv(text, &document, Choices { add_classes: true, ..Choices::default() });
    assert_eq!(read.unknown_classes, ["jump", "dive, high"]);
    let back = document.apply(read.step);
    let video = &document.videos[&VideoId(0)];
    assert_eq!(video.labels.iter().map(|label| document.label_name(*label)).collect::<Vec<_>>(), ["jump"]);
    assert_eq!(video.segments.len(), 2);
    document.apply(back);
    assert_eq!((document.classes.len(), document.videos[&VideoId(0)].is_unlabelled()), (1, true), "one step");
}

#[test]
fn labels_of_the_project_are_kept_unless_they_are_to_be_replaced() {
    let mut document = small();
    document.apply(edits::label_clip(&document, VideoId(0), Label::Background).unwrap());
    let read = import_csv("a.mp4,wave\n", &document, Choices::default());
    assert_eq!((read.kept.len(), read.videos, read.step.changes.len()), (1, 0, 0));
    assert!(read.notes[0].cause.contains("are kept"), "{:?}", read.notes);
    let read = import_csv("a.mp4,wave\n", &document, Choices { replace: true, ..Choices::default() });
    document.apply(read.step);
    assert_eq!(document.label_name(document.videos[&VideoId(0)].labels[0]), "wave");
}

#[test]
fn an_import_never_removes_what_it_could_not_replace() {
    let mut document = small();
    for (start, end) in [(0, 10), (20, 30)] {
        let wave = Label::Class(document.classes[0].id);
        document.apply(edits::add_segment(&document, VideoId(0), wave, start, end).unwrap().1);
    }
    let replace = Choices { replace: true, ..Choices::default() };
    for text in [
        "a.mp4,wlak,1,2\n",                   // a class that is misspelt
        "a.mp4,wave,60000,120000\n",          // milliseconds
        "a.mp4,wave,1,2\na.mp4,wave,1.5,3\n", // one of two
        "a.mp4,wave,1,2\na.mp4,wave,x,3\n",
        "a.mp4,wave\na.mp4,background\n",
    ] {
        let read = import_csv(text, &document, replace);
        assert_eq!((read.step.changes.len(), read.videos, read.kept.len(), read.replaced), (0, 0, 1, 0), "{text}");
        assert!(read.left_out == 1 && read.notes.iter().any(|note| note.cause.contains("keeps its labels")), "{text}");
    }
    let read = import_csv("path,label,note\na.mp4,,a remark\n", &document, replace);
    let mut noted = document.clone();
    noted.apply(read.step);
    let video = &noted.videos[&VideoId(0)];
    assert_eq!(
        (video.segments.len(), video.note.as_str(), read.videos),
        (2, "a remark", 0),
        "nothing takes their place"
    );
    let read = import_csv("a.mp4,wave,0,0.4\na.mp4,wave,2,3\n", &document, replace);
    assert_eq!((read.videos, read.kept.len(), read.replaced, read.left_out), (1, 0, 1, 0));
}

/// Returns the small project with a video of 5 s at 30 frames per second and then 5 s at 10, with its times in the
/// project in `dir`.
fn variable(dir: &Path) -> Document {
    let mut document = small();
    let stamps = (0..200).map(|frame: u32| match frame {
        0..150 => f64::from(frame) / 30.0,
        _ => 5.0 + f64::from(frame - 150) / 10.0,
    });
    let times = FrameTimes::listed(stamps.collect::<Vec<_>>(), 10.0).unwrap();
    let known = document.videos[&VideoId(0)].facts.clone().unwrap();
    let facts = Facts { frames: 200, fps: 20.1, variable_rate: true, ..known };
    times::keep(dir, &facts, &times).unwrap();
    let step = edits::change_video(&document, VideoId(0), "Facts", |video| video.facts = Some(facts));
    document.apply(step.unwrap());
    document
}

fn segments(document: &Document) -> Vec<(usize, usize)> {
    document.videos[&VideoId(0)].segments.iter().map(|segment| (segment.start, segment.end)).collect()
}

#[test]
fn seconds_are_those_of_the_time_stamps_in_every_format() {
    let dir = tempfile::tempdir().unwrap();
    let mut document = variable(dir.path());
    let source = dir.path().join("labels.csv");
    fs::write(&source, "a.mp4,wave,2,3\na.mp4,wave,5,6\na.mp4,wave,8,9\n").unwrap();
    let read = import(Format::Csv, &source, &document, dir.path(), ALL).unwrap();
    assert_eq!((read.notes.len(), read.remarks.len()), (0, 0));
    document.apply(read.step);
    let right = [(60, 90), (150, 160), (180, 190)];
    assert_eq!(segments(&document), right);
    for (format, text) in [
        (Format::Csv, ",8,9,"),
        (Format::ActivityNet, "8.0,\n            9.0"),
        (Format::Elan, "TIME_VALUE=\"9000\""),
        (Format::Boris, "9.0,"),
        (Format::LabelStudio, "\"fps\": 60.0"),
        (Format::XAnyLabeling, "\"end_ms\": 9000"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let target = target(format, folder.path());
        let exported = export(format, &document, dir.path(), &target).unwrap();
        let written = fs::read_to_string(&exported.files[0]).unwrap();
        assert!(exported.notes.is_empty() && written.contains(text), "{}: {written}", format.name());
        let mut back = unlabelled(&document);
        back.apply(import(format, &target, &back, dir.path(), ALL).unwrap().step);
        assert_eq!(segments(&back), right, "{}", format.name());
    }
}

#[test]
fn times_that_are_not_known_and_pictures_that_begin_late_are_remarked() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("labels.csv");
    fs::write(&source, "a.mp4,wave,1,2\n").unwrap();
    let with_facts = |change: &dyn Fn(&mut Facts)| {
        let mut document = small();
        let changed = |video: &mut Video| video.facts.iter_mut().for_each(change);
        document.apply(edits::change_video(&document, VideoId(0), "Facts", changed).unwrap());
        let read = import(Format::Csv, &source, &document, dir.path(), ALL).unwrap();
        document.apply(read.step);
        (segments(&document), read.remarks.iter().map(|remark| remark.cause.clone()).collect::<Vec<_>>(), read.notes)
    };
    let (late, remarks, notes) = with_facts(&|facts| facts.start_secs = Some(0.5));
    assert!(remarks.len() == 1 && remarks[0].contains("a.mp4 at 0.5 s") && notes.is_empty(), "{remarks:?}{notes:?}");
    assert_eq!(late, [(13, 38)], "a second after the file begins is half a second after its pictures do");
    let (even, remarks, _) = with_facts(&|facts| facts.start_secs = None);
    assert!(remarks.len() == 1 && remarks[0].contains("constant frame rate: a.mp4"), "{remarks:?}");
    assert_eq!(even, [(25, 50)]);
    let mut document = variable(dir.path());
    document.apply(import(Format::Csv, &source, &document, dir.path(), ALL).unwrap().step);
    fs::remove_dir_all(dir.path().join("times")).unwrap();
    let exported = export(Format::Csv, &document, dir.path(), &dir.path().join("out.csv")).unwrap();
    assert!(
        exported.notes.len() == 1 && exported.notes[0].cause.contains("constant frame rate"),
        "{:?}",
        exported.notes
    );
}

#[test]
fn every_frame_comes_back_wherever_the_film_begins_on_the_clock_of_its_file() {
    // On the grid of the rate, half a frame off it, and between.
    let cases =
        [25.0, 30_000.0 / 1001.0].into_iter().flat_map(|fps| [0.0, 0.013, 0.5, 5.0084].map(|start| (fps, start)));
    for (fps, start_secs) in cases.chain([(24.0, 0.02), (50.0, 7.77)]) {
        let mut document = small();
        document.apply(edits::add_class(&document, "rest").unwrap().1);
        let labels: Vec<_> = document.classes.iter().map(|class| Label::Class(class.id)).collect();
        let change = |video: &mut Video| {
            if let Some(facts) = &mut video.facts {
                (facts.frames, facts.fps, facts.start_secs) = (30, fps, Some(start_secs));
            }
        };
        document.apply(edits::change_video(&document, VideoId(0), "Facts", change).unwrap());
        // Every frame is a separate segment.
        for frame in 0..30 {
            let step = edits::add_segment(&document, VideoId(0), labels[frame % 2], frame, frame + 1);
            document.apply(step.unwrap().1);
        }
        for format in Format::ALL.into_iter().filter(|format| *format != Format::UcfLists) {
            let dir = tempfile::tempdir().unwrap();
            let target = target(format, dir.path());
            export(format, &document, dir.path(), &target).unwrap();
            let mut back = unlabelled(&document);
            let read = import(format, &target, &back, dir.path(), ALL).unwrap();
            let case = format!("{}, {fps} a second from {start_secs} s", format.name());
            assert!(read.notes.is_empty(), "{case}: {:?}", read.notes);
            back.apply(read.step);
            assert_eq!(shown(&back, false), shown(&document, false), "{case}");
        }
    }
}

#[test]
fn labels_go_to_no_other_video_of_the_same_last_name() {
    let dir = tempfile::tempdir().unwrap();
    for folder in ["camera1", "camera2"] {
        fs::create_dir(dir.path().join(folder)).unwrap();
        fs::write(dir.path().join(folder).join("0001.mp4"), "").unwrap();
    }
    let mut document = small();
    document.apply(edits::add_videos(&document, vec![Video::new("camera1/0001.mp4")]));
    let source = dir.path().join("labels.csv");
    fs::write(&source, "camera2/0001.mp4,wave\n/mnt/disk/a.mp4,wave\n").unwrap();
    let read = import(Format::Csv, &source, &document, dir.path(), ALL).unwrap();
    assert_eq!((read.unknown_videos.as_slice(), read.videos), ([dir.path().join("camera2/0001.mp4")].as_slice(), 1));
    let remark = "their folders differ: /mnt/disk/a.mp4 as a.mp4";
    assert!(read.remarks.len() == 1 && read.remarks[0].cause.contains(remark), "{:?}", read.remarks);
}

#[test]
fn several_labels_are_told_where_the_project_has_one() {
    let mut document = small();
    let text = "a.mp4,wave\na.mp4,jump\na.mp4,wave,0,2\na.mp4,jump,1,3\na.mp4,wave,1,3\n";
    let choices = Choices { add_classes: true, ..Choices::default() };
    let read = import_csv(text, &document, choices);
    assert!(read.needs_several);
    let lines: Vec<_> = read.notes.iter().map(|note| &note.cause[..7]).collect();
    assert_eq!(lines, ["line 2:", "line 4:", "line 5:"], "{:?}", read.notes);
    let read = import_csv(text, &document, Choices { allow_several: true, ..choices });
    assert_eq!(read.notes.len(), 1, "one class cannot overlap itself: {:?}", read.notes);
    document.apply(read.step);
    let video = &document.videos[&VideoId(0)];
    assert_eq!((video.labels.len(), video.segments.len()), (2, 2));
}

#[test]
fn videos_that_exist_are_offered_and_others_told() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("b.mp4"), "").unwrap();
    let path = dir.path().join("labels.csv");
    fs::write(&path, "b.mp4,wave\nc.mp4,wave\nb.mp4,wave,0,1\n").unwrap();
    let read = import(Format::Csv, &path, &small(), dir.path(), Choices::default()).unwrap();
    assert_eq!(read.unknown_videos, [dir.path().join("b.mp4")]);
    assert!(read.notes.len() == 1 && read.notes[0].cause.starts_with("line 2: c.mp4"), "{:?}", read.notes);
}

#[test]
fn files_that_were_cut_or_damaged_do_no_harm() {
    for format in Format::ALL {
        let dir = tempfile::tempdir().unwrap();
        let mut chance = RandomEdits::new(1);
        let document = chance.document(true, 60);
        let target = target(format, dir.path());
        let file = export(format, &document, dir.path(), &target).unwrap().files.remove(0);
        let whole = fs::read(&file).unwrap();
        for _ in 0..60 {
            let mut bytes = whole.clone();
            match chance.below(2) {
                0 => bytes.truncate(chance.below(whole.len())),
                _ => (0..4).for_each(|_| bytes[chance.below(whole.len())] = chance.below(256) as u8),
            }
            fs::write(&file, &bytes).unwrap();
            let mut copy = document.clone();
            match import(format, &file, &document, dir.path(), ALL) {
                Ok(read) => {
                    read.step.check().unwrap();
                    let back = copy.apply(read.step);
                    copy.apply(back);
                    assert_eq!(copy.videos, document.videos);
                }
                Err(error) => assert!(error.subject.contains("export") || format == Format::UcfLists, "{error}"),
            }
        }
    }
}

#[test]
fn a_project_without_anything_can_be_exported() {
    for format in Format::ALL {
        let dir = tempfile::tempdir().unwrap();
        let document = Document::default();
        let exported = export(format, &document, dir.path(), &target(format, dir.path())).unwrap();
        assert!(exported.notes.is_empty() && exported.cuts.is_empty());
    }
}

#[test]
fn settings_are_not_touched_by_labels_that_need_none() {
    let document = small();
    let read = import_csv("a.mp4,wave\n", &document, Choices::default());
    let mut after = document.clone();
    after.apply(read.step);
    assert_eq!(after.settings, Settings::default());
}
