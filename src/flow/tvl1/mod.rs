//! TV-L1 optical flow (Zach, Pock, Bischof 2007) as the field uses it: OpenCV's `DualTVL1OpticalFlow`.
//!
//! Flow without learning, for comparison with the networks and to extract what two-stream networks are trained on.
//! [`Tvl1`] is the solver for the processor, [`Tvl1OnGpu`] the one for the graphics device; [`stages`] is the same
//! algorithm step by step, which both are held to. [`Tvl1Parameters`] says what can be set.

pub mod stages;

mod estimator;
mod fast;
mod gpu_iteration;
mod gpu_levels;
mod gpu_stages;
mod on_gpu;
mod parameters;
mod solver;

pub use on_gpu::Tvl1OnGpu;
pub use parameters::Tvl1Parameters;
pub use solver::Tvl1;
