//! The scale of the flow's colours in a video.

use image::RgbImage;

use crate::engine::FlowView;
use crate::flow::colour;

/// Colours are never stretched further than to this length, in pixels of the video: stillness stays white.
const LEAST_PX: f32 = 1.0;
/// How fast the scale comes down, as a factor a flow: colours must not flicker.
const DECAY: f32 = 0.97;

/// The length that has the full colour: it follows the flow up at once, and slowly down.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct FlowScale {
    px: f32,
}

impl Default for FlowScale {
    fn default() -> Self {
        Self { px: LEAST_PX }
    }
}

impl FlowScale {
    /// Returns the length that has the full colour now, in pixels of the video.
    pub fn px(&self) -> f32 {
        self.px
    }

    /// Returns the next flow in colours, for a video of `width` × `height` pixels.
    pub fn picture(&mut self, flow: &FlowView, [width, height]: [u32; 2]) -> RgbImage {
        let field = flow.in_pixels_of(width as usize, height as usize);
        self.follow(field.typical_magnitude());
        colour::picture(&field, self.px)
    }

    fn follow(&mut self, longest_px: f32) {
        self.px = longest_px.max(self.px * DECAY).max(LEAST_PX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_rises_at_once_comes_down_slowly_and_has_a_floor() {
        let mut scale = FlowScale::default();
        let mut after = |longest| {
            scale.follow(longest);
            scale.px()
        };
        assert_eq!((after(0.2), after(8.0)), (LEAST_PX, 8.0));
        let next = after(0.2);
        assert!(next < 8.0 && next > 7.0, "{next}");
        assert_eq!((0..200).map(|_| after(0.2)).last(), Some(LEAST_PX));
    }
}
