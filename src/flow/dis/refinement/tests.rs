//! The refinement against plain loops over pixels in natural order.

use image::{Rgb, RgbImage};
use proptest::prelude::*;

use super::{refine, refined};
use crate::flow::dis::level::Level;
use crate::flow::{FlowField, Plane};

/// u and v, or any pair of numbers, for every pixel.
type Pairs = Vec<[f64; 2]>;

/// A texture that moves by (2, 1), which is known to half a pixel, and not at all at one place.
#[test]
fn flow_of_any_method_becomes_more_precise() {
    let texture =
        |x: f32, y: f32| 120.0 + 50.0 * (0.3 * x).sin() * (0.23 * y).cos() + 40.0 * (0.11 * x - 0.17 * y).sin();
    let picture = |dx: f32, dy: f32| {
        RgbImage::from_fn(96, 64, |x, y| Rgb([texture(x as f32 - dx, y as f32 - dy).round() as u8; 3]))
    };
    let mut uv = vec![[1.6, 1.3]; 96 * 64];
    uv[32 * 96 + 48] = FlowField::UNKNOWN;
    let start = FlowField::new(96, 64, uv);
    let flow = refined(&picture(0.0, 0.0), &picture(2.0, 1.0), &start, 30);
    let inside = (8..56).flat_map(|y| (8..88).map(move |x| (x, y)));
    let errors: Vec<f32> = inside.map(|(x, y)| flow.at(x, y)).map(|[u, v]| (u - 2.0).hypot(v - 1.0)).collect();
    let mean = errors.iter().sum::<f32>() / errors.len() as f32;
    // An even error is the last to go: each pixel is held by its neighbours.
    assert!(mean < 0.3 && errors.iter().all(|error| *error < 0.4), "{mean} px of 0.5 px");
    let same = refined(&picture(0.0, 0.0), &picture(2.0, 1.0), &start, 0);
    assert_eq!((same.at(5, 5), same.at(48, 32)), ([1.6, 1.3], [0.0, 0.0]));
}

/// A picture as 64-bit numbers.
struct Grid {
    width: usize,
    height: usize,
    values: Vec<f64>,
}

impl Grid {
    fn from_fn(width: usize, height: usize, value: impl Fn(usize, usize) -> f64) -> Self {
        let values = (0..width * height).map(|i| value(i % width, i / width)).collect();
        Self { width, height, values }
    }

    /// The value of a pixel, the edge repeated outside.
    fn at(&self, x: isize, y: isize) -> f64 {
        let [x, y] = [(x, self.width), (y, self.height)].map(|(at, length)| at.clamp(0, length as isize - 1) as usize);
        self.values[y * self.width + x]
    }

    fn along_x(&self) -> Self {
        Self::from_fn(self.width, self.height, |x, y| {
            self.at(x as isize + 1, y as isize) - self.at(x as isize - 1, y as isize)
        })
    }

    fn along_y(&self) -> Self {
        Self::from_fn(self.width, self.height, |x, y| {
            self.at(x as isize, y as isize + 1) - self.at(x as isize, y as isize - 1)
        })
    }
}

/// The warped second picture, at places rounded to 32nds of a pixel.
fn warped(second: &Plane, flow: &Pairs) -> Grid {
    let grid = Grid::from_fn(second.width, second.height, |x, y| f64::from(second.at(x, y)));
    Grid::from_fn(second.width, second.height, |x, y| {
        let [u, v] = flow[y * second.width + x];
        let [x, y] = [x as f64 + u, y as f64 + v].map(|at| (at * 32.0).round_ties_even() / 32.0);
        let (left, top) = (x.floor() as isize, y.floor() as isize);
        let (right, down) = (x - x.floor(), y - y.floor());
        (1.0 - down) * ((1.0 - right) * grid.at(left, top) + right * grid.at(left + 1, top))
            + down * ((1.0 - right) * grid.at(left, top + 1) + right * grid.at(left + 1, top + 1))
    })
}

