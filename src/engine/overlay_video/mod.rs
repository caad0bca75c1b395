//! Annotated videos: a clip with its flow, prediction and confidence drawn in.

mod drawing;
mod export;

pub(super) use drawing::{Annotated, Drawing};
pub use export::annotate;
pub(super) use export::run;
