//! Which of several flow fields explains the second picture best, pixel by pixel.
//!
//! The second picture is warped back by each candidate and compared with the first by its census: the order of grey levels in
//! a neighbourhood, which survives changes of brightness (Zabih and Woodfill 1994; soft as in Stein 2004).

use image::{GrayImage, RgbImage};
use rayon::prelude::*;

use super::FlowField;

/// Pixels to each side of the pixel whose census is taken.
const CENSUS_RADIUS: usize = 2;

/// Pixels to each side over which the costs of a candidate are averaged.
const WINDOW_RADIUS: usize = 6;

/// Differences of less than this many grey levels count as equal.
const EQUAL_GREY: f32 = 3.0;

/// For every pixel of `first` the vector of that candidate whose neighbourhood in `second` resembles its own most. The first
/// of equal candidates wins; an unknown vector only where there is no other.
///
/// # Panics
/// If there is no candidate, or one differs in size from the pictures.
pub fn best_explanation(first: &RgbImage, second: &RgbImage, mut candidates: Vec<FlowField>) -> FlowField {
    let [first, second] = [first, second].map(Grey::of);
    if candidates.len() == 1 {
        return candidates.swap_remove(0);
    }
    let costs: Vec<Vec<f32>> =
        candidates.iter().map(|flow| averaged(&cost(&first, &second, flow), first.width)).collect();
    let best = |i: usize| {
        let cheapest = (0..candidates.len()).min_by(|a, b| costs[*a][i].total_cmp(&costs[*b][i]));
        candidates[cheapest.expect("there is a candidate")].uv[i]
    };
    FlowField::new(first.width, first.height, (0..first.values.len()).map(best).collect())
}

/// A grey picture in levels of 0 to 255.
struct Grey {
    width: usize,
    height: usize,
    values: Vec<f32>,
}

impl Grey {
    fn of(picture: &RgbImage) -> Self {
        let grey: GrayImage = image::imageops::grayscale(picture);
        let (width, height) = (grey.width() as usize, grey.height() as usize);
        Self { width, height, values: grey.as_raw().iter().map(|level| f32::from(*level)).collect() }
    }

    /// The level at a position between pixels; outside, the edge goes on.
    fn sample(&self, x: f32, y: f32) -> f32 {
        let (x, y) = (x.clamp(0.0, (self.width - 1) as f32), y.clamp(0.0, (self.height - 1) as f32));
        let (column, row) = (x as usize, y as usize);
        let (fx, fy) = (x - column as f32, y - row as f32);
        let at = |dx: usize, dy: usize| {
            self.values[(row + dy).min(self.height - 1) * self.width + (column + dx).min(self.width - 1)]
        };
        (1.0 - fy) * ((1.0 - fx) * at(0, 0) + fx * at(1, 0)) + fy * ((1.0 - fx) * at(0, 1) + fx * at(1, 1))
    }

    /// This picture seen through `flow`.
    fn warped(&self, flow: &FlowField) -> Self {
        let pixel =
            |(i, [u, v]): (usize, &[f32; 2])| self.sample((i % self.width) as f32 + u, (i / self.width) as f32 + v);
        let values = flow.uv.par_iter().enumerate().map(pixel).collect();
        Self { width: self.width, height: self.height, values }
    }

    /// Signs of the differences to the pixels around, softened: −1 to 1 each.
    fn census(&self, x: usize, y: usize) -> impl Iterator<Item = f32> {
        let centre = self.values[y * self.width + x];
        let (rows, columns) = (around(y, CENSUS_RADIUS, self.height), around(x, CENSUS_RADIUS, self.width));
        rows.flat_map(move |row| columns.clone().map(move |column| (row, column))).map(move |(row, column)| {
            let difference = self.values[row * self.width + column] - centre;
            difference / (EQUAL_GREY * EQUAL_GREY + difference * difference).sqrt()
        })
    }
}

/// The pixels up to `radius` beside `at` on an axis of `length`.
fn around(at: usize, radius: usize, length: usize) -> std::ops::Range<usize> {
    at.saturating_sub(radius)..(at + radius + 1).min(length)
}

/// How much the census of every pixel changes along its vector; infinite where the vector is unknown.
fn cost(first: &Grey, second: &Grey, flow: &FlowField) -> Vec<f32> {
    assert_eq!((flow.width, flow.height), (first.width, first.height), "a candidate of another size");
    let warped = second.warped(flow);
    let pixel = |(i, uv): (usize, &[f32; 2])| {
        if !FlowField::is_known(*uv) {
            return f32::INFINITY;
        }
        let (x, y) = (i % first.width, i / first.width);
        let changes = first.census(x, y).zip(warped.census(x, y)).map(|(a, b)| {
            let squared = (a - b) * (a - b);
            squared / (0.1 + squared)
        });
        changes.sum()
    };
    flow.uv.par_iter().enumerate().map(pixel).collect()
}

/// The means of `costs` over windows around every pixel.
fn averaged(costs: &[f32], width: usize) -> Vec<f32> {
    let height = costs.len() / width;
    let mean = |values: &[f32], length: usize, stride: usize, at: usize, offset: usize| {
        let window = around(at, WINDOW_RADIUS, length);
        let count = window.len() as f32;
        window.map(|i| values[offset + i * stride]).sum::<f32>() / count
    };
    let pixels = 0..costs.len();
    let rows: Vec<f32> =
        pixels.clone().into_par_iter().map(|i| mean(costs, width, 1, i % width, i - i % width)).collect();
    pixels.into_par_iter().map(|i| mean(&rows, height, width, i / width, i % width)).collect()
}
