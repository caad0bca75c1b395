//! Settings of the flow comparison: one value, sent whole on each change.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::flow::dis::DisPreset;
use crate::flow::tvl1::Tvl1Parameters;

/// The largest temporal stride: a window of eleven frames then spans 41.
pub const MAX_STRIDE: usize = 4;

/// A source of flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FlowSource {
    /// The motion network of the model in use.
    Network,
    /// The motion network of a second model, for comparison.
    SecondNetwork,
    /// TV-L1 with the settings' parameters.
    Tvl1,
    /// DIS with the settings' preset.
    Dis,
    /// The motion vectors in the video file.
    Codec,
    /// Flow files.
    Truth,
}

impl FlowSource {
    /// All sources, in display order.
    pub const ALL: [Self; 6] = [Self::Network, Self::SecondNetwork, Self::Tvl1, Self::Dis, Self::Codec, Self::Truth];

    /// Returns whether it is a network.
    pub(in crate::engine) fn is_network(self) -> bool {
        matches!(self, Self::Network | Self::SecondNetwork)
    }

    /// Returns the kind of method, a heading for the sources that share it.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Network | Self::SecondNetwork => "Learned",
            Self::Tvl1 | Self::Dis => "Classical",
            Self::Codec | Self::Truth => "From files",
        }
    }

    /// Returns the display name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Network => "MotionNet of the model",
            Self::SecondNetwork => "MotionNet of a second model",
            Self::Tvl1 => "TV-L1",
            Self::Dis => "DIS",
            Self::Codec => "Codec vectors",
            Self::Truth => "Ground truth",
        }
    }
}

/// The settings of the flow comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FlowSettings {
    /// Sources to compute besides [`FlowSource::Network`], which is always computed.
    pub sources: Vec<FlowSource>,
    /// Sources whose [`FlowDiagnostics`](super::FlowDiagnostics) are shown.
    pub inspected: Vec<FlowSource>,
    /// Whether diagnostics contain the occlusion by the forward–backward check, which costs a second flow.
    pub occlusion: bool,
    /// Whether MotionNet's flow is shown at every scale of its pyramid.
    pub pyramid: bool,
    /// Sources whose ten flows of the window are shown, with the temporal stream's input.
    pub strips: Vec<FlowSource>,
    /// Whether the temporal stream scores every source, which costs ten flows per window.
    pub score_all: bool,
    /// Frame distance of a pair, 1 … [`MAX_STRIDE`].
    pub stride: usize,
    /// Parameters of TV-L1.
    pub tvl1: Tvl1Parameters,
    /// Whether TV-L1 starts from the flow of the previous pair, if that was computed last.
    pub warm_start: bool,
    /// Longest side in pixels of TV-L1's input pictures; `None` for the video's own.
    pub tvl1_side: Option<u32>,
    /// Preset of DIS.
    pub dis: DisPreset,
    /// Whether the second network processes the pictures at their own size from coarse to fine, as in benchmarks,
    /// instead of once at the size of its model card.
    pub coarse_to_fine: bool,
    /// Whether its flow is refined variationally after each pass.
    pub refine: bool,
    /// A flow file, or a folder with one file per pair, see [`by_pair`](crate::flow::files::by_pair).
    pub truth: Option<PathBuf>,
    /// Folder of the second model.
    pub second_model: Option<PathBuf>,
    /// Incremented whenever it is chosen or trained: the folder of a resumed run contains new networks.
    #[serde(skip)]
    pub second_edition: u64,
}

impl Default for FlowSettings {
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            inspected: Vec::new(),
            occlusion: false,
            pyramid: false,
            strips: Vec::new(),
            score_all: false,
            stride: 1,
            tvl1: Tvl1Parameters::opencv(),
            warm_start: false, // the flow of a pair then depends on the pair alone, not on the order of computation
            tvl1_side: Some(640),
            dis: DisPreset::default(),
            coarse_to_fine: true,
            refine: true,
            truth: None,
            second_model: None,
            second_edition: 0,
        }
    }
}

impl FlowSettings {
    /// Returns the stride, clamped to its range: settings may come from an old file.
    pub fn stride(&self) -> usize {
        self.stride.clamp(1, MAX_STRIDE)
    }

    /// Returns whether `source` is to be computed.
    pub fn wants(&self, source: FlowSource) -> bool {
        source == FlowSource::Network || self.sources.contains(&source)
    }

    /// Returns whether the flow from the second frame to the first is needed too.
    pub fn wants_backward(&self, source: FlowSource) -> bool {
        self.occlusion && self.inspected.contains(&source)
    }

    /// Returns whether the ten flows of the window are needed.
    pub fn wants_strip(&self, source: FlowSource) -> bool {
        self.score_all || self.strips.contains(&source)
    }
}
