//! The files of predictions in a project, and which of them are of a video.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::calendar::time_at;
use crate::error::{Error, Result};
use crate::plural::counted;
use crate::predictions::{
    BoutSettings, FrameScores, PredictionFacts, prediction_files, read_prediction_facts, read_predictions,
};

/// The folder of these files in a project's, with a folder for each model.
const FOLDER: &str = "predictions";

/// The video whose predictions are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WantedVideo {
    /// The folder of the project.
    pub dir: PathBuf,
    /// Its path in the project, in plain characters.
    pub name: String,
    /// The hash of its content, as far as it is known.
    pub hash: Option<String>,
    /// Its frames.
    pub frames: usize,
}

/// A file as it was when the folder was listed: another one where it was written since.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct FileStamp {
    path: PathBuf,
    modified: Option<SystemTime>,
    bytes: u64,
}

/// The files in a project's folder of predictions.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ListedFiles {
    /// The folder of the project.
    pub dir: PathBuf,
    pub files: Vec<FileStamp>,
    /// Why they could not be listed.
    pub failure: Option<Error>,
}

/// Predictions of a video.
#[derive(Debug, Clone)]
pub struct PredictionFile {
    /// The path of the file.
    pub path: PathBuf,
    /// When it was written, in universal time.
    pub written: String,
    /// What the predictions were computed from.
    pub facts: PredictionFacts,
    /// The probabilities.
    pub scores: Arc<FrameScores>,
}

impl PredictionFile {
    /// Returns how bouts of `class` are found where nothing else was chosen: at the threshold that the model has for it.
    pub fn default_settings(&self, class: &str) -> BoutSettings {
        let common = BoutSettings::default();
        let place = self.facts.classes.iter().position(|name| name == class);
        place.map_or(common, |place| self.facts.bout_settings(place, &common))
    }
}

/// What a file is to a video.
type ReadFile = (Option<PredictionFile>, Option<Error>);

/// The predictions that were found for a video.
pub(super) struct FoundPredictions {
    pub video: WantedVideo,
    /// Its predictions, the latest first.
    pub files: Vec<PredictionFile>,
    /// Why files are not shown, or may be of another state of the video.
    pub doubts: Vec<Error>,
    /// Every file that was read.
    read: HashMap<FileStamp, ReadFile>,
}

/// How a file belongs to a video.
#[derive(Debug, PartialEq, Eq)]
enum Match {
    /// It is of another one.
    Other,
    /// It is of this one.
    Same,
    /// Its path and frames are those of this one, its content is not.
    Changed,
    /// It is of this one and has another number of frames.
    Frames,
}

/// Returns the files of predictions of the project in `dir`.
pub(super) fn list(dir: &Path) -> ListedFiles {
    let stamp = |path: PathBuf| {
        let metadata = std::fs::metadata(&path).ok();
        let modified = metadata.as_ref().and_then(|metadata| metadata.modified().ok());
        FileStamp { path, modified, bytes: metadata.map_or(0, |metadata| metadata.len()) }
    };
    let (paths, failure) = match prediction_files(&dir.join(FOLDER)) {
        Ok(paths) => (paths, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    ListedFiles { dir: dir.to_owned(), files: paths.into_iter().map(stamp).collect(), failure }
}

/// Returns the predictions of `video` among `files`. Those that `known` has read for the same video are not read again, and of those of
/// other videos only the facts are.
pub(super) fn find(files: &[FileStamp], video: &WantedVideo, known: Option<&FoundPredictions>) -> FoundPredictions {
    let known = known.filter(|known| known.video == *video);
    let read_once = |stamp: &FileStamp| match known.and_then(|known| known.read.get(stamp)) {
        Some(read) => read.clone(),
        None => read(stamp, video).unwrap_or_else(|error| (None, Some(error))),
    };
    let read: HashMap<FileStamp, ReadFile> = files.iter().map(|stamp| (stamp.clone(), read_once(stamp))).collect();
    let mut found: Vec<PredictionFile> = read.values().filter_map(|(file, _)| file.clone()).collect();
    found.sort_by(|a, b| b.written.cmp(&a.written).then_with(|| a.path.cmp(&b.path)));
    let doubts = files.iter().filter_map(|stamp| read[stamp].1.clone()).collect();
    FoundPredictions { video: video.clone(), files: found, doubts, read }
}

/// Returns the predictions in a file if they are of `video`, and what is doubtful about them.
fn read(stamp: &FileStamp, video: &WantedVideo) -> Result<ReadFile> {
    let path = &stamp.path;
    let facts = read_prediction_facts(path)?;
    let doubt = match found_match(&facts, video) {
        Match::Other => return Ok((None, None)),
        Match::Same => None,
        Match::Changed => {
            let cause = "the content of the video has changed since these predictions were made";
            Some(Error::file(path, cause, "Predict the video again if its pictures differ"))
        }
        Match::Frames => {
            let (predicted, own) = (counted(facts.frames, "frame"), counted(video.frames, "frame"));
            let cause = format!("not shown: it is about {predicted}, the clip has {own}");
            return Ok((None, Some(Error::file(path, cause, "Predict the video again"))));
        }
    };
    let (facts, scores) = read_predictions(path)?;
    let since = stamp.modified.and_then(|modified| modified.duration_since(UNIX_EPOCH).ok());
    let written = since.map_or("unknown date".into(), |since| time_at(since.as_secs()));
    Ok((Some(PredictionFile { path: path.clone(), written, facts, scores: Arc::new(scores) }), doubt))
}

fn found_match(facts: &PredictionFacts, video: &WantedVideo) -> Match {
    let is_known = !facts.content.is_empty() && video.hash.is_some();
    let is_content = is_known && video.hash.as_deref() == Some(facts.content.as_str());
    match (is_content, facts.video == video.name, facts.frames == video.frames) {
        (true, _, true) => Match::Same,
        (false, true, true) if is_known => Match::Changed,
        (false, true, true) => Match::Same,
        (true, _, false) | (false, true, false) => Match::Frames,
        (false, false, _) => Match::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::fusion::Fusion;

    fn facts(video: &str, content: &str, frames: usize) -> PredictionFacts {
        PredictionFacts {
            video: video.into(),
            content: content.into(),
            frames,
            fps: 25.0,
            end_secs: 4.0,
            stride: 1,
            classes: vec!["wave".into()],
            model: "own".into(),
            model_hash: "01".into(),
            fusion: Fusion::default(),
            version: "0.1.0".into(),
            ..PredictionFacts::default()
        }
    }

    #[test]
    fn files_belong_to_a_video_by_content_else_by_path() {
        let video = |hash: Option<&str>| WantedVideo {
            dir: "/golf".into(),
            name: "a.mp4".into(),
            hash: hash.map(str::to_owned),
            frames: 100,
        };
        let known = video(Some("00"));
        assert_eq!(found_match(&facts("moved/b.mp4", "00", 100), &known), Match::Same);
        assert_eq!(found_match(&facts("a.mp4", "ff", 100), &known), Match::Changed);
        assert_eq!(found_match(&facts("a.mp4", "ff", 90), &known), Match::Frames);
        assert_eq!(found_match(&facts("b.mp4", "00", 90), &known), Match::Frames);
        assert_eq!(found_match(&facts("b.mp4", "ff", 100), &known), Match::Other);
        assert_eq!(found_match(&facts("a.mp4", "ff", 100), &video(None)), Match::Same, "nothing else is known");
        assert_eq!(found_match(&facts("b.mp4", "00", 100), &video(None)), Match::Other);
    }
}
