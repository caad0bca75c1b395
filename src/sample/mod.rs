//! A data set that needs no download: drawn people who wave, clap and walk, with flow and labels known exactly.
//!
//! The walk through the module: an [`Action`] gives a posture for every instant; the posture puts the bones in space;
//! the figure of a [`Style`] lays a flat, textured part along each bone; backdrop and figure become layers, each with
//! an affine map into this frame and into the next. The renderer makes both the picture and its flow from them;
//! [`write_project`] puts all of it on disk, [`write_pairs`] single pairs with their flow, [`write_recordings`] minutes of
//! actions in turn with their times.

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

/// A clip with everything there is to know about it.
pub struct SampleClip {
    /// The frames, at [`FPS`].
    pub frames: Vec<RgbImage>,
    /// The exact flow from every frame to its successor, one fewer than frames.
    pub flow: Vec<FlowField>,
    /// The figure's action: the label.
    pub action: Action,
}

/// Draws a clip of `frames` frames; the same arguments give the same clip.
///
/// # Panics
/// If a side of `geometry` is 0.
pub fn render_clip(action: Action, style: &Style, seed: u64, frames: usize, geometry: Geometry) -> SampleClip {
    let clip = clip::GeneratedClip::new(action, style, seed, frames, geometry);
    let (frames, mut flow): (Vec<_>, Vec<_>) = (0..frames).map(|index| clip.frame(index)).unzip();
    flow.pop(); // the last frame has no successor
    SampleClip { frames, flow, action }
}
