//! Clips without flow, of which NextFlow learns the next frame beside the flow of pairs (Sedaghat 2016).

use std::sync::Arc;

use image::RgbImage;

use super::config::plan::TrainingPlan;
use crate::data::Dataset;
use crate::data::augmentation::{Draw, Sampler};
use crate::data::clips::{Clips, Keep};
use crate::error::{Error, Result};

/// Frames of a sample: a pair and the next one.
const WINDOW: usize = 3;

/// The clips. Every second sample of a step is one of theirs: a reading of the text, which leaves the share open.
pub struct NextFrames {
    clips: Clips,
}

/// A pair of frames and the one after it.
pub struct NextFrame {
    /// What is seen of the clip.
    pub draw: Draw,
    /// The pair.
    pub pair: [Arc<RgbImage>; 2],
    /// The next one.
    pub next: Arc<RgbImage>,
}

impl NextFrames {
    /// Returns the clips that `plan` names, if it does.
    ///
    /// # Errors
    /// If they cannot be listed.
    pub fn of(plan: &TrainingPlan) -> Result<Option<Arc<Self>>> {
        let Some(source) = &plan.next_frames else { return Ok(None) };
        let dataset = Dataset::open(source)?;
        Ok(Some(Arc::new(Self { clips: Clips::new(dataset.clips, plan.frame) })))
    }

    /// Returns whether the sample at place `slot` of a step is one of these.
    pub fn has(&self, slot: usize) -> bool {
        slot % 2 == 1
    }

    /// Number of clips.
    pub fn len(&self) -> usize {
        self.clips.len()
    }

    /// Returns the clip at place `slot` of step `step`, as `sampler` draws those of pairs.
    pub fn clip(&self, sampler: &Sampler, [step, slot]: [usize; 2]) -> usize {
        self.sampler(sampler).clip(step, slot)
    }

    /// Reads what is drawn of a clip; nothing if it has fewer than three frames.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(&self, sampler: &Sampler, [step, slot]: [usize; 2], clip: usize) -> Result<Option<NextFrame>> {
        let count = self.clips.count(clip)?;
        if count < WINDOW {
            return Ok(None);
        }
        let draws = self.sampler(sampler).draws(step, slot, clip, count);
        let Some(&draw) = draws.first() else { return Ok(None) };
        let frames: Vec<usize> = draw.indices(WINDOW, count).collect();
        let pictures = self.clips.pictures(clip, &frames, Keep::Clip)?;
        let [first, second, next] = pictures.try_into().expect("as many as were asked for");
        Ok(Some(NextFrame { draw, pair: [first, second], next }))
    }

    /// Returns the error that no clip is long enough.
    pub fn too_short() -> Error {
        Error::new("next frames", "no clip has three frames", "Choose longer clips")
    }

    fn sampler(&self, of_pairs: &Sampler) -> Sampler {
        // Classes are those of the pairs.
        let classes = Vec::new();
        Sampler { clips: self.clips.len(), window: WINDOW, least: WINDOW, classes, ..of_pairs.clone() }
    }
}
