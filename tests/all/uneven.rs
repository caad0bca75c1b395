//! Videos whose frames do not follow each other evenly: what is written of them keeps the time of every frame.

use std::fs;
use std::path::Path;

use motionscope::frame_times::FrameTimes;
use motionscope::predictions::read_predictions;
use motionscope::video::{FramePacing, Geometry, Sizes, VideoReader, VideoWriter};

use crate::cli::{code, motionscope, text, untrained_model};
use crate::video::{CLIP, coded_picture, read_code, uneven_clip, write_clip};

fn times(path: &Path) -> FrameTimes {
    VideoReader::open(path, Sizes::default()).unwrap().times().clone()
}

/// Runs a command line that must succeed.
fn run(dir: &Path, line: &str) {
    let output = motionscope(dir, &line.split_whitespace().collect::<Vec<_>>());
    assert_eq!(code(&output), 0, "{line}: {}", text(&output.stderr));
}

/// Asserts that the video at `path` shows its frames when and as long as the frames of `source` from `first` on are shown,
/// beginning at 0.
fn assert_times_of(path: &Path, source: &FrameTimes, first: usize) {
    let written = times(path);
    assert!(written.as_listed().is_some() && written.start_secs().abs() < 1e-9, "{}: {written:?}", path.display());
    for place in 0..=written.frames() {
        let (secs, wanted) = (written.secs(place), source.secs(first + place) - source.secs(first));
        assert!((secs - wanted).abs() < 1e-4, "{}: frame {place} at {secs} and not {wanted} s", path.display());
    }
}

#[test]
fn pictures_stand_at_the_times_they_are_pushed_with_and_the_last_one_ends_as_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stamped.mp4");
    let starts = [7.25, 7.35, 7.36, 8.0, 8.001, 11.5];
    let mut writer = VideoWriter::create(&path, CLIP, FramePacing::Stamped(2.0)).unwrap();
    for (number, &start) in starts.iter().enumerate() {
        let end = starts.get(number + 1).copied().unwrap_or(12.25);
        writer.push_at(&coded_picture(number, CLIP), start..end).unwrap();
    }
    writer.finish().unwrap();
    let source = FrameTimes::listed(starts, 12.25).unwrap();
    assert_times_of(&path, &source, 0);
    let mut reader = VideoReader::open(&path, Sizes::default()).unwrap();
    assert_eq!(reader.info().frames, starts.len());
    assert!(reader.info().notes.is_empty(), "{:?}", reader.info().notes);
    for number in [5, 0, 3, 1, 4, 2] {
        assert_eq!(read_code(&reader.frame(number).unwrap().display), number);
    }
}

#[test]
fn pictures_at_times_that_do_not_rise_still_make_a_clip() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stamped.mp4");
    let mut writer = VideoWriter::create(&path, CLIP, FramePacing::Stamped(25.0)).unwrap();
    for (number, secs) in [3.0..3.0, 3.0..3.000_001, 2.0..1.0, 4.0..4.5].into_iter().enumerate() {
        writer.push_at(&coded_picture(number, CLIP), secs).unwrap();
    }
    writer.push(&coded_picture(4, CLIP)).unwrap();
    writer.finish().unwrap();
    let times = times(&path);
    assert_eq!(times.frames(), 5);
    for (place, secs) in [(3, 1.0), (4, 1.5), (5, 1.54)] {
        assert!((times.secs(place) - secs).abs() < 1e-4, "{times:?}");
    }
}

#[test]
fn at_an_even_pace_times_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, timed) = (folder.path().join("plain.mp4"), folder.path().join("timed.mp4"));
    write_clip(&plain, 40, 29.97);
    assert!(matches!(VideoReader::open(&plain, Sizes::default()).unwrap().info().pace(), FramePacing::Even(_)));
    let mut writer = VideoWriter::create(&timed, CLIP, 29.97).unwrap();
    for number in 0..40 {
        let secs = number as f64 * 0.07;
        writer.push_at(&coded_picture(number, CLIP), secs..secs + 0.07).unwrap();
    }
    writer.finish().unwrap();
    assert!(fs::read(plain).unwrap() == fs::read(timed).unwrap());
}

#[test]
fn every_video_that_is_written_of_an_uneven_clip_has_its_times() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let source = times(&uneven_clip(dir.path()));
    assert_eq!((source.frames(), source.as_listed().is_some()), (200, true));

    run(dir.path(), "flow uneven.mkv --method codec --video flow.mp4 --start 140 --count 20");
    assert_times_of(&at("flow.mp4"), &source, 140);
    assert_eq!(times(&at("flow.mp4")).frames(), 20);

    fs::write(at("labels.csv"), "path,label,start,end\nuneven.mkv,a,4.5,6\nuneven.mkv,b,8,9\n").unwrap();
    run(dir.path(), "project new golf uneven.mkv --classes a,b");
    run(dir.path(), "project import golf labels.csv");
    run(dir.path(), "project export golf lists --format ucf --cut");
    assert_times_of(&at("lists/a/v_a_g01_c01.mp4"), &source, 135);
    let cut = times(&at("lists/a/v_a_g01_c01.mp4"));
    assert!(cut.frames() == 25 && (cut.duration_secs() - 1.5).abs() < 0.002, "{cut:?}");
    let even = times(&at("lists/b/v_b_g01_c01.mp4"));
    assert!(even.frames() == 10 && (even.duration_secs() - 1.0).abs() < 0.002, "{even:?}");
}

#[test]
fn an_analysis_of_an_uneven_clip_has_videos_with_its_times() {
    let dir = tempfile::tempdir().unwrap();
    untrained_model(&dir.path().join("model"));
    let size = Geometry { width: 64, height: 64 };
    let starts = [0.0, 0.1, 0.2, 0.3, 0.8, 1.3, 1.8, 1.9, 2.0, 2.1, 2.2, 2.3];
    let mut writer = VideoWriter::create(&dir.path().join("clip.mp4"), size, FramePacing::Stamped(5.0)).unwrap();
    for (number, &start) in starts.iter().enumerate() {
        let end = starts.get(number + 1).copied().unwrap_or(3.0);
        writer.push_at(&coded_picture(number, size), start..end).unwrap();
    }
    writer.finish().unwrap();
    let source = times(&dir.path().join("clip.mp4"));
    run(dir.path(), "analyze clip.mp4 --out out --model model --device cpu --annotated");
    for name in ["flow.mp4", "annotated.mp4"] {
        assert_times_of(&dir.path().join("out/clip").join(name), &source, 0);
    }
}

#[test]
fn scored_frames_of_an_uneven_clip_have_its_times() {
    let folder = tempfile::tempdir().unwrap();
    let path = uneven_clip(folder.path());
    untrained_model(&folder.path().join("model"));
    let name = path.file_name().unwrap().to_string_lossy();
    run(folder.path(), &format!("predict {name} --out out --stride 3 --model model --device cpu"));
    let file = folder.path().join("out").join(format!("{name}.parquet"));
    let (times, (facts, scores)) = (times(&path), read_predictions(&file).unwrap());
    assert!(times.as_listed().is_some());
    assert_eq!((facts.frames, facts.end_secs), (times.frames(), times.secs(times.frames())));
    let expected: Vec<f64> = (0..times.frames()).step_by(3).map(|frame| times.secs(frame)).collect();
    assert_eq!(scores.secs, expected);
}
