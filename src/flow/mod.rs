//! Optical flow as data: the field, its colour coding, its file formats, its error metrics, and the methods that
//! estimate it.
//!
//! The networks predict flow, [`tvl1`] and [`dis`] compute it without learning, and the sample generator knows it
//! exactly; all produce a [`FlowField`], which everything that shows, stores or measures flow takes.

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
