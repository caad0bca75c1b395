//! Annotations and detections of untrimmed video in ActivityNet's JSON, and annotations in THUMOS 2014's text files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::segments::TimeSegment;
use crate::annotations::activity_net::{self, Annotation};
use crate::annotations::text;
use crate::annotations::thumos14::{AMBIGUOUS, TEST, VALIDATION, segment};
use crate::atomic;
use crate::error::{Error, Result};
use crate::names::composed;

/// Annotated videos.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SegmentTruth {
    /// All annotated videos, including those without segments.
    pub videos: BTreeSet<String>,
    /// Annotated segments.
    pub segments: Vec<TimeSegment>,
    /// Ambiguous segments (`Ambiguous` in THUMOS 2014).
    pub ambiguous: Vec<TimeSegment>,
}

/// `{"results": {video: [{"label": …, "score": …, "segment": [start, end]}]}}`
#[derive(Deserialize)]
struct DetectionFile {
    results: BTreeMap<String, Option<Vec<Detection>>>,
}

#[derive(Serialize, Deserialize)]
struct Detection {
    label: String,
    score: f64,
    segment: [f64; 2],
}

impl SegmentTruth {
    fn push(&mut self, segment: TimeSegment) {
        if segment.class == AMBIGUOUS { self.ambiguous.push(segment) } else { self.segments.push(segment) }
    }

    /// Reads ActivityNet's JSON, or a folder of THUMOS 2014's `<Class>_val.txt` and `<Class>_test.txt`. With a
    /// `subset`, reads only its videos: selected by name in the JSON, by the suffix of the text files.
    ///
    /// # Errors
    /// If a file cannot be read, there is no segment, or a segment ends before it starts; the message names the first
    /// one.
    pub fn read(path: &Path, subset: Option<&str>) -> Result<Self> {
        let truth = if path.is_dir() { thumos(path, subset)? } else { activity_net(path, subset)? };
        if truth.segments.is_empty() {
            let cause =
                subset.map_or("no annotated segment".into(), |subset| format!("no annotated segment of '{subset}'"));
            return Err(Error::file(path, cause, "Pass ActivityNet's JSON or the folder of THUMOS' <Class>_test.txt"));
        }
        Ok(truth)
    }

    /// Returns the name in the annotations of the video in the file `stem`: ActivityNet's files are named `v_<video>`.
    pub fn video_of(&self, stem: &str) -> Option<&String> {
        let known = |name: &str| self.videos.get(name);
        known(stem).or_else(|| stem.strip_prefix("v_").and_then(known))
    }
}

/// Reads detections from ActivityNet result JSON.
///
/// # Errors
/// If the file cannot be read, or a detection ends before it starts; the message names the first one.
pub fn read_detections(path: &Path) -> Result<Vec<TimeSegment>> {
    let DetectionFile { results } = text::json(path, "ActivityNet result JSON")?;
    let mut segments = Vec::new();
    for (video, detections) in results {
        for Detection { label, score, segment } in detections.unwrap_or_default() {
            segments.push(checked(path, &video, class_name(&label), segment, score)?);
        }
    }
    Ok(segments)
}

/// Writes detections as ActivityNet result JSON.
///
/// # Errors
/// If the file cannot be written; an older one is then unchanged.
pub fn write_detections(path: &Path, detections: &[TimeSegment]) -> Result<()> {
    let mut results: BTreeMap<&str, Vec<Detection>> = BTreeMap::new();
    for found in detections {
        let segment = [found.start_secs, found.end_secs];
        let detection = Detection { label: found.class.clone(), score: found.score, segment };
        results.entry(&found.video).or_default().push(detection);
    }
    let document = json!({ "version": "motionscope", "results": results, "external_data": {} });
    atomic::replace(path, |writer| Ok(serde_json::to_writer_pretty(writer, &document)?))
}

/// Returns the label of a file normalised like class names of models: trimmed, accents composed.
fn class_name(label: &str) -> String {
    composed(label.trim()).into_owned()
}

fn activity_net(path: &Path, subset: Option<&str>) -> Result<SegmentTruth> {
    let mut truth = SegmentTruth::default();
    let videos = activity_net::read(path)?.into_iter();
    for video in videos.filter(|video| subset.is_none_or(|subset| video.subset == subset)) {
        if let Some(problem) = video.problems.first() {
            return Err(Error::file(path, format!("video '{}': {problem}", video.id), "Correct the annotation"));
        }
        for Annotation { label, segment, .. } in video.annotations {
            truth.push(checked(path, &video.id, class_name(&label), segment, 1.0)?);
        }
        truth.videos.insert(video.id);
    }
    Ok(truth)
}

