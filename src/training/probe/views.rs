//! Views of a clip: the windows and crops for feature extraction.

use crate::data::augmentation::{Crop, Draw};
use crate::nets::{MotionCrop, MotionSquare};
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
    /// What of a frame the spatial stream sees: each is a view.
    pub seen: MotionCrop,
}

impl ProbeViews {
    /// Two windows of whole frames.
    pub const PLAIN: Self = Self { windows: 2, cropped: false, seen: MotionCrop::Whole };

    /// Three windows, and parts of them too: as a stream sees clips in training.
    pub const FIT: Self = Self { windows: 3, cropped: true, seen: MotionCrop::Whole };

    /// Returns the same views of what a stream sees of a frame.
    pub(in crate::training) fn of(self, seen: MotionCrop) -> Self {
        Self { seen, ..self }
    }

    /// Number of views, which is that of rows of features of a clip.
    pub const fn count(self) -> usize {
        let regions = if matches!(self.seen, MotionCrop::Both) { 2 } else { 1 };
        regions * self.windows * if self.cropped { 4 } else { 2 }
    }

    /// Returns the views of a clip of `frames` frames of size `frame`, windows of `span`; `square` is that around its motion.
    pub(in crate::training) fn draws(
        self,
        clip: usize,
        frames: usize,
        span: usize,
        frame: Geometry,
        square: Option<&MotionSquare>,
    ) -> Vec<Draw> {
        let last = frames.saturating_sub(span);
        let whole = Crop::whole(frame);
        let around = square.map_or(whole, |square| Crop::around(square, frame));
        let regions = [(self.seen.sees_whole(), whole), (self.seen.sees_motion(), around)];
        let regions: Vec<Crop> =
            regions.into_iter().filter(|(is_seen, _)| *is_seen).map(|(_, region)| region).collect();
        let crops = |window: usize| {
            let of = |region: &Crop| [Some(*region), self.cropped.then(|| corner(region, window))];
            regions.iter().flat_map(of).flatten().collect::<Vec<_>>()
        };
        (1..=self.windows)
            .flat_map(|window| crops(window).into_iter().map(move |crop| (window, crop)))
            .flat_map(|(window, crop)| [false, true].map(|mirrored| (window, Crop { mirrored, ..crop })))
            .map(|(window, crop)| Draw { clip, start: window * last / (self.windows + 1), stride: 1, crop })
            .collect()
    }
}

/// One corner after the other, then the centre.
fn corner(region: &Crop, window: usize) -> Crop {
    let (width, height) = (region.width * CROP, region.height * CROP);
    let (right, bottom) = (region.width - width, region.height - height);
    let corners = [(0.0, 0.0), (right, bottom), (right, 0.0), (0.0, bottom), (right / 2.0, bottom / 2.0)];
    let (x, y) = corners[window % corners.len()];
    Crop { x: region.x + x, y: region.y + y, width, height, mirrored: false }
}
