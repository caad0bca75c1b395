//! TV-L1 optical flow (Zach, Pock, Bischof 2007) as the field uses it: OpenCV's `DualTVL1OpticalFlow` on the processor.
//!
//! Flow without learning, for comparison with the networks and to extract what two-stream networks are trained on.
//! [`Tvl1`] is the solver to use; [`stages`] is the same algorithm step by step, which [`Tvl1`] and the shaders of
//! the same names are held to. [`Tvl1Parameters`] says what can be set.

pub mod stages;

mod estimator;
mod fast;
mod parameters;
mod solver;

pub use parameters::Tvl1Parameters;
pub use solver::Tvl1;