fn thumos(folder: &Path, subset: Option<&str>) -> Result<SegmentTruth> {
    let ending = subset.map(|subset| format!("_{subset}.txt"));
    let endings = ending.as_deref().map_or(vec![VALIDATION, TEST], |ending| vec![ending]);
    let remedy = "Pass ActivityNet's JSON or the folder of THUMOS' <Class>_test.txt";
    let mut truth = SegmentTruth::default();
    for (class, path) in text::class_files(folder, &endings, "THUMOS14's annotations", remedy)? {
        for (number, line) in text::lines(&path)? {
            let Some((video, segment)) = segment(&line) else {
                let cause = format!("line {number}: '{line}' is not 'video start end'");
                return Err(Error::file(&path, cause, "Times are in seconds"));
            };
            truth.push(checked(&path, video, class.clone(), segment, 1.0)?);
            truth.videos.insert(video.into());
        }
    }
    Ok(truth)
}

fn checked(
    path: &Path,
    video: &str,
    class: String,
    [start_secs, end_secs]: [f64; 2],
    score: f64,
) -> Result<TimeSegment> {
    if !(start_secs.is_finite() && end_secs.is_finite() && start_secs <= end_secs && score.is_finite()) {
        let cause = format!("a segment of '{class}' in video '{video}' from {start_secs} to {end_secs}, score {score}");
        return Err(Error::file(path, cause, "Give the start before the end, in seconds"));
    }
    Ok(TimeSegment { video: video.into(), class, start_secs, end_secs, score })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn annotations_of_both_kinds_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let json = r#"{"version": "1.2", "database": {
            "abc": {"subset": "validation", "duration": 9.5, "annotations": [{"segment": [1.5, 4], "label": "Golf"}]},
            "def": {"subset": "validation", "annotations": null},
            "ghi": {"subset": "training", "annotations": [{"segment": [0, 1], "label": "Jump"}]}}}"#;
        fs::write(at("truth.json"), json).unwrap();
        let truth = SegmentTruth::read(&at("truth.json"), Some("validation")).unwrap();
        let golf =
            TimeSegment { video: "abc".into(), class: "Golf".into(), start_secs: 1.5, end_secs: 4.0, score: 1.0 };
        assert_eq!((truth.segments.clone(), truth.videos.len()), (vec![golf.clone()], 2));
        assert_eq!(
            [truth.video_of("v_def"), truth.video_of("abc"), truth.video_of("ghi")].map(|v| v.is_some()),
            [true, true, false]
        );
        assert_eq!(SegmentTruth::read(&at("truth.json"), None).unwrap().segments.len(), 2);
        assert!(SegmentTruth::read(&at("truth.json"), Some("test")).unwrap_err().cause.contains("'test'"));

        fs::create_dir(at("thumos")).unwrap();
        fs::write(at("thumos/GolfSwing_val.txt"), "video_1  1.5 4.0\r\nvideo_2 0 1\n").unwrap();
        fs::write(at("thumos/Ambiguous_val.txt"), "video_1 0 99\n").unwrap();
        fs::write(at("thumos/Diving_test.txt"), "video_3 0 x\n").unwrap();
        let truth = SegmentTruth::read(&at("thumos"), Some("val")).unwrap();
        assert_eq!(truth.segments[0], TimeSegment { video: "video_1".into(), class: "GolfSwing".into(), ..golf });
        assert_eq!((truth.segments.len(), truth.ambiguous.len()), (2, 1));
        assert_eq!((truth.ambiguous[0].video.as_str(), truth.ambiguous[0].end_secs), ("video_1", 99.0));
        let error = SegmentTruth::read(&at("thumos"), None).unwrap_err();
        assert!(error.subject.ends_with("Diving_test.txt") && error.cause.starts_with("line 1"), "{error}");
    }

    #[test]
    fn detections_come_back_as_they_were_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("results.json");
        let golf =
            TimeSegment { video: "abc".into(), class: "Golf".into(), start_secs: 1.5, end_secs: 4.0, score: 0.25 };
        fs::write(&path, r#"{"results": {"a": null}}"#).unwrap();
        assert_eq!(read_detections(&path).unwrap(), [], "nothing was found");
        write_detections(&path, std::slice::from_ref(&golf)).unwrap();
        assert_eq!(read_detections(&path).unwrap(), [golf]);
        for (text, cause) in [
            ("{}", "results"),
            (r#"{"results": {"a": [{"label": "x", "score": 1, "segment": [3, 2]}]}}"#, "from 3 to 2"),
            (r#"{"results": {"a": [{"label": "x", "score": 1, "segment": [3]}]}}"#, "line 1"),
        ] {
            fs::write(&path, text).unwrap();
            let error = read_detections(&path).unwrap_err();
            assert!(error.cause.contains(cause), "{text}: {error}");
        }
    }
}
