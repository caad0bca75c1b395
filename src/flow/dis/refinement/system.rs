//! The linear system of one fixed-point iteration: per pixel a symmetric 2 × 2 block and a right side, coupled to the
//! four neighbours by the weights of the smoothness term.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::board::{self, Board, MARGIN, parity};
use super::data_term::{CONSTRAINTS, DataTerm, ZETA_SQUARED};
use crate::flow::simd::{Lanes, vectors, vectors_mut, with_lanes};

/// Half the weights of smoothness (α = 20), brightness (δ = 5) and gradient constancy (γ = 10), OpenCV's values for
/// DIS: Ψ′ is half of 1 / √(s² + ε²).
const ALPHA: f32 = 20.0 / 2.0;
const DELTA: f32 = 5.0 / 2.0;
const GAMMA: f32 = 10.0 / 2.0;

/// ω: how far beyond its own solution each unknown moves in a step of the relaxation.
pub const OMEGA: f32 = 1.6;

/// ε² of Ψ: OpenCV sets ε to 0.01 for DIS.
const EPSILON_SQUARED: f32 = 1e-4;

/// The equations of one colour.
///
/// Five numbers per pixel: ω over the diagonal, for u and for v (zero beyond the picture, so that nothing changes
/// there), the coefficient that couples u and v, and the right sides.
#[derive(Debug, Clone)]
pub struct Equations {
    /// Numbers in a row of one kind.
    pub length: usize,
    values: Vec<f32>,
}

/// Numbers per pixel.
const KINDS: usize = 5;

impl Equations {
    /// Returns equations for pictures of this size.
    pub fn zeros(width: usize, height: usize) -> Self {
        let length = board::length(width);
        Self { length, values: vec![0.0; KINDS * length * height] }
    }

    /// Returns the equations of row `y`, kind after kind.
    #[inline(always)]
    pub fn row(&self, y: usize) -> [&[f32]; KINDS] {
        let row = &self.values[KINDS * self.length * y..][..KINDS * self.length];
        std::array::from_fn(|kind| &row[kind * self.length..][..self.length])
    }
}

/// Which pixels of a row have a neighbour on the right: 1 or 0 for each, for rows of either parity.
#[derive(Debug)]
pub struct Neighbours {
    width: usize,
    right: [Vec<f32>; 2],
}

impl Neighbours {
    /// Returns the neighbour masks for pictures of `width` columns.
    pub fn new(width: usize) -> Self {
        let has = |column: usize| if column + 1 < width { 1.0 } else { 0.0 };
        let right = [0, 1].map(|parity| (0..board::length(width)).map(|k| has(2 * k + parity)).collect());
        Self { width, right }
    }
}

/// The samples of a row and its neighbours, all of one length: own, left, right.
fn beside<'a>(own: &'a [f32], other: &'a [f32], parity: usize) -> [&'a [f32]; 3] {
    let length = own.len() - 2 * MARGIN;
    [&own[MARGIN..][..length], &other[MARGIN + parity - 1..][..length], &other[MARGIN + parity..][..length]]
}

/// Returns the samples of a row.
fn inner(row: &[f32]) -> &[f32] {
    &row[MARGIN..row.len() - MARGIN]
}

/// Computes the weight of the smoothness term at each pixel, α Ψ′(|∇u|² + |∇v|²), from the current flow.
///
/// It couples the pixel to those on its right and below it.
pub fn weigh(flow: &Board<2>, neighbours: &Neighbours, weights: &mut Board<1>) {
    let [red, black] = &mut weights.halves;
    let rows = red.inner_mut().zip(black.inner_mut());
    let height = rows.len();
    rows.enumerate().for_each(|(y, (red, black))| {
        let has_below = if y + 1 < height { 1.0 } else { 0.0 };
        for (colour, [row]) in [red, black].into_iter().enumerate() {
            let (parity, [own, other]) = (parity(colour, y), [colour, 1 - colour].map(|c| &flow.halves[c]));
            let [[u, _, u_right], [v, _, v_right]] =
                [0, 1].map(|component| beside(own.row(y)[component], other.row(y)[component], parity));
            let [u_below, v_below] = [0, 1].map(|component| inner(other.below(y)[component]));
            let right = &neighbours.right[parity][..];
            let flow = [[u, u_right, u_below], [v, v_right, v_below]];
            with_lanes(Weighing { flow, right, below: has_below, weights: &mut row[MARGIN..] });
        }
    });
}

