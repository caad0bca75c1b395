//! Detections from `scores.json`, in which `motionscope analyze` stores the scores of a window sliding over a video.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::segments::{ScoredWindow, TimeSegment, segments_of_windows};
use crate::error::{Error, Result};
use crate::files;
use crate::nets::WINDOW_FRAMES;

/// The required fields of the document.
#[derive(Deserialize)]
struct WindowDocument {
    clip: WindowClip,
    classes: Vec<String>,
    #[serde(default = "usual_window")]
    window_frames: usize,
    windows: Vec<WindowRow>,
}

/// For documents without this field.
fn usual_window() -> usize {
    WINDOW_FRAMES
}

#[derive(Deserialize)]
struct WindowClip {
    path: PathBuf,
    fps: f64,
}

#[derive(Deserialize)]
struct WindowRow {
    time_secs: f64,
    /// For documents without this field, from the average frame rate.
    end_secs: Option<f64>,
    fused: Option<ClipWindowScores>,
}

#[derive(Deserialize)]
struct ClipWindowScores {
    probabilities: Vec<f64>,
}

/// Returns the segments of all classes in the video whose `scores.json` is at `path`; the video is named after its
/// file, without extension. Runs of windows that reach one of the `thresholds` are segments; of those that overlap by
/// more than `iou` the best is kept.
///
/// # Errors
/// If the file cannot be read, is another document, or its model has no classes.
pub fn detect(path: &Path, thresholds: &[f64], iou: f64) -> Result<Vec<TimeSegment>> {
    let remedy = "Write it with motionscope analyze --out";
    let text = files::read_to_string(path).map_err(|error| Error::io(path, &error))?;
    let document: WindowDocument =
        serde_json::from_str(&text).map_err(|error| Error::file(path, format!("not a score file: {error}"), remedy))?;
    let window_secs = document.window_frames as f64 / document.clip.fps;
    if !(window_secs.is_finite() && window_secs > 0.0) {
        return Err(Error::file(path, format!("{} frames per second", document.clip.fps), remedy));
    }
    let video = document.clip.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut segments = Vec::new();
    for (index, class) in document.classes.iter().enumerate() {
        let windows = document.windows.iter().map(|window| {
            let probability = *window.fused.as_ref()?.probabilities.get(index)?;
            let end_secs = window.end_secs.unwrap_or(window.time_secs + window_secs);
            Some(ScoredWindow { start_secs: window.time_secs, end_secs, probability })
        });
        let windows: Option<Vec<ScoredWindow>> = windows.collect();
        let windows =
            windows.ok_or_else(|| Error::file(path, format!("a window has no probability of '{class}'"), remedy))?;
        segments.extend(segments_of_windows(&video, class, &windows, thresholds, iou));
    }
    Ok(segments)
}

/// Returns all `scores.json` in `folder` and its subfolders, in alphabetical order.
///
/// # Errors
/// If the folder cannot be read or contains none.
pub fn find_scores(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| Error::io(folder, &error))?;
    let below = entries.filter_map(|entry| entry.ok().map(|entry| entry.path().join("scores.json")));
    let mut files: Vec<PathBuf> = below.chain([folder.join("scores.json")]).filter(|path| path.is_file()).collect();
    files.sort();
    if files.is_empty() {
        return Err(Error::file(
            folder,
            "no scores.json and no predictions in it",
            "Write them with motionscope analyze or predict VIDEOS --out",
        ));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_of_a_document_become_segments() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("scores.json");
        let window =
            |secs: f64, p: f64| format!(r#"{{"time_secs": {secs}, "fused": {{"probabilities": [{p}, {}]}}}}"#, 1.0 - p);
        let document = |windows: &str| {
            format!(r#"{{"clip": {{"path": "in/v_a.mp4", "fps": 11}}, "classes": ["x", "y"], "windows": [{windows}]}}"#)
        };
        let windows = [window(0.0, 0.9), window(1.0, 0.7), window(2.0, 0.1)].join(",");
        fs::write(&path, document(&windows)).unwrap();
        let segments = detect(&path, &[0.5], 0.5).unwrap();
        let found: Vec<_> = segments.iter().map(|s| (s.class.as_str(), s.start_secs, s.end_secs)).collect();
        assert_eq!(found, [("x", 0.0, 2.0), ("y", 2.0, 3.0)]);
        assert!(segments.iter().all(|s| s.video == "v_a") && (segments[0].score - 0.8).abs() < 1e-12);
        assert_eq!(find_scores(dir.path()).unwrap(), std::slice::from_ref(&path));

        // A video of variable frame rate states when each window ends.
        fs::write(&path, document(&windows.replace(r#""time_secs": 1"#, r#""end_secs": 4.5, "time_secs": 1"#)))
            .unwrap();
        assert_eq!(detect(&path, &[0.5], 0.5).unwrap()[0].end_secs, 4.5);

        fs::write(&path, document(r#"{"time_secs": 0, "fused": null}"#)).unwrap();
        assert!(detect(&path, &[0.5], 0.5).unwrap_err().cause.contains("'x'"));
        fs::write(&path, "[]").unwrap();
        assert!(detect(&path, &[0.5], 0.5).unwrap_err().cause.contains("not a score file"));
    }
}
