//! Recording of a camera to a file, on the thread "recorder".
//!
//! Its queue is bounded: a disk slower than the camera costs frames, not memory. The pictures have the source's own
//! size, and the file grows at its final path, so that the written part survives a failure.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use super::LiveResult;
use super::clip_file::{ClipFile, nothing_yet, slow_capture};
use super::overlay::LiveOverlay;
use crate::engine::runtime::events::EventSender;
use crate::engine::{Latest, LiveEvent, Message, RecordingOrder, Topic};
use crate::error::{Error, Result};
use crate::output::Existing;
use crate::panic_guard::caught;
use crate::video::{Camera, SlowCapture, SourcePicture};

/// Time between checks of the stop flag while waiting for a frame.
const PERIOD: Duration = Duration::from_millis(50);
/// Interval of flushes to the disk, the most that a power failure can cost.
const SYNC_EVERY: Duration = Duration::from_secs(5);

/// The status of a recording.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecordingStatus {
    /// Path of the file.
    pub path: PathBuf,
    /// Its length so far, seconds.
    pub secs: f64,
    /// Number of frames lost because the disk was too slow.
    pub lost: u64,
}

/// A recording; dropping it completes the file.
pub(super) struct LiveRecorder {
    stop: Arc<AtomicBool>,
    status: Arc<Mutex<RecordingStatus>>,
    thread: Option<JoinHandle<()>>,
}

impl LiveRecorder {
    /// Starts to record `camera`, with the newest of `answers` drawn in if the order requests it.
    pub fn start(
        order: RecordingOrder,
        camera: Arc<Camera>,
        answers: Arc<Latest<LiveResult>>,
        events: EventSender,
    ) -> Self {
        let (stop, path) = (Arc::new(AtomicBool::new(false)), order.path.clone());
        let status = Arc::new(Mutex::new(RecordingStatus { path: path.clone(), ..RecordingStatus::default() }));
        let work = RecordingWork { camera, answers, stop: stop.clone(), status: status.clone() };
        let unstarted = events.clone();
        let body = move || match caught("recording", || work.write(&order)) {
            Ok((secs, slow)) => events.send(Message::Live(LiveEvent::Recorded { path, secs, slow })),
            Err(error) => events.problem(Topic::Recording, error),
        };
        let thread = Builder::new().name("recorder".into()).spawn(body).map_err(|error| {
            unstarted.problem(Topic::Recording, Error::no_thread("recording", &error));
        });
        Self { stop, status, thread: thread.ok() }
    }

    /// Returns its status; `None` once it has ended, even by a failure.
    pub fn status(&self) -> Option<RecordingStatus> {
        let is_running = self.thread.as_ref().is_some_and(|thread| !thread.is_finished());
        is_running.then(|| self.status.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl Drop for LiveRecorder {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // Panics are caught inside, so the result is irrelevant.
            let _ = thread.join();
        }
    }
}

/// The state of the recording thread.
struct RecordingWork {
    camera: Arc<Camera>,
    answers: Arc<Latest<LiveResult>>,
    stop: Arc<AtomicBool>,
    status: Arc<Mutex<RecordingStatus>>,
}

impl RecordingWork {
    /// Writes until it is stopped; returns the length of the file in seconds, and the rates of a slow capture. The
    /// written part is kept in any case.
    fn write(&self, order: &RecordingOrder) -> Result<(f64, Option<SlowCapture>)> {
        let path = &order.path;
        let pictures = self.camera.record().ok_or_else(|| nothing_yet(path))?;
        order.guard.check(std::slice::from_ref(path))?;
        // Only a file that exists now may be replaced, not one created before the first picture arrives.
        let existing = Existing::replaced_if(path.exists());
        let mut overlay = order.overlay.map(LiveOverlay::new);
        let (mut file, mut slow): (Option<ClipFile>, _) = (None, None);
        let mut last: Option<usize> = None;
        let mut synced = Instant::now();
        let mut left = None;
        while !is_over(self.stop.load(Ordering::Acquire), pictures.len(), &mut left) {
            let Ok(SourcePicture { index, picture, captured }) = pictures.recv_timeout(PERIOD) else { continue };
            let picture = match &mut overlay {
                Some(overlay) => Arc::new(overlay.draw(&picture, captured, self.answers.get())),
                None => picture,
            };
            let file = match &mut file {
                Some(file) => file,
                none => {
                    let frames = self.camera.last(f64::INFINITY);
                    slow = slow_capture(&frames, self.camera.claimed_fps());
                    none.insert(ClipFile::record(path, &picture, &frames, slow, existing)?)
                }
            };
            file.push_in_time(&picture, captured).map_err(kept)?;
            let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
            status.secs = file.secs();
            status.lost += last.map_or(0, |last| index.saturating_sub(last + 1) as u64);
            drop(status);
            last = Some(index);
            if synced.elapsed() > SYNC_EVERY {
                synced = Instant::now();
                file.sync().map_err(kept)?;
            }
        }
        let file = file.ok_or_else(|| nothing_yet(path))?;
        let secs = file.secs();
        file.finish().map_err(kept)?;
        Ok((secs, slow))
    }
}

/// Returns whether the recording is complete: after a stop, the `waiting` pictures are still recorded, counted down by
/// `left`.
fn is_over(is_stopped: bool, waiting: usize, left: &mut Option<usize>) -> bool {
    if !is_stopped {
        return false;
    }
    let left = left.get_or_insert(waiting);
    let is_over = *left == 0;
    *left = left.saturating_sub(1);
    is_over
}

/// Adds to the error that the incomplete recording is kept.
fn kept(error: Error) -> Error {
    Error { remedy: format!("{}; the file holds the recording up to then", error.remedy), ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_the_encoder_at_the_end_is_recorded_and_what_comes_then_is_not() {
        let mut left = None;
        assert!(!is_over(false, 3, &mut left) && left.is_none());
        let waiting = [3, 9, 9, 9]; // further pictures arrive meanwhile
        assert_eq!(waiting.map(|waiting| is_over(true, waiting, &mut left)), [false, false, false, true]);
        assert!(is_over(true, 0, &mut None));
    }
}
