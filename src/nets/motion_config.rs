//! The configuration of a motion network: architecture, frames, width and ablation switches.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Frames in a window: the ten flows between them are what the temporal stream classifies.
pub const WINDOW_FRAMES: usize = 11;

/// The two shapes of motion network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    /// Five levels, 42 million parameters at full width (paper, Table 1).
    MotionNet,
    /// Three levels, 2 million parameters at full width.
    TinyMotionNet,
}

/// A motion network to be built. The default is the paper's MotionNet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MotionConfig {
    /// MotionNet or Tiny-MotionNet.
    pub architecture: Architecture,
    /// Frames the network reads at once: 11, or 2 for a network that is applied to each pair of a window.
    pub frames: usize,
    /// Feature maps of the first layer, from which all others scale: 64 in the paper.
    pub width: usize,
    /// Paper, Table 2: small kernels at full resolution. Off: 7×7 and 5×5 first layers of stride 2, as in FlowNetS, and
    /// all flow at half the resolution.
    #[serde(default = "enabled")]
    pub small_displacement: bool,
    /// Paper, Table 2: convolutions between deconvolutions (`smooth_conv`).
    #[serde(default = "enabled")]
    pub cdc: bool,
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
        }
    }
}

impl MotionConfig {
    /// The largest base width taken seriously: four times the paper's.
    const MAX_WIDTH: usize = 256;

    /// Refuses numbers no network can be built from.
    pub fn validate(&self) -> Result<()> {
        if self.frames != 2 && self.frames != WINDOW_FRAMES {
            let cause = format!("it reads {} frames", self.frames);
            return Err(Error::new("motion network", cause, "Use 2 or 11 frames"));
        }
        if !(1..=Self::MAX_WIDTH).contains(&self.width) {
            let cause = format!("its width is {}", self.width);
            return Err(Error::new("motion network", cause, "Use a width from 1 to 256 (64 is the paper's)"));
        }
        Ok(())
    }

    /// Channels of the network's input: three colours a frame.
    pub(super) fn input_channels(&self) -> usize {
        3 * self.frames
    }

    /// Maps of the network's output: u and v of each pair.
    pub(super) fn flow_maps(&self) -> usize {
        2 * (self.frames - 1)
    }
}
