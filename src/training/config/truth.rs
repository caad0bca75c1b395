//! True flow in a plan: the source pairs, and checks of supervised training.

use std::sync::Arc;

use super::plan::{Network, TrainingPlan};
use crate::data::{DataSource, PairAugmentation, TruePairs};
use crate::error::{Error, Result};
use crate::nets::Architecture;

impl TrainingPlan {
    /// Returns the pairs with true flow for training and validation; `None` without true flow.
    ///
    /// # Errors
    /// If they cannot be listed.
    pub(in crate::training) fn true_pairs(&self) -> Result<Option<Arc<TruePairs>>> {
        if self.supervised.is_none() {
            return Ok(None);
        }
        let sources = [Some(&self.data), self.validation.as_ref()].into_iter().flatten();
        let pairs = sources.filter_map(|source| match source {
            DataSource::Pairs(pairs) => Some(pairs),
            _ => None,
        });
        let pairs = TruePairs::new(pairs, self.frame)?;
        Ok(Some(Arc::new(pairs.with_augmentation(self.augmentation))))
    }

    /// Rejects parts unless the network is a stack of flow networks without a base.
    pub(super) fn check_parts(&self) -> Result<()> {
        let refuse = |cause: String, remedy: &str| Err(Error::new("parts", cause, remedy));
        let title = self.motion.architecture.title();
        match self.network {
            _ if self.parts.is_empty() => Ok(()),
            Network::Spatial | Network::Temporal | Network::Joint => {
                refuse("they are for the flow network".into(), "Leave them out")
            }
            Network::Flow if self.base.is_some() => refuse("the base has all networks".into(), "Leave one of both out"),
            Network::Flow if !self.motion.architecture.is_stack() => {
                refuse(format!("{title} is no stack of networks"), "Use flownet2-cs, flownet2-css or flownet2")
            }
            Network::Flow => Ok(()),
        }
    }

    /// Rejects true flow unless a flow network is trained on pairs.
    pub(super) fn check_truth(&self) -> Result<()> {
        let is_pairs = |source: &DataSource| matches!(source, DataSource::Pairs(_));
        let refuse = |cause: &str, remedy: &str| Err(Error::new("supervised training", cause, remedy));
        if self.supervised.is_none() && self.augmentation != PairAugmentation::None {
            return refuse("the augmentation is of pairs with true flow", "Leave --augmentation out");
        }
        if self.next_frames.is_some() {
            let of_next_flow = self.base.is_some() || self.motion.architecture == Architecture::NextFlow;
            if self.supervised.is_none() || self.network != Network::Flow || !of_next_flow {
                return refuse_next_frames();
            }
            if self.segments > 1 || self.batch < 2 {
                return refuse("next frames are every second sample", "Use batches of two or more, without segments");
            }
        }
        if self.supervised.is_none() {
            return match is_pairs(&self.data) || self.validation.as_ref().is_some_and(is_pairs) {
                true => refuse("pairs with true flow are for it alone", "Add --supervised, or choose clips"),
                false => Ok(()),
            };
        }
        let beyond = self.loss.census || self.loss.occlusion || self.loss.teacher.is_some();
        match self.network {
            Network::Spatial | Network::Temporal | Network::Joint => {
                refuse("it is for flow alone", "Train the flow network")
            }
            _ if !is_pairs(&self.data) => refuse("clips have no true flow", "Choose pairs that have it (--pairs)"),
            _ if self.validation.as_ref().is_some_and(|source| !is_pairs(source)) => {
                refuse("the validation clips have no true flow", "Choose pairs that have it (--validation-pairs)")
            }
            _ if self.motion.frames != 2 && self.base.is_none() => {
                refuse("true flow is of pairs, not of windows", "Use a network of 2 frames (--frames 2)")
            }
            _ if self.max_stride > 1 => refuse("true flow is of neighbouring frames", "Use a stride of 1"),
            _ if beyond => refuse("census, occlusion and teacher are for frames alone", "Leave them out"),
            _ => Ok(()),
        }
    }
}

/// Rejects next-frame clips in a run that does not train NextFlow with true flow.
pub(in crate::training) fn refuse_next_frames() -> Result<()> {
    let cause = "only NextFlow learns the next frame, beside true flow";
    Err(Error::new("next frames", cause, "Use --supervised --architecture next-flow, or leave them out"))
}
