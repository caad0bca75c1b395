//! Optical flow as data: the field itself, its colours on the screen, its files, its errors.
//!
//! The networks predict flow and the sample generator knows it exactly; both hand it on as a
//! [`FlowField`], and everything that shows, stores or measures flow starts here.

pub mod colour;
pub mod files;
pub mod metrics;
pub mod tvl1;

mod field;
mod plane;

pub use field::FlowField;
pub use plane::Plane;
