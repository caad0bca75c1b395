//! Frames and screen positions.

use std::ops::Range;

use eframe::egui::Rect;

/// Where the frames of the timeline are on the screen.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    /// The bar of the timeline.
    pub bar: Rect,
    /// The frames in view, as positions from 0 to the number of frames.
    pub window: Range<f64>,
}

impl Axis {
    /// Screen position of the beginning of a frame.
    pub fn x(&self, frame: f64) -> f32 {
        let share = (frame - self.window.start) / (self.window.end - self.window.start);
        self.bar.left() + share as f32 * self.bar.width()
    }

    /// The position among the frames at a screen position.
    pub fn position_at(&self, x: f32) -> f64 {
        let share = f64::from((x - self.bar.left()) / self.bar.width());
        self.window.start + share * (self.window.end - self.window.start)
    }

    /// The frame at a screen position, kept inside the clip.
    pub fn frame_at(&self, x: f32, frames: usize) -> usize {
        (self.position_at(x).max(0.0) as usize).min(frames - 1)
    }

    /// Width of a frame in points.
    pub fn frame_width(&self) -> f32 {
        self.bar.width() / (self.window.end - self.window.start) as f32
    }
}

#[cfg(test)]
mod tests {
    use eframe::egui::{pos2, vec2};

    use super::*;

    #[test]
    fn positions_and_frames_agree_and_stay_in_the_clip() {
        let bar = Rect::from_min_size(pos2(10.0, 0.0), vec2(300.0, 20.0));
        let axis = Axis { bar, window: 20.0..50.0 };
        for frame in 20..50 {
            assert_eq!(axis.frame_at(axis.x(f64::from(frame) + 0.5), 60), frame as usize);
        }
        assert_eq!(axis.frame_at(-1000.0, 60), 0);
        assert_eq!(axis.frame_at(1000.0, 45), 44);
        assert_eq!(axis.frame_width(), 10.0);
    }
}
