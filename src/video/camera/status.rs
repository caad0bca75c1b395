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
    /// The rate that it claims.
    pub fps: Option<f64>,
    /// Name of the coding.
    pub codec: String,
}

/// The phase of a camera.
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

/// The status of a camera.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraStatus {
    /// Current activity.
    pub phase: CameraPhase,
    /// Format of the pictures, from the first one on.
    pub info: Option<CameraInfo>,
    /// Frames per second, measured.
    pub fps: f64,
    /// Frames captured since the start.
    pub captured: u64,
    /// Frames passed over because decoding lay behind.
    pub passed_over: u64,
}

/// An event of a camera.
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

/// The state shared by the handle and the thread.
pub(super) struct SharedStatus {
    pub ring: Mutex<FrameRing>,
    pub status: Mutex<CameraStatus>,
    pub sizes: Mutex<Sizes>,
    pub recording: Mutex<Option<Sender<SourcePicture>>>,
}

impl SharedStatus {
    /// Returns the newest frames.
    pub fn ring(&self) -> MutexGuard<'_, FrameRing> {
        locked(&self.ring)
    }

    /// Returns its status; the rate is not kept here.
    pub fn status(&self) -> MutexGuard<'_, CameraStatus> {
        locked(&self.status)
    }

    /// Returns the readers that want frames at source size.
    pub fn recording(&self) -> MutexGuard<'_, Option<Sender<SourcePicture>>> {
        locked(&self.recording)
    }

    /// Returns the pictures that frames are to carry.
    pub fn sizes(&self) -> MutexGuard<'_, Sizes> {
        locked(&self.sizes)
    }
}

/// Locks the state. Values are whole at any time, so a panic elsewhere does not spoil them.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
