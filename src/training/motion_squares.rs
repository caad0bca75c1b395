//! The squares around the motion of clips, for a spatial stream that reads them.

use std::sync::{Arc, OnceLock};

use burn::tensor::Tensor;
use image::RgbImage;

use super::batches;
use super::flow::frozen_flow::{Ahead, FrozenFlow};
use super::run::clock::Clock;
use super::run::events::{Preparation, TrainingEvent};
use crate::data::LabelledClip;
use crate::data::augmentation::{Crop, Draw};
use crate::data::clip_cache::ClipCache;
use crate::data::clips::{Clips, Keep};
use crate::error::Result;
use crate::gpu::is_gpu;
use crate::nets::{
    FlowSource, FrameSize, MotionCrop, MotionNetwork, MotionSquare, WINDOW_FRAMES, device_of, is_device_failure,
};
use crate::video::Geometry;

/// Returns the frames around frame `place` of a clip of `frames` frames whose flow locates the motion: a window, in
/// which the last frame is repeated if the clip is shorter.
pub(crate) fn window_around(place: usize, frames: usize) -> Vec<usize> {
    let start = place.saturating_sub(WINDOW_FRAMES / 2).min(frames.saturating_sub(WINDOW_FRAMES));
    (start..start + WINDOW_FRAMES).map(|index| index.min(frames - 1)).collect()
}

/// Crops a frame to the square around its motion, resized to the size of the frame.
pub(crate) fn square_of(frame: &RgbImage, square: &MotionSquare) -> RgbImage {
    let size = Geometry { width: frame.width(), height: frame.height() };
    Crop::around(square, size).picture(frame, size)
}

/// The squares around the motion in the middle of each of some clips, located on first use in the flow of MotionNet, or
/// in the flow that the temporal stream of a two-stage model reads.
#[derive(Clone)]
pub struct MotionSquares {
    motion: MotionNetwork,
    source: FlowSource,
    clips: Arc<Clips>,
    found: Arc<[OnceLock<MotionSquare>]>,
    /// Crop that the stream reads.
    crop: MotionCrop,
    aspect: f32,
}

impl MotionSquares {
    /// Creates the squares of `clips` for a stream that reads `crop` of frames of size `spatial`; `None` if that is the
    /// whole frame. They are located in flow from `source`, on frames of `size`; `motion` must not be on an autodiff
    /// device.
    pub fn new(
        (motion, source): (MotionNetwork, FlowSource),
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
        Some(Self { motion, source, clips, found, crop, aspect: spatial.width as f32 / spatial.height as f32 })
    }

    /// Returns the frame crop of a stream that reads `squares`, if any.
    pub fn crop_of(squares: Option<&Self>) -> MotionCrop {
        squares.map_or(MotionCrop::Whole, Self::crop)
    }

    /// Returns the frame crop of the stream.
    pub fn crop(&self) -> MotionCrop {
        self.crop
    }

    /// Returns the size of the frames in which the squares are located.
    pub fn size(&self) -> Geometry {
        self.clips.geometry()
    }

    /// Returns the network in whose flow the squares are located, if the source needs one.
    pub fn motion(&self) -> &MotionNetwork {
        &self.motion
    }

    /// Returns the flow source in which the squares are located.
    pub fn source(&self) -> FlowSource {
        self.source
    }

    /// Returns the square of clip `index`.
    ///
    /// # Errors
    /// If the clip cannot be read, has no flow of the source, or the device fails.
    pub fn of(&self, index: usize) -> Result<MotionSquare> {
        if let Some(known) = self.found[index].get() {
            return Ok(*known);
        }
        let square = MotionSquare::of(self.flow(index)?, self.aspect)?;
        Ok(*self.found[index].get_or_init(|| square))
    }

