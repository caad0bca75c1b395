//! Warp: samples the second picture and its gradient along the flow, and linearises the data term there.

use crate::flow::Plane;

/// The free parameter of the cubic kernel, OpenCV's choice.
const A: f32 = -0.75;

/// The data term around the flow u₀: ρ(u) = ρc + ∇I · u, what the pictures differ by if the flow is u.
#[derive(Debug, Clone, PartialEq)]
pub struct Linearised {
    /// ∇I of the warped second picture: x and y.
    pub slopes: [Plane; 2],
    /// g = |∇I|².
    pub square: Plane,
    /// ρc = I₁(x + u₀) − ∇I · u₀ − I₀.
    pub constant: Plane,
}

/// Returns the data term around `flow`; `slopes` is the gradient of the `second` picture.
pub fn warp(first: &Plane, second: &Plane, slopes: &[Plane; 2], flow: [&Plane; 2]) -> Linearised {
    let (width, height) = first.size();
    let zeros = Plane::zeros(width, height);
    let mut data = Linearised { slopes: [zeros.clone(), zeros.clone()], square: zeros.clone(), constant: zeros };
    for y in 0..height {
        for x in 0..width {
            let (u, v) = (flow[0].at(x, y), flow[1].at(x, y));
            let [i, ix, iy] = [second, &slopes[0], &slopes[1]].map(|plane| bicubic(plane, x as f32 + u, y as f32 + v));
            data.slopes[0].row_mut(y)[x] = ix;
            data.slopes[1].row_mut(y)[x] = iy;
            data.square.row_mut(y)[x] = ix * ix + iy * iy;
            data.constant.row_mut(y)[x] = i - ix * u - iy * v - first.at(x, y);
        }
    }
    data
}

/// Returns the plane at a position between pixels, by cubic convolution over 4 × 4 pixels; zero outside the picture.
fn bicubic(plane: &Plane, x: f32, y: f32) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let (across, down) = (weights(x - left), weights(y - top));
    let mut sum = 0.0;
    for (j, weight_y) in down.iter().enumerate() {
        for (i, weight_x) in across.iter().enumerate() {
            let (column, row) = (left as i64 + i as i64 - 1, top as i64 + j as i64 - 1);
            if (0..plane.width as i64).contains(&column) && (0..plane.height as i64).contains(&row) {
                sum += weight_x * weight_y * plane.at(column as usize, row as usize);
            }
        }
    }
    sum
}

/// Returns the weights of the four pixels around a position `t` after the second of them, 0 ≤ t < 1; they add up to 1.
#[inline(always)] // also into loops that are compiled for wider vectors
pub fn weights(t: f32) -> [f32; 4] {
    let far = |d: f32| ((A * d - 5.0 * A) * d + 8.0 * A) * d - 4.0 * A;
    let near = |d: f32| ((A + 2.0) * d - (A + 3.0)) * d * d + 1.0;
    let known = [far(t + 1.0), near(t), near(1.0 - t)];
    [known[0], known[1], known[2], 1.0 - known[0] - known[1] - known[2]]
}
