//! Files of predictions: the probabilities of every class over a video as a Parquet file, with their provenance.

mod csv;
mod facts;
mod format;
mod parts;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use csv::write_frame_csv;
pub use facts::{FeatureCounts, PredictionFacts};
pub use reader::{read_features, read_prediction_facts, read_predictions};
pub use writer::PredictionWriter;
