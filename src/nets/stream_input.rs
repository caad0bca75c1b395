//! The input of a stream: frames, or the flow between adjacent frames.

use serde::{Deserialize, Serialize};

use super::{Backbone, MotionCrop, WINDOW_FRAMES};
use crate::named::named;

named! {
    /// The resolution at which a temporal stream reads flow.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum FlowResolution {
        /// That of the frames: upsampled ×2, as in the authors' files.
        #[default]
        Frames = "frames",
        /// Its own, half that of the frames: a quarter of the computation.
        Flow = "flow",
    }
}

/// How a temporal stream reads flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FlowReading {
    /// At which resolution.
    pub resolution: FlowResolution,
    /// The whole, the square around the motion, or both.
    pub crop: MotionCrop,
}

/// The modality of a stream's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modality {
    /// Frames: the spatial stream.
    Pictures,
    /// Flow between adjacent frames: the temporal stream.
    Flow,
}

/// The input of a stream: one map of each plane after another, picture by picture or flow by flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamInput {
    /// Of what it is made.
    pub modality: Modality,
    /// How many pictures or flows it holds.
    pub count: usize,
}

impl StreamInput {
    /// One frame.
    pub const PICTURE: Self = Self { modality: Modality::Pictures, count: 1 };
    /// The flows of a window.
    pub const STACK: Self = Self { modality: Modality::Flow, count: WINDOW_FRAMES - 1 };
    /// Pictures or flows that an I3D reads unless it is told otherwise (Carreira & Zisserman 2017).
    pub const CLIP: usize = 64;
    /// Longer clips would ask for tens of gigabytes of activations.
    pub const MAX_CLIP: usize = 256;

    /// Returns the input of a stream of `backbone`; `clip` is for those that read clips, by default [`Self::CLIP`].
    pub fn of(modality: Modality, backbone: Backbone, clip: Option<usize>) -> Self {
        match (backbone.reads_clips(), modality) {
            (true, _) => Self { modality, count: clip.unwrap_or(Self::CLIP) },
            (false, Modality::Pictures) => Self::PICTURE,
            (false, Modality::Flow) => Self::STACK,
        }
    }

    /// Refuses clips of `count` pictures or flows for networks that read none, and ones that cannot be.
    pub fn check_clip(backbone: Backbone, count: usize) -> Result<(), String> {
        match count {
            _ if !backbone.reads_clips() => Err(format!("{} does not read clips", backbone.name())),
            1..=Self::MAX_CLIP => Ok(()),
            _ => Err(format!("a clip length of {count} is outside 1 to {}", Self::MAX_CLIP)),
        }
    }

    /// Maps of one picture or flow: blue, green and red, or u and v.
    pub fn planes(self) -> usize {
        match self.modality {
            Modality::Pictures => 3,
            Modality::Flow => 2,
        }
    }

    /// Maps of all.
    pub fn channels(self) -> usize {
        self.count * self.planes()
    }

    /// Frames of a video that it is made of.
    pub fn frames(self) -> usize {
        match self.modality {
            Modality::Pictures => self.count,
            Modality::Flow => self.count + 1,
        }
    }
}
