//! Orientation histograms at every point of a grid.

use std::f32::consts::TAU;

use super::kind::{DescriptorKind, ORIENTATIONS};
use super::{GridFrame, VectorField};
use crate::flow::Plane;

/// Threshold of motion, in units of 8 pixels: shorter vectors count 1 in the bin for no motion.
const STILL: f32 = 0.16;

/// One histogram per point of a grid, row after row, `bins` numbers per point.
#[derive(Debug, Clone)]
pub(super) struct OrientationMap {
    /// Points per row.
    pub width: usize,
    bins: usize,
    values: Vec<f32>,
}

impl OrientationMap {
    /// Creates empty histograms for the descriptor `kind`.
    pub fn new(kind: DescriptorKind, width: usize, height: usize) -> Self {
        let bins = kind.bins();
        Self { width, bins, values: vec![0.0; width * height * bins] }
    }

    /// Returns the histogram of the point in column `x` and row `y`.
    pub fn at(&self, x: usize, y: usize) -> &[f32] {
        &self.values[(y * self.width + x) * self.bins..][..self.bins]
    }

    /// Multiplies all values by `factor`.
    pub fn scale(&mut self, factor: f32) {
        self.values.iter_mut().for_each(|value| *value *= factor);
    }

    /// Adds the histograms of `frame` for `kind`. HOG adds nothing for a frame without a picture.
    pub fn add(&mut self, kind: DescriptorKind, frame: &GridFrame) {
        let VectorField { u, v } = &frame.field;
        match kind {
            DescriptorKind::Hof => self.add_vectors(u, v),
            DescriptorKind::MbhX => self.add_gradient(u),
            DescriptorKind::MbhY => self.add_gradient(v),
            DescriptorKind::Hog => frame.grey.iter().for_each(|grey| self.add_gradient(grey)),
        }
    }

    /// Adds the central differences f[i + 1] − f[i − 1] of `plane`; they are 0 across the mirrored border.
    fn add_gradient(&mut self, plane: &Plane) {
        let (width, height) = plane.size();
        let across = |x: usize, y: usize| match x {
            0 => 0.0,
            x if x + 1 == width => 0.0,
            x => plane.at(x + 1, y) - plane.at(x - 1, y),
        };
        let down = |x: usize, y: usize| match y {
            0 => 0.0,
            y if y + 1 == height => 0.0,
            y => plane.at(x, y + 1) - plane.at(x, y - 1),
        };
        self.add_vectors(&Plane::from_fn(width, height, across), &Plane::from_fn(width, height, down));
    }

    /// Adds the length of each vector to the two orientations nearest to its own.
    fn add_vectors(&mut self, dx: &Plane, dy: &Plane) {
        let has_still = self.bins > ORIENTATIONS;
        let histograms = self.values.chunks_exact_mut(self.bins);
        for ((&x, &y), histogram) in dx.values.iter().zip(&dy.values).zip(histograms) {
            let length = (x * x + y * y).sqrt();
            if has_still && length <= STILL {
                histogram[ORIENTATIONS] += 1.0;
                continue;
            }
            let place = y.atan2(x).rem_euclid(TAU) / TAU * ORIENTATIONS as f32;
            let lower = place.floor();
            let upper_share = place - lower;
            let lower = lower as usize % ORIENTATIONS; // an angle just below 360° may be rounded up to it
            histogram[lower] += length * (1.0 - upper_share);
            histogram[(lower + 1) % ORIENTATIONS] += length * upper_share;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(u: Vec<f32>, v: Vec<f32>) -> GridFrame {
        let plane = |values: Vec<f32>| Plane::new(3, 1, values);
        GridFrame { index: 0, field: VectorField { u: plane(u), v: plane(v) }, grey: None }
    }

    #[test]
    fn lengths_go_to_the_two_nearest_orientations_and_still_points_to_their_own_bin() {
        let mut map = OrientationMap::new(DescriptorKind::Hof, 3, 1);
        // 0°; 157.5°, half way between bins 3 and 4; below the threshold.
        let (sin, cos) = 157.5_f32.to_radians().sin_cos();
        map.add(DescriptorKind::Hof, &frame(vec![2.0, cos, 0.1], vec![0.0, sin, 0.1]));
        assert_eq!(map.at(0, 0), [2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert!((map.at(1, 0)[3] - 0.5).abs() < 1e-5 && (map.at(1, 0)[4] - 0.5).abs() < 1e-5);
        assert_eq!(map.at(2, 0), [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn motion_boundaries_are_differences_across_two_points() {
        let mut map = OrientationMap::new(DescriptorKind::MbhX, 3, 1);
        map.add(DescriptorKind::MbhX, &frame(vec![5.0, 0.0, 2.0], vec![0.0; 3]));
        assert_eq!(map.at(1, 0), [0.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0], "it falls by 3 to the right: 180°");
        assert_eq!(map.at(0, 0), [0.0; 8]);
    }
}
