//! The sampler of a plan.

use std::collections::HashMap;

use super::config::plan::{ClassBalance, Network, TrainingPlan};
use crate::data::augmentation::Sampler;
use crate::data::clips::Clips;
use crate::nets::MotionCrop;

/// Returns the sampler of `plan` for `clips`, with windows of `window` frames.
pub(super) fn sampler(plan: &TrainingPlan, clips: &Clips, window: usize) -> Sampler {
    let balanced = plan.balance == ClassBalance::Sampling;
    Sampler {
        seed: plan.seed,
        batch: plan.batch,
        clips: clips.len(),
        window,
        least: if plan.network == Network::Flow { window } else { 1 },
        segments: plan.segments,
        max_stride: plan.max_stride,
        frame: plan.frame,
        crop: plan.crop,
        scales: plan.crop_scales.clone(),
        classes: if balanced { by_class(clips.shown()) } else { Vec::new() },
        mixup: if matches!(plan.network, Network::Flow | Network::Joint) { 0.0 } else { plan.mixup },
        seen: MotionCrop::Whole,
        squares: Vec::new(),
    }
}

/// Returns the clips of each class that has any, in the order of the classes.
fn by_class(shown: impl Iterator<Item = Vec<usize>>) -> Vec<Vec<usize>> {
    let mut classes: HashMap<usize, Vec<usize>> = HashMap::new();
    for (clip, shown) in shown.enumerate() {
        shown.into_iter().for_each(|class| classes.entry(class).or_default().push(clip));
    }
    let mut classes: Vec<_> = classes.into_iter().collect();
    classes.sort_unstable();
    classes.into_iter().map(|(_, clips)| clips).collect()
}
