//! The colours of flow in what is exported and recorded, and their scale over time.

use image::RgbImage;

use super::FlowView;
use crate::flow::{FlowField, colour};

/// Colours are never stretched further than to this length, in pixels of the video: stillness stays white.
const LEAST_PX: f32 = 1.0;
/// How fast a scale comes down that follows the flow, as a factor a flow: colours must not flicker.
const DECAY: f32 = 0.97;

/// How flow is coloured, as the window colours it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlowColours {
    /// The length that has the full colour, pixels of the video; `None` for one that nearly all vectors stay below.
    pub locked_px: Option<f32>,
    /// The least of these while it is not locked: noise is not to look like motion.
    pub least_px: f32,
    /// Above 1 slow motion stands out; see [`colour::bent`].
    pub gamma: f32,
}

impl Default for FlowColours {
    fn default() -> Self {
        Self { locked_px: None, least_px: LEAST_PX, gamma: 1.0 }
    }
}

/// The length that has the full colour from one flow to the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct FlowScale {
    colours: FlowColours,
    px: f32,
    decay: f32,
}

impl FlowScale {
    /// Follows the flow up at once, and slowly down.
    pub fn following(colours: FlowColours) -> Self {
        Self { colours, px: colours.locked_px.unwrap_or(colours.least_px), decay: DECAY }
    }

    /// Follows the flow up and stays there, as the scale of the window does over a clip.
    pub fn held(colours: FlowColours) -> Self {
        Self { decay: 1.0, ..Self::following(colours) }
    }

    /// Returns the length that has the full colour now, in pixels of the video.
    pub fn px(&self) -> f32 {
        self.px
    }

    /// Returns by how much slow motion stands out.
    pub fn gamma(&self) -> f32 {
        self.colours.gamma
    }

    /// Takes in the next flow, in pixels of the video.
    pub fn see(&mut self, field: &FlowField) {
        self.follow(field.typical_magnitude());
    }

    /// Returns a flow in pixels of the video in colours.
    pub fn coloured(&self, field: &FlowField) -> RgbImage {
        colour::bent_picture(field, self.px, self.colours.gamma)
    }

    /// Returns the next flow in colours, for a video of `width` × `height` pixels.
    pub fn picture(&mut self, flow: &FlowView, [width, height]: [u32; 2]) -> RgbImage {
        let field = flow.in_pixels_of(width as usize, height as usize);
        self.see(&field);
        self.coloured(&field)
    }

    fn follow(&mut self, longest_px: f32) {
        if self.colours.locked_px.is_none() {
            self.px = longest_px.max(self.px * self.decay).max(self.colours.least_px);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(scale: &mut FlowScale, longest_px: f32) -> f32 {
        scale.follow(longest_px);
        scale.px()
    }

    #[test]
    fn the_scale_rises_at_once_comes_down_slowly_and_has_a_floor() {
        let mut scale = FlowScale::following(FlowColours { least_px: 0.5, ..FlowColours::default() });
        assert_eq!((after(&mut scale, 0.2), after(&mut scale, 8.0)), (0.5, 8.0));
        let next = after(&mut scale, 0.2);
        assert!(next < 8.0 && next > 7.0, "{next}");
        assert_eq!((0..200).map(|_| after(&mut scale, 0.2)).last(), Some(0.5));
    }

    #[test]
    fn a_held_scale_never_comes_down_and_a_locked_one_never_moves() {
        let mut held = FlowScale::held(FlowColours { least_px: 2.0, ..FlowColours::default() });
        assert_eq!([1.0, 6.0, 3.0].map(|px| after(&mut held, px)), [2.0, 6.0, 6.0]);
        let mut locked = FlowScale::following(FlowColours { locked_px: Some(0.3), ..FlowColours::default() });
        assert_eq!([0.1, 9.0].map(|px| after(&mut locked, px)), [0.3; 2]);
    }

    #[test]
    fn slow_motion_stands_out_as_in_the_window() {
        let field = FlowField::new(1, 1, vec![[0.01, 0.0]]);
        let of = |gamma| FlowScale::held(FlowColours { gamma, ..FlowColours::default() }).coloured(&field);
        assert_eq!(*of(1.0).get_pixel(0, 0), image::Rgb(colour::colour(0.01, 0.0, 1.0)));
        assert_eq!(*of(2.0).get_pixel(0, 0), image::Rgb(colour::colour(0.1, 0.0, 1.0)), "a hundredth is a tenth");
    }
}
