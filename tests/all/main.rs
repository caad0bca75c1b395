//! All integration tests in one binary: linking Burn, wgpu and eframe once is enough.
#![allow(clippy::unwrap_used)] // A test may fail where it stands.

mod app;
mod architecture;
mod cli;
mod cli_flow;
mod codec_vectors;
mod dataset;
mod engine;
mod evaluation;
mod evaluation_run;
mod fine_tuning;
mod flow;
mod flow_benchmarks;
mod flow_files;
mod flow_sources;
mod gpu;
mod groups;
mod i3d;
mod labels;
mod laboratory;
mod losses;
mod motion_net_flow;
mod nets;
mod reproduction;
mod sample;
mod shared;
mod steering;
mod studio;
mod training;
mod training_options;
mod tvl1;
mod tvl1_gpu;
mod video;
mod watched;
mod window;
