//! What the unchanged part of a stream makes of clips: taken from their pictures, or from the disk where an earlier run has left it.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::clip_cache::ClipCache;
use super::clips::Clips;
use super::dataset::LabelledClip;
use super::event::{TrainingControl, TrainingEvent};
use super::feature_store::FeatureStore;
use super::frozen_flow::FrozenFlow;
use super::head::{Views, clip_features, hold};
use super::plan::{Network, TrainingPlan};
use super::start::Start;
use crate::error::{Error, Result};
use crate::nets::{Stream, is_device_failure, read_back};

/// How a run of the last layer alone looks at a clip.
pub(super) fn views(plan: &TrainingPlan) -> Views {
    Views { windows: plan.feature_windows, ..Views::FIT }
}

/// Looks at clips.
pub(super) struct FeatureTaker<'a> {
    plan: &'a TrainingPlan,
    start: &'a Start,
    stream: &'a Stream,
    /// Features of earlier runs; none where they cannot be kept.
    store: Option<FeatureStore>,
    done: usize,
    of: usize,
}

/// Clips with what the stream makes of them.
pub(super) struct Features {
    pub clips: Vec<LabelledClip>,
    /// `[clips · views, F]`; none without clips.
    pub rows: Option<Tensor<2>>,
}

impl<'a> FeatureTaker<'a> {
    /// Of clips that are seen as `plan` says, `of` in all.
    pub fn new(plan: &'a TrainingPlan, start: &'a Start, stream: &'a Stream, of: usize) -> Self {
        let store = FeatureStore::open(plan, stream, Some(&start.motion.valid()), views(plan));
        Self { plan, start, stream, store, done: 0, of }
    }

    /// The features of `clips`; those that cannot be read are told and left out. None if `control` stops the work.
    pub fn take(
        &mut self,
        clips: Vec<LabelledClip>,
        control: &TrainingControl,
        on_event: &mut dyn FnMut(TrainingEvent),
    ) -> Result<Option<Features>> {
        let cache = self.plan.cache.clone().map(ClipCache::open).transpose()?.map(Arc::new);
        let mut taken = Features { clips: Vec::new(), rows: None };
        let mut rows = Vec::new();
        let wanted = clips.len();
        for clip in clips {
            hold(control, on_event);
            if control.is_stopped() {
                return Ok(None);
            }
            match self.kept_or_taken(&clip, cache.clone()) {
                Ok(features) => {
                    rows.push(features);
                    taken.clips.push(clip);
                }
                Err(error) if is_device_failure(&error) => return Err(error),
                Err(error) => on_event(TrainingEvent::Warning(error)),
            }
            self.done += 1;
            on_event(TrainingEvent::Preparing { done: self.done, of: self.of });
        }
        if rows.is_empty() && wanted > 0 {
            return Err(Error::new("clips", "none of them could be read", "The log says why"));
        }
        taken.rows = (!rows.is_empty()).then(|| Tensor::cat(rows, 0));
        Ok(Some(taken))
    }

    /// The features of `clip` from an earlier run, else from its pictures.
    fn kept_or_taken(&self, clip: &LabelledClip, cache: Option<Arc<ClipCache>>) -> Result<Tensor<2>> {
        let device = self.stream.devices().pop().unwrap_or_else(Device::flex);
        match &self.store {
            Some(store) => store.read_or(clip, &device, || self.features(clip, cache)),
            None => self.features(clip, cache),
        }
    }

    fn features(&self, clip: &LabelledClip, cache: Option<Arc<ClipCache>>) -> Result<Tensor<2>> {
        // One at a time: each is looked at once, and not all fit into memory.
        let single = Arc::new(Clips::new(vec![clip.clone()], self.plan.frame).with_cache(cache));
        let mut flow = (self.plan.network == Network::Temporal)
            .then(|| FrozenFlow::new(self.plan.flow_source, self.start.motion.valid(), single.clone()));
        let features = clip_features(self.stream, self.plan.frame, &single, 0, views(self.plan), flow.as_mut())?;
        let sum = read_back(features.clone().abs().sum())?;
        match sum.iter().all(|sum| sum.is_finite()) {
            true => Ok(features),
            false => Err(Error::file(&clip.path, "its features are not finite", "Choose another base")),
        }
    }
}
