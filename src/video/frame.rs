//! A decoded frame: its position in time and its pictures.

use std::ops::Range;
use std::sync::Arc;

use image::RgbImage;

use super::Geometry;

/// The requested sizes of the pictures of every frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sizes {
    /// Longest side of the display picture, pixels; smaller videos keep their size.
    pub display_max: u32,
    /// Further pictures, stretched to exactly these sizes; one entry of [`Frame::scaled`] each, in this order.
    pub scaled: Vec<Geometry>,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { display_max: 1280, scaled: Vec::new() }
    }
}

impl Sizes {
    /// Returns the sizes of all pictures of a video with the display size `shown`.
    pub(super) fn of(&self, shown: Geometry) -> Vec<Geometry> {
        let display = shown.fitted(self.display_max.max(1));
        std::iter::once(display).chain(self.scaled.iter().copied()).collect()
    }
}

/// One frame of a video; cheap to clone.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Index in presentation order, from 0.
    pub index: usize,
    /// Presentation time, seconds after the first frame.
    pub pts_secs: f64,
    /// Duration on screen, seconds.
    pub duration_secs: f64,
    /// Upright picture with square pixels, its longest side at most [`Sizes::display_max`].
    pub display: Arc<RgbImage>,
    /// One picture per [`Sizes::scaled`].
    pub scaled: Vec<Arc<RgbImage>>,
}

impl Frame {
    /// Returns its start and end, in seconds after the first frame.
    pub fn shown_secs(&self) -> Range<f64> {
        self.pts_secs..self.pts_secs + self.duration_secs
    }

    /// Returns the memory of the pictures, bytes.
    pub(super) fn bytes(&self) -> usize {
        self.display.len() + self.scaled.iter().map(|picture| picture.len()).sum::<usize>()
    }
}
