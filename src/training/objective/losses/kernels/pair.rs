//! The losses of one pair of frames at one level, and their gradients with respect to its flow.
//!
//! The maps of a pair stay in the cache, so a single pass warps the second frame, compares it with the first, and
//! computes the gradients of all losses, which mostly need the same intermediate values.

use pulp::{Simd, WithSimd};

use super::super::penalty::{Charbonnier, EPSILON, border_width};
use super::super::ssim::{C1, C2, LEAST_VISIBLE};
use super::power::power;
use crate::nets::separable::SeparableWindow;

/// Number of colour channels.
pub const COLOURS: usize = 3;
/// Number of losses of a pair: photometric, smoothness of u, smoothness of v, SSIM.
pub const LOSSES: usize = 4;
/// Number of weighted window sums needed for SSIM: of a, b, a², b² and ab.
const SUMS: usize = 5;

/// A level of the pyramid.
#[derive(Clone, Debug)]
pub struct LevelShape {
    /// Rows and columns.
    pub size: [usize; 2],
    /// Pixels of this level per unit of raw flow.
    pub px_from_raw: f32,
    /// Width in cells of the masked border.
    border: usize,
    window: SeparableWindow,
    /// Weights along a window.
    taps: Vec<f32>,
    /// Numbers of windows, vertically and horizontally.
    windows: [usize; 2],
}

impl LevelShape {
    /// Returns a level of [height, width] cells with SSIM over windows of shape `window`.
    pub fn new(size: [usize; 2], px_from_raw: f32, window: SeparableWindow) -> Self {
        let (border, windows) = (border_width(size[0], size[1]), size.map(|side| window.count(side)));
        Self { size, px_from_raw, border, window, taps: window.taps(), windows }
    }

    /// Returns the number of cells.
    pub fn cells(&self) -> usize {
        self.size[0] * self.size[1]
    }

    /// Returns the number of cells inside the border mask.
    pub fn inside_cells(&self) -> f64 {
        self.size.map(|side| side - 2 * self.border).iter().product::<usize>() as f64
    }

    /// Returns the divisors that turn the sums of a fully visible pair into means.
    fn divisors(&self) -> [f64; LOSSES] {
        let inside = self.inside_cells();
        let windows = (COLOURS * self.windows[0] * self.windows[1]) as f64;
        // Smoothness is the mean of the horizontal and the vertical one.
        [COLOURS as f64 * inside, 2.0 * inside, 2.0 * inside, windows]
    }

    /// Returns the first cell of window `index` along an axis, and its taps inside the map.
    #[inline(always)]
    fn window(&self, axis: usize, index: usize) -> (usize, &[f32]) {
        let start = index * self.window.stride;
        (start, &self.taps[..self.window.side.min(self.size[axis] - start)])
    }

    #[inline(always)]
    fn inside(&self, axis: usize) -> std::ops::Range<usize> {
        self.border..self.size[axis] - self.border
    }
}

/// Work buffers for a pair.
pub struct PairBuffers {
    /// The warped second frame, and its derivatives with respect to u and v.
    rebuilt: [Vec<f32>; 3],
    penalties: Vec<f32>,
    slopes: Vec<f32>,
    /// Sums of every window of a colour; then the derivatives of its SSIM.
    sums: Vec<[f32; SUMS]>,
    rows: [Vec<f32>; SUMS],
    /// Weights of a row of cells in a row of windows.
    weights: Vec<f32>,
    /// For every window: the factor that scales sums over visible cells to the whole window, and its visible fraction.
    shares: Vec<[f32; 2]>,
}

impl PairBuffers {
    /// Returns buffers for pairs of `shape`.
    pub fn new(shape: &LevelShape) -> Self {
        let cells = COLOURS * shape.cells();
        let map = || vec![0.0; cells];
        let row = || vec![0.0; shape.size[1].max(shape.windows[1])];
        Self {
            rebuilt: [map(), map(), map()],
            penalties: map(),
            slopes: map(),
            sums: vec![[0.0; SUMS]; shape.windows[0] * shape.windows[1]],
            rows: [row(), row(), row(), row(), row()],
            weights: row(),
            shares: vec![[1.0; 2]; shape.windows[0] * shape.windows[1]],
        }
    }
}

