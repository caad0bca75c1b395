//! Adaptive picture size for drafts of the flow that are ready within the duration of a frame.

use crate::video::Geometry;

/// Maximum and minimum number of pixels: 320×240, the training size of motion networks, and 160×120.
const MOST_PX: f64 = 320.0 * 240.0;
const FEWEST_PX: f64 = 160.0 * 120.0;
/// Share of a frame's duration below which the number of pixels may double.
const ROOMY: f64 = 0.4;

/// A controller of the draft size; the time of a draft is proportional to its pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct DraftSize {
    most_px: f64,
}

impl Default for DraftSize {
    fn default() -> Self {
        Self { most_px: MOST_PX }
    }
}

impl DraftSize {
    /// Returns the size for pictures of `size`: the same aspect ratio, and not larger.
    pub fn of(self, size: Geometry) -> Geometry {
        let Geometry { width, height } = size;
        let scale = (self.most_px / (f64::from(width.max(1)) * f64::from(height.max(1)))).sqrt().min(1.0);
        let side = |side: u32| (f64::from(side) * scale).round().max(1.0) as u32;
        Geometry { width: side(width), height: side(height) }
    }

    /// Records that a draft took `secs`, for a frame that is shown for `shown_secs`.
    pub fn took(&mut self, secs: f64, shown_secs: f64) {
        let factor = match secs / shown_secs.max(f64::MIN_POSITIVE) {
            share if share > 1.0 => 0.5,
            share if share < ROOMY => 2.0,
            _ => 1.0,
        };
        self.most_px = (self.most_px * factor).clamp(FEWEST_PX, MOST_PX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HD: Geometry = Geometry { width: 1280, height: 720 };

    #[test]
    fn a_draft_has_the_pictures_shape_and_at_most_the_pixels_of_a_small_one() {
        let of = |width, height| DraftSize::default().of(Geometry { width, height });
        assert_eq!(of(1280, 720), Geometry { width: 370, height: 208 });
        assert_eq!(of(720, 1280), Geometry { width: 208, height: 370 });
        for (width, height) in [(320, 240), (160, 120), (1, 1), (1, 3000)] {
            assert_eq!(of(width, height), Geometry { width, height }, "it is no larger than that");
        }
    }

    #[test]
    fn drafts_shrink_until_they_fit_the_time_of_a_frame_and_grow_where_there_is_room() {
        let mut size = DraftSize::default();
        let pixels = |size: DraftSize| {
            let Geometry { width, height } = size.of(HD);
            f64::from(width * height)
        };
        // 1 µs per pixel and 25 frames per second: 40,000 pixels fit.
        for _ in 0..10 {
            size.took(1e-6 * pixels(size), 0.04);
        }
        assert!((30_000.0..40_000.0).contains(&pixels(size)), "{}", pixels(size));
        for _ in 0..10 {
            size.took(10.0, 0.04);
        }
        assert!((pixels(size) - FEWEST_PX).abs() < 200.0, "smaller ones show nothing: {}", pixels(size));
        for _ in 0..10 {
            size.took(0.001, 0.04);
        }
        assert_eq!(size, DraftSize::default());
    }
}
