//! Optical flow as data: the field itself, its colours on the screen, its files, its errors, and what estimates it.
//!
//! The networks predict flow, [`tvl1`] and [`dis`] compute it without learning and the sample generator knows it exactly; all
//! hand it on as a [`FlowField`], and everything that shows, stores or measures flow starts here.

pub mod codec;
pub mod colour;
pub mod colour_map;
pub mod dis;
pub mod emv;
pub mod files;
pub mod metrics;
pub mod selection;
pub mod tvl1;
pub mod warp;

mod estimator;
mod field;
mod plane;
mod simd;
mod typical_lengths;

pub(crate) use estimator::check_stop;
pub use estimator::{FlowEstimator, ZeroFlow, common_size};
pub use field::FlowField;
pub use plane::Plane;
pub use typical_lengths::{RecentLengths, TypicalLengths, robust_longest};
