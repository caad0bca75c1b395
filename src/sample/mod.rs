//! A generated data set that needs no download: drawn people who perform actions, with exact flow and labels.
//!
//! An [`Action`] defines a posture for every instant; the posture places the bones in space; the figure of a [`Style`]
//! puts a flat, textured part along each bone; backdrop and figure become layers, each with affine maps into this frame
//! and into the next. The renderer computes both the picture and its flow from them. [`write_project`] writes the data
//! set to disk, [`write_pairs`] individual pairs with their flow, and [`write_recordings`] minutes of consecutive
//! actions with their times.

mod action;
mod affine;
mod baked;
mod clip;
mod fabric;
mod figure;
mod head;
mod indoors;
mod motion;
mod outdoors;
mod paint;
mod pairs;
mod part;
mod plane;
mod pose;
mod project;
mod recordings;
mod render;
mod scene;
mod style;

use image::RgbImage;

pub use action::{ACTIONS, Action};
pub use clip::FPS;
pub use pairs::{pair_files, write_pairs};
pub use project::{SampleProject, SampleSize, files, first_clip, write_part, write_project};
pub use recordings::{Recordings, recording_files, write_recordings};
pub use style::{STYLES, Style};

use crate::flow::FlowField;
use crate::video::Geometry;

/// A clip with its frames, flow and label.
pub struct SampleClip {
    /// The frames, at [`FPS`].
    pub frames: Vec<RgbImage>,
    /// The exact flow from every frame to its successor, one fewer than frames.
    pub flow: Vec<FlowField>,
    /// The figure's action: the label.
    pub action: Action,
}

/// Renders a clip of `frames` frames; equal arguments give equal clips.
///
/// # Panics
/// If a side of `geometry` is 0.
pub fn render_clip(action: Action, style: &Style, seed: u64, frames: usize, geometry: Geometry) -> SampleClip {
    let clip = clip::GeneratedClip::new(action, style, seed, frames, geometry);
    let (frames, mut flow): (Vec<_>, Vec<_>) = (0..frames).map(|index| clip.frame(index)).unzip();
    flow.pop(); // the last frame has no successor
    SampleClip { frames, flow, action }
}
