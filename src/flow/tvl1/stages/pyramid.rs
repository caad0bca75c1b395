//! Pyramid: smaller and smaller versions of both pictures, by bilinear interpolation.

use super::super::Tvl1Parameters;
use crate::flow::Plane;

/// Minimum width and height of all levels but the first.
const SIDE_MIN: usize = 16;

/// Returns both pictures at every level, the full size first.
pub fn pyramid(pictures: [&Plane; 2], parameters: &Tvl1Parameters) -> Vec<[Plane; 2]> {
    let mut levels = vec![pictures.map(Clone::clone)];
    for (width, height) in sizes(pictures[0].size(), parameters).into_iter().skip(1) {
        let finer = &levels[levels.len() - 1];
        let level = [0, 1].map(|picture| {
            let mut coarser = Plane::zeros(width, height);
            resample(&finer[picture], &mut coarser, [1.0 / parameters.scale_step; 2]);
            coarser
        });
        levels.push(level);
    }
    levels
}

/// Returns width and height of every level, the full size first.
pub fn sizes(full: (usize, usize), parameters: &Tvl1Parameters) -> Vec<(usize, usize)> {
    std::iter::successors(Some(full), |&(width, height)| Some(shrunk((width, height), parameters.scale_step)))
        .take(parameters.scales)
        .enumerate()
        .take_while(|&(index, (width, height))| index == 0 || width.min(height) >= SIDE_MIN)
        .map(|(_, size)| size)
        .collect()
}

/// Returns a plane `step` times as large, 0 < `step` < 1.
pub fn shrink(plane: &Plane, step: f32) -> Plane {
    let (width, height) = shrunk(plane.size(), step);
    let mut smaller = Plane::zeros(width, height);
    resample(plane, &mut smaller, [1.0 / step; 2]);
    smaller
}

/// Returns the size of a shrunk level. Halves are rounded to even, as in OpenCV.
fn shrunk((width, height): (usize, usize), step: f32) -> (usize, usize) {
    let side = |length: usize| (length as f32 * step).round_ties_even() as usize;
    (side(width), side(height))
}

/// Fills `target` by bilinear interpolation between the pixel centres of `source`, clamped at the edges. `ratio` is the
/// number of source pixels per target pixel in x and in y.
///
/// The ratio is not that of the rounded sizes: 131 columns × 0.8 are 105 columns that cover exactly 1.25 columns each.
pub fn resample(source: &Plane, target: &mut Plane, ratio: [f32; 2]) {
    let columns: Vec<PyramidTap> = (0..target.width).map(|x| PyramidTap::new(x, ratio[0], source.width)).collect();
    for y in 0..target.height {
        let row = PyramidTap::new(y, ratio[1], source.height);
        let [upper, lower] = row.indices.map(|index| source.row(index));
        for (value, column) in target.row_mut(y).iter_mut().zip(&columns) {
            *value = row.between(column.of(upper), column.of(lower));
        }
    }
}

/// Two neighbours on an axis, and the weight of the second.
struct PyramidTap {
    indices: [usize; 2],
    /// 0 at the first, 1 at the second.
    fraction: f32,
}

impl PyramidTap {
    fn new(index: usize, ratio: f32, length: usize) -> Self {
        let position = ((index as f64 + 0.5) * f64::from(ratio) - 0.5).clamp(0.0, (length - 1) as f64);
        let first = position as usize;
        Self { indices: [first, (first + 1).min(length - 1)], fraction: (position - first as f64) as f32 }
    }

    fn of(&self, row: &[f32]) -> f32 {
        self.between(row[self.indices[0]], row[self.indices[1]])
    }

    fn between(&self, first: f32, second: f32) -> f32 {
        first * (1.0 - self.fraction) + second * self.fraction
    }
}
