//! Output of a stream for a window: logits and, optionally, features.

use burn::tensor::{Device, Tensor};
use image::RgbImage;

use crate::error::Result;
use crate::nets::{MotionSquare, Stream, device_failed, read_rows};
use crate::training::motion_squares::square_of;

/// The output of a stream for a window.
#[derive(Default)]
pub(super) struct StreamOutput {
    pub logits: Vec<f32>,
    /// Input of its last layer; empty unless requested.
    pub features: Vec<f32>,
}

impl StreamOutput {
    /// Classifies these features, [1, F], with `stream`, and also returns them if requested.
    ///
    /// # Errors
    /// If the device fails.
    pub fn of(stream: &Stream, features: Tensor<2>, device: &Device, with_features: bool) -> Result<Self> {
        let logits = checked(read_rows(stream.classify(features.clone()))?, device)?;
        let features = if with_features { checked(read_rows(features)?, device)? } else { Vec::new() };
        Ok(Self { logits, features })
    }

    /// Returns the output of an image stream for `frames`: for the whole frames, or their parts within `square`.
    ///
    /// # Errors
    /// If the device fails.
    pub fn of_pictures(
        stream: &Stream,
        frames: Vec<&RgbImage>,
        square: Option<&MotionSquare>,
        device: &Device,
        with_features: bool,
    ) -> Result<Self> {
        let output = |clip: Vec<&RgbImage>| Self::of(stream, stream.picture_features(&[clip]), device, with_features);
        let Some(square) = square else { return output(frames) };
        let parts: Vec<RgbImage> = frames.into_iter().map(|frame| square_of(frame, square)).collect();
        output(parts.iter().collect())
    }

    /// Returns the mean with the output of another view; the other one if this is empty.
    pub fn mean(self, other: Self) -> Self {
        Self { logits: mean(self.logits, other.logits), features: mean(self.features, other.features) }
    }
}

fn mean(first: Vec<f32>, mut second: Vec<f32>) -> Vec<f32> {
    second.iter_mut().zip(first).for_each(|(second, first)| *second = (*second + first) / 2.0);
    second
}

/// Returns the only row of logits; a lost device may return anything and reports the failure only when synchronised.
pub(super) fn checked(mut logits: Vec<Vec<f32>>, device: &Device) -> Result<Vec<f32>> {
    device.sync().map_err(device_failed)?;
    Ok(logits.swap_remove(0))
}
