//! Sets of views that answer one question each, chosen by name.

use super::views::{ViewKind, ViewSpec, Views};
use crate::engine::FlowSource;

/// A set of views.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ViewPreset {
    /// What moves?
    FrameAndFlow,
    /// Is the learned flow as good as the classical one?
    NetworkOrTvl1,
    /// Where is the flow wrong?
    Loss,
    /// Who sees what?
    AllSources,
    /// What does the flow consist of?
    Components,
    /// At which scale is the motion found?
    AllScales,
    /// How does the motion go on?
    TenFlows,
    /// What does the temporal stream get to see?
    TemporalInput,
    /// How do the methods of the paper's Figure 2 compare? The second network is whichever rival has weights.
    Rivals,
    /// What has training changed?
    OldOrNew,
}

impl ViewPreset {
    /// The views.
    pub fn views(self) -> Views {
        use FlowSource as S;
        use ViewKind as K;
        let network = |kind| ViewSpec::new(kind, S::Network);
        match self {
            Self::FrameAndFlow => Views::default(),
            Self::NetworkOrTvl1 => Views::over([S::Network, S::Tvl1].map(|source| ViewSpec::new(K::Flow, source))),
            Self::Loss => Views::beside([K::First, K::Warped, K::Error, K::Ssim, K::Border, K::Occlusion].map(network)),
            Self::AllSources => Views::beside(
                std::iter::once(network(K::Frame)).chain(S::ALL.map(|source| ViewSpec::new(K::Flow, source))),
            ),
            Self::Components => {
                Views::beside([K::Flow, K::Arrows, K::Magnitude, K::Horizontal, K::Vertical, K::Frame].map(network))
            }
            Self::AllScales => Views::beside([network(K::Frame), network(K::Pyramid)]),
            Self::Rivals => Views::beside(
                std::iter::once(network(K::Frame))
                    .chain([S::Tvl1, S::Network, S::SecondNetwork].map(|source| ViewSpec::new(K::Flow, source))),
            ),
            Self::TenFlows => Views::beside([network(K::Strip)]),
            Self::OldOrNew => Views::over([S::SecondNetwork, S::Network].map(|source| ViewSpec::new(K::Flow, source))),
            Self::TemporalInput => Views::beside([network(K::Input)]),
        }
    }
}
