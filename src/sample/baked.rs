//! Backdrops rendered once per clip instead of once per frame, as they are most of the pixels and the most expensive
//! ones.

use std::sync::Arc;

use rayon::prelude::*;

use super::paint::{Colour, Point};
use super::part::BodyPart;

/// Samples per pixel of the picture, enough for the finest paint.
const DENSITY: f32 = 1.5;

/// Useful range of the magnification: above it reference pixels show no more detail, and below it there is little to
/// save.
const MAGNIFICATIONS: [f32; 2] = [0.5, 4.0];

/// Distance outside the outline from which paint is never visible, not even by interpolation.
const UNSEEN_BEYOND: f32 = 3.0;

/// A grid of colours and outline distances, interpolated bilinearly.
struct BakedGrid {
    corner: Point,
    density: f32,
    columns: usize,
    rows: usize,
    colours: Vec<Colour>,
    distances: Vec<f32>,
}

/// Returns `part` with the content of the box `seen` looked up in a grid; outside of the box its border values are
/// repeated.
///
/// `magnification` is the number of pixels of the picture per reference pixel.
pub(super) fn baked(part: BodyPart, seen: [Point; 2], magnification: f32) -> BodyPart {
    let [least, most] = MAGNIFICATIONS;
    let grid = Arc::new(BakedGrid::new(&part, seen, DENSITY * magnification.clamp(least, most)));
    let outlined = grid.clone();
    BodyPart { outline: Box::new(move |p| outlined.distance(p)), paint: Box::new(move |p| grid.colour(p)), ..part }
}

impl BakedGrid {
    fn new(part: &BodyPart, [low, high]: [Point; 2], density: f32) -> Self {
        let steps = |axis: usize| ((high[axis] - low[axis]) * density).ceil() as usize + 2;
        let (columns, rows) = (steps(0), steps(1));
        let sample = |i: usize| {
            let (column, row) = (i % columns, i / columns);
            let p = [low[0] + column as f32 / density, low[1] + row as f32 / density];
            let distance = (part.outline)(p);
            let colour = if distance > UNSEEN_BEYOND { [0.0; 3] } else { (part.paint)(p) };
            (colour, distance)
        };
        let (colours, distances) = (0..columns * rows).into_par_iter().map(sample).unzip();
        Self { corner: low, density, columns, rows, colours, distances }
    }

    /// Returns the index of the sample above and to the left of `p`, and the distance of `p` from it, in samples.
    fn locate(&self, p: Point) -> (usize, f32, f32) {
        let x = ((p[0] - self.corner[0]) * self.density).clamp(0.0, (self.columns - 2) as f32);
        let y = ((p[1] - self.corner[1]) * self.density).clamp(0.0, (self.rows - 2) as f32);
        let (column, row) = (x as usize, y as usize);
        (row * self.columns + column, x - column as f32, y - row as f32)
    }

    fn distance(&self, p: Point) -> f32 {
        let (i, x, y) = self.locate(p);
        let row = |i: usize| self.distances[i] + (self.distances[i + 1] - self.distances[i]) * x;
        let (above, below) = (row(i), row(i + self.columns));
        above + (below - above) * y
    }

    fn colour(&self, p: Point) -> Colour {
        let (i, x, y) = self.locate(p);
        let corners = [i, i + 1, i + self.columns, i + self.columns + 1].map(|i| self.colours[i]);
        let weights = [(1.0 - x) * (1.0 - y), x * (1.0 - y), (1.0 - x) * y, x * y];
        std::array::from_fn(|channel| (0..4).map(|k| corners[k][channel] * weights[k]).sum())
    }
}
