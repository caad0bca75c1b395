//! Zoom and pan, shared by all pictures of the viewer: one window onto the unit square that every picture fills.

use eframe::egui::{Pos2, Rect, Response, Ui, Vec2, pos2, vec2};

/// Largest magnification relative to the fitted picture.
const MAX_ZOOM: f32 = 64.0;

/// How much a point of wheel travel magnifies.
const ZOOM_PER_POINT: f32 = 0.0025;

/// What part of the pictures is seen. Picture coordinates run from 0 to 1 in both directions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ViewTransform {
    /// Magnification; 1 fits the whole picture into its pane.
    zoom: f32,
    /// The picture point in the middle of the pane.
    centre: Pos2,
}

impl Default for ViewTransform {
    fn default() -> Self {
        Self { zoom: 1.0, centre: pos2(0.5, 0.5) }
    }
}

impl ViewTransform {
    /// Magnification relative to the fitted picture.
    pub fn zoom(&self) -> f32 {
        self.zoom
    }

    /// Where on the screen a whole picture of the given aspect ratio (width / height) lies.
    pub fn screen_from_picture(&self, pane: Rect, aspect: f32) -> Rect {
        let size = self.picture_size(pane, aspect);
        let min = pane.center() - size * self.centre.to_vec2();
        Rect::from_min_size(min, size)
    }

    /// The picture point at a screen position; outside 0…1 beside the picture.
    pub fn picture_from_screen(&self, pane: Rect, aspect: f32, at: Pos2) -> Pos2 {
        let picture = self.screen_from_picture(pane, aspect);
        ((at - picture.min) / picture.size()).to_pos2()
    }

    /// Magnifies by `factor` and keeps the picture point under the pointer where it is.
    pub fn zoom_at(&mut self, pane: Rect, aspect: f32, pointer: Pos2, factor: f32) {
        let fixed = self.picture_from_screen(pane, aspect, pointer);
        self.zoom = (self.zoom * factor).clamp(1.0, MAX_ZOOM);
        let size = self.picture_size(pane, aspect);
        self.centre = fixed - (pointer - pane.center()) / size;
        self.keep_in_view(pane, aspect);
    }

    /// Moves the pictures by `delta` points on the screen.
    pub fn pan(&mut self, pane: Rect, aspect: f32, delta: Vec2) {
        self.centre -= delta / self.picture_size(pane, aspect);
        self.keep_in_view(pane, aspect);
    }

    /// Takes drag, double click and wheel over a picture of `aspect` that is fitted into `pane`.
    pub fn take_pointer(&mut self, ui: &Ui, response: &Response, pane: Rect, aspect: f32) {
        if response.dragged() {
            self.pan(pane, aspect, response.drag_delta());
        }
        if response.double_clicked() {
            *self = Self::default();
        }
        if let Some(pointer) = response.hover_pos() {
            let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta().y, input.zoom_delta()));
            let factor = (scroll * ZOOM_PER_POINT).exp() * pinch;
            if factor != 1.0 {
                self.zoom_at(pane, aspect, pointer, factor);
            }
        }
    }

    fn picture_size(&self, pane: Rect, aspect: f32) -> Vec2 {
        let width = pane.width().min(pane.height() * aspect);
        vec2(width, width / aspect) * self.zoom
    }

    /// Lets no gap open between the picture and the pane on a side where the picture is larger.
    fn keep_in_view(&mut self, pane: Rect, aspect: f32) {
        let half = pane.size() / self.picture_size(pane, aspect) / 2.0;
        let clamp = |centre: f32, half: f32| if half >= 0.5 { 0.5 } else { centre.clamp(half, 1.0 - half) };
        self.centre = pos2(clamp(self.centre.x, half.x), clamp(self.centre.y, half.y));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PANE: Rect = Rect { min: pos2(100.0, 50.0), max: pos2(500.0, 250.0) };

    #[test]
    fn a_fitted_picture_touches_the_pane_and_lies_in_its_middle() {
        for aspect in [0.5, 1.0, 2.0, 4.0] {
            let picture = ViewTransform::default().screen_from_picture(PANE, aspect);
            assert!((picture.aspect_ratio() - aspect).abs() < 1e-3);
            assert!((picture.center() - PANE.center()).length() < 1e-3);
            assert!(picture.width() <= PANE.width() + 1e-3 && picture.height() <= PANE.height() + 1e-3);
        }
    }

    #[test]
    fn zooming_keeps_the_point_under_the_pointer() {
        let mut view = ViewTransform::default();
        let pointer = pos2(350.0, 120.0);
        for factor in [2.0, 1.5, 0.8] {
            let before = view.picture_from_screen(PANE, 2.0, pointer);
            view.zoom_at(PANE, 2.0, pointer, factor);
            let after = view.picture_from_screen(PANE, 2.0, pointer);
            assert!((before - after).length() < 1e-4, "{before:?} became {after:?}");
        }
    }

    #[test]
    fn a_picture_cannot_be_lost() {
        let mut view = ViewTransform::default();
        view.pan(PANE, 1.0, vec2(1000.0, 1000.0));
        assert_eq!(view, ViewTransform::default());
        view.zoom_at(PANE, 1.0, PANE.center(), 4.0);
        view.pan(PANE, 1.0, vec2(9000.0, -9000.0));
        assert!(view.screen_from_picture(PANE, 1.0).contains_rect(PANE.shrink(0.01)));
    }
}
