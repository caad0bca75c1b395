//! The mark of the part of a picture that a stream looks at by itself.

use eframe::egui::{Color32, Painter, Rect, Stroke, StrokeKind, vec2};

use crate::nets::MotionSquare;

/// Draws a thin frame around `square` in a `picture` that is seen as it is or in a mirror.
pub fn square_mark(painter: &Painter, picture: Rect, square: MotionSquare, mirrored: bool) {
    let place = place(picture, square, mirrored);
    painter.rect_stroke(place, 0.0, Stroke::new(3.0, Color32::from_black_alpha(90)), StrokeKind::Inside);
    painter.rect_stroke(place, 0.0, Stroke::new(1.0, Color32::WHITE), StrokeKind::Inside);
}

fn place(picture: Rect, square: MotionSquare, mirrored: bool) -> Rect {
    let left = if mirrored { 1.0 - square.left - square.width } else { square.left };
    let min = picture.min + picture.size() * vec2(left, square.top);
    Rect::from_min_size(min, picture.size() * vec2(square.width, square.height))
}

#[cfg(test)]
mod tests {
    use eframe::egui::pos2;

    use super::*;

    #[test]
    fn a_mirror_shows_the_square_on_the_other_side() {
        let picture = Rect::from_min_size(pos2(100.0, 50.0), vec2(400.0, 200.0));
        let square = MotionSquare { left: 0.0, top: 0.25, width: 0.25, height: 0.5 };
        let expected = |left: f32| Rect::from_min_size(pos2(left, 100.0), vec2(100.0, 100.0));
        assert_eq!(place(picture, square, false), expected(100.0));
        assert_eq!(place(picture, square, true), expected(400.0));
    }
}
