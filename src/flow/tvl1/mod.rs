//! TV-L1.
mod parameters;
pub mod stages;
pub use parameters::Tvl1Parameters;
