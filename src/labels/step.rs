//! A step: the new values of everything that one action changes.

use serde::{Deserialize, Serialize};

use super::{Class, Settings, Video, VideoId};
use crate::error::{Error, Result};

/// The new value of one part of the document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// The project's settings.
    Settings(Settings),
    /// All classes in order.
    Classes(Vec<Class>),
    /// A video; `None` removes it from the project (its file is kept).
    Video(VideoId, Option<Video>),
}

/// All changes of one action: undone, redone and written to the journal as one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Description of the step, for example `Labelled as golf`.
    pub title: String,
    /// The new values, in order.
    pub changes: Vec<Change>,
}

impl Step {
    /// Creates a step with these changes.
    pub fn new(title: impl Into<String>, changes: Vec<Change>) -> Self {
        Self { title: title.into(), changes }
    }

    /// Checks that a project's files can hold every number in it: TOML integers are signed 64-bit.
    pub(super) fn check(&self) -> Result<()> {
        let fits = |number: u64| i64::try_from(number).is_ok();
        let is_storable = |video: &Video| {
            video
                .facts
                .as_ref()
                .is_none_or(|facts| fits(facts.frames as u64) && fits(facts.bytes) && facts.fps.is_finite())
                && video.segments.iter().all(|segment| fits(segment.end as u64) && segment.start < segment.end)
                && video.rejected.iter().all(|bout| fits(bout.end as u64) && bout.start < bout.end)
        };
        let mut videos = self.changes.iter().filter_map(|change| match change {
            Change::Video(_, video) => video.as_ref(),
            Change::Settings(_) | Change::Classes(_) => None,
        });
        match videos.find(|video| !is_storable(video)) {
            Some(video) => {
                let cause = "it has an invalid frame number, length or frame rate";
                Err(Error::new(video.path.clone(), cause, "Check the video and the segments"))
            }
            None => Ok(()),
        }
    }
}
