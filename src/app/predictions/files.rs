//! The files of predictions in a project, and which of them are of a video.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use crate::calendar::time_at;
use crate::error::{Error, Result};
use crate::plural::counted;
use crate::predictions::{FrameScores, PredictionFacts, read_prediction_facts, read_predictions};

/// The folder of these files in a project's.
pub(super) const DIR: &str = "predictions";
/// What their names end with.
const EXTENSION: &str = "parquet";

/// The video whose predictions are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WantedVideo {
    /// Its path in the project, in plain characters.
    pub name: String,
    /// The hash of its content, as far as it is known.
    pub hash: Option<String>,
    /// Its frames.
    pub frames: usize,
}

/// Predictions of a video.
#[derive(Debug, Clone)]
pub struct PredictionFile {
    /// Where they are.
    pub path: PathBuf,
    /// When they were written, in universal time.
    pub written: String,
    /// What they are of.
    pub facts: PredictionFacts,
    /// The probabilities.
    pub scores: Arc<FrameScores>,
}

/// What was found for a video.
#[derive(Debug, Clone, Default)]
pub struct FoundPredictions {
    /// Its predictions, the latest first.
    pub files: Vec<PredictionFile>,
    /// Why files are not shown, or may be of another state of the video.
    pub doubts: Vec<Error>,
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

/// Returns the predictions of `video` among the files of the project in `dir`. Of other files only the description is read.
pub(super) fn find(dir: &Path, video: &WantedVideo) -> FoundPredictions {
    let mut found = FoundPredictions::default();
    for path in listed(&dir.join(DIR)) {
        let (file, doubt) = match read(&path, video) {
            Ok(read) => read,
            Err(error) => (None, Some(error)),
        };
        found.files.extend(file);
        found.doubts.extend(doubt);
    }
    found.files.sort_by(|a, b| b.written.cmp(&a.written).then_with(|| a.path.cmp(&b.path)));
    found
}

/// Returns the predictions at `path` if they are of `video`, and what is doubtful about them.
fn read(path: &Path, video: &WantedVideo) -> Result<(Option<PredictionFile>, Option<Error>)> {
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
    let file = PredictionFile { path: path.to_owned(), written: written_at(path), facts, scores: Arc::new(scores) };
    Ok((Some(file), doubt))
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

/// Returns the files in `folder`, by name; none where it is not there.
fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_file = |path: &PathBuf| path.extension().is_some_and(|extension| extension == EXTENSION);
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_file).collect();
    paths.sort();
    paths
}

fn written_at(path: &Path) -> String {
    let modified = std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let since = modified.and_then(|modified| modified.duration_since(UNIX_EPOCH).ok());
    since.map_or("unknown date".into(), |since| time_at(since.as_secs()))
}