/// The losses of a pair, as input of the kernel.
pub struct PairLosses<'a> {
    /// Shape of the level.
    pub shape: &'a LevelShape,
    /// The first frame, [3, h, w].
    pub first: &'a [f32],
    /// The second frame, [3, h, w].
    pub second: &'a [f32],
    /// Raw flow, [2, h, w].
    pub raw: &'a [f32],
    /// Visible fraction of each cell, for the photometric loss and SSIM, [h, w]; 1 if `None`.
    pub visible: Option<&'a [f32]>,
    /// Output: the gradients of the photometric sum, of the smoothness of u and of v, and of the SSIM sum, [2, h, w]
    /// each.
    pub gradients: [&'a mut [f32]; 3],
    /// Work buffers.
    pub buffers: &'a mut PairBuffers,
}

/// The sums of the losses of a pair.
pub struct PairSums {
    /// Sums over the cells or windows that count.
    pub losses: [f64; LOSSES],
    /// Divisors that turn the sums into means of the pair.
    pub divisors: [f64; LOSSES],
}

impl WithSimd for PairLosses<'_> {
    type Output = PairSums;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> PairSums {
        let Self { shape, first, second, raw, visible, gradients: [of_pixel, of_smooth, of_ssim], buffers } = self;
        let mut divisors = shape.divisors();
        if let Some(visible) = visible {
            divisors[0] = COLOURS as f64 * sum_inside(shape, visible);
            divisors[3] = COLOURS as f64 * window_shares(shape, visible, buffers);
        }
        warp::<COLOURS>(shape, second, raw, &mut buffers.rebuilt);
        let pixel = photometric(shape, first, visible, buffers, of_pixel);
        // Written out twice, since a closure would not be compiled for this instruction set.
        let ((u, v), (of_u, of_v)) = (raw.split_at(shape.cells()), of_smooth.split_at_mut(shape.cells()));
        let smooth_u = smoothness(shape, u, buffers, of_u);
        let smooth_v = smoothness(shape, v, buffers, of_v);
        let ssim = dissimilarity(shape, first, visible, buffers, of_ssim);
        PairSums { losses: [pixel, smooth_u, smooth_v, ssim], divisors }
    }
}

/// Warps the `C` maps of `second` by the flow, bilinearly with zero padding, and computes the derivatives with respect
/// to the flow.
#[inline(always)]
pub fn warp<const C: usize>(
    shape: &LevelShape,
    second: &[f32],
    raw: &[f32],
    [rebuilt, across, down]: &mut [Vec<f32>; 3],
) {
    let (cells, [height, width]) = (shape.cells(), shape.size);
    let [last_row, last_column] = shape.size.map(|side| (side - 1) as f32);
    for row in 0..height {
        for column in 0..width {
            let at = row * width + column;
            let x = raw[at] * shape.px_from_raw + column as f32;
            let y = raw[cells + at] * shape.px_from_raw + row as f32;
            let (left, top) = (x.floor(), y.floor());
            let (fx, fy) = (x - left, y - top);
            // NaN flow is outside everywhere, and makes the reconstruction NaN as well.
            let is_left = left >= 0.0 && left <= last_column;
            let is_right = left + 1.0 >= 0.0 && left + 1.0 <= last_column;
            let is_top = top >= 0.0 && top <= last_row;
            let is_bottom = top + 1.0 >= 0.0 && top + 1.0 <= last_row;
            let corner = (top as isize).wrapping_mul(width as isize).wrapping_add(left as isize) as usize;
            for colour in 0..C {
                let map = &second[colour * cells..(colour + 1) * cells];
                let a = if is_top && is_left { map[corner] } else { 0.0 };
                let b = if is_top && is_right { map[corner.wrapping_add(1)] } else { 0.0 };
                let c = if is_bottom && is_left { map[corner.wrapping_add(width)] } else { 0.0 };
                let d = if is_bottom && is_right { map[corner.wrapping_add(width + 1)] } else { 0.0 };
                let (upper, lower) = (a * (1.0 - fx) + b * fx, c * (1.0 - fx) + d * fx);
                rebuilt[colour * cells + at] = upper * (1.0 - fy) + lower * fy;
                across[colour * cells + at] = ((b - a) * (1.0 - fy) + (d - c) * fy) * shape.px_from_raw;
                down[colour * cells + at] = (lower - upper) * shape.px_from_raw;
            }
        }
    }
}

