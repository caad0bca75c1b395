//! The end-point error of a motion network against true flow.

use image::RgbImage;

use super::batches;
use crate::data::augmentation::Crop;
use crate::data::clips::Clips;
use crate::data::{TruePair, TruePairs};
use crate::error::{Error, Result};
use crate::nets::{FLOW_UNIT_PX, MotionNetwork, Separable, device_of, read_back};
use crate::video::Geometry;

/// Sums of the end-point error and of the length of true flow, over all known pixels.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct EndPointError {
    error: f64,
    zero_flow: f64,
    pixels: f64,
}

impl EndPointError {
    /// Returns the error of `motion` over all pairs of `clips` at these `places`, and the errors of unreadable pairs.
    ///
    /// # Errors
    /// If the device fails.
    pub fn of_pairs(
        motion: &MotionNetwork,
        clips: &Clips,
        places: &[usize],
        pairs: &TruePairs,
    ) -> Result<(Self, Vec<(usize, Error)>)> {
        let measured = batches::for_each(&device_of(motion), places, |&place| {
            let pair = pairs.pair(&clips.clip(place).path);
            Ok((place, pair.map(|pair| Self::of(motion, &pair, pairs.size()))))
        })?;
        let (mut error, mut failed) = (Self::default(), Vec::new());
        for (place, outcome) in measured {
            match outcome {
                Ok(found) => error.add(found?),
                Err(cause) => failed.push((place, cause)),
            }
        }
        Ok((error, failed))
    }

    /// Returns the error of `motion` on a pair with frames of `size`.
    ///
    /// # Errors
    /// If the device fails.
    fn of(motion: &MotionNetwork, pair: &TruePair, size: Geometry) -> Result<Self> {
        let window: Vec<&RgbImage> = pair.pictures.iter().map(|picture| &**picture).collect();
        let raw = motion.flows(&[window]).into_finest();
        let ([_, _, rows, columns], device) = (raw.dims(), raw.device());
        let [height, width] = [size.height, size.width].map(|side| side as usize);
        let flow = Separable::bilinear([rows, columns], [height, width], &device).apply(raw) * FLOW_UNIT_PX;
        let flow = read_back(flow)?;
        let mut truth = Vec::new();
        pair.append_flow(&Crop::whole(size), size, size, &mut truth);
        let mut sums = Self::default();
        let area = width * height;
        for at in (0..area).filter(|at| !truth[*at].is_nan()) {
            let [u, v] = [truth[at], truth[area + at]];
            sums.error += f64::from((flow[at] - u).hypot(flow[area + at] - v));
            sums.zero_flow += f64::from(u.hypot(v));
            sums.pixels += 1.0;
        }
        Ok(sums)
    }

    fn add(&mut self, other: Self) {
        self.error += other.error;
        self.zero_flow += other.zero_flow;
        self.pixels += other.pixels;
    }

    /// Returns the mean error in pixels of the frames; NaN without pixels.
    pub fn mean_px(self) -> f32 {
        (self.error / self.pixels) as f32
    }

    /// Returns the error relative to that of zero flow.
    pub fn ratio(self) -> f32 {
        (self.error / self.zero_flow) as f32
    }
}
