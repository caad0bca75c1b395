//! The census term of one pair at one level, and its gradient with respect to the flow.
//!
//! The distance of two cells' transforms is symmetric, so each pair of neighbours is computed once: for the 24 of 48
//! neighbours of a cell that come after it.

use pulp::{Simd, WithSimd};

use super::super::census::{NEIGHBOURS, REACH, SATURATION, TERNARY, neighbours};
use super::super::penalty::Charbonnier;
use super::pair::{LevelShape, charbonnier, mask, sum_inside, through_warp, warp, weigh};

/// Work buffers for a pair.
pub struct CensusBuffers {
    /// The warped second image, and its derivatives with respect to u and v.
    rebuilt: [Vec<f32>; 3],
    /// Factors that scale the distance over the neighbours inside the image to all neighbours.
    scales: Vec<f32>,
    distances: Vec<f32>,
    penalties: Vec<f32>,
    slopes: Vec<f32>,
    by_rebuilt: Vec<f32>,
    row: Vec<f32>,
}

impl CensusBuffers {
    /// Returns buffers for pairs of `shape`.
    pub fn new(shape: &LevelShape) -> Self {
        let map = || vec![0.0; shape.cells()];
        let [height, width] = shape.size;
        let mut scales = map();
        for (at, scale) in scales.iter_mut().enumerate() {
            let count = neighbours([at / width, at % width], [height, width]);
            *scale = NEIGHBOURS as f32 / count.max(1) as f32;
        }
        Self {
            rebuilt: [map(), map(), map()],
            scales,
            distances: map(),
            penalties: map(),
            slopes: map(),
            by_rebuilt: map(),
            row: vec![0.0; width],
        }
    }
}

/// The census term of a pair, as input of the kernel.
pub struct PairCensus<'a> {
    /// Shape of the level.
    pub shape: &'a LevelShape,
    /// Grey values of the first image, [h, w].
    pub first: &'a [f32],
    /// Grey values of the second image, [h, w].
    pub second: &'a [f32],
    /// Raw flow, [2, h, w].
    pub raw: &'a [f32],
    /// Visible fraction of each cell, [h, w]; 1 if `None`.
    pub visible: Option<&'a [f32]>,
    /// Output: the gradient of the sum, [2, h, w].
    pub gradient: &'a mut [f32],
    /// Work buffers.
    pub buffers: &'a mut CensusBuffers,
}

impl WithSimd for PairCensus<'_> {
    type Output = [f64; 2];

    /// Returns the sum of the penalties over the visible cells inside the border mask, and the number of these cells.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> [f64; 2] {
        let Self { shape, first, second, raw, visible, gradient, buffers } = self;
        warp::<1>(shape, second, raw, &mut buffers.rebuilt);
        let CensusBuffers { rebuilt: [rebuilt, across, down], scales, distances, penalties, slopes, by_rebuilt, row } =
            buffers;

        distances.fill(0.0);
        for down in 0..=REACH {
            for right in 0..=2 * REACH {
                let Some(step) = Step::new(shape.size, down, right as isize - REACH as isize) else { continue };
                for at in 0..step.rows {
                    let (here, there) = step.cells(at);
                    let distance = &mut row[..here.len()];
                    differences(first, rebuilt, [&here, &there], distance);
                    add(&mut distances[here], distance);
                    add(&mut distances[there], distance);
                }
            }
        }
        for (distance, scale) in distances.iter_mut().zip(scales.iter()) {
            *distance *= scale;
        }
        charbonnier(Charbonnier::CENSUS, distances, penalties, slopes);
        if let Some(visible) = visible {
            weigh(visible, penalties, slopes);
        }
        let sum = sum_inside(shape, penalties);
        mask(shape, slopes);
        for (slope, scale) in slopes.iter_mut().zip(scales.iter()) {
            *slope *= scale;
        }

        by_rebuilt.fill(0.0);
        for down in 0..=REACH {
            for right in 0..=2 * REACH {
                let Some(step) = Step::new(shape.size, down, right as isize - REACH as isize) else { continue };
                for at in 0..step.rows {
                    let (here, there) = step.cells(at);
                    let derivative = &mut row[..here.len()];
                    derivatives(first, rebuilt, slopes, [&here, &there], derivative);
                    add(&mut by_rebuilt[there], derivative);
                    for (sum, derivative) in by_rebuilt[here].iter_mut().zip(derivative.iter()) {
                        *sum -= derivative;
                    }
                }
            }
        }
        gradient.fill(0.0);
        through_warp(shape.cells(), by_rebuilt, [across, down], gradient, 0);
        let count = match visible {
            Some(visible) => sum_inside(shape, visible),
            None => shape.inside_cells(),
        };
        [sum, count]
    }
}