/// Replaces differences by penalties, and computes their slopes.
#[inline(always)]
pub fn charbonnier(penalty: Charbonnier, differences: &[f32], penalties: &mut [f32], slopes: &mut [f32]) {
    let Charbonnier { alpha, beta } = penalty;
    for ((difference, penalty), slope) in differences.iter().zip(penalties).zip(slopes) {
        let scaled = difference * beta;
        let base = scaled * scaled + EPSILON * EPSILON;
        *penalty = power(base, alpha);
        *slope = 2.0 * alpha * beta * scaled * (*penalty / base);
    }
}

/// Returns the sum of a map inside the border mask.
#[inline(always)]
pub fn sum_inside(shape: &LevelShape, map: &[f32]) -> f64 {
    let rows = map.chunks_exact(shape.size[1]).take(shape.inside(0).end).skip(shape.border);
    rows.map(|row| f64::from(row[shape.inside(1)].iter().sum::<f32>())).sum()
}

/// Multiplies a map by the border mask; NaN is kept.
#[inline(always)]
pub fn mask(shape: &LevelShape, map: &mut [f32]) {
    let (rows, columns) = (shape.inside(0), shape.inside(1));
    for (row, values) in map.chunks_exact_mut(shape.size[1]).enumerate() {
        let outside = if rows.contains(&row) { 0 } else { columns.len() };
        let (left, rest) = values.split_at_mut(columns.start);
        let (middle, right) = rest.split_at_mut(columns.len());
        for value in left.iter_mut().chain(&mut middle[..outside]).chain(right) {
            *value *= 0.0;
        }
    }
}

/// Multiplies maps by the visible fraction of each cell; NaN is kept.
#[inline(always)]
pub fn weigh(visible: &[f32], penalties: &mut [f32], slopes: &mut [f32]) {
    for ((penalty, slope), visible) in penalties.iter_mut().zip(slopes).zip(visible) {
        *penalty *= visible;
        *slope *= visible;
    }
}

/// Adds the chain rule through the warp: from derivatives with respect to the reconstructed frame to those with respect
/// to the flow.
#[inline(always)]
pub fn through_warp(cells: usize, by_frame: &[f32], buffers: [&[f32]; 2], gradient: &mut [f32], colour: usize) {
    for (gradient, by_flow) in gradient.chunks_exact_mut(cells).zip(buffers) {
        let by_flow = &by_flow[colour * cells..(colour + 1) * cells];
        for ((gradient, by_frame), by_flow) in gradient.iter_mut().zip(by_frame).zip(by_flow) {
            *gradient += by_frame * by_flow;
        }
    }
}

#[inline(always)]
fn photometric(
    shape: &LevelShape,
    first: &[f32],
    visible: Option<&[f32]>,
    buffers: &mut PairBuffers,
    gradient: &mut [f32],
) -> f64 {
    let cells = shape.cells();
    let PairBuffers { rebuilt: [rebuilt, across, down], penalties, slopes, .. } = buffers;
    gradient.fill(0.0);
    let mut sum = 0.0;
    for colour in 0..COLOURS {
        let maps = colour * cells..(colour + 1) * cells;
        let (differences, rest) = penalties.split_at_mut(cells);
        for ((difference, first), rebuilt) in differences.iter_mut().zip(&first[maps.clone()]).zip(&rebuilt[maps]) {
            *difference = rebuilt - first;
        }
        let (penalties, slopes) = (&mut rest[..cells], &mut slopes[..cells]);
        charbonnier(Charbonnier::PIXEL, differences, penalties, slopes);
        if let Some(visible) = visible {
            weigh(visible, penalties, slopes);
        }
        sum += sum_inside(shape, penalties);
        mask(shape, slopes);
        through_warp(cells, slopes, [across, down], gradient, colour);
    }
    sum
}

