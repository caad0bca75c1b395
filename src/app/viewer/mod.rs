//! The pictures of the open clip, the timeline below them, and how the clip plays.

pub mod age_mark;
pub mod clip_list;
pub mod clips;
pub mod commands;
pub mod difference;
pub mod flow_age;
pub mod gpu_flow;
pub mod legend;
pub mod magnitude_scale;
pub mod marks;
pub mod panel;
pub mod pictures;
#[cfg(test)]
mod playback_tests;
pub mod presets;
pub mod read_out;
pub mod square_mark;
pub mod timeline;
pub mod transform;
pub mod transport;
pub mod views;
pub mod wheel_place;
