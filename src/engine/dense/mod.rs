//! Scores of every Nth frame of a video of any length, in bounded memory.
//!
//! The frames are decoded in order on a separate thread, ahead of the networks. A frame's scores depend on the video
//! alone, so a resumed run gives the same numbers.

mod decoding;
pub(super) mod job;
mod prediction;
mod predictor;
mod source;
mod videos;
mod windows;

pub use prediction::{DenseEnd, DensePrediction, ScoredFrame};
pub use predictor::{PredictorEvent, VideoEnd, VideoPredictor};
pub use source::SourceVideo;
pub use videos::{NamedVideo, model_predictions, prediction_targets};
