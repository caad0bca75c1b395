//! The data term, linear around the flow that the refinement starts from: how brightness and gradient differ between a
//! pixel and where the flow takes it, and how that changes with the flow.

use rayon::prelude::*;

use super::board::{self, parity, split};
use crate::flow::Plane;
use crate::flow::dis::level::{Bordered, Level};
use crate::flow::dis::pyramid::rounded;
use crate::flow::simd::widest;

/// ζ²: keeps the normalisation of the constancy terms finite where the picture is flat.
pub const ZETA_SQUARED: f32 = 0.01;

/// Places per pixel at which the second picture is sampled, as in OpenCV 4's `remap`.
///
/// Without the rounding (as in OpenCV 5) errors on Middlebury, Sintel and FlyingChairs change by less than 0.5 %; where
/// motion is too large for DIS any change in the last bits may decide which of two wrong matches a patch falls for
/// (KITTI's pair, medium: 38 instead of 24 pixels).
const STEPS: f32 = 32.0;

/// Constraints per pixel: brightness, and its derivatives along x and y.
pub const CONSTRAINTS: usize = 3;

/// Numbers per constraint.
const COEFFICIENTS: usize = 3;

/// The data term of a level: a u + b v + c ≈ 0 for each of the [constraints](CONSTRAINTS) of a pixel, for increments u
/// and v of the flow, normalised by √(a² + b² + ζ²).
#[derive(Debug)]
pub struct DataTerm {
    /// Numbers in a row of one coefficient.
    length: usize,
    /// a, b, c of each constraint, row after row, of red pixels and of black ones; zero beyond the picture.
    values: [Vec<f32>; 2],
}

/// Derivatives of a row of the picture in natural order, with a sample before and after.
struct Lines {
    /// Iz, Ix, Iy.
    first: [Vec<f32>; 3],
    /// Ixx, Ixy, Iyy, Ixz, Iyz.
    second: [Vec<f32>; 5],
    /// The same for every second pixel, in the same order, those of `first` first.
    split: [Vec<f32>; 8],
}

impl DataTerm {
    /// Returns the data term around the flow of a level.
    pub fn new(level: &Level) -> Self {
        let (width, height) = level.first.size();
        let [mean, difference] = warp(level);
        let length = board::length(width);
        let row = CONSTRAINTS * COEFFICIENTS * length;
        let [mut red, mut black] = [vec![0.0; row * height], vec![0.0; row * height]];
        let rows =
            red.par_chunks_mut(row).zip(black.par_chunks_mut(row)).with_min_len(board::rows_min(width)).enumerate();
        rows.for_each_init(
            || Lines::new(width),
            |lines, (y, (red, black))| {
                widest(
                    #[inline(always)]
                    || {
                        lines.derive(&mean, &difference, y);
                        for (colour, row) in [red, black].into_iter().enumerate() {
                            lines.constrain(width, parity(colour, y), row);
                        }
                    },
                );
            },
        );
        Self { length, values: [red, black] }
    }

    /// Returns a, b and c of each constraint in row `y` of one colour.
    #[inline(always)]
    pub fn row(&self, colour: usize, y: usize) -> [[&[f32]; COEFFICIENTS]; CONSTRAINTS] {
        let row = &self.values[colour][CONSTRAINTS * COEFFICIENTS * self.length * y..];
        let part = |index: usize| &row[index * self.length..][..self.length];
        std::array::from_fn(|constraint| std::array::from_fn(|i| part(constraint * COEFFICIENTS + i)))
    }
}

/// Returns the mean of the first picture and the warped second one, and the second one less the first.
fn warp(level: &Level) -> [Plane; 2] {
    let (width, height) = level.first.size();
    let [u, v] = &level.flow;
    let mut planes = [Plane::zeros(width, height), Plane::zeros(width, height)];
    let [mean, difference] = &mut planes;
    let rows = mean.values.par_chunks_mut(width).zip(difference.values.par_chunks_mut(width));
    rows.with_min_len(board::rows_min(width)).enumerate().for_each(|(y, (mean, difference))| {
        let (first, u, v) = (level.first.row(y), u.row(y), v.row(y));
        for x in 0..width {
            let warped = sample(&level.second, x as f32 + u[x], y as f32 + v[x]);
            mean[x] = 0.5 * (first[x] + warped);
            difference[x] = warped - first[x];
        }
    });
    planes
}

