//! Successive over-relaxation of the increments of the flow, all pixels of one colour at a time.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::board::{Board, MARGIN, parity};
use super::system::{Equations, OMEGA};
use crate::flow::simd::{Lanes, vectors, vectors_mut, with_lanes};

/// Half a sweep: updates the increments of one colour from those of the other.
pub fn relax(equations: &Equations, weights: &Board<1>, increment: &mut Board<2>, colour: usize) {
    let other = 1 - colour;
    let [red, black] = &mut increment.halves;
    let (changed, fixed) = if colour == 0 { (red, black) } else { (black, red) };
    let fixed = &*fixed;
    let length = equations.length;
    changed.inner_mut().enumerate().for_each(|(y, increment)| {
        let parity = parity(colour, y);
        let weights = [
            &weights.halves[colour].row(y)[0][MARGIN..],
            &weights.halves[other].row(y)[0][MARGIN + parity - 1..],
            &weights.halves[other].above(y)[0][MARGIN..],
        ]
        .map(|row| &row[..length]);
        let [row, above, below] = [fixed.row(y), fixed.above(y), fixed.below(y)];
        let around = [0, 1].map(|component| {
            let row = row[component];
            [
                &row[MARGIN + parity - 1..],
                &row[MARGIN + parity..],
                &above[component][MARGIN..],
                &below[component][MARGIN..],
            ]
            .map(|row| &row[..length])
        });
        with_lanes(Relaxation { equations: equations.row(y), weights, around, increment });
    });
}

/// The update of a row of one colour.
struct Relaxation<'a> {
    /// As [`Equations::row`] returns them.
    equations: [&'a [f32]; 5],
    /// Weights of the pixel, of that on its left and of that above it.
    weights: [&'a [f32]; 3],
    /// u and v: left, right, above, below.
    around: [[&'a [f32]; 4]; 2],
    increment: [&'a mut [f32]; 2],
}

impl WithSimd for Relaxation<'_> {
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
