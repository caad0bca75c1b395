//! TV-L1 optical flow (Zach, Pock, Bischof 2007) as in OpenCV's `DualTVL1OpticalFlow`.
//!
//! A flow method without learning, for comparison with the networks and to extract the input of two-stream networks.
//! [`Tvl1`] is the solver for the CPU, [`Tvl1OnGpu`] the one for the GPU; [`stages`] is the
//! step-by-step reference that both are tested against. [`Tvl1Parameters`] holds the parameters.

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
