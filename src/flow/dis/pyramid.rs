//! The pyramid: its levels, area averages from level to level, and bilinear interpolation of the flow back up.

use rayon::prelude::*;

use super::parameters::PATCH;
use crate::flow::Plane;
use crate::flow::simd::widest;

/// Returns the coarsest level for pictures of this size, at least [`PATCH`] pixels wide and high.
///
/// There the largest motion to be found, a quarter of the picture's longer side, is about as long as a patch;
/// no level is smaller than a patch.
pub fn coarsest_scale((width, height): (usize, usize)) -> usize {
    let by_motion = ((width.max(height) as f64 / (4 * PATCH) as f64).log2() + 0.5) as usize;
    let by_patch = (width.min(height) / PATCH).max(1).ilog2() as usize;
    by_motion.min(by_patch)
}

/// The source samples of a target sample along one axis.
struct Cell {
    start: usize,
    weights: Vec<f32>,
}

/// Returns the share of every source sample in each of `to` equal cells of an axis of `from` samples.
fn cells(from: usize, to: usize) -> Vec<Cell> {
    let size = from as f64 / to as f64;
    let cell = |index: usize| {
        let (begin, end) = (index as f64 * size, ((index + 1) as f64 * size).min(from as f64));
        // Overlaps of less than a thousandth come from rounding and are ignored.
        let (start, stop) = ((begin + 1e-3) as usize, ((end - 1e-3).ceil() as usize).min(from));
        let share = |i: usize| ((i as f64 + 1.0).min(end) - (i as f64).max(begin)) / (end - begin);
        Cell { start, weights: (start..stop).map(|i| share(i) as f32).collect() }
    };
    (0..to).map(cell).collect()
}

/// Returns the picture on a smaller grid: the mean over each cell, a whole number as in pictures of bytes.
///
/// Halves are rounded to the even number, but upwards where both sides are halved: as OpenCV's `resize` with
/// `INTER_AREA` does.
pub fn shrink(picture: &Plane, width: usize, height: usize) -> Plane {
    if picture.size() == (width, height) {
        return picture.clone();
    }
    let (columns, rows) = (cells(picture.width, width), cells(picture.height, height));
    let halved = picture.size() == (2 * width, 2 * height);
    let mut shrunk = Plane::zeros(width, height);
    let lines = shrunk.values.par_chunks_mut(width).with_min_len(ROWS_MIN).zip(&rows);
    lines.for_each_init(
        || vec![0.0; picture.width],
        |line, (out, cell)| {
            widest(
                #[inline(always)]
                || {
                    add_rows(picture, cell, line);
                    if halved {
                        halve(line, out);
                    } else {
                        mean(line, &columns, out);
                    }
                },
            );
        },
    );
    shrunk
}

/// Minimum number of rows for which another thread pays off.
const ROWS_MIN: usize = 16;

#[inline(always)]
fn add_rows(picture: &Plane, cell: &Cell, line: &mut [f32]) {
    line.fill(0.0);
    for (y, weight) in (cell.start..).zip(&cell.weights) {
        for (sum, value) in line.iter_mut().zip(picture.row(y)) {
            *sum += weight * value;
        }
    }
}

/// Means of pairs of quarters, halves rounded up.
#[inline(always)]
fn halve(line: &[f32], out: &mut [f32]) {
    for (out, pair) in out.iter_mut().zip(line.as_chunks::<2>().0) {
        *out = rounded(0.5 * (pair[0] + pair[1]) + 0.125);
    }
}

#[inline(always)]
fn mean(line: &[f32], columns: &[Cell], out: &mut [f32]) {
    for (out, cell) in out.iter_mut().zip(columns) {
        let samples = &line[cell.start..][..cell.weights.len()];
        let mut sum = 0.0;
        for (weight, value) in cell.weights.iter().zip(samples) {
            sum += weight * value;
        }
        *out = rounded(sum);
    }
}

/// Returns the nearest whole number of at most 22 bits, halves to even, without a call where the processor lacks the
/// instruction: beyond 2²³ a float has no fraction left.
#[inline(always)]
pub fn rounded(value: f32) -> f32 {
    const WHOLE: f32 = 12_582_912.0; // 1.5 · 2²³
    (value + WHOLE) - WHOLE
}

/// Bilinear samples along one axis, pixel centres aligned.
pub struct Taps {
    /// The lower neighbour, the upper one, and the weight of the upper one.
    taps: Vec<(u32, u32, f32)>,
}

impl Taps {
    /// Returns the taps of `to` samples on an axis of `from`.
    pub fn new(from: usize, to: usize) -> Self {
        let scale = from as f64 / to as f64;
        let tap = |index: usize| {
            let place = ((index as f64 + 0.5) * scale - 0.5).clamp(0.0, (from - 1) as f64);
            let lower = place as usize;
            (lower as u32, (lower + 1).min(from - 1) as u32, (place - lower as f64) as f32)
        };
        Self { taps: (0..to).map(tap).collect() }
    }
}

/// Interpolates both components of the flow on the grid of a larger level, times `factor`.
pub fn enlarge(flow: &[Plane; 2], larger: &mut [Plane; 2], factor: f32) {
    let (width, height) = larger[0].size();
    let columns = Taps::new(flow[0].width, width);
    let rows = Taps::new(flow[0].height, height);
    let [u, v] = larger;
    let lines = u.values.par_chunks_mut(width).zip(v.values.par_chunks_mut(width)).with_min_len(ROWS_MIN);
    lines.zip(&rows.taps).for_each_init(
        || vec![0.0; flow[0].width],
        |line, ((u, v), row)| {
            widest(
                #[inline(always)]
                || {
                    for (out, plane) in [u, v].into_iter().zip(flow) {
                        between_rows(plane, row, factor, line);
                        for (out, &(lower, upper, weight)) in out.iter_mut().zip(&columns.taps) {
                            *out = between(line, lower, upper, weight);
                        }
                    }
                },
            );
        },
    );
}

/// Interpolates the flow on the grid of the full picture, times `factor`, as vectors.
pub fn enlarge_to_vectors(flow: &[Plane; 2], (width, height): (usize, usize), factor: f32) -> Vec<[f32; 2]> {
    let columns = Taps::new(flow[0].width, width);
    let rows = Taps::new(flow[0].height, height);
    let mut vectors = vec![[0.0; 2]; width * height];
    let lines = vectors.par_chunks_mut(width).with_min_len(ROWS_MIN);
    lines.zip(&rows.taps).for_each_init(
        || [vec![0.0; flow[0].width], vec![0.0; flow[0].width]],
        |[u, v], (out, row)| {
            widest(
                #[inline(always)]
                || {
                    between_rows(&flow[0], row, factor, u);
                    between_rows(&flow[1], row, factor, v);
                    for (out, &(lower, upper, weight)) in out.iter_mut().zip(&columns.taps) {
                        *out = [between(u, lower, upper, weight), between(v, lower, upper, weight)];
                    }
                },
            );
        },
    );
    vectors
}

#[inline(always)]
fn between_rows(plane: &Plane, &(lower, upper, weight): &(u32, u32, f32), factor: f32, line: &mut [f32]) {
    let (above, below) = (plane.row(lower as usize), plane.row(upper as usize));
    for ((out, above), below) in line.iter_mut().zip(above).zip(below) {
        *out = factor * (above + weight * (below - above));
    }
}

#[inline(always)]
fn between(line: &[f32], lower: u32, upper: u32, weight: f32) -> f32 {
    let (lower, upper) = (line[lower as usize], line[upper as usize]);
    lower + weight * (upper - lower)
}
