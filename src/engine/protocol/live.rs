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
    /// How answers are made.
    pub settings: LiveSettings,
}

/// The fusion and smoothing of live predictions; may change while a source runs.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct LiveSettings {
    /// How the streams are fused.
    pub fusion: Fusion,
    /// How answers are steadied.
    pub smoothing: Smoothing,
}

/// An order to record.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordingOrder {
    /// The .mp4 file.
    pub path: PathBuf,
    /// What may be written.
    pub guard: OutputGuard,
    /// The colours of the flow that is drawn, with the predictions, beside and below the pictures; `None` records them as they are.
    pub overlay: Option<FlowColours>,
}

/// An event of a live source.
#[derive(Debug, Clone)]
pub enum LiveEvent {
    /// It delivers; in words what.
    Connected(String),
    /// It broke off and is tried again.
    Interrupted(Error),
    /// It cannot work, and is not tried again.
    Failed(Error),
    /// A recording is complete.
    Recorded {
        /// The file.
        path: PathBuf,
        /// Its length in seconds.
        secs: f64,
        /// Its rates, if it has less than half of the source's frames.
        slow: Option<SlowCapture>,
    },
    /// The last seconds are saved as a clip of a class.
    Corrected {
        /// The clip.
        path: PathBuf,
        /// The class.
        class: String,
        /// Its frames.
        frames: usize,
        /// Its rates, if it has less than half of the source's frames.
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

/// A clip that was removed from a folder of corrections: moved out of the way, not deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedCorrection {
    /// The folder with a sub-folder per class.
    pub folder: PathBuf,
    /// The file as it was.
    pub clip: PathBuf,
    /// Where it is now.
    pub place: PathBuf,
}
