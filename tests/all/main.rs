//! All integration tests in one binary: linking Burn, wgpu and eframe once is enough.
#![allow(clippy::unwrap_used)] // A test may fail where it stands.

mod app;
mod architecture;
mod cli;
mod engine;
mod flow;
mod gpu;
mod losses;
mod nets;
mod sample;
mod shared;
mod training;
mod tvl1;
mod video;
mod window;
