//! The flow method whose output a temporal stream reads, and was trained on.

use serde::{Deserialize, Serialize};

use crate::named::named;

named! {
    /// Flow method for the temporal stream's input.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum FlowSource {
        /// MotionNet, end to end with the stream.
        #[default]
        #[serde(rename = "motionnet")]
        MotionNet = "motionnet",
        /// MotionNet flow, quantised to 256 levels as in stored images.
        #[serde(rename = "motionnet-stored")]
        MotionNetStored = "motionnet-stored",
        /// TV-L1 as OpenCV computes it.
        Tvl1 = "tvl1",
        /// TV-L1 with the real-time parameters.
        Tvl1Fast = "tvl1-fast",
        /// Dense Inverse Search with the preset `medium`.
        Dis = "dis",
        /// Dense Inverse Search with the preset `fast`.
        DisFast = "dis-fast",
        /// Dense Inverse Search with the preset `ultrafast`.
        DisUltrafast = "dis-ultrafast",
        /// Motion vectors of the video codec.
        Codec = "codec",
        /// Codec motion vectors in whole pixels, as grey levels: the input of the EMV network.
        Emv = "emv",
        /// Flow images flow_x_…, flow_y_… (±20 px) beside the frames of each clip.
        Stored = "stored",
    }
}

impl FlowSource {
    /// Returns `true` if the method needs a trained MotionNet.
    pub fn needs_network(self) -> bool {
        matches!(self, Self::MotionNet | Self::MotionNetStored)
    }

    /// Returns `true` if the flow is computed from frames, rather than read from the clip's file or folder.
    pub fn needs_pictures(self) -> bool {
        !matches!(self, Self::Codec | Self::Emv | Self::Stored)
    }

    /// Returns the method's name for use in a sentence: `TV-L1 flow`.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::MotionNet => "MotionNet's flow",
            Self::MotionNetStored => "MotionNet's flow in 256 levels",
            Self::Tvl1 => "TV-L1 flow",
            Self::Tvl1Fast => "TV-L1 flow (preset fast)",
            Self::Dis => "DIS flow (preset medium)",
            Self::DisFast => "DIS flow (preset fast)",
            Self::DisUltrafast => "DIS flow (preset ultrafast)",
            Self::Codec => "motion vectors of the codec",
            Self::Emv => "motion vectors of the codec in grey levels",
            Self::Stored => "stored flow images",
        }
    }
}
