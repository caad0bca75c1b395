//! The sound of a video while it plays: decoded ahead of the position and kept in step with the pictures.
//!
//! The player says where playback is by its [`Course`]. The thread `sound` decodes the sound from there (`decoder`), stretches it
//! to the speed of playback, and places it in the queue of the output device (`output`), so that each sample is heard when the
//! course comes to it (`placement`). Pictures never wait for sound.

mod decoder;
mod output;
mod placement;
mod thread;
mod wishes;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use crossbeam_channel::{Sender, bounded};

use self::thread::SoundThread;
use self::wishes::{Wanted, Wishes};
use super::StopFlag;
use super::playback_clock::Course;
use crate::error::Error;

/// The handle to the sound of one video. Without sound it does nothing.
pub(super) struct Sound {
    path: PathBuf,
    first_picture_secs: f64,
    stop: StopFlag,
    wishes: Wishes,
    news: Sender<()>,
    /// Reports a failure, after which there is no sound.
    report: Option<Box<dyn FnOnce(Error) + Send>>,
}

impl Sound {
    /// Returns the sound of the file at `path`, off at first. Its first picture is at `first_picture_secs` on the clock of its streams.
    pub fn new(
        path: PathBuf,
        first_picture_secs: f64,
        stop: StopFlag,
        report: impl FnOnce(Error) + Send + 'static,
    ) -> Self {
        let (news, received) = bounded(1);
        let wishes = Wishes { wanted: Arc::default(), news: received };
        Self { path, first_picture_secs, stop, wishes, news, report: Some(Box::new(report)) }
    }

    /// Turns it on or off.
    pub fn turn(&mut self, on: bool) {
        self.wish(|wanted| wanted.on = on);
    }

    /// Lets it follow playback; `None` is silence.
    pub fn follow(&mut self, course: Option<Course>) {
        self.wish(|wanted| wanted.course = course);
    }

    fn wish(&mut self, change: impl FnOnce(&mut Wanted)) {
        let mut wanted = self.wishes.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let before = *wanted;
        change(&mut wanted);
        let after = *wanted;
        drop(wanted);
        if after.audible() == before.audible() {
            return;
        }
        // Nobody who plays without sound pays for a thread.
        if after.audible().is_some()
            && let Some(report) = self.report.take()
        {
            SoundThread::start(&self.path, self.first_picture_secs, self.stop.clone(), self.wishes.clone(), report);
        }
        let _ = self.news.try_send(()); // A full channel has news already.
    }
}
