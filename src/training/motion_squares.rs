//! The squares around the motion of clips, for a spatial stream that looks at them.

use std::sync::{Arc, OnceLock};

use image::RgbImage;

use super::batches;
use super::run::clock::Clock;
use super::run::events::{Preparation, TrainingEvent};
use crate::data::LabelledClip;
use crate::data::augmentation::Crop;
use crate::data::clip_cache::ClipCache;
use crate::data::clips::{Clips, Keep};
use crate::error::Result;
use crate::gpu::is_gpu;
use crate::nets::{FrameSize, MotionCrop, MotionNetwork, MotionSquare, WINDOW_FRAMES, device_of, is_device_failure};
use crate::video::Geometry;

/// Returns the frames around frame `place` of a clip of `frames` in whose flow its motion is looked for: a window, its last frame
/// repeated where the clip is shorter.
pub(crate) fn window_around(place: usize, frames: usize) -> Vec<usize> {
    let start = place.saturating_sub(WINDOW_FRAMES / 2).min(frames.saturating_sub(WINDOW_FRAMES));
    (start..start + WINDOW_FRAMES).map(|index| index.min(frames - 1)).collect()
}

/// Returns the part of a frame around its motion, in the size of the frame.
pub(crate) fn square_of(frame: &RgbImage, square: &MotionSquare) -> RgbImage {
    let size = Geometry { width: frame.width(), height: frame.height() };
    Crop::around(square, size).picture(frame, size)
}

/// The square around the motion in the middle of each of some clips, found by MotionNet when it is first asked for.
#[derive(Clone)]
pub struct MotionSquares {
    motion: MotionNetwork,
    clips: Arc<Clips>,
    found: Arc<[OnceLock<MotionSquare>]>,
    /// What the stream sees.
    crop: MotionCrop,
    aspect: f32,
}

impl MotionSquares {
    /// Returns those of `clips` for a stream that reads frames of size `spatial` and sees `crop` of them; none where that is the
    /// whole. `motion`, which is on no autodiff device, reads frames of `size`.
    pub fn new(
        motion: MotionNetwork,
        size: FrameSize,
        clips: Vec<LabelledClip>,
        cache: Option<Arc<ClipCache>>,
        crop: MotionCrop,
        spatial: Geometry,
    ) -> Option<Self> {
        if !crop.sees_motion() {
            return None;
        }
        let found = clips.iter().map(|_| OnceLock::new()).collect();
        let size = Geometry { width: size.width, height: size.height };
        let clips = Arc::new(Clips::new(clips, size).with_cache(cache));
        Some(Self { motion, clips, found, crop, aspect: spatial.width as f32 / spatial.height as f32 })
    }

    /// Returns what a stream sees of a frame that looks at `squares`, if there are any.
    pub fn crop_of(squares: Option<&Self>) -> MotionCrop {
        squares.map_or(MotionCrop::Whole, Self::crop)
    }

    /// Returns what the stream sees of a frame.
    pub fn crop(&self) -> MotionCrop {
        self.crop
    }

    /// Returns the size of the frames in which they are found.
    pub fn size(&self) -> Geometry {
        self.clips.geometry()
    }

    /// Returns the network that finds them.
    pub fn motion(&self) -> &MotionNetwork {
        &self.motion
    }

    /// Returns the square of clip `index`.
    ///
    /// # Errors
    /// If the clip cannot be read or the device fails.
    pub fn of(&self, index: usize) -> Result<MotionSquare> {
        if let Some(known) = self.found[index].get() {
            return Ok(*known);
        }
        let frames = self.clips.count(index)?;
        let window = window_around(frames / 2, frames);
        let pictures = self.clips.pictures(index, &window, Keep::Nothing)?;
        let window: Vec<_> = pictures.iter().map(AsRef::as_ref).collect();
        let square = MotionSquare::of(self.motion.flows(&[window]).into_finest(), self.aspect)?;
        Ok(*self.found[index].get_or_init(|| square))
    }

    /// Returns the squares of clips, found side by side on the CPU; none of those that cannot be read, which is met again where they
    /// are loaded.
    ///
    /// # Errors
    /// If the device fails.
    pub fn of_each(&self, indices: &[usize]) -> Result<Vec<Option<MotionSquare>>> {
        batches::for_each(&device_of(&self.motion), indices, |&index| match self.of(index) {
            Err(error) if is_device_failure(&error) => Err(error),
            square => Ok(square.ok()),
        })
    }

    /// Returns the squares of all clips as [`of_each`](Self::of_each) does; none at all if the work is stopped.
    ///
    /// # Errors
    /// If the device fails.
    pub fn all(
        &self,
        clock: &mut Clock,
        on_event: &mut dyn FnMut(TrainingEvent),
    ) -> Result<Option<Vec<Option<MotionSquare>>>> {
        let at_once = if is_gpu(&device_of(&self.motion)) { 1 } else { rayon::current_num_threads() };
        let (of, mut squares) = (self.found.len(), Vec::new());
        let places: Vec<usize> = (0..of).collect();
        on_event(TrainingEvent::Preparing { what: Preparation::FindMotion, done: 0, of });
        for group in places.chunks(at_once) {
            clock.wait_while_paused(on_event);
            if clock.is_stopped() {
                return Ok(None);
            }
            squares.extend(self.of_each(group)?);
            on_event(TrainingEvent::Preparing { what: Preparation::FindMotion, done: squares.len(), of });
        }
        Ok(Some(squares))
    }
}
