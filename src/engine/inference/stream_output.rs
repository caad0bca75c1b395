//! What a stream says of a window: its logits and, if they are wanted, its features.

use burn::tensor::{Device, Tensor};
use image::RgbImage;

use crate::error::Result;
use crate::nets::{MotionSquare, Stream, device_failed, read_rows};
use crate::training::motion_squares::square_of;

/// What a stream says of a window.
#[derive(Default)]
pub(super) struct StreamOutput {
    pub logits: Vec<f32>,
    /// What its last layer reads; empty unless wanted.
    pub features: Vec<f32>,
}

impl StreamOutput {
    /// Reads what `stream` says with these features, [1, F], and they themselves if they are wanted.
    ///
    /// # Errors
    /// If the device fails.
    pub fn of(stream: &Stream, features: Tensor<2>, device: &Device, with_features: bool) -> Result<Self> {
        let logits = checked(read_rows(stream.classify(features.clone()))?, device)?;
        let features = if with_features { checked(read_rows(features)?, device)? } else { Vec::new() };
        Ok(Self { logits, features })
    }

    /// Returns what a stream for pictures says of `frames`: of the whole frames, or of their parts within `square`.
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

    /// Returns the mean with that of another view; the other where this view was not looked at.
    pub fn mean(self, other: Self) -> Self {
        Self { logits: mean(self.logits, other.logits), features: mean(self.features, other.features) }
    }
}

fn mean(first: Vec<f32>, mut second: Vec<f32>) -> Vec<f32> {
    second.iter_mut().zip(first).for_each(|(second, first)| *second = (*second + first) / 2.0);
    second
}

/// Returns the only row of logits; a lost device may return anything and reports it only when synchronised.
pub(super) fn checked(mut logits: Vec<Vec<f32>>, device: &Device) -> Result<Vec<f32>> {
    device.sync().map_err(device_failed)?;
    Ok(logits.swap_remove(0))
}
