//! Pins and their results by model.

use std::path::PathBuf;
use std::sync::Arc;

use image::RgbImage;
use serde::{Deserialize, Serialize};

use crate::engine::{FlowView, Scores};
use crate::error::Error;
use crate::nets::fusion::Fusion;

/// A pinned frame of a clip.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pin {
    /// The clip.
    pub path: PathBuf,
    /// The frame; its window begins there, or earlier near the end of the clip, so that it fits.
    pub frame: usize,
}

/// A request to the pinned thread; only the newest counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PinnedRequest {
    /// The pins.
    pub pins: Vec<Pin>,
    /// Model folders, in order of priority.
    pub models: Vec<PathBuf>,
    /// Whether the machine is busy with a training, so that predictions are computed slowly.
    pub is_busy: bool,
    /// Whether to stop computing; existing results stay.
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
    /// The streams' scores of the window.
    pub scores: Scores,
    /// Fusion of the streams.
    pub fusion: Fusion,
}

/// All computed predictions and failures.
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

    /// Returns the number of predictions that are done or failed, and the number of all.
    pub fn counts(&self) -> (usize, usize) {
        self.counts
    }

    /// Creates results from given predictions, for tests of the interface.
    #[cfg(test)]
    pub(crate) fn of(predictions: Vec<PinnedPrediction>) -> Self {
        let counts = (predictions.len(), predictions.len());
        Self { predictions: predictions.into_iter().map(Arc::new).collect(), failures: Vec::new(), counts }
    }

    /// Returns the results with these counts, as if others were still being computed.
    #[cfg(test)]
    pub(crate) fn counting(self, done: usize, of: usize) -> Self {
        Self { counts: (done, of), ..self }
    }
}
