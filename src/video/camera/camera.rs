//! The handle of a running camera: what it shows now, what it showed lately, and how it fares.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};

use super::capture::Capture;
use super::status::{CameraPhase, CameraStatus, Listener, SharedStatus};
use super::{CameraSource, LiveFrame, SourcePicture};
use crate::error::Error;
use crate::video::Sizes;

/// Longest wait for the thread when closing. FFmpeg looks up host names in calls that nothing can interrupt; a thread that is
/// inside one ends by itself afterwards.
const FAREWELL: Duration = Duration::from_millis(1500);

/// At most this much memory, and so many pictures, wait for a recording.
const MAX_RECORDING_BYTES: usize = 256 << 20;
const MOST_WAITING: usize = 100;

/// A source that is captured on the thread "capture" until this is dropped.
pub struct Camera {
    source: CameraSource,
    shared: Arc<SharedStatus>,
    stop: Arc<AtomicBool>,
    ended: Receiver<()>,
}

impl Camera {
    /// Begins to open `source` and returns at once. Frames carry the pictures that `sizes` asks for.
    pub fn open(source: CameraSource, sizes: Sizes, listener: Listener) -> Self {
        let phase = CameraPhase::Connecting;
        let status = CameraStatus { phase, info: None, fps: 0.0, captured: 0, passed_over: 0 };
        let (ring, status, sizes) = (Mutex::default(), Mutex::new(status), Mutex::new(sizes));
        let shared = Arc::new(SharedStatus { ring, status, sizes, recording: Mutex::default() });
        let stop = Arc::new(AtomicBool::new(false));
        let (alive, ended) = bounded(0);
        let capture = Capture::new(source.clone(), shared.clone(), stop.clone(), listener);
        let body = move || {
            capture.run();
            drop(alive);
        };
        if let Err(error) = std::thread::Builder::new().name("capture".into()).spawn(body) {
            let error = Error::no_thread("capture thread", &error);
            shared.status().phase = CameraPhase::Failed(error);
        }
        Self { source, shared, stop, ended }
    }

    /// Returns the captured source.
    pub fn source(&self) -> &CameraSource {
        &self.source
    }

    /// Has later frames carry other pictures.
    pub fn set_sizes(&self, sizes: Sizes) {
        *self.shared.sizes() = sizes;
    }

    /// Has pictures at the source's own size sent to the receiver until it is dropped; one recording at a time. Those that it is too
    /// slow for are left out, which their indices show. `None` while the size is not known, as nothing was captured yet.
    pub fn record(&self) -> Option<Receiver<SourcePicture>> {
        let size = self.shared.status().info.as_ref().map(|info| (info.width as usize, info.height as usize));
        let (width, height) = size?;
        let (sender, receiver) = bounded((MAX_RECORDING_BYTES / (3 * width * height).max(1)).clamp(2, MOST_WAITING));
        *self.shared.recording() = Some(sender);
        Some(receiver)
    }

    /// Lets go of the source: the thread ends soon, and nothing more is captured.
    pub fn close(&self) {
        self.stop.store(true, Ordering::Release);
    }

    /// Returns its status.
    pub fn status(&self) -> CameraStatus {
        let fps = self.shared.ring().fps(Instant::now());
        CameraStatus { fps, ..self.shared.status().clone() }
    }

    /// Returns the rate that the source claims, frames per second, where it does.
    pub fn claimed_fps(&self) -> Option<f64> {
        self.shared.status().info.as_ref()?.fps
    }

    /// Returns the newest frame.
    pub fn newest(&self) -> Option<LiveFrame> {
        self.shared.ring().newest().cloned()
    }

    /// Up to `count` of the newest frames, `stride` apart and without a break, oldest first; `None` while there are fewer than
    /// `least`.
    pub fn window(&self, least: usize, count: usize, stride: usize) -> Option<Vec<LiveFrame>> {
        self.shared.ring().window(least, count, stride)
    }

    /// Returns the last seconds, of one size and without a break, oldest first.
    pub fn last(&self, secs: f64) -> Vec<LiveFrame> {
        self.shared.ring().last(secs)
    }

    /// Returns what was captured after the frame of this index and is still there, oldest first.
    pub fn after(&self, index: Option<usize>) -> Vec<LiveFrame> {
        self.shared.ring().after(index)
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        self.close();
        // Either way it is no error: the thread has ended, or will.
        let _ = self.ended.recv_timeout(FAREWELL);
    }
}
