//! How clips are seen and their scores joined, as every command that scores clips lets one choose.

use clap::Args;

use crate::cli::values::{named, non_negative};
use crate::evaluation::{Protocol, Spread};
use crate::nets::ModelCard;
use crate::nets::fusion::{Fusion, FusionRule};

/// The views of clips and the fusion of their scores.
#[derive(Debug, Args)]
pub(super) struct ViewArgs {
    /// Views of a clip: samples × crops. The paper's are 25x10; 1 and 2 crops are the whole frame (and it mirrored), 5 and 10
    /// the corners and the centre (and them mirrored)
    #[arg(long, value_name = "NxM", default_value = "5x2")]
    views: Protocol,
    /// Where the samples lie: paper (whole steps from the first frame) or even (up to the last frame, for short clips)
    #[arg(long, value_parser = named::<Spread>, default_value = "paper")]
    spread: Spread,
    /// How the streams are joined: released, softmax or logits [default: as on the model card]
    #[arg(long, value_parser = named::<FusionRule>)]
    fusion: Option<FusionRule>,
    /// Weight of the temporal stream, that of the spatial stream being 1 [default: as on the model card]
    #[arg(long, value_name = "W", value_parser = non_negative)]
    weight: Option<f64>,
}

impl ViewArgs {
    /// How clips are seen.
    pub fn protocol(&self) -> Protocol {
        Protocol { spread: self.spread, ..self.views }
    }

    /// How the streams of the model with this `card` are joined.
    pub fn fusion(&self, card: &ModelCard) -> Fusion {
        Fusion {
            rule: self.fusion.unwrap_or(card.fusion.rule),
            temporal_weight: self.weight.unwrap_or(card.fusion.temporal_weight),
        }
    }
}
