//! Views of a clip: the windows and crops for feature extraction.

use crate::data::augmentation::{Crop, Draw};
use crate::nets::{MotionCrop, MotionSquare};
use crate::video::Geometry;

/// Side of a cropped view relative to that of the frame.
const CROP: f32 = 0.8;

/// The views of a clip for feature extraction: evenly spread windows of whole frames and optional crops, each also mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProbeViews {
    /// Number of windows (or frames) per clip.
    pub windows: usize,
    /// `true` to add a crop at a corner or the centre of each.
    pub cropped: bool,
    /// Frame crop of the spatial stream; each alternative is a view.
    pub seen: MotionCrop,
}

impl ProbeViews {
    /// Two windows of whole frames.
    pub const PLAIN: Self = Self { windows: 2, cropped: false, seen: MotionCrop::Whole };

    /// Three windows, each also cropped, like a stream's crops in training.
    pub const FIT: Self = Self { windows: 3, cropped: true, seen: MotionCrop::Whole };

    /// Returns the views with another frame crop.
    pub(in crate::training) fn of(self, seen: MotionCrop) -> Self {
        Self { seen, ..self }
    }

    /// Returns the number of views, which is the number of feature rows per clip.
    pub const fn count(self) -> usize {
        let regions = if matches!(self.seen, MotionCrop::Both) { 2 } else { 1 };
        regions * self.windows * if self.cropped { 4 } else { 2 }
    }

    /// Returns the views of a clip of `frames` frames of size `frame`, with windows of `span` frames; `square` is the
    /// one around its motion.
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

/// Returns the corners in turn, then the centre.
fn corner(region: &Crop, window: usize) -> Crop {
    let (width, height) = (region.width * CROP, region.height * CROP);
    let (right, bottom) = (region.width - width, region.height - height);
    let corners = [(0.0, 0.0), (right, bottom), (right, 0.0), (0.0, bottom), (right / 2.0, bottom / 2.0)];
    let (x, y) = corners[window % corners.len()];
    Crop { x: region.x + x, y: region.y + y, width, height, mirrored: false }
}
