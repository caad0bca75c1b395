//! Gradient: central differences of a picture.

use crate::flow::Plane;

/// ∂/∂x and ∂/∂y in grey values per pixel; half the one-sided difference at the edges, where the index is clamped.
pub fn gradient(picture: &Plane) -> [Plane; 2] {
    let (right, bottom) = (picture.width.saturating_sub(1), picture.height.saturating_sub(1));
    let along_x = |x: usize, y: usize| 0.5 * (picture.at((x + 1).min(right), y) - picture.at(x.saturating_sub(1), y));
    let along_y = |x: usize, y: usize| 0.5 * (picture.at(x, (y + 1).min(bottom)) - picture.at(x, y.saturating_sub(1)));
    [Plane::from_fn(picture.width, picture.height, along_x), Plane::from_fn(picture.width, picture.height, along_y)]
}
