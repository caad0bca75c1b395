//! The census term of one pair at one level, and its gradient for the flow.
//!
//! The distance of two cells' transforms is the same seen from either, so that of each two neighbours is computed once: for the 24
//! neighbours of a cell that come after it, of the 48 there are.

use pulp::{Simd, WithSimd};

use super::super::census::{NEIGHBOURS, REACH, SATURATION, TERNARY, neighbours};
use super::super::penalty::Charbonnier;
use super::pair::{LevelShape, charbonnier, mask, sum_inside, through_warp, warp, weigh};

/// Buffers for a pair.
pub struct CensusBuffers {
    /// The second picture warped, and its derivatives by the flow across and down.
    rebuilt: [Vec<f32>; 3],
    /// What makes the distance to the neighbours inside the picture that to all.
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

/// A pair to be compared.
pub struct PairCensus<'a> {
    /// The level.
    pub shape: &'a LevelShape,
    /// The first picture, grey values, [h, w].
    pub first: &'a [f32],
    /// The second picture, [h, w].
    pub second: &'a [f32],
    /// Raw flow, [2, h, w].
    pub raw: &'a [f32],
    /// Share of each cell that counts, [h, w]; all of it if none is given.
    pub visible: Option<&'a [f32]>,
    /// Receives the gradient of the sum, [2, h, w].
    pub gradient: &'a mut [f32],
    /// To work in.
    pub buffers: &'a mut CensusBuffers,
}

impl WithSimd for PairCensus<'_> {
    type Output = [f64; 2];

    /// Returns the sum of the penalties over the cells that count, and the number of these.
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

/// The way from cells to one of their neighbours that come after them.
struct Step {
    /// Cells of a row of the map.
    width: usize,
    /// Rows that have such neighbours.
    rows: usize,
    /// First of the cells of a row that have one, and their number.
    left: usize,
    count: usize,
    /// Cells from one to its neighbour.
    ahead: usize,
}

impl Step {
    /// Returns the way `down` and `right`; none if it does not lead ahead, or no cell has such a neighbour.
    #[inline(always)]
    fn new([height, width]: [usize; 2], down: usize, right: isize) -> Option<Self> {
        let ahead = (down * width) as isize + right;
        if (down == 0 && right <= 0) || down >= height || right.unsigned_abs() >= width {
            return None;
        }
        let left = (-right).max(0) as usize;
        Some(Self { width, rows: height - down, left, count: width - right.unsigned_abs(), ahead: ahead as usize })
    }

    /// Returns the cells of a row and their neighbours.
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

/// Finds how far the transforms of both pictures are apart between cells and their neighbours.
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

/// Finds the derivatives of the sum by the rebuilt picture's values at the neighbours; by those of the cells they are the opposite.
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
