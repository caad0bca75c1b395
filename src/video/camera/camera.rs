//! The handle of a running camera: its current frame, its recent frames and its status.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};

use super::capture::Capture;
use super::status::{CameraPhase, CameraStatus, Listener, SharedStatus};
use super::{CameraSource, LiveFrame, SourcePicture};
use crate::error::Error;
use crate::video::Sizes;

/// Longest wait for the thread when closing. FFmpeg resolves host names in calls that cannot be interrupted; a thread
/// inside one ends by itself afterwards.
const FAREWELL: Duration = Duration::from_millis(1500);

/// Limits of the queue of a recording: memory, and number of pictures.
const MAX_RECORDING_BYTES: usize = 256 << 20;
const MOST_WAITING: usize = 100;

/// A source that the thread "capture" captures until this handle is dropped.
pub struct Camera {
    source: CameraSource,
    shared: Arc<SharedStatus>,
    stop: Arc<AtomicBool>,
    ended: Receiver<()>,
}

impl Camera {
    /// Starts to open `source` and returns at once. Frames carry the pictures that `sizes` requests.
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

    /// Sets the pictures that later frames carry.
    pub fn set_sizes(&self, sizes: Sizes) {
        *self.shared.sizes() = sizes;
    }

    /// Starts sending pictures at the source's own size to the returned receiver, until it is dropped; one recording at
    /// a time. Pictures that do not fit into the queue are dropped, which shows as gaps in their indices. Returns
    /// `None` until the first frame, as the size is unknown.
    pub fn record(&self) -> Option<Receiver<SourcePicture>> {
        let size = self.shared.status().info.as_ref().map(|info| (info.width as usize, info.height as usize));
        let (width, height) = size?;
        let (sender, receiver) = bounded((MAX_RECORDING_BYTES / (3 * width * height).max(1)).clamp(2, MOST_WAITING));
        *self.shared.recording() = Some(sender);
        Some(receiver)
    }

    /// Stops capturing; the thread ends soon afterwards.
    pub fn close(&self) {
        self.stop.store(true, Ordering::Release);
    }

    /// Returns the status with the measured frame rate.
    pub fn status(&self) -> CameraStatus {
        let fps = self.shared.ring().fps(Instant::now());
        CameraStatus { fps, ..self.shared.status().clone() }
    }

    /// Returns the frame rate that the source claims, if any.
    pub fn claimed_fps(&self) -> Option<f64> {
        self.shared.status().info.as_ref()?.fps
    }

    /// Returns the newest frame.
    pub fn newest(&self) -> Option<LiveFrame> {
        self.shared.ring().newest().cloned()
    }

    /// Returns up to `count` of the newest frames, `stride` apart and without a gap, oldest first; `None` if there are
    /// fewer than `least`.
    pub fn window(&self, least: usize, count: usize, stride: usize) -> Option<Vec<LiveFrame>> {
        self.shared.ring().window(least, count, stride)
    }

    /// Returns the frames of the last `secs` seconds, of one size and without a gap, oldest first.
    pub fn last(&self, secs: f64) -> Vec<LiveFrame> {
        self.shared.ring().last(secs)
    }

    /// Returns the buffered frames after the frame `index`, oldest first; all of them for `None`.
    pub fn after(&self, index: Option<usize>) -> Vec<LiveFrame> {
        self.shared.ring().after(index)
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        self.close();
        // A timeout is no error: the thread has ended, or will.
        let _ = self.ended.recv_timeout(FAREWELL);
    }
}