/// The weights of a row.
struct Weighing<'a> {
    /// u and v: the pixel, that on its right, and that below it.
    flow: [[&'a [f32]; 3]; 2],
    /// Whether there is a pixel on the right.
    right: &'a [f32],
    /// Whether there is a row below.
    below: f32,
    weights: &'a mut [f32],
}

impl WithSimd for Weighing<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let count = self.right.len() / S::F32_LANES;
        let [[u, u_right, u_below], [v, v_right, v_below]] = self.flow;
        let [u, u_right, u_below] =
            [vectors::<S>(u, count), vectors::<S>(u_right, count), vectors::<S>(u_below, count)];
        let [v, v_right, v_below] =
            [vectors::<S>(v, count), vectors::<S>(v_right, count), vectors::<S>(v_below, count)];
        let (right, weights) = (vectors::<S>(self.right, count), vectors_mut::<S>(self.weights, count));
        let [below, alpha, epsilon] = [self.below, ALPHA, EPSILON_SQUARED].map(|value| Lanes::splat(simd, value));
        for k in 0..count {
            macro_rules! lanes {
                ($row:ident) => {
                    Lanes::of(simd, $row[k])
                };
            }
            let (u, v, right) = (lanes!(u), lanes!(v), lanes!(right));
            let (ux, vx) = (right * (lanes!(u_right) - u), right * (lanes!(v_right) - v));
            let (uy, vy) = (below * (lanes!(u_below) - u), below * (lanes!(v_below) - v));
            weights[k] = (alpha / (ux * ux + vx * vx + uy * uy + vy * vy + epsilon).sqrt()).vector();
        }
    }
}

/// Sets up the equations of both colours for the increment of `flow`, the derivatives of Ψ taken at `increment`.
pub fn set_up(
    data: &DataTerm,
    flow: &Board<2>,
    increment: &Board<2>,
    weights: &Board<1>,
    neighbours: &Neighbours,
    equations: &mut [Equations; 2],
) {
    for (colour, equations) in equations.iter_mut().enumerate() {
        let (own, other) = (colour, 1 - colour);
        let length = equations.length;
        let row = KINDS * length;
        let height = equations.values.len() / row;
        let rows = equations.values.par_chunks_mut(row).with_min_len(board::rows_min(neighbours.width));
        rows.enumerate().for_each(|(y, equations)| {
            let mut equations = board::parts(equations, length);
            let parity = parity(colour, y);
            let pixels = board::pixels(neighbours.width, parity);
            let has_below = if y + 1 < height { 1.0 } else { 0.0 };
            let [weight, left, _] = beside(weights.halves[own].row(y)[0], weights.halves[other].row(y)[0], parity);
            let weights = Weights {
                own: weight,
                left,
                above: inner(weights.halves[other].above(y)[0]),
                right: &neighbours.right[parity],
                below: has_below,
            };
            let (around, others) = (flow.halves[own].row(y), &flow.halves[other]);
            let flow = [0, 1].map(|component| {
                let [own_row, left, right] = beside(around[component], others.row(y)[component], parity);
                [own_row, left, right, inner(others.above(y)[component]), inner(others.below(y)[component])]
            });
            let (data, increment) = (data.row(own, y), increment.halves[own].row(y).map(inner));
            with_lanes(SetUp { data, increment, weights, flow, equations: equations.each_mut().map(|row| &mut **row) });
            for inverse in &mut equations[..2] {
                inverse[pixels..].fill(0.0);
            }
        });
    }
}

/// The weights around the pixels of a row.
struct Weights<'a> {
    own: &'a [f32],
    left: &'a [f32],
    above: &'a [f32],
    /// Whether there is a pixel on the right.
    right: &'a [f32],
    /// Whether there is a row below.
    below: f32,
}

