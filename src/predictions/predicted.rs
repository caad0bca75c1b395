//! Predictions as labels, so that all readers of labels can read them.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Bout, BoutChoices, FrameScores, PredictionFacts, bouts, exclusive_bouts, read_predictions};
use crate::error::{Error, Result};
use crate::evaluation::segments::{ScoredWindow, TimeSegment, segments_of_windows};
use crate::frame_times::FrameTimes;
use crate::labels::{
    CLASS_COLORS, Change, Class, ClassId, Document, Facts, Label, Segment, SegmentId, Settings, Step, Video, edits,
    times,
};

/// The extension of files of predictions.
pub const PREDICTIONS_ENDING: &str = "parquet";

/// Returns the files of predictions that `source` names: itself, or those in it and its subfolders, in alphabetical
/// order. Empty if it is something else.
///
/// # Errors
/// If a folder cannot be read.
pub fn prediction_files(source: &Path) -> Result<Vec<PathBuf>> {
    if !source.is_dir() {
        return Ok(if is_named_so(source) { vec![source.to_owned()] } else { Vec::new() });
    }
    let (mut found, mut folders) = (Vec::new(), vec![source.to_owned()]);
    while let Some(folder) = folders.pop() {
        let failed = |error: std::io::Error| Error::io(&folder, &error);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            // Hidden folders contain incomplete files.
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            match entry.file_type().map_err(failed)?.is_dir() {
                true => folders.push(path),
                false => found.extend(is_named_so(&path).then_some(path)),
            }
        }
    }
    found.sort();
    Ok(found)
}

fn is_named_so(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(OsStr::new(PREDICTIONS_ENDING)))
}

/// Reads `files` one after the other and passes the content of each to `act`.
///
/// # Errors
/// Those of `act`; if a file cannot be read, or two files are of the same video or of videos with the same name.
pub fn for_each_prediction(
    files: &[PathBuf],
    act: &mut dyn FnMut(&Path, PredictionFacts, FrameScores) -> Result<()>,
) -> Result<()> {
    let mut seen: BTreeMap<String, &Path> = BTreeMap::new();
    for path in files {
        let (facts, scores) = read_predictions(path)?;
        for (key, cause) in
            [(&facts.content, "it is of the same video as"), (&facts.video, "its video has the same name as that of")]
        {
            if let Some(first) = seen.insert(key.clone(), path) {
                let remedy = "Keep predictions of different models, or of videos of one name, in different folders";
                return Err(Error::file(path, format!("{cause} {}", first.display()), remedy));
            }
        }
        act(path, facts, scores)?;
    }
    Ok(())
}

/// Returns predictions as labels of their videos: the bouts of each class by `choices`, with background between them.
/// Bouts do not overlap, unless the model is a multi-label model. Frame times are stored in `dir`, as in projects.
///
/// # Errors
/// If a file cannot be read, two are of the same video or of videos with the same name, or `dir` cannot be written.
pub fn predicted_labels(files: &[PathBuf], dir: &Path, choices: &BoutChoices) -> Result<Document> {
    let (mut classes, mut videos) = (Vec::<Class>::new(), Vec::new());
    let mut multi_label = false;
    for_each_prediction(files, &mut |path, facts, scores| {
        let labels: Vec<Label> = facts.classes.iter().map(|name| label(&mut classes, name)).collect();
        let times = frame_times(&scores).ok_or_else(|| {
            Error::file(path, "the times of its frames make no sense", "Make it again with motionscope predict")
        })?;
        multi_label |= facts.fusion.is_multi_label();
        let video = video(&facts, &times, segments(&scores, &labels, &predicted_bouts(&facts, &scores, choices)));
        video.facts.iter().try_for_each(|facts| times::keep(dir, facts, &times))?;
        videos.push(video);
        Ok(())
    })?;
    let mut document = Document::default();
    document.apply(edits::set_settings(Settings { multi_label, ..Settings::default() }));
    document.apply(Step::new("Added classes", vec![Change::Classes(classes)]));
    document.apply(edits::add_videos(&document, videos));
    Ok(document)
}

/// Returns detections of every class, as from sliding windows: for every threshold the runs of scored frames that reach
/// it; of those that overlap by more than `iou` the best is kept. The video is named after its file, without extension.
pub fn predicted_segments(scores: &FrameScores, thresholds: &[f64], iou: f64) -> Vec<TimeSegment> {
    let video = Path::new(&scores.video).file_stem().unwrap_or_default().to_string_lossy();
    let ends = scores.secs.iter().skip(1).chain([&scores.end_secs]);
    let frames: Vec<(f64, f64)> = scores.secs.iter().copied().zip(ends.copied()).collect();
    let of_class = |(class, name): (usize, &String)| {
        let windows = frames.iter().zip(scores.class(class)).map(|(&(start_secs, end_secs), probability)| {
            ScoredWindow { start_secs, end_secs, probability: probability.into() }
        });
        segments_of_windows(&video, name, &windows.collect::<Vec<_>>(), thresholds, iou)
    };
    scores.classes.iter().enumerate().flat_map(of_class).collect()
}

