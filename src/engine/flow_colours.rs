//! Colours of flow in exports and recordings, and their scale over time.

use std::time::Instant;

use image::RgbImage;

use super::FlowView;
use crate::flow::{FlowField, RecentLengths, TypicalLengths, colour};

/// Minimum length of full saturation, in pixels of the video: noise in still pictures stays white.
const LEAST_PX: f32 = 1.0;

/// Colour settings of flow, the same as in the window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlowColours {
    /// The length of full saturation, pixels of the video; `None` to adapt it to the flow.
    pub locked_px: Option<f32>,
    /// Minimum of that length while it is adaptive, so that noise does not look like motion.
    pub least_px: f32,
    /// Exponent that enhances slow motion if above 1; see [`colour::bent`].
    pub gamma: f32,
}

impl Default for FlowColours {
    fn default() -> Self {
        Self { locked_px: None, least_px: LEAST_PX, gamma: 1.0 }
    }
}

/// The adaptive length of full saturation over a sequence of flows.
#[derive(Debug, Clone)]
pub(super) struct FlowScale {
    colours: FlowColours,
    px: f32,
    lengths: SeenLengths,
}

/// The flows that determine a scale.
#[derive(Debug, Clone)]
enum SeenLengths {
    /// Those of the last seconds.
    Recent(RecentLengths),
    /// All of a clip.
    All(TypicalLengths),
}

impl FlowScale {
    /// Creates a scale that adapts to the flow of the last seconds.
    pub fn following(colours: FlowColours) -> Self {
        Self::of(colours, SeenLengths::Recent(RecentLengths::default()))
    }

    /// Creates a scale of all flows so far, as in the window for a clip.
    pub fn held(colours: FlowColours) -> Self {
        Self::of(colours, SeenLengths::All(TypicalLengths::default()))
    }

    fn of(colours: FlowColours, lengths: SeenLengths) -> Self {
        Self { colours, px: colours.locked_px.unwrap_or(colours.least_px), lengths }
    }

    /// Returns the current length of full saturation, in pixels of the video.
    pub fn px(&self) -> f32 {
        self.px
    }

    /// Returns the exponent that enhances slow motion.
    pub fn gamma(&self) -> f32 {
        self.colours.gamma
    }

    /// Updates the scale with the next flow, in pixels of the video, at time `at`.
    pub fn see(&mut self, field: &FlowField, at: Instant) {
        self.follow(field.typical_magnitude(), at);
    }

    /// Resets the scale for the first flow of a new scene.
    pub fn begin_scene(&mut self) {
        if let SeenLengths::Recent(lengths) = &mut self.lengths {
            lengths.begin_scene();
        }
    }

    /// Returns the colours of a flow in pixels of the video.
    pub fn coloured(&self, field: &FlowField) -> RgbImage {
        colour::bent_picture(field, self.px, self.colours.gamma)
    }

    /// Updates the scale with the next flow, at time `at`, and returns its colours, for a video of `width` × `height`
    /// pixels.
    pub fn picture(&mut self, flow: &FlowView, [width, height]: [u32; 2], at: Instant) -> RgbImage {
        let field = flow.in_pixels_of(width as usize, height as usize);
        self.see(&field, at);
        self.coloured(&field)
    }

    fn follow(&mut self, longest_px: f32, at: Instant) {
        let longest = match &mut self.lengths {
            SeenLengths::Recent(lengths) => lengths.follow(at, longest_px),
            SeenLengths::All(lengths) => {
                lengths.push(longest_px);
                lengths.longest().unwrap_or_default()
            }
        };
        if self.colours.locked_px.is_none() {
            self.px = longest.max(self.colours.least_px);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn after(scale: &mut FlowScale, at: Instant, longest_px: f32) -> f32 {
        scale.follow(longest_px, at);
        scale.px()
    }

    #[test]
    fn a_following_scale_ignores_a_cut_comes_down_and_has_a_floor() {
        let mut scale = FlowScale::following(FlowColours { least_px: 0.5, ..FlowColours::default() });
        let (start, frame) = (Instant::now(), Duration::from_millis(40));
        assert_eq!((0..50).map(|i| after(&mut scale, start + i * frame, 8.0)).last(), Some(8.0));
        assert_eq!(after(&mut scale, start + 50 * frame, 60.0), 8.0, "a cut");
        let px: Vec<f32> = (51..200).map(|i| after(&mut scale, start + i * frame, 0.2)).collect();
        assert!(px[0] > 7.0 && px.last() == Some(&0.5), "{px:?}");
    }

    #[test]
    fn a_held_scale_is_that_of_most_flows_and_a_locked_one_never_moves() {
        let now = Instant::now();
        let mut held = FlowScale::held(FlowColours { least_px: 2.0, ..FlowColours::default() });
        assert_eq!([1.0, 6.0, 3.0, 5.0, 90.0].map(|px| after(&mut held, now, px)), [2.0, 6.0, 6.0, 5.0, 6.0]);
        let mut locked = FlowScale::following(FlowColours { locked_px: Some(0.3), ..FlowColours::default() });
        assert_eq!([0.1, 9.0].map(|px| after(&mut locked, now, px)), [0.3; 2]);
    }

    #[test]
    fn slow_motion_stands_out_as_in_the_window() {
        let field = FlowField::new(1, 1, vec![[0.01, 0.0]]);
        let of = |gamma| FlowScale::held(FlowColours { gamma, ..FlowColours::default() }).coloured(&field);
        assert_eq!(*of(1.0).get_pixel(0, 0), image::Rgb(colour::colour(0.01, 0.0, 1.0)));
        assert_eq!(*of(2.0).get_pixel(0, 0), image::Rgb(colour::colour(0.1, 0.0, 1.0)), "a hundredth is a tenth");
    }
}