/// The equations of a row.
struct SetUp<'a> {
    data: [[&'a [f32]; 3]; CONSTRAINTS],
    increment: [&'a [f32]; 2],
    weights: Weights<'a>,
    /// u and v: the pixel, then left, right, above, below.
    flow: [[&'a [f32]; 5]; 2],
    equations: [&'a mut [f32]; KINDS],
}

impl WithSimd for SetUp<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { data, increment: [du, dv], weights, flow, equations } = self;
        let [uu, vv, cross, bu, bv] = equations;
        let count = cross.len() / S::F32_LANES;
        let [[ax, ay, az], [bx, by, bz], [cx, cy, cz]] = data;
        let [ax, ay, az] = [vectors::<S>(ax, count), vectors::<S>(ay, count), vectors::<S>(az, count)];
        let [bx, by, bz] = [vectors::<S>(bx, count), vectors::<S>(by, count), vectors::<S>(bz, count)];
        let [cx, cy, cz] = [vectors::<S>(cx, count), vectors::<S>(cy, count), vectors::<S>(cz, count)];
        let [du, dv] = [vectors::<S>(du, count), vectors::<S>(dv, count)];
        let [own, left] = [vectors::<S>(weights.own, count), vectors::<S>(weights.left, count)];
        let [above, right] = [vectors::<S>(weights.above, count), vectors::<S>(weights.right, count)];
        let [[u, u_left, u_right, u_above, u_below], [v, v_left, v_right, v_above, v_below]] = flow;
        let [u, u_left, u_right] = [vectors::<S>(u, count), vectors::<S>(u_left, count), vectors::<S>(u_right, count)];
        let [v, v_left, v_right] = [vectors::<S>(v, count), vectors::<S>(v_left, count), vectors::<S>(v_right, count)];
        let [u_above, u_below] = [vectors::<S>(u_above, count), vectors::<S>(u_below, count)];
        let [v_above, v_below] = [vectors::<S>(v_above, count), vectors::<S>(v_below, count)];
        let [uu, vv] = [vectors_mut::<S>(uu, count), vectors_mut::<S>(vv, count)];
        let [bu, bv] = [vectors_mut::<S>(bu, count), vectors_mut::<S>(bv, count)];
        let cross = vectors_mut::<S>(cross, count);
        let [below, epsilon, zeta] =
            [weights.below, EPSILON_SQUARED, ZETA_SQUARED].map(|value| Lanes::splat(simd, value));
        let [delta, gamma, omega] = [DELTA, GAMMA, OMEGA].map(|value| Lanes::splat(simd, value));
        for k in 0..count {
            macro_rules! lanes {
                ($row:ident) => {
                    Lanes::of(simd, $row[k])
                };
            }
            let (ax, ay, az) = (lanes!(ax), lanes!(ay), lanes!(az));
            let (bx, by, bz) = (lanes!(bx), lanes!(by), lanes!(bz));
            let (cx, cy, cz) = (lanes!(cx), lanes!(cy), lanes!(cz));
            let (du, dv) = (lanes!(du), lanes!(dv));
            // δ Ψ′ and γ Ψ′, the constancy terms taken at the increment.
            let brightness = az + ax * du + ay * dv;
            let (along_x, along_y) = (bz + bx * du + by * dv, cz + cx * du + cy * dv);
            let delta = delta / (brightness * brightness + epsilon).sqrt();
            let gamma = gamma / (along_x * along_x + along_y * along_y + epsilon).sqrt();
            let (own, left, above) = (lanes!(own), lanes!(left), lanes!(above));
            let (to_right, to_below) = (own * lanes!(right), own * below);
            let sum = to_right + to_below + left + above + zeta;
            let (u, v) = (lanes!(u), lanes!(v));
            let smooth_u = to_right * (lanes!(u_right) - u)
                + to_below * (lanes!(u_below) - u)
                + left * (lanes!(u_left) - u)
                + above * (lanes!(u_above) - u);
            let smooth_v = to_right * (lanes!(v_right) - v)
                + to_below * (lanes!(v_below) - v)
                + left * (lanes!(v_left) - v)
                + above * (lanes!(v_above) - v);
            uu[k] = (omega / (delta * ax * ax + gamma * (bx * bx + cx * cx) + sum)).vector();
            vv[k] = (omega / (delta * ay * ay + gamma * (by * by + cy * cy) + sum)).vector();
            cross[k] = (delta * ax * ay + gamma * (bx * by + cx * cy)).vector();
            bu[k] = (smooth_u - delta * az * ax - gamma * (bz * bx + cz * cx)).vector();
            bv[k] = (smooth_v - delta * az * ay - gamma * (bz * by + cz * cy)).vector();
        }
    }
}