/// Returns whether a class of a model is the background class of a model trained with background.
pub fn is_background_class(name: &str) -> bool {
    name.trim().eq_ignore_ascii_case("background")
}

/// Returns the label of a class of a model, adding the class if needed.
fn label(classes: &mut Vec<Class>, name: &str) -> Label {
    if is_background_class(name) {
        return Label::Background;
    }
    if let Some(known) = classes.iter().find(|class| class.name == name) {
        return Label::Class(known.id);
    }
    let (id, color) = (ClassId(classes.len() as u32), CLASS_COLORS[classes.len() % CLASS_COLORS.len()]);
    classes.push(Class { id, name: name.to_owned(), color });
    Label::Class(id)
}

fn video(facts: &PredictionFacts, times: &FrameTimes, segments: Vec<Segment>) -> Video {
    // `%` is the escape character in paths of projects.
    let path = facts.video.replace('%', "%25");
    let known = Facts {
        frames: facts.frames,
        fps: facts.fps,
        start_secs: Some(times.start_secs()),
        variable_rate: true,
        size: [0; 2],
        bytes: 0,
        hash: facts.content.clone(),
    };
    Video { facts: Some(known), segments, ..Video::new(path) }
}

/// Returns the time of each frame: interpolated between scored frames, at which bouts start and end.
fn frame_times(scores: &FrameScores) -> Option<FrameTimes> {
    let time = |frame: usize| {
        let (place, beyond) = (frame / scores.stride, frame % scores.stride);
        let start = scores.secs[place];
        let end = scores.secs.get(place + 1).copied().unwrap_or(scores.end_secs);
        let frames = scores.stride.min(scores.frames - place * scores.stride);
        start + (end - start) * beyond as f64 / frames as f64
    };
    FrameTimes::listed((0..scores.frames).map(time).collect::<Vec<_>>(), scores.end_secs)
}

/// Returns the bouts of each class by `choices`.
fn predicted_bouts(facts: &PredictionFacts, scores: &FrameScores, choices: &BoutChoices) -> Vec<Vec<Bout>> {
    let settings = choices.settings(facts);
    if facts.fusion.is_multi_label() {
        return settings.iter().enumerate().map(|(class, own)| bouts(scores, class, own)).collect();
    }
    exclusive_bouts(scores, &settings)
}

