//! Median filter: removes single outliers from the flow without blurring its edges.

use crate::flow::Plane;

/// Returns the median over a square of `side` × `side` pixels around each; the edge is continued outwards. Side 1 changes
/// nothing.
pub fn median(plane: &Plane, side: usize) -> Plane {
    let reach = side / 2;
    let inside = |index: usize, offset: usize, length: usize| (index + offset).saturating_sub(reach).min(length - 1);
    Plane::from_fn(plane.width, plane.height, |x, y| {
        let mut square: Vec<f32> = (0..side * side)
            .map(|k| plane.at(inside(x, k % side, plane.width), inside(y, k / side, plane.height)))
            .collect();
        square.sort_by(f32::total_cmp);
        square[square.len() / 2]
    })
}
