//! The optimised implementation of [`Tvl1`](super::Tvl1): the same stages as in [`stages`](super::stages), for all
//! cores, full vector width, and the cache.
//!
//! [`level`] processes one level of the pyramid; most of the time is spent in [`sweep`].

pub mod level;

mod median;
mod rows;
mod sweep;
mod texture;
