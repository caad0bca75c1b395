//! The orders and events of a live source.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::engine::FlowColours;
use crate::engine::live::Smoothing;
use crate::error::Error;
use crate::nets::fusion::Fusion;
use crate::output::OutputGuard;
use crate::video::{CameraSource, SlowCapture};

/// An order to start a live source.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveOrder {
    /// The source.
    pub source: CameraSource,
    /// Fusion and smoothing of the predictions.
    pub settings: LiveSettings,
}

/// The fusion and smoothing of live predictions; may change while a source runs.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct LiveSettings {
    /// Fusion of the streams.
    pub fusion: Fusion,
    /// Smoothing over time.
    pub smoothing: Smoothing,
}

/// An order to record.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordingOrder {
    /// The .mp4 file.
    pub path: PathBuf,
    /// Permissions for the output file.
    pub guard: OutputGuard,
    /// Colours of the flow in the overlay, which shows flow and predictions beside and below the pictures; `None`
    /// records without overlay.
    pub overlay: Option<FlowColours>,
}

/// An event of a live source.
#[derive(Debug, Clone)]
pub enum LiveEvent {
    /// Frames arrive, with a description of their format.
    Connected(String),
    /// The source broke off; retries follow.
    Interrupted(Error),
    /// The source cannot work; no retry follows.
    Failed(Error),
    /// A recording is complete.
    Recorded {
        /// The file.
        path: PathBuf,
        /// Its length in seconds.
        secs: f64,
        /// Its rates, if fewer than half of the source's frames were captured.
        slow: Option<SlowCapture>,
    },
    /// The last seconds were saved as a clip of a class.
    Corrected {
        /// The clip.
        path: PathBuf,
        /// The class.
        class: String,
        /// Number of its frames.
        frames: usize,
        /// Its rates, if fewer than half of the source's frames were captured.
        slow: Option<SlowCapture>,
    },
    /// A clip was removed from the corrections.
    CorrectionRemoved(RemovedCorrection),
    /// The clip of this path was moved back.
    CorrectionRestored(PathBuf),
    /// The clips of each class in a folder of corrections.
    Corrections {
        /// The folder.
        folder: PathBuf,
        /// Classes by name, each with its clips by name.
        clips: Vec<(String, Vec<PathBuf>)>,
    },
}

/// A clip that was removed from a folder of corrections: moved to another place, not deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedCorrection {
    /// The folder with a sub-folder per class.
    pub folder: PathBuf,
    /// Original path of the file.
    pub clip: PathBuf,
    /// Current path of the file.
    pub place: PathBuf,
}
