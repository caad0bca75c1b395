//! Pins and their results by model.

use std::path::PathBuf;
use std::sync::Arc;

use image::RgbImage;
use serde::{Deserialize, Serialize};

use crate::engine::{FlowView, Scores};
use crate::error::Error;
use crate::nets::fusion::Fusion;

/// A frame of a clip that is kept in view.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pin {
    /// The clip.
    pub path: PathBuf,
    /// The frame; its window begins there, or so far before it that it is within the clip.
    pub frame: usize,
}

/// A request to the pinned thread; only the newest counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PinnedRequest {
    /// The pins.
    pub pins: Vec<Pin>,
    /// Model folders, the most urgent first.
    pub models: Vec<PathBuf>,
    /// Whether most of the machine is for something else, a training.
    pub is_busy: bool,
    /// Whether nothing more is computed; what is known stays.
    pub is_stopped: bool,
}

/// The prediction of a model folder for a pin.
#[derive(Clone)]
pub struct PinnedPrediction {
    /// The pin.
    pub pin: Pin,
    /// The model folder.
    pub model: PathBuf,
    /// Flow from the pinned frame to the next.
    pub flow: FlowView,
    /// Width and height of the video in pixels; the frame may be smaller.
    pub video: [u32; 2],
    /// The pinned frame.
    pub frame: Arc<RgbImage>,
    /// The next frame warped back along the flow.
    pub warped: Arc<RgbImage>,
    /// The classes of the scores.
    pub classes: Vec<String>,
    /// What the streams say about the window.
    pub scores: Scores,
    /// How the streams are fused.
    pub fusion: Fusion,
}

/// Everything that is worked out, and what cannot be.
#[derive(Clone, Default)]
pub struct PinnedResults {
    pub(super) predictions: Vec<Arc<PinnedPrediction>>,
    pub(super) failures: Vec<(Pin, PathBuf, Error)>,
    pub(super) counts: (usize, usize),
}

impl PinnedResults {
    /// Returns the prediction of the model in folder `model` for `pin`.
    pub fn get(&self, pin: &Pin, model: &std::path::Path) -> Option<&Arc<PinnedPrediction>> {
        self.predictions.iter().find(|prediction| prediction.pin == *pin && prediction.model == model)
    }

    /// Returns why the model in folder `model` has no prediction for `pin`.
    pub fn failure(&self, pin: &Pin, model: &std::path::Path) -> Option<&Error> {
        let failure = self.failures.iter().find(|(of, by, _)| of == pin && by == model);
        failure.map(|(.., error)| error)
    }

    /// Returns how many of how many predictions are computed, or cannot be.
    pub fn counts(&self) -> (usize, usize) {
        self.counts
    }

    /// Predictions made elsewhere, for tests of what shows them.
    #[cfg(test)]
    pub(crate) fn of(predictions: Vec<PinnedPrediction>) -> Self {
        let counts = (predictions.len(), predictions.len());
        Self { predictions: predictions.into_iter().map(Arc::new).collect(), failures: Vec::new(), counts }
    }

    /// The same while others are still to be computed.
    #[cfg(test)]
    pub(crate) fn counting(self, done: usize, of: usize) -> Self {
        Self { counts: (done, of), ..self }
    }
}
