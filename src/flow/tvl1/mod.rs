//! TV-L1.

mod gpu_iteration;
mod gpu_levels;
mod gpu_stages;
mod on_gpu;
mod parameters;
pub mod stages;

pub use on_gpu::Tvl1OnGpu;
pub use parameters::Tvl1Parameters;
