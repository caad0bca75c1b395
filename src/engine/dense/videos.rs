//! Videos to predict, and the paths of their predictions.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::labels::{Document, StoredPath, Video};
use crate::predictions::PREDICTIONS_ENDING;

/// The folder for predictions in a project, with one subfolder per model.
const FOLDER: &str = "predictions";

/// A video to predict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedVideo {
    /// Path of the file or the folder of frames.
    pub path: PathBuf,
    /// Name in tables.
    pub name: String,
}

impl NamedVideo {
    /// Creates a video that belongs to no project, named after its file.
    pub fn by_file(path: PathBuf) -> Self {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Self { path, name }
    }

    /// Returns a video of the project in `dir`.
    pub fn of_project(video: &Video, dir: &Path) -> Self {
        Self { path: StoredPath::decode(&video.path, dir), name: StoredPath::plain(&video.path) }
    }

    /// Returns all videos of `document`, a project in `dir`.
    pub fn all_of_project(document: &Document, dir: &Path) -> Vec<Self> {
        document.videos.values().map(|video| Self::of_project(video, dir)).collect()
    }
}

/// Returns the folder for a model's predictions in the project in `dir`.
pub fn model_predictions(dir: &Path, model: &str, hash: &str) -> PathBuf {
    dir.join(FOLDER).join(model_folder(model, hash))
}

/// Returns the path of each video's predictions in the folder `out`.
///
/// # Errors
/// If two videos would have the same file.
pub fn prediction_targets(videos: &[NamedVideo], out: &Path) -> Result<Vec<PathBuf>> {
    let mut taken: HashMap<String, &Path> = HashMap::new();
    let mut targets = Vec::new();
    for video in videos {
        let name = format!("{}.{PREDICTIONS_ENDING}", file_name(&video.name));
        // Some file systems are case-insensitive.
        if let Some(other) = taken.insert(name.to_lowercase(), &video.path) {
            let cause = format!("its file of predictions would be that of {}", other.display());
            let remedy = "Predict one of them in a run of its own, with another output folder (--out)";
            return Err(Error::file(&video.path, cause, remedy));
        }
        targets.push(out.join(name));
    }
    Ok(targets)
}

/// Converts a path in a project to a file name: `day 1/a.mp4` becomes `day 1-a.mp4`.
fn file_name(video: &str) -> String {
    let parts = video.split(['/', '\\', ':']).filter(|part| !part.is_empty() && *part != ".." && *part != ".");
    parts.collect::<Vec<_>>().join("-")
}

/// Returns the name of the folder for a model's predictions.
fn model_folder(name: &str, hash: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' }).collect();
    let plain = plain.trim_matches(['-', '.']);
    format!("{}-{}", if plain.is_empty() { "model" } else { plain }, hash.get(..8).unwrap_or(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_video_has_a_file_of_its_own() {
        let targets = |names: &[&str]| {
            let video = |name: &&str| NamedVideo { path: name.into(), name: (*name).to_owned() };
            prediction_targets(&names.iter().map(video).collect::<Vec<_>>(), Path::new("out"))
        };
        assert_eq!(
            targets(&["day 1/a.mp4", "../b.avi", "/mnt/c.mkv"]).unwrap(),
            ["day 1-a.mp4.parquet", "b.avi.parquet", "mnt-c.mkv.parquet"].map(|name| Path::new("out").join(name))
        );
        let error = targets(&["one/A.mp4", "one-a.mp4"]).unwrap_err();
        assert!(error.cause.contains("one/A.mp4"), "{error}");
    }

    #[test]
    fn the_folder_of_a_model_has_a_plain_name() {
        let folder = |name: &str, hash: &str| model_predictions(Path::new("golf"), name, hash);
        assert_eq!(
            folder("J-HMDB 21/small", "0123456789ab-cdef"),
            Path::new("golf/predictions/J-HMDB-21-small-01234567")
        );
        assert_eq!(folder("..", ""), Path::new("golf/predictions/model-"));
    }
}
