//! Writes what a camera shows to a file while it runs, on the thread "recorder".
//!
//! The camera's ring is its bounded queue: a disk that is slower than the camera costs frames, never memory.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use super::LiveEvent;
use super::clip_file::ClipFile;
use crate::engine::Message;
use crate::engine::outbox::Outbox;
use crate::error::{Error, Result};
use crate::gpu::panics::caught;
use crate::video::Camera;

/// How often the camera is looked at.
const PERIOD: Duration = Duration::from_millis(50);

/// How a recording fares.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecordingStatus {
    /// The file.
    pub path: PathBuf,
    /// Its length so far, seconds.
    pub secs: f64,
    /// Frames that the disk was too slow for.
    pub lost: u64,
}

/// A recording; dropping it completes the file.
pub(super) struct Recorder {
    stop: Arc<AtomicBool>,
    status: Arc<Mutex<RecordingStatus>>,
    thread: Option<JoinHandle<()>>,
}

impl Recorder {
    /// Begins to write what `camera` shows to `path`.
    pub fn start(path: PathBuf, camera: Arc<Camera>, outbox: Outbox) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let status = Arc::new(Mutex::new(RecordingStatus { path: path.clone(), ..RecordingStatus::default() }));
        let work = Work { camera, stop: stop.clone(), status: status.clone() };
        let unstarted = outbox.clone();
        let body = move || match caught("recording", || work.write(&path)) {
            Ok(secs) => outbox.send(Message::Live(LiveEvent::Recorded { path, secs })),
            Err(error) => outbox.problem(error),
        };
        let thread = Builder::new().name("recorder".into()).spawn(body).map_err(|error| {
            unstarted.problem(Error::new("recording", error.to_string(), "Close other programs and try again"));
        });
        Self { stop, status, thread: thread.ok() }
    }

    /// How it fares; `None` once it has ended, be it by a failure.
    pub fn status(&self) -> Option<RecordingStatus> {
        let is_running = self.thread.as_ref().is_some_and(|thread| !thread.is_finished());
        is_running.then(|| self.status.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // Its panics are caught inside; there is nothing left to learn from the result.
            let _ = thread.join();
        }
    }
}

/// What the thread works with.
struct Work {
    camera: Arc<Camera>,
    stop: Arc<AtomicBool>,
    status: Arc<Mutex<RecordingStatus>>,
}

impl Work {
    /// Writes until it is stopped; the length of the file in seconds.
    fn write(&self, path: &Path) -> Result<f64> {
        let mut file = ClipFile::create(path, &self.camera.last(f64::INFINITY))?;
        let mut last = self.camera.newest().map(|live| live.frame.index.saturating_sub(1));
        while !self.stop.load(Ordering::Acquire) {
            let news = self.camera.after(last);
            let lost =
                news.first().map_or(0, |first| first.frame.index.saturating_sub(last.map_or(0, |last| last + 1)));
            for live in &news {
                file.push_in_time(live)?;
                last = Some(live.frame.index);
            }
            let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
            status.secs = file.secs();
            status.lost += lost as u64;
            drop(status);
            std::thread::sleep(PERIOD);
        }
        let secs = file.secs();
        file.finish()?;
        Ok(secs)
    }
}
