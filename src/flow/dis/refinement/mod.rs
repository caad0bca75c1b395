//! Variational refinement (section 2.3 of the paper): smooths the flow while it keeps matching the two images.
//!
//! Minimises, as OpenCV's `VariationalRefinement` does, the sum over all pixels of δ Ψ(brightness constancy) +
//! γ Ψ(gradient constancy) + α Ψ(smoothness) with Ψ(s²) = √(s² + ε²) (Brox et al. 2004), the constancy terms normalised
//! by the gradient (Zimmer et al. 2011). Each fixed-point iteration holds the derivatives of Ψ, which leaves a linear
//! [`system`], and approaches its solution by successive over-relaxation ([`relaxation`]).

use image::RgbImage;
use rayon::prelude::*;

use super::level::Level;
use crate::flow::simd::widest;
use crate::flow::{FlowField, Plane};
use board::Board;
use data_term::DataTerm;
use relaxation::Relaxation;
use system::{Equations, Neighbours};

mod board;
mod data_term;
mod relaxation;
mod system;
#[cfg(test)]
mod tests;

/// Returns `flow`, the flow between two pictures of its size by any method, after `iterations` fixed-point iterations
/// with five relaxations each. Unknown vectors count as zero.
///
/// # Panics
/// If the sizes differ.
pub fn refined(first: &RgbImage, second: &RgbImage, flow: &FlowField, iterations: usize) -> FlowField {
    let size = (first.width() as usize, first.height() as usize);
    assert!(first.dimensions() == second.dimensions() && size == (flow.width, flow.height), "sizes differ");
    let mut level = Level::new(Plane::grey(first), &Plane::grey(second));
    for (c, plane) in level.flow.iter_mut().enumerate() {
        let known = |uv: &[f32; 2]| if FlowField::is_known(*uv) { uv[c] } else { 0.0 };
        plane.values.iter_mut().zip(&flow.uv).for_each(|(value, uv)| *value = known(uv));
    }
    refine(&mut level, iterations);
    let [u, v] = &level.flow;
    FlowField::new(size.0, size.1, u.values.iter().zip(&v.values).map(|(u, v)| [*u, *v]).collect())
}

/// Refines the flow of a level by `iterations` fixed-point iterations.
pub fn refine(level: &mut Level, iterations: usize) {
    let (width, height) = level.first.size();
    let data = DataTerm::new(level);
    let flow: Board<2> = Board::split([&level.flow[0], &level.flow[1]]);
    let neighbours = Neighbours::new(width);
    let mut current = flow.clone();
    let mut increment = Board::zeros(width, height);
    let mut weights = Board::zeros(width, height);
    let mut equations = [0, 1].map(|_| Equations::zeros(width, height));
    let mut relaxation = Relaxation::new(width, height);
    for _ in 0..iterations {
        system::weigh(&current, &neighbours, &mut weights);
        system::set_up(&data, &flow, &increment, &weights, &neighbours, &mut equations);
        relaxation.relax(&equations, &weights, &mut increment);
        sum(&flow, &increment, &mut current);
    }
    let [u, v] = &mut level.flow;
    current.merge([u, v]);
}

/// Writes `flow` plus `increment` to `sum`.
fn sum(flow: &Board<2>, increment: &Board<2>, sum: &mut Board<2>) {
    let [red, black] = &mut sum.halves;
    for (colour, half) in [red, black].into_iter().enumerate() {
        let (flow, increment) = (&flow.halves[colour], &increment.halves[colour]);
        half.inner_mut().enumerate().for_each(|(y, sum)| {
            for ((a, b), sum) in flow.row(y).into_iter().zip(increment.row(y)).zip(sum) {
                widest(
                    #[inline(always)]
                    || add(a, b, sum),
                );
            }
        });
    }
}

#[inline(always)]
fn add(a: &[f32], b: &[f32], sum: &mut [f32]) {
    for ((sum, a), b) in sum.iter_mut().zip(a).zip(b) {
        *sum = a + b;
    }
}
