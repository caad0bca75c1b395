//! A step: what one gesture changes, as the whole new values of what it changes.

use serde::{Deserialize, Serialize};

use super::{Class, Settings, Video, VideoId};

/// One thing's new value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// The project's settings.
    Settings(Settings),
    /// All classes in their order.
    Classes(Vec<Class>),
    /// A video; `None` takes it out of the project (its file stays).
    Video(VideoId, Option<Video>),
}

/// All that one gesture changes: undone, redone and written to the journal as one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What was done, for example `Label as golf`.
    pub title: String,
    /// The new values, in order.
    pub changes: Vec<Change>,
}

impl Step {
    /// A step of these changes.
    pub fn new(title: impl Into<String>, changes: Vec<Change>) -> Self {
        Self { title: title.into(), changes }
    }
}
