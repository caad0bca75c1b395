//! Optical flow as data: the field itself, its colours on the screen, its files, its errors, and what estimates it.
//!
//! The networks predict flow and the sample generator knows it exactly; both hand it on as a
//! [`FlowField`], and everything that shows, stores or measures flow starts here.

pub mod colour;
pub mod files;
pub mod metrics;
pub mod warp;

mod estimator;
mod field;

pub use estimator::{FlowEstimator, ZeroFlow, common_size};
pub use field::FlowField;