/// The refinement of `flow`, as `VariationalRefinement` of OpenCV describes it.
fn plain_refine([first, second]: [&Plane; 2], flow: &Pairs, iterations: usize) -> Pairs {
    let (width, height) = first.size();
    let (alpha, delta, gamma, zeta, epsilon, omega) = (10.0, 2.5, 5.0, 0.01, 1e-4, 1.6);
    let warped = warped(second, flow);
    let mean =
        Grid::from_fn(width, height, |x, y| 0.5 * (f64::from(first.at(x, y)) + warped.at(x as isize, y as isize)));
    let iz = Grid::from_fn(width, height, |x, y| warped.at(x as isize, y as isize) - f64::from(first.at(x, y)));
    let (ix, iy) = (mean.along_x(), mean.along_y());
    let (ixx, ixy, iyy, ixz, iyz) = (ix.along_x(), ix.along_y(), iy.along_y(), iz.along_x(), iz.along_y());
    let mut increment: Pairs = vec![[0.0; 2]; width * height];
    for _ in 0..iterations {
        let current: Pairs = flow.iter().zip(&increment).map(|(a, b)| [a[0] + b[0], a[1] + b[1]]).collect();
        let weights: Vec<f64> = (0..width * height)
            .map(|i| {
                let steps = [(i % width + 1 < width).then_some(i + 1), (i / width + 1 < height).then_some(i + width)];
                let change = |next: usize| (0..2).map(|c| (current[next][c] - current[i][c]).powi(2)).sum::<f64>();
                alpha / (steps.into_iter().flatten().map(change).sum::<f64>() + epsilon).sqrt()
            })
            .collect();
        // The neighbours of a pixel, each with the weight of the link to it.
        let links = |i: usize| {
            let (x, y) = (i % width, i / width);
            let right = (x + 1 < width).then(|| (i + 1, weights[i]));
            let below = (y + 1 < height).then(|| (i + width, weights[i]));
            let left = (x > 0).then(|| (i - 1, weights[i - 1]));
            let above = (y > 0).then(|| (i - width, weights[i - width]));
            [right, below, left, above].into_iter().flatten()
        };
        let equations: Vec<[f64; 5]> = (0..width * height)
            .map(|i| {
                let [du, dv] = increment[i];
                let constraint = |a: &Grid, b: &Grid, c: &Grid| {
                    let (a, b, c) = (a.values[i], b.values[i], c.values[i]);
                    let norm = (a * a + b * b + zeta).sqrt();
                    [a / norm, b / norm, c / norm]
                };
                let value = |[a, b, c]: [f64; 3]| a * du + b * dv + c;
                let brightness = constraint(&ix, &iy, &iz);
                let gradient = [constraint(&ixx, &ixy, &ixz), constraint(&ixy, &iyy, &iyz)];
                let squares = value(gradient[0]).powi(2) + value(gradient[1]).powi(2);
                let weight = gamma / (squares + epsilon).sqrt();
                let terms = [
                    (brightness, delta / (value(brightness).powi(2) + epsilon).sqrt()),
                    (gradient[0], weight),
                    (gradient[1], weight),
                ];
                let mut sums = [zeta, 0.0, zeta, 0.0, 0.0];
                for ([a, b, c], weight) in terms {
                    for (sum, product) in sums.iter_mut().zip([a * a, a * b, b * b, -a * c, -b * c]) {
                        *sum += weight * product;
                    }
                }
                for (next, weight) in links(i) {
                    sums[0] += weight;
                    sums[2] += weight;
                    sums[3] += weight * (flow[next][0] - flow[i][0]);
                    sums[4] += weight * (flow[next][1] - flow[i][1]);
                }
                sums
            })
            .collect();
        for half_sweep in 0..10 {
            for i in (0..width * height).filter(|i| (i % width + i / width) % 2 == half_sweep % 2) {
                let [uu, uv, vv, bu, bv] = equations[i];
                let [mut sum_u, mut sum_v] = [bu, bv];
                for (next, weight) in links(i) {
                    sum_u += weight * increment[next][0];
                    sum_v += weight * increment[next][1];
                }
                let [du, dv] = &mut increment[i];
                *du += omega * ((sum_u - uv * *dv) / uu - *du);
                *dv += omega * ((sum_v - uv * *du) / vv - *dv);
            }
        }
    }
    flow.iter().zip(&increment).map(|(a, b)| [a[0] + b[0], a[1] + b[1]]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_refined_flow_is_that_of_plain_loops(
        width in 8usize..48, height in 8usize..48, iterations in 1usize..4, phase in 0.0f32..6.0,
    ) {
        let picture = |shift: f32| {
            Plane::from_fn(width, height, |x, y| {
                let (x, y) = (x as f32 - shift, y as f32 + 0.5 * shift);
                (127.0 + 60.0 * (0.4 * x + phase).sin() * (0.3 * y).cos() + 40.0 * (0.2 * x - 0.5 * y).sin()).round()
            })
        };
        let (first, second) = (picture(0.0), picture(0.8));
        let mut level = Level::new(first.clone(), &second);
        // Whole 64ths away from where places are rounded, so that 32 and 64 bits round alike.
        let start = |x: usize, y: usize, c: usize| ((x * 3 + y * 5 + c * 7) % 11) as f32 * 0.125 - 0.5 + 1.0 / 256.0;
        for (component, plane) in level.flow.iter_mut().enumerate() {
            *plane = Plane::from_fn(width, height, |x, y| start(x, y, component));
        }
        let pixels = (0..width * height).map(|i| (i % width, i / width));
        let flow: Pairs = pixels.map(|(x, y)| [0, 1].map(|c| f64::from(start(x, y, c)))).collect();
        let expected = plain_refine([&first, &second], &flow, iterations);
        refine(&mut level, iterations);
        for (i, expected) in expected.iter().enumerate() {
            for (component, expected) in level.flow.iter().zip(expected) {
                let found = f64::from(component.values[i]);
                prop_assert!((found - expected).abs() < 2e-3, "pixel {i}: {found} {expected}");
            }
        }
    }
}
