//! Creation of flow sources from the settings.

use std::path::PathBuf;

use super::FlowSource;
use super::codec::CodecSource;
use super::desired::DesiredFlows;
use super::dis::DisSource;
use super::ground_truth::TruthSource;
use super::network::{CoarseToFineSource, NetworkSource};
use super::source::ClipSource;
use super::tvl1::Tvl1Source;
use crate::engine::inference::target::PlayedClip;
use crate::error::Result;
use crate::flow::dis::DisPreset;
use crate::flow::tvl1::Tvl1Parameters;
use crate::gpu::Compute;

/// An open source.
pub(super) type OpenedSource = Box<dyn ClipSource>;

/// All inputs of a source except the pair; the source stays open while they are unchanged.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SourceKey {
    kind: SourceSettings,
    clip: PathBuf,
    /// Unique number of this opening of the clip.
    opening: u64,
}

#[derive(Debug, Clone, PartialEq)]
enum SourceSettings {
    /// The folder, and the generation of the networks in it.
    Network(PathBuf, u64),
    /// The same, and whether its flow is refined.
    CoarseToFine(PathBuf, u64, bool),
    Tvl1 {
        parameters: Tvl1Parameters,
        side: Option<u32>,
        warm_start: bool,
    },
    Dis(DisPreset),
    Codec,
    Truth(PathBuf),
}

impl SourceKey {
    /// Returns the key of source `kind`; `None` if a clip, a model or a file is missing.
    pub fn of(kind: FlowSource, desired: &DesiredFlows) -> Option<Self> {
        let settings = &desired.settings;
        let kind = match kind {
            FlowSource::Network => SourceSettings::Network(desired.model.clone()?, desired.model_generation),
            FlowSource::SecondNetwork => {
                let dir = settings.second_model.clone()?;
                match settings.coarse_to_fine {
                    true => SourceSettings::CoarseToFine(dir, settings.second_edition, settings.refine),
                    false => SourceSettings::Network(dir, settings.second_edition),
                }
            }
            FlowSource::Tvl1 => SourceSettings::Tvl1 {
                parameters: settings.tvl1,
                side: settings.tvl1_side,
                warm_start: settings.warm_start,
            },
            FlowSource::Dis => SourceSettings::Dis(settings.dis),
            FlowSource::Codec => SourceSettings::Codec,
            FlowSource::Truth => SourceSettings::Truth(settings.truth.clone()?),
        };
        let clip = desired.clip.as_ref()?;
        Some(Self { kind, clip: clip.path.clone(), opening: clip.player.opening() })
    }
}

/// Opens the source of `key` for `clip`.
///
/// # Errors
/// If it does not support this clip or these settings.
pub(super) fn open(key: &SourceKey, clip: &PlayedClip, compute: &Compute) -> Result<OpenedSource> {
    Ok(match &key.kind {
        SourceSettings::Network(dir, _) => Box::new(NetworkSource::load(dir, compute)?),
        SourceSettings::CoarseToFine(dir, _, refines) => Box::new(CoarseToFineSource::load(dir, *refines, compute)?),
        SourceSettings::Tvl1 { parameters, side, warm_start } => {
            Box::new(Tvl1Source::new(*parameters, *side, *warm_start, compute)?)
        }
        SourceSettings::Dis(preset) => Box::new(DisSource::new(*preset)),
        SourceSettings::Codec => Box::new(CodecSource::open(&clip.path, clip.size)?),
        SourceSettings::Truth(path) => Box::new(TruthSource::open(path, clip.frames)?),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::video::{Geometry, Player, Sizes};

    #[test]
    fn a_clip_that_is_opened_again_is_tried_again() {
        let key = || {
            let player = Arc::new(Player::open("missing.mp4".as_ref(), Sizes::default(), Arc::new(|| ())));
            let size = Geometry { width: 64, height: 48 };
            let clip = PlayedClip { player, path: "missing.mp4".into(), frames: 9, size };
            let desired = DesiredFlows { clip: Some(clip), ..DesiredFlows::default() };
            [(); 2].map(|()| SourceKey::of(FlowSource::Dis, &desired).unwrap())
        };
        // The address of a dropped player may be reused.
        let keys: Vec<_> = (0..20).map(|_| key()).collect();
        assert!(keys.iter().all(|[one, other]| one == other));
        assert!(keys.windows(2).all(|pair| pair[0][0] != pair[1][0]));
    }
}