/// Returns the sum of the penalties of the forward differences of `map`, horizontally and vertically; those of the last
/// column and row are zero.
#[inline(always)]
fn smoothness(shape: &LevelShape, map: &[f32], buffers: &mut PairBuffers, gradient: &mut [f32]) -> f64 {
    let (cells, [height, width]) = (shape.cells(), shape.size);
    let PairBuffers { penalties, slopes, .. } = buffers;
    let (differences, rest) = penalties.split_at_mut(cells);
    let (penalties, slopes) = (&mut rest[..cells], &mut slopes[..cells]);
    let penalty = Charbonnier::smooth(shape.px_from_raw);
    gradient.fill(0.0);

    for (row, differences) in map.chunks_exact(width).zip(differences.chunks_exact_mut(width)) {
        for ((difference, here), next) in differences.iter_mut().zip(row).zip(&row[1..]) {
            *difference = here - next;
        }
        differences[width - 1] = 0.0;
    }
    charbonnier(penalty, differences, penalties, slopes);
    let mut sum = sum_inside(shape, penalties);
    mask(shape, slopes);
    for (gradient, slopes) in gradient.chunks_exact_mut(width).zip(slopes.chunks_exact(width)) {
        for (gradient, slope) in gradient.iter_mut().zip(&slopes[..width - 1]) {
            *gradient += slope;
        }
        for (gradient, slope) in gradient[1..].iter_mut().zip(slopes) {
            *gradient -= slope;
        }
    }

    let above = (height - 1) * width;
    for ((difference, here), next) in differences.iter_mut().zip(map).zip(&map[width..]) {
        *difference = here - next;
    }
    differences[above..].fill(0.0);
    charbonnier(penalty, differences, penalties, slopes);
    sum += sum_inside(shape, penalties);
    mask(shape, slopes);
    for (gradient, slope) in gradient.iter_mut().zip(&slopes[..above]) {
        *gradient += slope;
    }
    for (gradient, slope) in gradient[width..].iter_mut().zip(&slopes[..above]) {
        *gradient -= slope;
    }
    sum
}

/// Computes the visible fraction of each window, and returns their sum.
#[inline(always)]
fn window_shares(shape: &LevelShape, visible: &[f32], buffers: &mut PairBuffers) -> f64 {
    let width = shape.size[1];
    let PairBuffers { rows: [row, ..], shares, .. } = buffers;
    let row = &mut row[..width];
    let mut sum = 0.0;
    for (down, shares) in shares.chunks_exact_mut(shape.windows[1]).enumerate() {
        let (top, rows) = shape.window(0, down);
        row.fill(0.0);
        for (tap, visible) in rows.iter().zip(visible[top * width..].chunks_exact(width)) {
            for (sum, visible) in row.iter_mut().zip(visible) {
                *sum += tap * visible;
            }
        }
        for (window, share) in shares.iter_mut().enumerate() {
            let (left, columns) = shape.window(1, window);
            let whole = rows.iter().sum::<f32>() * columns.iter().sum::<f32>();
            let seen: f32 = columns.iter().zip(&row[left..]).map(|(tap, visible)| tap * visible).sum();
            *share = if seen > LEAST_VISIBLE * whole { [whole / seen, seen / whole] } else { [0.0; 2] };
            sum += f64::from(share[1]);
        }
    }
    sum
}

/// Returns the sum of 1 − SSIM over colours and windows, weighted by the windows' visible fraction.
#[inline(always)]
fn dissimilarity(
    shape: &LevelShape,
    first: &[f32],
    visible: Option<&[f32]>,
    buffers: &mut PairBuffers,
    gradient: &mut [f32],
) -> f64 {
    let cells = shape.cells();
    let PairBuffers { rebuilt: [rebuilt, across, down], slopes, sums, rows, weights, shares, .. } = buffers;
    gradient.fill(0.0);
    let mut sum = 0.0;
    for colour in 0..COLOURS {
        let maps = colour * cells..(colour + 1) * cells;
        let (a, b) = (&first[maps.clone()], &rebuilt[maps]);
        window_sums(shape, [a, b], visible, rows, weights, sums);
        for (sums, [factor, share]) in sums.iter_mut().zip(shares.iter()) {
            for sum in sums.iter_mut() {
                *sum *= factor;
            }
            let (ssim, derivatives) = ssim(*sums);
            sum += f64::from(share * (1.0 - ssim));
            for (sum, derivative) in sums.iter_mut().zip(derivatives) {
                *sum = factor * share * derivative;
            }
        }
        let slopes = &mut slopes[..cells];
        spread(shape, a, b, rows, sums, slopes);
        if let Some(visible) = visible {
            for (slope, visible) in slopes.iter_mut().zip(visible) {
                *slope *= visible;
            }
        }
        through_warp(cells, slopes, [across, down], gradient, colour);
    }
    sum
}

