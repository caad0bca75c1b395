//! Comparison of the sources of flow: their settings, statistics and benchmarks.

pub mod benchmark;
pub mod benchmark_state;
pub mod commands;
mod comparison_image;
pub mod export;
pub mod network_names;
#[cfg(test)]
mod network_tests;
pub mod panel;
pub mod state;
pub mod statistics;
mod stream_source;
#[cfg(test)]
pub mod tests;
#[cfg(test)]
mod view_tests;
