//! Relabels validation clips with the classes that a run is trained on.

use super::config::plan::{Network, TrainingPlan};
use crate::data::{Dataset, LabelledClip};
use crate::error::{Error, Result};
use crate::names::{Alike, class_alike};

/// Returns the clips of `dataset` with the indices that their classes have among `classes`, since a folder that lacks a
/// class numbers the others differently. Without a stream the labels do not matter.
pub(super) fn relabelled(dataset: Dataset, classes: &[String], plan: &TrainingPlan) -> Result<Vec<LabelledClip>> {
    if plan.network == Network::Flow {
        return Ok(dataset.clips);
    }
    let place = |clip: &LabelledClip, label: usize| {
        let class = &dataset.classes[label];
        match class_alike(classes.iter().map(String::as_str), class) {
            Alike::One(label) => Ok(label),
            Alike::Several(_) => {
                let cause = format!("the validation class '{class}' may be any of several training classes");
                Err(Error::file(&clip.path, cause, "Name it exactly as in the training clips"))
            }
            Alike::None => {
                let cause = format!("the validation class '{class}' has no training clips");
                Err(Error::file(&clip.path, cause, "Validate on clips of the training classes"))
            }
        }
    };
    let labelled = |clip: LabelledClip| {
        let label = place(&clip, clip.label)?;
        let also = clip.also.iter().map(|&class| place(&clip, class)).collect::<Result<_>>()?;
        Ok(LabelledClip { label, also, ..clip })
    };
    dataset.clips.into_iter().map(labelled).collect()
}