/// Computes the window sums of a, b, a², b² and ab over visible cells, rows first.
#[inline(always)]
fn window_sums(
    shape: &LevelShape,
    [a, b]: [&[f32]; 2],
    visible: Option<&[f32]>,
    [of_a, of_b, of_aa, of_bb, of_ab]: &mut [Vec<f32>; SUMS],
    weights: &mut [f32],
    sums: &mut [[f32; SUMS]],
) {
    let width = shape.size[1];
    let weights = &mut weights[..width];
    let [of_a, of_b, of_aa, of_bb, of_ab] = [of_a, of_b, of_aa, of_bb, of_ab].map(|row| &mut row[..width]);
    for (down, sums) in sums.chunks_exact_mut(shape.windows[1]).enumerate() {
        let (top, taps) = shape.window(0, down);
        for row in [&mut *of_a, of_b, of_aa, of_bb, of_ab] {
            row.fill(0.0);
        }
        for (row, tap) in taps.iter().enumerate() {
            let at = (top + row) * width;
            let (a, b) = (&a[at..at + width], &b[at..at + width]);
            weights.fill(*tap);
            if let Some(visible) = visible {
                for (weight, visible) in weights.iter_mut().zip(&visible[at..at + width]) {
                    *weight *= visible;
                }
            }
            for column in 0..width {
                let (a, b, tap) = (a[column], b[column], weights[column]);
                of_a[column] += tap * a;
                of_b[column] += tap * b;
                of_aa[column] += tap * (a * a);
                of_bb[column] += tap * (b * b);
                of_ab[column] += tap * (a * b);
            }
        }
        for (window, sums) in sums.iter_mut().enumerate() {
            let (left, taps) = shape.window(1, window);
            *sums = [0.0; SUMS];
            for (column, tap) in taps.iter().enumerate() {
                let at = left + column;
                for (sum, value) in sums.iter_mut().zip([of_a[at], of_b[at], of_aa[at], of_bb[at], of_ab[at]]) {
                    *sum += tap * value;
                }
            }
        }
    }
}

/// Returns the SSIM of a window and the derivatives of 1 − SSIM with respect to its sums of b, b² and ab.
#[inline(always)]
fn ssim([a, b, aa, bb, ab]: [f32; SUMS]) -> (f32, [f32; SUMS]) {
    let (luminance, structure) = (2.0 * a * b + C1, 2.0 * (ab - a * b) + C2);
    let (means, variances) = (a * a + b * b + C1, (aa - a * a) + (bb - b * b) + C2);
    let below = means * variances;
    let ssim = luminance * structure / below;
    let by_b = 2.0 * a * (structure - luminance) / below + 2.0 * b * ssim * (1.0 / variances - 1.0 / means);
    (ssim, [-by_b, ssim / variances, -2.0 * luminance / below, 0.0, 0.0])
}

/// Propagates the derivatives of all window sums to the cells of b.
#[inline(always)]
fn spread(
    shape: &LevelShape,
    a: &[f32],
    b: &[f32],
    [by_b, by_bb, by_ab, ..]: &mut [Vec<f32>; SUMS],
    derivatives: &[[f32; SUMS]],
    slopes: &mut [f32],
) {
    let width = shape.size[1];
    let [by_b, by_bb, by_ab] = [by_b, by_bb, by_ab].map(|row| &mut row[..width]);
    for (row, slopes) in slopes.chunks_exact_mut(width).enumerate() {
        for derivatives in [&mut *by_b, by_bb, by_ab] {
            derivatives.fill(0.0);
        }
        for (down, derivatives) in derivatives.chunks_exact(shape.windows[1]).enumerate() {
            let (top, taps) = shape.window(0, down);
            let Some(tap) = row.checked_sub(top).and_then(|offset| taps.get(offset)) else { continue };
            for (window, [of_b, of_bb, of_ab, ..]) in derivatives.iter().enumerate() {
                let (left, taps) = shape.window(1, window);
                let columns = left..left + taps.len();
                let rows = by_b[columns.clone()].iter_mut().zip(&mut by_bb[columns.clone()]).zip(&mut by_ab[columns]);
                for (((by_b, by_bb), by_ab), across) in rows.zip(taps) {
                    let weight = tap * across;
                    *by_b += weight * of_b;
                    *by_bb += weight * of_bb;
                    *by_ab += weight * of_ab;
                }
            }
        }
        let at = row * width;
        let (a, b) = (&a[at..at + width], &b[at..at + width]);
        for column in 0..width {
            slopes[column] = by_b[column] + 2.0 * b[column] * by_bb[column] + a[column] * by_ab[column];
        }
    }
}
