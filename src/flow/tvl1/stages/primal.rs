//! Primal step: the flow follows the data term as far as that may move it, then the dual variable smooths it.

use super::super::Tvl1Parameters;
use super::Component;
use super::warp::Linearised;
use crate::flow::Plane;

/// Moves the unknowns (u, v and, with γ, the change of illumination) by one step; returns the sum of their squared
/// changes. Equations 13 to 15 of Zach, Pock, Bischof (2007), with the signs of OpenCV.
pub fn primal(data: &Linearised, parameters: &Tvl1Parameters, components: &mut [Component]) -> f64 {
    let (width, height) = data.constant.size();
    let mut error = 0.0;
    for y in 0..height {
        for x in 0..width {
            // The gradient of the data term by each unknown.
            let slopes = [data.slopes[0].at(x, y), data.slopes[1].at(x, y), parameters.gamma];
            let rise: f32 = components.iter().zip(slopes).map(|(component, slope)| slope * component.u.at(x, y)).sum();
            let rho = data.constant.at(x, y) + rise;
            let share = threshold(rho, data.square.at(x, y), parameters.data_step());
            for (component, slope) in components.iter_mut().zip(slopes) {
                let before = component.u.at(x, y);
                let after = before + share * slope + parameters.theta * divergence(&component.p, x, y);
                component.u.row_mut(y)[x] = after;
                error += f64::from((after - before) * (after - before));
            }
        }
    }
    error
}

/// Returns the multiple of ∇I by which the flow moves: to the zero of the data term, but by at most `limit` (λθ).
fn threshold(rho: f32, square: f32, limit: f32) -> f32 {
    if rho < -limit * square {
        limit
    } else if rho > limit * square {
        -limit
    } else if square > f32::EPSILON {
        -rho / square
    } else {
        0.0
    }
}

/// Returns div p by backward differences; p is zero outside.
fn divergence([px, py]: &[Plane; 2], x: usize, y: usize) -> f32 {
    let left = if x > 0 { px.at(x - 1, y) } else { 0.0 };
    let above = if y > 0 { py.at(x, y - 1) } else { 0.0 };
    (px.at(x, y) - left) + (py.at(x, y) - above)
}
