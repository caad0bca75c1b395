//! The configuration of a joint network.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::named::named;
use crate::nets::{FlowNetConventions, MotionConfig, WINDOW_FRAMES};

named! {
    /// Architecture of a network for flow and action.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum JointArchitecture {
        /// MotionNet with three fully connected layers on its encoder (the paper's supplementary material).
        #[default]
        Branched = "branched",
        /// ActionFlowNet with 2 frames: FlowNetS with a classifier on its encoder.
        #[serde(rename = "actionflownet-2")]
        ActionFlowNet2 = "actionflownet-2",
        /// ActionFlowNet with 16 frames: a 3-D ResNet-18 with a flow decoder.
        #[serde(rename = "actionflownet-16")]
        ActionFlowNet16 = "actionflownet-16",
    }
}

impl JointArchitecture {
    /// Returns its display name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Branched => "Branched MotionNet",
            Self::ActionFlowNet2 => "ActionFlowNet-2",
            Self::ActionFlowNet16 => "ActionFlowNet-16",
        }
    }

    /// Returns the paper that introduced the network.
    pub fn paper(self) -> &'static str {
        match self {
            Self::Branched => "Zhu et al. 2017, arXiv 1704.00389",
            Self::ActionFlowNet2 | Self::ActionFlowNet16 => "Ng et al. 2016, arXiv 1612.03052",
        }
    }

    /// Returns the number of frames the network reads at once.
    pub fn frames(self) -> usize {
        match self {
            Self::Branched => WINDOW_FRAMES,
            Self::ActionFlowNet2 => 2,
            Self::ActionFlowNet16 => 16,
        }
    }

    /// Returns the stride: the input's sides must be multiples of it.
    pub fn stride(self) -> usize {
        match self {
            Self::Branched => 32,
            Self::ActionFlowNet2 => 64,
            Self::ActionFlowNet16 => 16,
        }
    }

    /// Returns the levels of the network's flow, finest first; level 1 has half the resolution of the frames.
    pub fn levels(self) -> RangeInclusive<usize> {
        match self {
            Self::Branched => 2..=6,
            Self::ActionFlowNet2 => 2..=7,
            Self::ActionFlowNet16 => 2..=5,
        }
    }

    /// Returns `true` if its flow is learned from another method's flow instead of by reconstructing frames.
    pub fn is_taught(self) -> bool {
        self != Self::Branched
    }
}

/// Configuration of a joint network. The default is the paper's branched variant.
///
/// Values the sources leave open have named defaults here: `hidden`, `map` and `dropout`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JointConfig {
    /// The architecture.
    pub architecture: JointArchitecture,
    /// Feature maps of the first layer, by which all others scale: 64 in the papers.
    pub width: usize,
    /// Units of each hidden fully connected layer of the branched variant; `None` for 64 times the width, VGG16's 4096
    /// at full width.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<usize>,
    /// Rows and columns of the encoder's last map that the branch reads; maps of other sizes are averaged to it. `None`
    /// for 7×7, the size for 224×224 pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<[usize; 2]>,
    /// Dropout of the branch; `None` for 0.9 and 0.8 as in the authors' temporal stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropout: Option<f64>,
    /// Conventions of the FlowNetS in ActionFlowNet with 2 frames.
    #[serde(default, skip_serializing_if = "FlowNetConventions::is_default")]
    pub conventions: FlowNetConventions,
}

impl Default for JointConfig {
    fn default() -> Self {
        Self {
            architecture: JointArchitecture::Branched,
            width: Self::PUBLISHED_WIDTH,
            hidden: None,
            map: None,
            dropout: None,
            conventions: FlowNetConventions::DEFAULT,
        }
    }
}

impl JointConfig {
    /// The width in the papers.
    pub const PUBLISHED_WIDTH: usize = 64;
    /// Hidden units of the branch per map of the first layer: 4096 for 64.
    const HIDDEN_PER_MAP: usize = 64;
    /// Size of the encoder's last map for 224×224 pixels.
    const MAP: [usize; 2] = [7, 7];
    /// Largest accepted hidden layer: four times VGG16's.
    const MAX_HIDDEN: usize = 16_384;
    /// Largest accepted map side; larger ones would belong to frames of more than 2000 pixels.
    const MAX_MAP: usize = 64;

    /// Returns the number of units of each hidden layer of the branch.
    pub fn hidden(&self) -> usize {
        self.hidden.unwrap_or(Self::HIDDEN_PER_MAP * self.width)
    }

    /// Returns the rows and columns that the branch reads.
    pub fn map(&self) -> [usize; 2] {
        self.map.unwrap_or(Self::MAP)
    }

    /// Returns the configuration of the MotionNet whose encoder the branched variant shares.
    pub fn motion(&self) -> MotionConfig {
        MotionConfig { width: self.width, ..MotionConfig::default() }
    }

    /// Rejects values from which no network can be built.
    pub fn validate(&self) -> Result<()> {
        self.motion().validate().map_err(|error| Error { subject: "joint network".into(), ..error })?;
        let refuse = |cause: String, remedy: &str| Err(Error::new("joint network", cause, remedy));
        if self.architecture != JointArchitecture::Branched && (self.hidden.is_some() || self.map.is_some()) {
            return refuse(format!("{} has no hidden layers", self.architecture.name()), "Leave out hidden and map");
        }
        if self.architecture != JointArchitecture::ActionFlowNet2 && !self.conventions.is_default() {
            let cause = format!("{} has no conventions of FlowNetS", self.architecture.name());
            return refuse(cause, "Leave out conventions");
        }
        if !(1..=Self::MAX_HIDDEN).contains(&self.hidden()) {
            return refuse(format!("it has {} hidden numbers", self.hidden()), "Use 1 to 16384 (4096 as in VGG16)");
        }
        if !self.map().iter().all(|side| (1..=Self::MAX_MAP).contains(side)) {
            let [rows, columns] = self.map();
            return refuse(format!("its map is {columns}×{rows}"), "Use sides from 1 to 64 (7 for 224 pixels)");
        }
        match self.dropout {
            Some(p) if !(0.0..1.0).contains(&p) => {
                refuse(format!("its dropout is {p}"), "Use a value from 0 to below 1")
            }
            _ => Ok(()),
        }
    }
}
