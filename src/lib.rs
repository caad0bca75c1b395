//! Motionscope: hidden two-stream networks for people who work with motion in video.
//!
//! The modules in the order in which data flows: a [`video`] is decoded into frames, [`nets`] predict [`flow`] and class
//! scores from them on the device that [`gpu`] chose, [`labels`] keep what a person says about the videos, [`training`]
//! makes the networks and [`evaluation`] measures them, [`reproduction`] does both as the paper's tables have it, the
//! [`engine`] runs all of it on named threads, and the [`app`] and the [`cli`] are two consumers of the engine's messages.

pub mod app;
mod atomic;
pub mod cli;
mod content_hash;
pub mod engine;
pub mod error;
pub mod evaluation;
mod files;
pub mod flow;
pub mod frame_times;
pub mod gpu;
mod json_values;
pub mod labels;
mod names;
pub mod nets;
pub mod output;
mod plural;
pub mod ranking;
pub mod reproduction;
pub mod sample;
mod secrets;
pub mod table;
pub mod training;
pub mod video;
