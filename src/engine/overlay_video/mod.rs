//! A clip as a video with everything drawn in: frame and flow, what is recognised, and how surely.

mod drawing;
mod export;
mod scale;

pub(super) use drawing::{Annotated, Drawing};
pub use export::annotate;
pub(super) use export::run;
pub(super) use scale::FlowScale;
