//! Files of predictions: the probabilities of every class over a video as a Parquet file, with what they were computed from.

mod csv;
mod facts;
mod format;
mod parts;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use csv::write_frame_csv;
pub use facts::PredictionFacts;
pub use reader::{read_prediction_facts, read_predictions};
pub use writer::PredictionWriter;
