//! TV-L1 optical flow (Zach, Pock, Bischof 2007).

mod parameters;

pub use parameters::Tvl1Parameters;
