//! The optimised version of [`Tvl1`](super::Tvl1): the stages of [`stages`](super::stages) again, for all cores, the whole width
//! of the vector unit, and the cache.
//!
//! [`level`] is the walk through one level of the pyramid; [`sweep`] is where the time goes.

pub mod level;

mod median;
mod rows;
mod sweep;
mod texture;
