//! Clips without flow from which NextFlow learns the next frame, in addition to the flow of pairs (Sedaghat 2016).

use std::sync::Arc;

use image::RgbImage;

use super::config::plan::TrainingPlan;
use crate::data::Dataset;
use crate::data::augmentation::{Draw, Sampler};
use crate::data::clips::{Clips, Keep};
use crate::error::{Error, Result};

/// Number of frames in a sample: a pair and the next frame.
const WINDOW: usize = 3;

/// Next-frame clips, used in every second sample of a step; our reading of the paper, which does not state the share.
pub struct NextFrames {
    clips: Clips,
}

/// A pair of frames and the next frame.
pub struct NextFrame {
    /// The drawn crop of the clip.
    pub draw: Draw,
    /// The pair of frames.
    pub pair: [Arc<RgbImage>; 2],
    /// The frame after the pair.
    pub next: Arc<RgbImage>,
}

impl NextFrames {
    /// Returns the next-frame clips of `plan`, if any.
    ///
    /// # Errors
    /// If they cannot be listed.
    pub fn of(plan: &TrainingPlan) -> Result<Option<Arc<Self>>> {
        let Some(source) = &plan.next_frames else { return Ok(None) };
        let dataset = Dataset::open(source)?;
        Ok(Some(Arc::new(Self { clips: Clips::new(dataset.clips, plan.frame) })))
    }

    /// Returns `true` if the sample at position `slot` of a step is a next-frame sample.
    pub fn has(&self, slot: usize) -> bool {
        slot % 2 == 1
    }

    /// Returns the number of clips.
    pub fn len(&self) -> usize {
        self.clips.len()
    }

    /// Returns the clip at position `slot` of step `step`, drawn by `sampler` like those of pairs.
    pub fn clip(&self, sampler: &Sampler, [step, slot]: [usize; 2]) -> usize {
        self.sampler(sampler).clip(step, slot)
    }

    /// Reads the drawn frames of a clip; `None` if it has fewer than three frames.
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

    /// Returns the error for clips that are all too short.
    pub fn too_short() -> Error {
        Error::new("next frames", "no clip has three frames", "Choose longer clips")
    }

    fn sampler(&self, of_pairs: &Sampler) -> Sampler {
        // The classes are those of the pairs.
        let classes = Vec::new();
        Sampler { clips: self.clips.len(), window: WINDOW, least: WINDOW, classes, ..of_pairs.clone() }
    }
}