/// Returns the bouts as segments, with background between them: a model labels every frame.
fn segments(scores: &FrameScores, labels: &[Label], bouts: &[Vec<Bout>]) -> Vec<Segment> {
    let bouts = labels.iter().zip(bouts).filter(|(label, _)| **label != Label::Background);
    let bouts =
        bouts.flat_map(|(&label, bouts)| bouts.iter().map(move |bout| (bout.start_frame, bout.end_frame, label)));
    let mut all: Vec<(usize, usize, Label)> = bouts.collect();
    all.sort_by_key(|&(start, ..)| start);
    let mut segments = Vec::new();
    let mut add = |start: usize, end: usize, label: Label| {
        if start < end {
            let id = SegmentId(segments.len() as u32);
            segments.push(Segment { id, label, start, end, note: String::new() });
        }
    };
    let mut last = 0;
    for (start, end, label) in all {
        add(last, start, Label::Background);
        add(start, end, label);
        last = last.max(end);
    }
    add(last, scores.frames, Label::Background);
    segments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::fusion::Fusion;
    use crate::output::OutputGuard;
    use crate::predictions::{BoutSettings, ChosenBouts, Ethogram, LabelledVideos, PredictionWriter};

    /// Returns 40 scored frames of a video at 10 frames per second, with a gap of a second before frame 20, of two
    /// classes: the first is likely in `likely`, the second elsewhere.
    fn write(path: &Path, content: &str, classes: [&str; 2], likely: std::ops::Range<usize>) {
        let stride = 2;
        let facts = PredictionFacts {
            video: if content == "00ff" { "100%25.mp4".into() } else { format!("{}.mp4", path.display()) },
            content: content.into(),
            frames: 79,
            fps: 10.0,
            end_secs: 8.9,
            stride,
            classes: classes.map(str::to_owned).into(),
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
        for index in 0..40 {
            let frame = index * stride;
            let secs = frame as f64 / 10.0 + if frame < 20 { 0.0 } else { 1.0 };
            let first = if likely.contains(&index) { 0.9 } else { 0.2 };
            writer.push(secs, &[first, 1.0 - first]).unwrap();
        }
        writer.finish(&OutputGuard::default()).unwrap();
    }

    /// By hand: frames 10 and 18 are shown at 1.0 and 1.8 s, frame 19 between those at 1.8 and 3.0 s, and frame 40 at
    /// 5.0 s.
    #[test]
    fn bouts_and_the_background_between_them_are_labels() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        write(&at("a.parquet"), "00ff", ["walk", "Background"], 5..20);
        let files = prediction_files(dir.path()).unwrap();
        assert_eq!(files, [at("a.parquet")]);
        let plain = BoutChoices {
            common: ChosenBouts::differing(&BoutSettings::PLAIN, &BoutSettings::default()),
            ..BoutChoices::default()
        };
        let document = predicted_labels(&files, &at("times of it"), &plain).unwrap();
        let labelled = LabelledVideos::of(&document, &at("times of it"));
        assert_eq!((labelled.doubts().count(), &labelled.classes[..]), (0, &["walk".to_owned()][..]));
        let [video] = &labelled.videos[..] else { panic!("one video") };
        assert_eq!((video.video.as_str(), video.hash.as_str(), video.times.frames()), ("100%25.mp4", "00ff", 79));
        let spans: Vec<_> = video.spans.iter().map(|span| (span.class, span.frames.clone())).collect();
        assert_eq!(spans, [(None, 0..10), (Some(0), 10..40), (None, 40..79)]);
        let near = |one: f64, other: f64| (one - other).abs() < 1e-9;
        assert!(
            [(10, 1.0), (19, 2.4), (40, 5.0), (78, 8.8), (79, 8.9)]
                .iter()
                .all(|&(frame, secs)| { near(video.times.secs(frame), secs) })
        );
    }

    #[test]
    fn predictions_of_several_videos_share_their_classes_and_two_of_one_video_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir_all(at("more/.hidden")).unwrap();
        write(&at("more/a.parquet"), "00", ["walk", "rear"], 0..20);
        write(&at("b.PARQUET"), "01", ["rear", "groom"], 0..40);
        fs::write(at("more/.hidden/c.parquet"), "unfinished").unwrap();
        fs::write(at("notes.txt"), "").unwrap();
        let files = prediction_files(dir.path()).unwrap();
        assert_eq!(files, [at("b.PARQUET"), at("more/a.parquet")]);
        assert!(prediction_files(&at("notes.txt")).unwrap().is_empty());
        let document = predicted_labels(&files, dir.path(), &BoutChoices::default()).unwrap();
        let classes: Vec<_> = document.classes.iter().map(|class| class.name.as_str()).collect();
        assert_eq!(classes, ["rear", "groom", "walk"]);
        write(&at("c.parquet"), "00", ["walk", "rear"], 0..20);
        let error =
            predicted_labels(&prediction_files(dir.path()).unwrap(), dir.path(), &BoutChoices::default()).unwrap_err();
        assert!(error.subject.ends_with("a.parquet") && error.cause.contains("c.parquet"), "{error}");
    }

    /// Walking is most probable in the first 20 of 40 scored frames, with a probability below any bout threshold.
    #[test]
    fn every_frame_is_of_the_class_that_is_likeliest_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.parquet");
        write(&path, "00", ["walk", "rear"], 0..20);
        let smoothing_secs = Some(0.0);
        let common = ChosenBouts { threshold: Some(0.95), smoothing_secs, ..ChosenBouts::default() };
        let choices = BoutChoices { common, ..BoutChoices::default() };
        let spans = |choices: &BoutChoices| {
            let document = predicted_labels(std::slice::from_ref(&path), dir.path(), choices).unwrap();
            let labelled = LabelledVideos::of(&document, dir.path());
            let spans = labelled.videos[0].spans.iter();
            spans.map(|span| (span.class, span.frames.clone())).collect::<Vec<_>>()
        };
        assert_eq!(spans(&choices), [(None, 0..79)]);
        assert_eq!(spans(&choices.likeliest()), [(Some(0), 0..40), (Some(1), 40..79)]);
    }

    #[test]
    fn videos_without_a_bout_count_in_summaries() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.parquet");
        write(&path, "00", ["walk", "background"], 0..0);
        let document = predicted_labels(&[path], dir.path(), &BoutChoices::default()).unwrap();
        let ethogram = Ethogram::of(&LabelledVideos::of(&document, dir.path()));
        assert_eq!((ethogram.without_segments, ethogram.bouts.len()), (0, 0));
        assert!(ethogram.overall().all(|row| row.videos == 1 && row.count == 0));
    }

    /// By hand: the first ten scored frames are until frame 20, which is shown at 3 s.
    #[test]
    fn frames_above_a_threshold_are_detections() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.parquet");
        write(&path, "00", ["walk", "rear"], 0..10);
        let (_, scores) = read_predictions(&path).unwrap();
        let found = predicted_segments(&scores, &[0.5], 0.5);
        let found: Vec<_> = found.iter().map(|one| (one.class.as_str(), one.start_secs, one.end_secs)).collect();
        assert_eq!(found, [("walk", 0.0, 3.0), ("rear", 3.0, 8.9)]);
        assert_eq!(predicted_segments(&scores, &[0.5], 0.5)[0].video, "a.parquet");
    }
}
