//! Decoded training clips, kept in memory up to a budget so that later epochs need not decode again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use image::RgbImage;

use super::clip_cache::ClipCache;
use super::dataset::LabelledClip;
use crate::error::Result;
use crate::video::Geometry;

/// Frames of a clip beyond these are not trained on: an hour-long file must not fill the memory.
const MAX_FRAMES: usize = 1000;
/// Decoded clips kept at most.
const BUDGET_BYTES: usize = 4 << 30;

/// The clips of a run at one frame size, decoded on demand by any thread.
pub struct Clips {
    clips: Vec<LabelledClip>,
    geometry: Geometry,
    cache: Option<Arc<ClipCache>>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    frames: HashMap<usize, Arc<Vec<RgbImage>>>,
    bytes: usize,
}

impl Clips {
    /// Clips whose frames are stretched to `geometry`.
    pub fn new(clips: Vec<LabelledClip>, geometry: Geometry) -> Self {
        Self { clips, geometry, cache: None, kept: Mutex::default() }
    }

    /// Looks for decoded clips in `cache` as well.
    pub fn with_cache(self, cache: Option<Arc<ClipCache>>) -> Self {
        Self { cache, ..self }
    }

    /// Number of clips.
    pub fn len(&self) -> usize {
        self.clips.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.clips.is_empty()
    }

    /// The size of the frames.
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// Clip `index`.
    pub fn clip(&self, index: usize) -> &LabelledClip {
        &self.clips[index]
    }

    /// The label of clip `index`.
    pub fn label(&self, index: usize) -> usize {
        self.clips[index].label
    }

    /// The labels of all clips in order.
    pub fn labels(&self) -> impl Iterator<Item = usize> {
        self.clips.iter().map(|clip| clip.label)
    }

    /// The frames of clip `index`, at least one.
    ///
    /// Every clip is drawn once an epoch, so none is worth more than another: what fits stays, the rest is
    /// decoded again each time.
    ///
    /// # Errors
    /// What decoding reports.
    pub fn frames(&self, index: usize) -> Result<Arc<Vec<RgbImage>>> {
        if let Some(frames) = self.lock().frames.get(&index) {
            return Ok(frames.clone());
        }
        let clip = &self.clips[index];
        let frames = Arc::new(match &self.cache {
            Some(cache) => cache.decode(clip, self.geometry, MAX_FRAMES)?,
            None => clip.decode(self.geometry, Some(MAX_FRAMES))?,
        });
        let bytes: usize = frames.iter().map(|frame| frame.as_raw().len()).sum();
        let mut kept = self.lock();
        if kept.bytes + bytes <= BUDGET_BYTES && !kept.frames.contains_key(&index) {
            kept.bytes += bytes;
            kept.frames.insert(index, frames.clone());
        }
        Ok(frames)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
