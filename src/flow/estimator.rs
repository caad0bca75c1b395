//! The trait of flow methods.

use image::RgbImage;

use super::FlowField;
use crate::error::{Error, Result};

/// A method that estimates the flow between two pictures of the same size.
pub trait FlowEstimator {
    /// Returns a short description of the method for reports.
    fn name(&self) -> String;

    /// Returns the flow from `first` to `second`.
    ///
    /// # Errors
    /// If the pictures differ in size or the device fails.
    fn estimate(&mut self, first: &RgbImage, second: &RgbImage) -> Result<FlowField>;

    /// Like [`FlowEstimator::estimate`], with progress: methods that know it call `progress` with the completed
    /// fraction, 0…1 and never falling.
    ///
    /// # Errors
    /// Same as [`FlowEstimator::estimate`].
    fn estimate_with(
        &mut self,
        first: &RgbImage,
        second: &RgbImage,
        progress: &mut dyn FnMut(f64),
    ) -> Result<FlowField> {
        let _ = progress; // not known
        self.estimate(first, second)
    }
}

/// The zero-flow baseline, which every other method has to beat.
#[derive(Debug, Clone, Copy, Default)]
pub struct ZeroFlow;

impl FlowEstimator for ZeroFlow {
    fn name(&self) -> String {
        "zero flow".into()
    }

    fn estimate(&mut self, first: &RgbImage, second: &RgbImage) -> Result<FlowField> {
        let [width, height] = common_size(first, second)?;
        Ok(FlowField::new(width, height, vec![[0.0; 2]; width * height]))
    }
}

/// Width and height of both pictures.
///
/// # Errors
/// If the sizes differ or a picture is empty.
pub fn common_size(first: &RgbImage, second: &RgbImage) -> Result<[usize; 2]> {
    let [(width, height), (other_width, other_height)] = [first.dimensions(), second.dimensions()];
    if (width, height) != (other_width, other_height) {
        let cause = format!("the first has {width}×{height} pixels, the second {other_width}×{other_height}");
        return Err(Error::new("image pair", cause, "Choose two images of the same size"));
    }
    if width == 0 || height == 0 {
        return Err(Error::new("image pair", "the images are empty", "Choose other images"));
    }
    Ok([width as usize, height as usize])
}

/// Checks whether the estimate is to be cancelled.
///
/// # Errors
/// The cancellation error if `stop` returns true.
pub(crate) fn check_stop(stop: &dyn Fn() -> bool) -> Result<()> {
    if stop() { Err(Error::cancelled("flow", "it was stopped", "Start it again")) } else { Ok(()) }
}
