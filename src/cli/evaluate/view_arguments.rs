//! The view and fusion options shared by the commands that score clips.

use clap::Args;

use crate::cli::values::{choice, named, weight};
use crate::error::{Error, Result};
use crate::evaluation::{Protocol, Spread, ViewAverage, average_remark};
use crate::nets::ModelCard;
use crate::nets::fusion::{Fusion, FusionRule};

/// The views of clips and the fusion of their scores.
#[derive(Debug, Args)]
pub(super) struct ViewArgs {
    /// Views of a clip: samples × crops (the paper: 25x10)
    ///
    /// 1 crop is the whole frame, 2 add its mirror image; 5 crops are corners and centre, 10 add their mirror images.
    #[arg(long, value_name = "NxM", default_value = "5x2")]
    views: Protocol,
    /// Sampling: paper (integer stride from the first frame), even (up to the last frame) or tsn
    ///
    /// Use even for short clips. tsn is the integer stride of temporal segment networks, up to the last window.
    #[arg(long, value_parser = named::<Spread>(), default_value = "paper")]
    spread: Spread,
    /// Mean over the views: logits or softmax [default: softmax for emv, else logits]
    #[arg(long, value_parser = choice::<ViewAverage>())]
    average: Option<ViewAverage>,
    /// Fusion rule: released, softmax or logits [default: from the model card]
    #[arg(long, value_parser = named::<FusionRule>())]
    fusion: Option<FusionRule>,
    /// Weight of the temporal stream relative to the spatial one [default: from the model card]
    #[arg(long, value_name = "W", value_parser = weight)]
    weight: Option<f64>,
}

impl ViewArgs {
    /// Returns the evaluation protocol.
    pub fn protocol(&self) -> Protocol {
        Protocol { spread: self.spread, average: self.average, ..self.views }
    }

    /// Returns the fusion for the model with this `card`.
    ///
    /// # Errors
    /// If the released rule is asked for where softmax is averaged: it would leave nothing of the scores.
    pub fn fusion(&self, card: &ModelCard) -> Result<Fusion> {
        if self.fusion == Some(FusionRule::Released) && average_remark(card, self.average).is_some() {
            let cause = "released keeps scores above 0, and means of softmax have none";
            return Err(Error::usage("--fusion", cause, "Use --fusion softmax, or --average logits"));
        }
        Ok(Fusion {
            rule: self.fusion.unwrap_or(card.fusion.rule),
            temporal_weight: self.weight.unwrap_or(card.fusion.temporal_weight),
            ..card.fusion
        })
    }
}