/// Returns the picture at a place between pixels, to a 32nd of a pixel, its edge repeated outside.
#[inline(always)]
fn sample(picture: &Bordered, x: f32, y: f32) -> f32 {
    let [x, y] = [x, y].map(|at| rounded(at * STEPS) / STEPS);
    let place = picture.place(x, y);
    let [right, down] = place.offset;
    let lines = &picture.values[place.index..][..picture.pitch + 2];
    let above = lines[0] + right * (lines[1] - lines[0]);
    let below = lines[picture.pitch] + right * (lines[picture.pitch + 1] - lines[picture.pitch]);
    above + down * (below - above)
}

impl Lines {
    fn new(width: usize) -> Self {
        let line = vec![0.0; width + 2];
        let samples = vec![0.0; board::length(width)];
        Self {
            first: std::array::from_fn(|_| line.clone()),
            second: std::array::from_fn(|_| line.clone()),
            split: std::array::from_fn(|_| samples.clone()),
        }
    }

    /// Takes the differences between both neighbours, twice the derivative, as OpenCV's weights are chosen for.
    #[inline(always)]
    fn derive(&mut self, mean: &Plane, difference: &Plane, y: usize) {
        let (width, height) = mean.size();
        let [above, below] = [y.saturating_sub(1), (y + 1).min(height - 1)];
        let [z, x_line, y_line] = &mut self.first;
        let [xx, xy, yy, xz, yz] = &mut self.second;
        z[1..=width].copy_from_slice(difference.row(y));
        x_line[1..=width].copy_from_slice(mean.row(y));
        continue_edges(z, width);
        continue_edges(x_line, width);
        along(z, xz);
        along(x_line, xx);
        std::mem::swap(x_line, xx);
        continue_edges(x_line, width);
        along(x_line, xx);
        less(mean.row(below), mean.row(above), &mut y_line[1..=width]);
        continue_edges(y_line, width);
        along(y_line, xy);
        let vertical = |row: usize| [(row + 1).min(height - 1), row.saturating_sub(1)];
        let [[a, b], [c, d]] = [vertical(below), vertical(above)];
        less_twice([mean.row(a), mean.row(b), mean.row(c), mean.row(d)], &mut yy[1..=width]);
        less(difference.row(below), difference.row(above), &mut yz[1..=width]);
    }

    /// Writes the constraints of every second pixel from `parity` on.
    #[inline(always)]
    fn constrain(&mut self, width: usize, parity: usize, row: &mut [f32]) {
        let pixels = board::pixels(width, parity);
        for (line, samples) in self.first.iter().chain(&self.second).zip(&mut self.split) {
            split(&line[1..=width], parity, samples);
            samples[pixels..].fill(0.0);
        }
        let [z, x, y, xx, xy, yy, xz, yz] = &self.split;
        let length = x.len();
        let [brightness, along_x, along_y] = board::parts(row, COEFFICIENTS * length);
        normalise([x, y, z], board::parts(brightness, length));
        normalise([xx, xy, xz], board::parts(along_x, length));
        normalise([xy, yy, yz], board::parts(along_y, length));
    }
}

#[inline(always)]
fn continue_edges(line: &mut [f32], width: usize) {
    line[0] = line[1];
    line[width + 1] = line[width];
}

/// Differences of both neighbours along x; `line` has a sample before and after, `out` as well.
#[inline(always)]
fn along(line: &[f32], out: &mut [f32]) {
    let width = line.len() - 2;
    let (left, right, out) = (&line[..width], &line[2..][..width], &mut out[1..][..width]);
    for x in 0..width {
        out[x] = right[x] - left[x];
    }
}

#[inline(always)]
fn less(a: &[f32], b: &[f32], out: &mut [f32]) {
    let width = out.len();
    let (a, b) = (&a[..width], &b[..width]);
    for x in 0..width {
        out[x] = a[x] - b[x];
    }
}

/// (a − b) − (c − d)
#[inline(always)]
fn less_twice([a, b, c, d]: [&[f32]; 4], out: &mut [f32]) {
    let width = out.len();
    let (a, b, c, d) = (&a[..width], &b[..width], &c[..width], &d[..width]);
    for x in 0..width {
        out[x] = (a[x] - b[x]) - (c[x] - d[x]);
    }
}

#[inline(always)]
fn normalise([a, b, c]: [&[f32]; 3], [out_a, out_b, out_c]: [&mut [f32]; 3]) {
    let length = a.len();
    let (b, c) = (&b[..length], &c[..length]);
    let (out_a, out_b, out_c) = (&mut out_a[..length], &mut out_b[..length], &mut out_c[..length]);
    for k in 0..length {
        let factor = 1.0 / (a[k] * a[k] + b[k] * b[k] + ZETA_SQUARED).sqrt();
        out_a[k] = a[k] * factor;
        out_b[k] = b[k] * factor;
        out_c[k] = c[k] * factor;
    }
}
