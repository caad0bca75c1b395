//! Dual step: the dual variable follows the gradient of the unknown and stays within the unit circle.

use super::Component;

/// p ← (p + s∇u) / (1 + s|∇u|) with s = `step` (τ/θ) and forward differences, which are zero across the edge.
pub fn dual(component: &mut Component, step: f32) {
    let Component { u, p: [px, py] } = component;
    for y in 0..u.height {
        for x in 0..u.width {
            let here = u.at(x, y);
            let along_x = if x + 1 < u.width { u.at(x + 1, y) - here } else { 0.0 };
            let along_y = if y + 1 < u.height { u.at(x, y + 1) - here } else { 0.0 };
            let norm = 1.0 + step * (along_x * along_x + along_y * along_y).sqrt();
            px.row_mut(y)[x] = (px.at(x, y) + step * along_x) / norm;
            py.row_mut(y)[x] = (py.at(x, y) + step * along_y) / norm;
        }
    }
}
