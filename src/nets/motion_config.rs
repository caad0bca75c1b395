//! Configuration of a motion network: architecture, frames, width and ablation switches.

use serde::{Deserialize, Serialize};

use super::FlowNetConventions;
use crate::error::{Error, Result};

/// Number of frames in a window: the ten flows between them are the temporal stream's input.
pub const WINDOW_FRAMES: usize = 11;

/// Architecture of a motion network: the paper's, or a supervised one it is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    /// Five levels, 42 million parameters at full width (paper, Table 1).
    MotionNet,
    /// Three levels, 2 million parameters at full width.
    TinyMotionNet,
    /// FlowNetS (Fischer et al. 2015).
    #[serde(rename = "flownet-s")]
    FlowNetS,
    /// FlowNetC, which correlates the frames (Fischer et al. 2015); also FlowNet2-C, which has the same layers.
    #[serde(rename = "flownet-c")]
    FlowNetC,
    /// FlowNet-SD, for small displacements (Ilg et al. 2017).
    #[serde(rename = "flownet-sd")]
    FlowNetSd,
    /// FlowNetC followed by one FlowNetS (Ilg et al. 2017).
    #[serde(rename = "flownet2-cs")]
    FlowNet2Cs,
    /// FlowNetC followed by two FlowNetS (Ilg et al. 2017).
    #[serde(rename = "flownet2-css")]
    FlowNet2Css,
    /// The complete FlowNet2 (Ilg et al. 2017).
    #[serde(rename = "flownet2")]
    FlowNet2,
    /// NextFlow, which also predicts the next frame (Sedaghat 2016).
    #[serde(rename = "next-flow")]
    NextFlow,
}

impl Architecture {
    /// All architectures.
    pub const ALL: [Self; 9] = [
        Self::MotionNet,
        Self::TinyMotionNet,
        Self::FlowNetS,
        Self::FlowNetC,
        Self::FlowNetSd,
        Self::FlowNet2Cs,
        Self::FlowNet2Css,
        Self::FlowNet2,
        Self::NextFlow,
    ];

    /// Returns the name of the network in the literature.
    pub fn title(self) -> &'static str {
        match self {
            Self::MotionNet => "MotionNet",
            Self::TinyMotionNet => "Tiny-MotionNet",
            Self::FlowNetS => "FlowNetS",
            Self::FlowNetC => "FlowNetC",
            Self::FlowNetSd => "FlowNet-SD",
            Self::FlowNet2Cs => "FlowNet2-CS",
            Self::FlowNet2Css => "FlowNet2-CSS",
            Self::FlowNet2 => "FlowNet2",
            Self::NextFlow => "NextFlow",
        }
    }

    /// Returns the paper that introduced the network.
    pub fn paper(self) -> &'static str {
        match self {
            Self::MotionNet | Self::TinyMotionNet => "Zhu et al. 2017, arXiv 1704.00389",
            Self::FlowNetS | Self::FlowNetC => "Fischer et al. 2015, arXiv 1504.06852",
            Self::FlowNetSd | Self::FlowNet2Cs | Self::FlowNet2Css | Self::FlowNet2 => {
                "Ilg et al. 2017, arXiv 1612.01925"
            }
            Self::NextFlow => "Sedaghat 2016, arXiv 1612.03777",
        }
    }

    /// Returns `true` if the network was published with supervised training on true flow.
    pub fn is_supervised(self) -> bool {
        !matches!(self, Self::MotionNet | Self::TinyMotionNet)
    }

    /// Returns `true` for a stack of networks, each of which corrects the flow of those before it.
    pub fn is_stack(self) -> bool {
        matches!(self, Self::FlowNet2Cs | Self::FlowNet2Css | Self::FlowNet2)
    }

    /// Returns the levels of its [`FlowPyramid`](super::FlowPyramid), finest first.
    pub fn levels(self) -> std::ops::RangeInclusive<usize> {
        match self {
            Self::MotionNet => 2..=6,
            Self::TinyMotionNet => 2..=4,
            Self::FlowNet2 => 2..=3,
            _ => 2..=7,
        }
    }
}

/// Configuration of a motion network. The default is the paper's MotionNet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MotionConfig {
    /// The architecture.
    pub architecture: Architecture,
    /// Number of frames the network reads at once: 11, or 2 for a network that is applied to each pair of a window.
    pub frames: usize,
    /// Feature maps of the first layer, by which all others scale: 64 in the paper.
    pub width: usize,
    /// Small kernels at full resolution (paper, Table 2). If off, the first layers are 7×7 and 5×5 with stride 2, as in
    /// FlowNetS, and all flow has at most half the resolution.
    #[serde(default = "enabled")]
    pub small_displacement: bool,
    /// Convolutions between deconvolutions, `smooth_conv` (paper, Table 2).
    #[serde(default = "enabled")]
    pub cdc: bool,
    /// Conventions of a supervised network's weights.
    #[serde(default, skip_serializing_if = "FlowNetConventions::is_default")]
    pub conventions: FlowNetConventions,
}

fn enabled() -> bool {
    true
}

impl Default for MotionConfig {
    fn default() -> Self {
        Self {
            architecture: Architecture::MotionNet,
            frames: WINDOW_FRAMES,
            width: 64,
            small_displacement: true,
            cdc: true,
            conventions: FlowNetConventions::DEFAULT,
        }
    }
}

impl MotionConfig {
    /// Largest accepted base width: four times the paper's.
    const MAX_WIDTH: usize = 256;

    /// Rejects values from which no network can be built.
    pub fn validate(&self) -> Result<()> {
        if self.frames != 2 && self.frames != WINDOW_FRAMES {
            let cause = format!("it reads {} frames", self.frames);
            return Err(Error::new("motion network", cause, "Use 2 or 11 frames"));
        }
        let title = self.architecture.title();
        if self.architecture.is_supervised() && self.frames != 2 {
            let cause = format!("{title} reads pairs, not {} frames", self.frames);
            return Err(Error::new("motion network", cause, "Use 2 frames"));
        }
        if self.architecture.is_supervised() && !(self.small_displacement && self.cdc) {
            let cause = format!("{title} has no variant without small displacements or cdc");
            return Err(Error::new("motion network", cause, "Leave these out: they are for MotionNet"));
        }
        if !(1..=Self::MAX_WIDTH).contains(&self.width) {
            let cause = format!("its width is {}", self.width);
            return Err(Error::new("motion network", cause, "Use a width from 1 to 256 (64 is the paper's)"));
        }
        Ok(())
    }

    /// Returns the number of input channels: three colours per frame.
    pub(super) fn input_channels(&self) -> usize {
        3 * self.frames
    }

    /// Returns the number of output maps: u and v of each pair.
    pub(super) fn flow_maps(&self) -> usize {
        2 * (self.frames - 1)
    }
}
