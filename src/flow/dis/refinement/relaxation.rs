//! Successive over-relaxation of the increments of the flow, all pixels of one colour at a time.
//!
//! A pixel depends on its neighbours only, so half a sweep may follow the one before it by one row: the sweeps run down
//! the picture side by side, and the rows they work on stay in the cache. Bands of rows are worked on by different
//! threads, each with as many rows of its neighbours as its own depend on: the numbers are those of whole sweeps.

use std::ops::Range;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::board::{Board, MARGIN, parity};
use super::system::{Equations, OMEGA};
use crate::flow::simd::{Lanes, vectors, vectors_mut, with_lanes};

/// Half sweeps per fixed-point iteration: OpenCV's five sweeps of red and black.
const HALF_SWEEPS: usize = 10;

/// Bands are at least as high; below that, the rows they share would cost more than another core brings.
const BAND_MIN: usize = 4 * HALF_SWEEPS;

/// The relaxation of one level and its memory.
#[derive(Debug)]
pub struct Relaxation {
    height: usize,
    /// Rows of a band but for the last.
    band: usize,
    /// The increments of each band and of up to [`HALF_SWEEPS`] rows around it.
    copies: Vec<Board<2>>,
}

impl Relaxation {
    /// Returns the relaxation of pictures of this size.
    pub fn new(width: usize, height: usize) -> Self {
        let bands = rayon::current_num_threads().min(height / BAND_MIN).max(1);
        let band = height.div_ceil(bands);
        let copies = (0..height.div_ceil(band)).map(|index| {
            let rows = reach(index * band..(index * band + band).min(height), HALF_SWEEPS, height);
            Board::zeros(width, rows.len())
        });
        Self { height, band, copies: copies.collect() }
    }

    /// Approaches the solution of the equations of both colours.
    pub fn relax(&mut self, equations: &[Equations; 2], weights: &Board<1>, increment: &mut Board<2>) {
        let (band, height) = (self.band, self.height);
        let before = &*increment;
        self.copies.par_iter_mut().enumerate().for_each(|(index, copy)| {
            let rows = index * band..(index * band + band).min(height);
            let around = reach(rows.clone(), HALF_SWEEPS, height);
            copy.copy_rows(before, around.start, 0, around.len());
            for step in 0..around.len() + HALF_SWEEPS {
                for half_sweep in 0..HALF_SWEEPS {
                    let wanted = reach(rows.clone(), HALF_SWEEPS - 1 - half_sweep, height);
                    let y = (around.start + step).wrapping_sub(half_sweep);
                    if wanted.contains(&y) {
                        relax_row(equations, weights, copy, half_sweep % 2, y, y - around.start);
                    }
                }
            }
        });
        for (index, copy) in self.copies.iter().enumerate() {
            let rows = index * band..(index * band + band).min(height);
            let start = reach(rows.clone(), HALF_SWEEPS, height).start;
            increment.copy_rows(copy, rows.start - start, rows.start, rows.len());
        }
    }
}

/// Returns the rows of the picture up to `far` around `rows`.
fn reach(rows: Range<usize>, far: usize, height: usize) -> Range<usize> {
    rows.start.saturating_sub(far)..(rows.end + far).min(height)
}

/// Updates the increments of one colour in row `y`, which is row `place` of `increment`.
fn relax_row(
    equations: &[Equations; 2],
    weights: &Board<1>,
    increment: &mut Board<2>,
    colour: usize,
    y: usize,
    place: usize,
) {
    let other = 1 - colour;
    let (equations, parity) = (&equations[colour], parity(colour, y));
    let length = equations.length;
    let [red, black] = &mut increment.halves;
    let (changed, fixed) = if colour == 0 { (red, &*black) } else { (black, &*red) };
    let weights = [
        &weights.halves[colour].row(y)[0][MARGIN..],
        &weights.halves[other].row(y)[0][MARGIN + parity - 1..],
        &weights.halves[other].above(y)[0][MARGIN..],
    ]
    .map(|row| &row[..length]);
    let [row, above, below] = [fixed.row(place), fixed.above(place), fixed.below(place)];
    let around = [0, 1].map(|component| {
        [
            &row[component][MARGIN + parity - 1..],
            &row[component][MARGIN + parity..],
            &above[component][MARGIN..],
            &below[component][MARGIN..],
        ]
        .map(|row| &row[..length])
    });
    with_lanes(RowUpdate { equations: equations.row(y), weights, around, increment: changed.row_mut(place) });
}

/// The update of a row of one colour.
struct RowUpdate<'a> {
    /// As [`Equations::row`] returns them.
    equations: [&'a [f32]; 5],
    /// Weights of the pixel, of that on its left and of that above it.
    weights: [&'a [f32]; 3],
    /// u and v: left, right, above, below.
    around: [[&'a [f32]; 4]; 2],
    increment: [&'a mut [f32]; 2],
}

impl WithSimd for RowUpdate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let [uu, vv, cross, bu, bv] = self.equations;
        let count = cross.len() / S::F32_LANES;
        let [[u_left, u_right, u_above, u_below], [v_left, v_right, v_above, v_below]] = self.around;
        let [u_left, u_right] = [vectors::<S>(u_left, count), vectors::<S>(u_right, count)];
        let [u_above, u_below] = [vectors::<S>(u_above, count), vectors::<S>(u_below, count)];
        let [v_left, v_right] = [vectors::<S>(v_left, count), vectors::<S>(v_right, count)];
        let [v_above, v_below] = [vectors::<S>(v_above, count), vectors::<S>(v_below, count)];
        let [own, left, above] = self.weights;
        let [own, left, above] = [vectors::<S>(own, count), vectors::<S>(left, count), vectors::<S>(above, count)];
        let [uu, vv] = [vectors::<S>(uu, count), vectors::<S>(vv, count)];
        let [bu, bv] = [vectors::<S>(bu, count), vectors::<S>(bv, count)];
        let cross = vectors::<S>(cross, count);
        let [du, dv] = self.increment;
        let [du, dv] = [vectors_mut::<S>(&mut du[MARGIN..], count), vectors_mut::<S>(&mut dv[MARGIN..], count)];
        let kept = Lanes::splat(simd, 1.0 - OMEGA);
        for k in 0..count {
            macro_rules! lanes {
                ($row:ident) => {
                    Lanes::of(simd, $row[k])
                };
            }
            let (own, left, above, cross) = (lanes!(own), lanes!(left), lanes!(above), lanes!(cross));
            let u = left * lanes!(u_left) + own * (lanes!(u_right) + lanes!(u_below)) + above * lanes!(u_above);
            let v = left * lanes!(v_left) + own * (lanes!(v_right) + lanes!(v_below)) + above * lanes!(v_above);
            let next_u = kept * lanes!(du) + lanes!(uu) * (u + lanes!(bu) - cross * lanes!(dv));
            let next_v = kept * lanes!(dv) + lanes!(vv) * (v + lanes!(bv) - cross * next_u);
            du[k] = next_u.vector();
            dv[k] = next_v.vector();
        }
    }
}
