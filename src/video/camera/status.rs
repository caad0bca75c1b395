//! The status and events of a camera, and the state shared by its handle and its thread.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crossbeam_channel::Sender;

use super::SourcePicture;
use super::ring::FrameRing;
use crate::error::Error;
use crate::video::Sizes;

/// The format of a camera's frames.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraInfo {
    /// Width of its pictures, upright and with square pixels.
    pub width: u32,
    /// Height of its pictures.
    pub height: u32,
    /// Frame rate that it claims.
    pub fps: Option<f64>,
    /// Name of the codec.
    pub codec: String,
}

/// The phase of a camera.
#[derive(Debug, Clone, PartialEq)]
pub enum CameraPhase {
    /// It is being opened.
    Connecting,
    /// Frames arrive.
    Live,
    /// The source broke off; a retry follows.
    Waiting {
        /// The cause.
        error: Error,
        /// Time of the next attempt.
        retry_at: Instant,
        /// Number of failures since the last success.
        attempt: u32,
    },
    /// The source cannot work, and a retry would not help.
    Failed(Error),
}

/// The status of a camera.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraStatus {
    /// Current activity.
    pub phase: CameraPhase,
    /// Format of the pictures; known from the first one on.
    pub info: Option<CameraInfo>,
    /// Measured frames per second.
    pub fps: f64,
    /// Frames captured since the start.
    pub captured: u64,
    /// Frames skipped because decoding lagged behind.
    pub passed_over: u64,
}

/// An event of a camera.
#[derive(Debug, Clone, PartialEq)]
pub enum CameraNews {
    /// A new frame was captured.
    Frame,
    /// Frames arrive, for the first time, again after a failure, or in a new format.
    Connected(CameraInfo),
    /// The source broke off; retries follow until the camera is closed.
    Interrupted(Error),
    /// The source cannot work; no retry follows.
    Failed(Error),
}

/// A callback for events; it runs on the camera's thread.
pub type Listener = Arc<dyn Fn(CameraNews) + Send + Sync>;

/// The state shared by the handle and the thread.
pub(super) struct SharedStatus {
    pub ring: Mutex<FrameRing>,
    pub status: Mutex<CameraStatus>,
    pub sizes: Mutex<Sizes>,
    pub recording: Mutex<Option<Sender<SourcePicture>>>,
}

impl SharedStatus {
    /// Locks the ring of the newest frames.
    pub fn ring(&self) -> MutexGuard<'_, FrameRing> {
        locked(&self.ring)
    }

    /// Locks the status; its `fps` is not maintained, see [`Camera::status`](super::Camera::status).
    pub fn status(&self) -> MutexGuard<'_, CameraStatus> {
        locked(&self.status)
    }

    /// Locks the queue of the recording, if one runs.
    pub fn recording(&self) -> MutexGuard<'_, Option<Sender<SourcePicture>>> {
        locked(&self.recording)
    }

    /// Locks the requested sizes of pictures.
    pub fn sizes(&self) -> MutexGuard<'_, Sizes> {
        locked(&self.sizes)
    }
}

/// Locks `mutex`. Values are consistent at any time, so a poisoned lock is usable.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