/// The offset from cells to one of the neighbours that come after them.
struct Step {
    /// Width of the map.
    width: usize,
    /// Number of rows with such neighbours.
    rows: usize,
    /// First column with such a neighbour, and the number of columns.
    left: usize,
    count: usize,
    /// Index distance from a cell to its neighbour.
    ahead: usize,
}

impl Step {
    /// Returns the step `down` and `right`; `None` if it does not point forward, or no cell has such a neighbour.
    #[inline(always)]
    fn new([height, width]: [usize; 2], down: usize, right: isize) -> Option<Self> {
        let ahead = (down * width) as isize + right;
        if (down == 0 && right <= 0) || down >= height || right.unsigned_abs() >= width {
            return None;
        }
        let left = (-right).max(0) as usize;
        Some(Self { width, rows: height - down, left, count: width - right.unsigned_abs(), ahead: ahead as usize })
    }

    /// Returns the index ranges of the cells of a row and of their neighbours.
    #[inline(always)]
    fn cells(&self, row: usize) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
        let first = row * self.width + self.left;
        (first..first + self.count, first + self.ahead..first + self.ahead + self.count)
    }
}

#[inline(always)]
fn add(sums: &mut [f32], values: &[f32]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}

/// Computes the distances of the transforms of both images between cells and their neighbours.
#[inline(always)]
fn differences(first: &[f32], rebuilt: &[f32], [here, there]: [&std::ops::Range<usize>; 2], distance: &mut [f32]) {
    let (a, a_there) = (&first[here.clone()], &first[there.clone()]);
    let (b, b_there) = (&rebuilt[here.clone()], &rebuilt[there.clone()]);
    for ((distance, (a, a_there)), (b, b_there)) in
        distance.iter_mut().zip(a.iter().zip(a_there)).zip(b.iter().zip(b_there))
    {
        let (of_first, of_rebuilt) = (a_there - a, b_there - b);
        let t =
            of_first / (TERNARY + of_first * of_first).sqrt() - of_rebuilt / (TERNARY + of_rebuilt * of_rebuilt).sqrt();
        *distance = t * t / (SATURATION + t * t);
    }
}

/// Computes the derivatives of the sum with respect to the neighbours' values in the reconstructed image; those of the
/// cells have the opposite sign.
#[inline(always)]
fn derivatives(
    first: &[f32],
    rebuilt: &[f32],
    slopes: &[f32],
    [here, there]: [&std::ops::Range<usize>; 2],
    derivative: &mut [f32],
) {
    let (a, a_there) = (&first[here.clone()], &first[there.clone()]);
    let (b, b_there) = (&rebuilt[here.clone()], &rebuilt[there.clone()]);
    let (slope, slope_there) = (&slopes[here.clone()], &slopes[there.clone()]);
    let pictures = a.iter().zip(a_there).zip(b.iter().zip(b_there));
    for ((derivative, ((a, a_there), (b, b_there))), (slope, slope_there)) in
        derivative.iter_mut().zip(pictures).zip(slope.iter().zip(slope_there))
    {
        let (of_first, of_rebuilt) = (a_there - a, b_there - b);
        let below = TERNARY + of_rebuilt * of_rebuilt;
        let root = below.sqrt();
        let t = of_first / (TERNARY + of_first * of_first).sqrt() - of_rebuilt / root;
        let saturated = SATURATION + t * t;
        let by_t = 2.0 * SATURATION * t / (saturated * saturated);
        *derivative = -(slope + slope_there) * by_t * TERNARY / (below * root);
    }
}
