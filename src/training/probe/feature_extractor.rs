//! Feature extraction with the frozen backbone of a stream, or from the cache of an earlier run.

use std::collections::BTreeSet;
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::feature_cache::FeatureCache;
use super::head::clip_features;
use super::views::Views;
use crate::error::{Error, Result};
use crate::nets::{Stream, is_device_failure, read_back};
use crate::training::clip_cache::ClipCache;
use crate::training::clips::Clips;
use crate::training::config::plan::{Network, TrainingPlan};
use crate::training::dataset::LabelledClip;
use crate::training::flow::frozen_flow::FrozenFlow;
use crate::training::model_init::ModelInit;
use crate::training::run::clock::{Clock, by_turns, time_is_up};
use crate::training::run::events::TrainingEvent;

/// Looks at clips.
pub(in crate::training) struct FeatureExtractor<'a> {
    plan: &'a TrainingPlan,
    start: &'a ModelInit,
    stream: &'a Stream,
    /// Features of earlier runs; none where they cannot be kept.
    store: Option<FeatureCache>,
    done: usize,
    of: usize,
}

/// Clips with their features.
pub(in crate::training) struct Features {
    pub clips: Vec<LabelledClip>,
    /// `[clips · views, F]`; none without clips.
    pub rows: Option<Tensor<2>>,
}

impl<'a> FeatureExtractor<'a> {
    /// Of clips that are seen as `plan` says, `of` in all.
    pub fn new(plan: &'a TrainingPlan, start: &'a ModelInit, stream: &'a Stream, of: usize) -> Self {
        let store = FeatureCache::open(plan, stream, Some(&start.motion.valid()), Views::of(plan));
        Self { plan, start, stream, store, done: 0, of }
    }

    /// Returns the features of `clips`, in their order; those that cannot be read are reported and left out, and so are those
    /// that would be looked at when a `share` of the time budget is over, but for one of each class. None if the work is stopped.
    pub fn take(
        &mut self,
        clips: Vec<LabelledClip>,
        share: f64,
        clock: &mut Clock,
        on_event: &mut dyn FnMut(TrainingEvent),
    ) -> Result<Option<Features>> {
        let cache = self.plan.cache.clone().map(ClipCache::open).transpose()?.map(Arc::new);
        let mut taken = Features { clips: Vec::new(), rows: None };
        let mut found: Vec<Option<Tensor<2>>> = vec![None; clips.len()];
        let classes = clips.iter().map(|clip| clip.label).collect::<BTreeSet<_>>().len();
        for (looked_at, place) in by_turns(clips.iter().map(|clip| clip.label)).into_iter().enumerate() {
            clock.wait_while_paused(on_event);
            if clock.is_stopped() {
                return Ok(None);
            }
            if looked_at >= classes && clock.is_over(share) {
                on_event(TrainingEvent::Warning(time_is_up(looked_at, clips.len())));
                self.done += clips.len() - looked_at;
                on_event(TrainingEvent::Preparing { done: self.done, of: self.of });
                break;
            }
            match self.load_or_extract(&clips[place], cache.clone()) {
                Ok(features) => found[place] = Some(features),
                Err(error) if is_device_failure(&error) => return Err(error),
                Err(error) => on_event(TrainingEvent::Warning(error)),
            }
            self.done += 1;
            on_event(TrainingEvent::Preparing { done: self.done, of: self.of });
        }
        let mut rows = Vec::new();
        for (clip, features) in clips.into_iter().zip(found) {
            if let Some(features) = features {
                taken.clips.push(clip);
                rows.push(features);
            }
        }
        taken.rows = (!rows.is_empty()).then(|| Tensor::cat(rows, 0));
        Ok(Some(taken))
    }

    /// Returns the features of `clip` from an earlier run, else from its pictures.
    fn load_or_extract(&self, clip: &LabelledClip, cache: Option<Arc<ClipCache>>) -> Result<Tensor<2>> {
        let device = self.stream.devices().pop().unwrap_or_else(Device::flex);
        match &self.store {
            Some(store) => store.get_or_insert_with(clip, &device, || self.features(clip, cache)),
            None => self.features(clip, cache),
        }
    }

    fn features(&self, clip: &LabelledClip, cache: Option<Arc<ClipCache>>) -> Result<Tensor<2>> {
        // One at a time: each is looked at once, and not all fit into memory.
        let single = Arc::new(Clips::new(vec![clip.clone()], self.plan.frame).with_cache(cache));
        let mut flow = (self.plan.network == Network::Temporal)
            .then(|| FrozenFlow::new(self.plan.flow_source, self.start.motion.valid(), single.clone()));
        let features = clip_features(self.stream, self.plan.frame, &single, 0, Views::of(self.plan), flow.as_mut())?;
        let sum = read_back(features.clone().abs().sum())?;
        match sum.iter().all(|sum| sum.is_finite()) {
            true => Ok(features),
            false => Err(Error::file(&clip.path, "its features are not finite", "Choose another base")),
        }
    }
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;
    use crate::training::dataset::{DataSource, Dataset};
    use crate::training::run::events::TrainingControl;
    use crate::video::Geometry;

    #[test]
    fn when_time_is_up_each_class_still_has_a_clip() {
        let dir = tempfile::tempdir().unwrap();
        let clip = |label: usize, number: usize| {
            let path = dir.path().join(format!("{label}-{number}"));
            std::fs::create_dir(&path).unwrap();
            for frame in 0..2u8 {
                let picture = RgbImage::from_pixel(64, 64, Rgb([60 * label as u8, 40 * frame, 20 * number as u8]));
                picture.save(path.join(format!("{frame}.png"))).unwrap();
            }
            LabelledClip { path, label, segment_secs: None, group: None }
        };
        let clips: Vec<_> = (0..6).map(|i| clip(i / 3, i % 3)).collect();
        let size = Geometry { width: 64, height: 64 };
        let plan = TrainingPlan {
            data: DataSource::Folder(dir.path().to_owned()),
            run_dir: dir.path().join("runs/run"),
            feature_windows: 1,
            frame: size,
            crop: size,
            ..TrainingPlan::of(Network::Spatial)
        };
        let dataset = Dataset { classes: vec!["a".into(), "b".into()], clips: clips.clone(), ambiguous: Vec::new() };
        let start = ModelInit::build(&plan, &dataset, false, &Device::flex().autodiff()).unwrap();
        let stream = start.stream.as_ref().unwrap().valid();
        let all: Vec<usize> = (0..6).collect();
        for (budget_secs, expected) in [(Some(1e-9), vec![0, 3]), (Some(1e9), all.clone()), (None, all)] {
            let plan = TrainingPlan { budget_secs, ..plan.clone() };
            let mut clock = Clock::start(&plan, &TrainingControl::default());
            let mut events = Vec::new();
            let mut taker = FeatureExtractor::new(&plan, &start, &stream, clips.len());
            let taken = taker.take(clips.clone(), 0.5, &mut clock, &mut |event| events.push(event));
            let taken = taken.unwrap().unwrap();
            let looked_at: Vec<_> = expected.iter().map(|&place| clips[place].clone()).collect();
            assert_eq!(taken.clips, looked_at, "in the order of the list");
            assert_eq!(taken.rows.unwrap().dims()[0], 4 * looked_at.len());
            let is_said =
                |event: &TrainingEvent| matches!(event, TrainingEvent::Warning(error) if error.subject == "time limit");
            assert_eq!(events.iter().any(is_said), looked_at.len() < 6);
            assert!(matches!(events.last(), Some(TrainingEvent::Preparing { done: 6, of: 6 })));
        }
    }
}
