//! The file `project.toml`: settings, classes and the list of videos.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::{Change, Class, Document, Facts, Settings, Step, Video, VideoId, disk};
use crate::atomic;
use crate::error::{Error, Result};
use crate::files;

/// The version of a project's files. Newer versions and unknown entries are refused, since the next save would lose
/// them.
const FORMAT: u32 = 2;

/// Length of the beginning of the file that holds the number of saves, in bytes.
const HEAD_BYTES: u64 = 64;

/// Largest id of a class or a video that is accepted: above it no ids would be left for new ones.
const LAST_ID: u32 = u32::MAX / 2;

/// The content of `project.toml`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// [`FORMAT`].
    format: u32,
    /// Number of saves of the project.
    pub saves: u64,
    /// The next free ids.
    next_class: u32,
    next_video: u32,
    settings: Settings,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    classes: Vec<Class>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub videos: Vec<VideoRow>,
}

/// An entry of the list of videos.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VideoRow {
    pub id: VideoId,
    pub path: String,
    /// The name of its label file; `None` while it has no labels or texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
}

impl Manifest {
    /// Creates the content for `document`, whose videos have the label files `sidecars`.
    pub fn of(document: &Document, sidecars: &BTreeMap<VideoId, String>, saves: u64) -> Self {
        let (next_class, next_video) = document.next_ids();
        let row = |(id, video): (&VideoId, &Video)| VideoRow {
            id: *id,
            path: video.path.clone(),
            labels: sidecars.get(id).cloned(),
            facts: video.facts.clone(),
        };
        let videos = document.videos.iter().map(row).collect();
        let (settings, classes) = (document.settings.clone(), document.classes.clone());
        Self { format: FORMAT, saves, next_class, next_video, settings, classes, videos }
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    /// If it cannot be read, is invalid, or was written by a newer version.
    pub fn read(path: &Path) -> Result<Self> {
        let text = files::read_to_string(path).map_err(|error| Error::io(path, &error))?;
        let malformed = |error: &str| Error::file(path, error, "Edit it manually, or restore a copy");
        let table: toml::Table = toml::from_str(&text).map_err(|error| malformed(&one_line(&error)))?;
        match table.get("format").and_then(toml::Value::as_integer) {
            Some(format) if format > i64::from(FORMAT) => return Err(newer(path, format.unsigned_abs())),
            Some(_) => {}
            None => return Err(malformed("it does not name its format")),
        }
        let manifest: Self = toml::from_str(&text).map_err(|error| malformed(&one_line(&error)))?;
        match manifest.repetition().or_else(|| manifest.too_high()) {
            Some(wrong) => Err(malformed(&wrong)),
            None => Ok(manifest),
        }
    }

    /// Returns the number of saves of the project when the file at `path` was written, read from its first lines;
    /// `None` if they do not hold it or the file is missing.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn saves_in(path: &Path) -> Result<Option<u64>> {
        let mut head = Vec::new();
        match files::open(path).and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head)) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io(path, &error)),
        }
        let head = String::from_utf8_lossy(&head);
        let value = head.lines().find_map(|line| line.strip_prefix("saves = "));
        Ok(value.and_then(|value| value.trim().parse().ok()))
    }

    /// Writes the file at `path`.
    ///
    /// # Errors
    /// If it cannot be written; an existing file is unchanged.
    pub fn write(&self, path: &Path) -> Result<()> {
        atomic::publish(self.stage(path)?, path)
    }

    /// Writes the content to a file beside `path`, to be moved there.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn stage(&self, path: &Path) -> Result<NamedTempFile> {
        let text = toml::to_string(self).map_err(|error| Error::wrap(path, error, "Report this"))?;
        disk::stage(path, &text)
    }

    /// Returns a document without the videos, and their entries.
    pub fn into_document(self) -> (Document, Vec<VideoRow>) {
        let mut document = Document::default();
        let videos = self.videos.iter().map(|row| row.id.0.saturating_add(1)).max().unwrap_or(0);
        // An id that cannot have been reached is damage: the ids in use determine the free ones.
        let plausible = |next: u32| if next > LAST_ID { 0 } else { next };
        document.reserve_ids((plausible(self.next_class), plausible(self.next_video).max(videos)));
        document.apply(Step::new("Open", vec![Change::Settings(self.settings), Change::Classes(self.classes)]));
        (document, self.videos)
    }

    /// Returns an id that is too large, as text.
    fn too_high(&self) -> Option<String> {
        let class = self.classes.iter().map(|class| ("class", class.id.0));
        let mut all = class.chain(self.videos.iter().map(|row| ("video", row.id.0)));
        all.find(|(_, id)| *id > LAST_ID).map(|(what, id)| format!("the {what} number {id} is above {LAST_ID}"))
    }

    /// Describes an invalid duplicate, if there is one.
    fn repetition(&self) -> Option<String> {
        let mut seen = BTreeSet::new();
        let ids = self.classes.iter().map(|class| format!("class {}", class.id.0));
        let names = self.classes.iter().map(|class| format!("the class name {}", class.name));
        let videos = self.videos.iter().map(|row| format!("video {}", row.id.0));
        let files = self.videos.iter().filter_map(|row| Some(format!("the file {}", row.labels.as_ref()?)));
        let mut all = ids.chain(names).chain(videos).chain(files);
        all.find(|what| !seen.insert(what.clone())).map(|what| format!("{what} appears twice"))
    }
}

/// Returns the error for a file of a newer version.
pub(super) fn newer(path: &Path, format: impl Into<u64>) -> Error {
    let format: u64 = format.into();
    let cause = format!("it was written by a newer version of Motionscope (format {format}, known up to {FORMAT})");
    Error::file(path, cause, "Update Motionscope to open it; nothing was changed")
}

/// Returns a TOML error in one line, without the excerpt of the file.
pub(super) fn one_line(error: &toml::de::Error) -> String {
    let text = error.to_string();
    let place = text.lines().next().unwrap_or_default().trim_start_matches("TOML parse error at ");
    let message = error.message().replace('\n', " ");
    if place.starts_with("line") { format!("{place}: {message}") } else { message }
}
