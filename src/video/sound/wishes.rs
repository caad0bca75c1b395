//! What the player asks of the thread `sound`.

use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::Receiver;

use crate::video::playback_clock::Course;

/// What is to be heard.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Wanted {
    pub on: bool,
    /// `None` while playback is paused or waits for a picture.
    pub course: Option<Course>,
}

impl Wanted {
    /// Returns the course of what is heard; `None` for silence.
    pub fn audible(self) -> Option<Course> {
        self.course.filter(|_| self.on)
    }
}

/// The latest wish; the newest replaces the one before.
#[derive(Clone)]
pub(super) struct Wishes {
    pub wanted: Arc<Mutex<Wanted>>,
    /// Has an entry after each change.
    pub news: Receiver<()>,
}

impl Wishes {
    /// Returns the newest wish.
    pub fn latest(&self) -> Wanted {
        // The value is whole at any time.
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
