//! A clip and a model made on the spot, for measurements and tests that must not depend on files of any kind.

use std::path::{Path, PathBuf};

use burn::tensor::Device;

use crate::error::Result;
use crate::flow::Plane;
use crate::nets::fusion::Fusion;
use crate::nets::{
    Architecture, Backbone, FlowNetConventions, FrameSize, HiddenTwoStream, Modality, ModelCard, MotionConfig,
    MotionEntry, Origin, Precision, Preprocessing, StreamEntry,
};
use crate::sample::{ACTIONS, STYLES, render_clip};
use crate::video::{Geometry, VideoWriter};

/// The paper's input.
pub const INPUT: Geometry = Geometry { width: 224, height: 224 };
/// The generated clip.
pub const CLIP: Geometry = Geometry { width: 320, height: 240 };
/// Number of its frames.
pub const CLIP_FRAMES: usize = 60;
/// The motion network that small machines use.
pub const PAIRWISE: MotionConfig = MotionConfig {
    architecture: Architecture::MotionNet,
    frames: 2,
    width: 16,
    small_displacement: true,
    cdc: true,
    conventions: FlowNetConventions::DEFAULT,
};

/// Writes `clip.mp4` with the given number of frames of a generated figure into `dir`.
pub fn clip(dir: &Path, frames: usize, geometry: Geometry) -> Result<PathBuf> {
    let path = dir.join("clip.mp4");
    let mut writer = VideoWriter::create(&path, geometry, 25.0)?;
    for frame in &render_clip(ACTIONS[0], &STYLES[0], 1, frames, geometry).frames {
        writer.push(frame)?;
    }
    writer.finish()?;
    Ok(path)
}

/// Two neighbouring grey frames of a generated figure in motion.
pub fn neighbours(geometry: Geometry) -> [Plane; 2] {
    let clip = render_clip(ACTIONS[0], &STYLES[0], 1, 6, geometry);
    [4, 5].map(|frame: usize| Plane::grey(&clip.frames[frame]))
}

/// Returns a model that has learned nothing: `motion` and two SqueezeNet streams of two classes, for frames of `size`.
pub fn model(motion: &MotionConfig, size: Geometry, device: &Device) -> HiddenTwoStream {
    let stream = |weights: &str| StreamEntry::new(weights, Backbone::SqueezeNet);
    let size = FrameSize { width: size.width, height: size.height };
    let (temporal, spatial) = (stream("temporal.safetensors"), stream("spatial.safetensors"));
    let networks = (
        motion.init(device),
        temporal.config(Modality::Flow, 2).init(device),
        spatial.config(Modality::Pictures, 2).init(device),
    );
    let card = ModelCard {
        format: ModelCard::FORMAT,
        name: "untrained".into(),
        hash: None,
        licence: "none needed".into(),
        precision: Precision::F16,
        classes: vec!["one".into(), "two".into()],
        thresholds: Vec::new(),
        motion: Some(MotionEntry::new("motion.safetensors", motion.clone())),
        joint: None,
        temporal: Some(temporal),
        spatial: Some(spatial),
        preprocessing: Preprocessing { motion: size, spatial: size.into() },
        fusion: Fusion::default(),
        origin: Origin::default(),
    };
    HiddenTwoStream { card, motion: networks.0, temporal: Some(networks.1), spatial: Some(networks.2) }
}
