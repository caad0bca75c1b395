//! Sequence models: a small temporal convolutional network over stored predictions, with a context of seconds instead
//! of a window.

mod figures;
mod frames;
mod hold_out;
mod model;
mod recordings;
mod settings;
mod training;
#[cfg(test)]
mod training_tests;

pub use figures::SequenceFigures;
pub use model::{SequenceCard, SequenceModel};
pub use recordings::{PredictionSource, SequenceData, SequenceRecording};
pub use settings::SequenceSettings;
pub use training::{SequenceEvent, SequencePlan, train_sequence};
