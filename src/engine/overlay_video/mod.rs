//! A clip as a video with everything drawn in: frame and flow, what is recognised, and how surely.

mod drawing;
mod export;

pub(super) use drawing::{Annotated, Drawing};
pub use export::annotate;
pub(super) use export::run;
