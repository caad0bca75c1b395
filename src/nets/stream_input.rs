//! The input of a stream: frames, or the flow between adjacent frames.

use serde::{Deserialize, Serialize};

use super::{Backbone, MotionCrop, WINDOW_FRAMES};
use crate::named::named;

named! {
    /// The resolution at which a temporal stream reads flow.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum FlowResolution {
        /// Frame resolution: flow is upsampled ×2, as in the authors' files.
        #[default]
        Frames = "frames",
        /// Flow resolution, half that of the frames: a quarter of the computation.
        Flow = "flow",
    }
}

named! {
    /// The grey level that is subtracted from flow before a temporal stream.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum FlowMean {
        /// 128, the level of no motion (Wang et al. 2015).
        #[default]
        Middle = "middle",
        /// The mean of each flow field, to remove camera motion (Simonyan & Zisserman 2014).
        Field = "field",
    }
}

/// Flow input configuration of a temporal stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FlowReading {
    /// Resolution of the flow.
    pub resolution: FlowResolution,
    /// The whole flow, the square around the motion, or both.
    pub crop: MotionCrop,
    /// Grey level that is subtracted.
    pub mean: FlowMean,
}

impl FlowReading {
    /// Returns the default flow input configuration of a new stream of `backbone` with input of `modality`.
    pub fn usual(backbone: Backbone, modality: Modality) -> Self {
        let is_original = backbone == Backbone::CnnM2048 && modality == Modality::Flow;
        Self { mean: if is_original { FlowMean::Field } else { FlowMean::Middle }, ..Self::default() }
    }
}

named! {
    /// Type of motion input of the temporal stream.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum MotionCue {
        /// Optical flow between adjacent frames.
        #[default]
        Flow = "flow",
        /// RGB differences of adjacent frames (Wang et al. 2016), without flow.
        RgbDifference = "rgb-difference",
    }
}

/// The modality of a stream's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modality {
    /// Frames: the spatial stream.
    Pictures,
    /// Flow between adjacent frames: the temporal stream.
    Flow,
    /// Differences of adjacent frames: the temporal stream.
    RgbDifference,
}

impl Modality {
    /// Returns `true` if the input is computed from frames alone, without flow.
    pub fn is_of_frames(self) -> bool {
        self != Self::Flow
    }
}

impl MotionCue {
    /// Rejects RGB differences for networks that read clips, and with a flow input configuration other than the
    /// default.
    pub(crate) fn check(self, backbone: Backbone, reading: FlowReading) -> Result<(), String> {
        match self {
            Self::Flow => Ok(()),
            Self::RgbDifference if backbone.reads_clips() => {
                Err(format!("{} reads clips of pictures or flow, not differences", backbone.name()))
            }
            Self::RgbDifference if reading != FlowReading::default() => {
                Err("differences have no flow that could be read at its resolution, around the motion or less its mean"
                    .into())
            }
            Self::RgbDifference => Ok(()),
        }
    }
}

impl From<MotionCue> for Modality {
    fn from(cue: MotionCue) -> Self {
        match cue {
            MotionCue::Flow => Self::Flow,
            MotionCue::RgbDifference => Self::RgbDifference,
        }
    }
}

/// The input of a stream: the planes of consecutive images, flows or differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamInput {
    /// Modality of the input.
    pub modality: Modality,
    /// Number of images, flows or differences.
    pub count: usize,
}

impl StreamInput {
    /// A single frame.
    pub const PICTURE: Self = Self { modality: Modality::Pictures, count: 1 };
    /// The flows of a window.
    pub const STACK: Self = Self { modality: Modality::Flow, count: WINDOW_FRAMES - 1 };
    /// Differences of six adjacent frames.
    pub const DIFFERENCES: Self = Self { modality: Modality::RgbDifference, count: 5 };
    /// Maximum clip length; longer clips would need tens of gigabytes for activations.
    pub const MAX_CLIP: usize = 256;

    /// Returns the input of a stream of `backbone`. `clip` is the clip length of networks for clips, by default the
    /// published one, or the number of flows in a stack, by default that of a window.
    pub fn of(modality: Modality, backbone: Backbone, clip: Option<usize>) -> Self {
        match (backbone.reads_clips(), modality) {
            (true, _) => Self { modality, count: clip.unwrap_or(backbone.clip()) },
            (false, Modality::Pictures) => Self::PICTURE,
            (false, Modality::Flow) => Self { count: clip.unwrap_or(Self::STACK.count), ..Self::STACK },
            (false, Modality::RgbDifference) => Self::DIFFERENCES,
        }
    }

    /// Returns the input of a layer with `channels` channels. Flow has an even number of channels, differences an odd
    /// one.
    pub(super) fn of_channels(channels: usize) -> Self {
        match channels {
            3 => Self::PICTURE,
            _ if channels == Self::DIFFERENCES.channels() => Self::DIFFERENCES,
            _ => Self { modality: Modality::Flow, count: channels / 2 },
        }
    }

    /// Rejects a `count` of images or flows for networks that read a single image or differences, and impossible
    /// counts.
    pub fn check_clip(backbone: Backbone, modality: Modality, count: usize) -> Result<(), String> {
        match count {
            _ if modality == Modality::RgbDifference => Err("differences are always of six frames".into()),
            _ if !backbone.reads_clips() && modality == Modality::Pictures => {
                Err(format!("{} does not read clips", backbone.name()))
            }
            1..=Self::MAX_CLIP => Ok(()),
            _ => Err(format!("a clip length of {count} is outside 1 to {}", Self::MAX_CLIP)),
        }
    }

    /// Returns the number of maps per image, difference or flow: 3 for blue, green and red, 2 for u and v.
    pub fn planes(self) -> usize {
        match self.modality {
            Modality::Pictures | Modality::RgbDifference => 3,
            Modality::Flow => 2,
        }
    }

    /// Returns the total number of maps.
    pub fn channels(self) -> usize {
        self.count * self.planes()
    }

    /// Returns the number of video frames that the input is computed from.
    pub fn frames(self) -> usize {
        match self.modality {
            Modality::Pictures => self.count,
            Modality::Flow | Modality::RgbDifference => self.count + 1,
        }
    }
}
