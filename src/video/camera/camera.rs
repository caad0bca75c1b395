//! The handle of a running camera: what it shows now, what it showed lately, and how it fares.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::capture::Capture;
use super::ring::FrameRing;
use super::{CameraSource, LiveFrame, SourcePicture};
use crate::error::Error;
use crate::video::Sizes;

/// How long closing waits for the thread. FFmpeg looks up host names in calls that nothing can interrupt; a thread that is
/// inside one ends by itself afterwards.
const FAREWELL: Duration = Duration::from_millis(1500);

/// At most this much memory, and so many pictures, wait for a recording.
const MAX_RECORDING_BYTES: usize = 256 << 20;
const MOST_WAITING: usize = 100;

/// What a camera delivers.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraInfo {
    /// Width of its pictures, upright and with square pixels.
    pub width: u32,
    /// Height of its pictures.
    pub height: u32,
    /// The rate that it claims.
    pub fps: Option<f64>,
    /// Name of the coding.
    pub codec: String,
}

/// What a camera does.
#[derive(Debug, Clone, PartialEq)]
pub enum CameraPhase {
    /// It is being opened.
    Connecting,
    /// It delivers.
    Live,
    /// It broke off and is tried again.
    Waiting {
        /// Why.
        error: Error,
        /// When it is tried again.
        retry_at: Instant,
        /// For the how-manieth time.
        attempt: u32,
    },
    /// It cannot work, and trying again would not help.
    Failed(Error),
}

/// How a camera fares.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraStatus {
    /// What it does.
    pub phase: CameraPhase,
    /// What it delivers, once it did.
    pub info: Option<CameraInfo>,
    /// Frames per second, measured.
    pub fps: f64,
    /// Frames captured since the start.
    pub captured: u64,
    /// Frames passed over because decoding lay behind.
    pub passed_over: u64,
}

/// What is told as it happens.
#[derive(Debug, Clone, PartialEq)]
pub enum CameraNews {
    /// There is a new frame.
    Frame,
    /// It delivers, for the first time or again, or something else than before.
    Connected(CameraInfo),
    /// It broke off and is tried again until it is closed.
    Interrupted(Error),
    /// It cannot work.
    Failed(Error),
}

/// Called from the camera's thread.
pub type Listener = Arc<dyn Fn(CameraNews) + Send + Sync>;

/// What the handle and the thread share.
pub(super) struct Shared {
    ring: Mutex<FrameRing>,
    status: Mutex<CameraStatus>,
    sizes: Mutex<Sizes>,
    recording: Mutex<Option<Sender<SourcePicture>>>,
}

impl Shared {
    /// The newest frames.
    pub fn ring(&self) -> MutexGuard<'_, FrameRing> {
        locked(&self.ring)
    }

    /// How it fares; the rate is not kept here.
    pub fn status(&self) -> MutexGuard<'_, CameraStatus> {
        locked(&self.status)
    }

    /// Who wants pictures at the source's size.
    pub fn recording(&self) -> MutexGuard<'_, Option<Sender<SourcePicture>>> {
        locked(&self.recording)
    }

    /// The pictures that frames are to carry.
    pub fn sizes(&self) -> MutexGuard<'_, Sizes> {
        locked(&self.sizes)
    }
}

/// The values are whole at any time, so a panic elsewhere does not spoil them.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A source that is captured on the thread "capture" until this is dropped.
pub struct Camera {
    source: CameraSource,
    shared: Arc<Shared>,
    stop: Arc<AtomicBool>,
    ended: Receiver<()>,
}

impl Camera {
    /// Begins to open `source` and returns at once. Frames carry the pictures that `sizes` asks for.
    pub fn open(source: CameraSource, sizes: Sizes, listener: Listener) -> Self {
        let phase = CameraPhase::Connecting;
        let status = CameraStatus { phase, info: None, fps: 0.0, captured: 0, passed_over: 0 };
        let (ring, status, sizes) = (Mutex::default(), Mutex::new(status), Mutex::new(sizes));
        let shared = Arc::new(Shared { ring, status, sizes, recording: Mutex::default() });
        let stop = Arc::new(AtomicBool::new(false));
        let (alive, ended) = bounded(0);
        let capture = Capture::new(source.clone(), shared.clone(), stop.clone(), listener);
        let body = move || {
            capture.run();
            drop(alive);
        };
        if let Err(error) = std::thread::Builder::new().name("capture".into()).spawn(body) {
            let error = Error::new("capture thread", error.to_string(), "Close other programs and try again");
            shared.status().phase = CameraPhase::Failed(error);
        }
        Self { source, shared, stop, ended }
    }

    /// What is captured.
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

    /// How it fares now.
    pub fn status(&self) -> CameraStatus {
        let fps = self.shared.ring().fps(Instant::now());
        CameraStatus { fps, ..self.shared.status().clone() }
    }

    /// The newest frame.
    pub fn newest(&self) -> Option<LiveFrame> {
        self.shared.ring().newest().cloned()
    }

    /// Up to `count` of the newest frames, `stride` apart and without a break, oldest first; `None` while there are fewer than
    /// `least`.
    pub fn window(&self, least: usize, count: usize, stride: usize) -> Option<Vec<LiveFrame>> {
        self.shared.ring().window(least, count, stride)
    }

    /// The last seconds, of one size and without a break, oldest first.
    pub fn last(&self, secs: f64) -> Vec<LiveFrame> {
        self.shared.ring().last(secs)
    }

    /// What was captured after the frame of this index and is still there, oldest first.
    pub fn after(&self, index: Option<usize>) -> Vec<LiveFrame> {
        self.shared.ring().after(index)
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // Either way it is no error: the thread has ended, or will.
        let _ = self.ended.recv_timeout(FAREWELL);
    }
}
