//! Motionscope: hidden two-stream networks for research on motion in video.
//!
//! The modules in order of data flow: a [`video`] is decoded into frames; [`nets`] predict [`flow`] and class scores
//! from them on the device that [`gpu`] selects; [`labels`] stores the labels of videos; [`data`] lists the clips of
//! data sets; [`training`] trains the networks; [`evaluation`] evaluates them; [`reproduction`] does both for the
//! tables of the paper. The [`engine`] runs all of it on named threads for the [`app`]; the [`cli`] uses the same
//! components directly.

mod allocator;
mod annotations;
pub mod app;
mod atomic;
mod calendar;
pub mod cli;
mod cluster;
mod command_line;
mod content_hash;
pub mod data;
pub mod descriptors;
mod diagnostics;
pub mod engine;
pub mod error;
pub mod evaluation;
mod file_lock;
mod files;
pub mod flow;
pub mod frame_times;
pub mod gpu;
mod installed;
mod json_values;
pub mod labels;
mod named;
mod names;
pub mod nets;
pub mod output;
mod panic_guard;
mod plural;
pub mod predictions;
pub mod ranking;
pub mod reproduction;
pub mod sample;
mod secrets;
mod shards;
pub mod table;
mod termination;
mod thread_priority;
pub mod training;
pub mod video;