    /// Returns the flow of the ten pairs around the middle of clip `index`, `[1, 20, h/2, w/2]`.
    fn flow(&self, index: usize) -> Result<Tensor<4>> {
        if self.source == FlowSource::MotionNet {
            let pictures = self.pictures(index)?;
            let window: Vec<_> = pictures.iter().map(AsRef::as_ref).collect();
            return Ok(self.motion.flows(&[window]).into_finest());
        }
        let (start, size) = (self.window(index)?[0], self.size());
        let draw = Draw { clip: index, start, stride: 1, crop: Crop::whole(size) };
        let mut flow = FrozenFlow::unkept(self.source, self.motion.clone(), self.clips.clone());
        flow.windows(&[draw], WINDOW_FRAMES - 1, size, &Ahead::default(), &device_of(&self.motion))
    }

    fn window(&self, index: usize) -> Result<Vec<usize>> {
        let frames = self.clips.count(index)?;
        Ok(window_around(frames / 2, frames))
    }

    fn pictures(&self, index: usize) -> Result<Vec<Arc<RgbImage>>> {
        self.clips.pictures(index, &self.window(index)?, Keep::Nothing)
    }

    /// Returns the squares of clips, located in parallel on the CPU; `None` for clips that cannot be read, whose error
    /// is reported when they are loaded.
    ///
    /// # Errors
    /// If the device fails, or a readable clip has no motion vectors or flow images although they are the source.
    pub fn of_each(&self, indices: &[usize]) -> Result<Vec<Option<MotionSquare>>> {
        batches::for_each(&device_of(&self.motion), indices, |&index| match self.of(index) {
            Err(error) if is_device_failure(&error) => Err(error),
            Err(error) if !self.source.needs_pictures() && self.pictures(index).is_ok() => Err(error),
            square => Ok(square.ok()),
        })
    }

    /// Returns the squares of all clips, like [`of_each`](Self::of_each); `None` if the work is stopped.
    ///
    /// # Errors
    /// Same as [`of_each`](Self::of_each).
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

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use image::Rgb;

    use super::*;
    use crate::nets::MotionConfig;

    const FRAME: Geometry = Geometry { width: 64, height: 64 };

    /// A patch moves in the upper left quarter.
    #[test]
    fn squares_are_found_in_the_flow_of_their_source() {
        let (dir, device) = (tempfile::tempdir().unwrap(), Device::flex());
        let grain = |x: u32, y: u32| 40 + (x * 37 + y * 91 + x * y * 13) % 160;
        let frames: Vec<RgbImage> = (0..11)
            .map(|shift| {
                RgbImage::from_fn(64, 64, |x, y| {
                    let is_inside = (4 + shift..20 + shift).contains(&x) && (4..20).contains(&y);
                    Rgb([if is_inside { grain(x - shift + 99, y + 7) } else { grain(x, y) } as u8; 3])
                })
            })
            .collect();
        for (i, frame) in frames.iter().enumerate() {
            frame.save(dir.path().join(format!("{i:02}.png"))).unwrap();
        }
        let motion = MotionConfig { frames: 2, width: 1, ..MotionConfig::default() }.init(&device);
        let found = |source| {
            let clip = LabelledClip {
                path: dir.path().to_owned(),
                label: 0,
                segment_secs: None,
                group: None,
                also: Vec::new(),
            };
            let (flow, size) = ((motion.clone(), source), FrameSize { width: 64, height: 64 });
            MotionSquares::new(flow, size, vec![clip], None, MotionCrop::Motion, FRAME).unwrap().of(0).unwrap()
        };
        let of = |flow| MotionSquare::of(flow, 1.0).unwrap();
        let window: Vec<&RgbImage> = frames.iter().collect();
        assert_eq!(found(FlowSource::MotionNet), of(motion.flows(&[window]).into_finest()));
        let pairs: Vec<_> = frames.windows(2).map(|pair| [&pair[0], &pair[1]]).collect();
        let by_dis = of(Tensor::cat(FlowSource::Dis.of_pictures(&pairs, &device).unwrap(), 1));
        assert_eq!(found(FlowSource::Dis), by_dis);
        assert!(by_dis.left < 0.3 && by_dis.top < 0.3 && found(FlowSource::MotionNet) != by_dis, "{by_dis:?}");
    }
}
