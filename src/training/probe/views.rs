//! Views of a clip: the windows and crops for feature extraction.

use crate::data::augmentation::{Crop, Draw};
use crate::video::Geometry;

/// Side of the part of a frame that a cropped view shows, relative to the frame's.
const CROP: f32 = 0.8;

/// The views of a clip for feature extraction: evenly spread windows of whole frames and optional crops, each also mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProbeViews {
    /// Windows (or frames) of a clip.
    pub windows: usize,
    /// Whether a crop at a corner or the centre of each is used as well.
    pub cropped: bool,
}

impl ProbeViews {
    /// Two windows of whole frames.
    pub const PLAIN: Self = Self { windows: 2, cropped: false };

    /// Three windows, and parts of them too: as a stream sees clips in training.
    pub const FIT: Self = Self { windows: 3, cropped: true };

    /// Number of views, which is that of rows of features of a clip.
    pub const fn count(self) -> usize {
        self.windows * if self.cropped { 4 } else { 2 }
    }

    /// Returns the views of a clip of `frames` frames of size `frame`, windows of `span`.
    pub(in crate::training) fn draws(self, clip: usize, frames: usize, span: usize, frame: Geometry) -> Vec<Draw> {
        let last = frames.saturating_sub(span);
        let crops = |window: usize| [Some(Crop::whole(frame)), self.cropped.then(|| corner(frame, window))];
        (1..=self.windows)
            .flat_map(|window| crops(window).into_iter().flatten().map(move |crop| (window, crop)))
            .flat_map(|(window, crop)| [false, true].map(|mirrored| (window, Crop { mirrored, ..crop })))
            .map(|(window, crop)| Draw { clip, start: window * last / (self.windows + 1), stride: 1, crop })
            .collect()
    }
}

/// One corner after the other, then the centre.
fn corner(frame: Geometry, window: usize) -> Crop {
    let (width, height) = (frame.width as f32 * CROP, frame.height as f32 * CROP);
    let (right, bottom) = (frame.width as f32 - width, frame.height as f32 - height);
    let corners = [(0.0, 0.0), (right, bottom), (right, 0.0), (0.0, bottom), (right / 2.0, bottom / 2.0)];
    let (x, y) = corners[window % corners.len()];
    Crop { x, y, width, height, mirrored: false }
}
