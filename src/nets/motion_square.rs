//! The square around the motion of a window, which a stream can read besides the whole frame.

use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::read_back::read_back;
use crate::error::Result;
use crate::named::named;

named! {
    /// Crop of a frame, or of its flow, that a stream reads.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum MotionCrop {
        /// The whole frame, as in the paper.
        #[default]
        Whole = "whole",
        /// The square around the motion.
        Motion = "motion",
        /// Both; their logits are averaged.
        Both = "both",
    }
}

impl MotionCrop {
    /// Returns `true` if the stream reads whole frames.
    pub fn sees_whole(self) -> bool {
        self != Self::Motion
    }

    /// Returns `true` if the stream reads the square around the motion.
    pub fn sees_motion(self) -> bool {
        self != Self::Whole
    }
}

/// Fraction of positions that count as moving: those with the largest motion.
const MOVING_SHARE: f64 = 0.2;
/// Quantiles of the motion along each axis that bound the square.
const QUANTILES: [f64; 2] = [0.12, 0.88];
/// Factor by which that extent is enlarged.
const MARGIN: f64 = 1.35;
/// Smallest side, relative to the shorter side of the frame.
const SMALLEST: f64 = 0.3;

/// A square in frames or flow, in fractions of their width and height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MotionSquare {
    /// Left edge.
    pub left: f32,
    /// Upper edge.
    pub top: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
}

impl MotionSquare {
    /// Returns the square around the motion in the flows `[1, 2n, h, w]` of a window, for frames of aspect ratio
    /// `aspect` (width / height).
    ///
    /// Motion is the flow minus its median in each frame, which estimates the camera motion. Without motion, the square
    /// is centred.
    ///
    /// # Errors
    /// If the device fails.
    pub fn of(flow: Tensor<4>, aspect: f32) -> Result<Self> {
        let [_, _, height, width] = flow.dims();
        Ok(Self::of_planes(&read_back(flow)?, [height, width], aspect))
    }

    /// Returns the squares around the motion in the flows `[b, 2n, h, w]` of a batch of windows; they are square in
    /// flow pixels.
    ///
    /// # Errors
    /// If the device fails.
    pub fn of_each(flow: Tensor<4>) -> Result<Vec<Self>> {
        let [_, planes, height, width] = flow.dims();
        let aspect = width as f32 / height as f32;
        let windows = read_back(flow)?;
        Ok(windows
            .par_chunks(planes * height * width)
            .map(|window| Self::of_planes(window, [height, width], aspect))
            .collect())
    }

    /// Like [`of`](Self::of), for the planes u and v of one flow after the other.
    fn of_planes(flow: &[f32], [height, width]: [usize; 2], aspect: f32) -> Self {
        let mut speed = vec![0.0; height * width];
        for flow in flow.chunks_exact(2 * height * width) {
            let (u, v) = flow.split_at(height * width);
            let still = [median(u), median(v)];
            for (speed, (u, v)) in speed.iter_mut().zip(u.iter().zip(v)) {
                *speed += (u - still[0]).hypot(v - still[1]);
            }
        }
        let rank = ((1.0 - MOVING_SHARE) * (speed.len() - 1) as f64) as usize;
        let floor = *speed.clone().select_nth_unstable_by(rank, f32::total_cmp).1;
        let (mut columns, mut rows) = (vec![0.0; width], vec![0.0; height]);
        for (place, speed) in speed.iter().enumerate() {
            let moving = f64::from((speed - floor).max(0.0));
            columns[place % width] += moving;
            rows[place / width] += moving;
        }
        let sides = [f64::from(aspect), 1.0];
        let spans = [extent(&columns), extent(&rows)];
        let shorter = sides[0].min(sides[1]);
        let extents = [0, 1].map(|axis| MARGIN * sides[axis] * (spans[axis][1] - spans[axis][0]));
        let side = extents[0].max(extents[1]).clamp(SMALLEST * shorter, shorter);
        let corner = [0, 1].map(|axis: usize| {
            let middle = sides[axis] * (spans[axis][0] + spans[axis][1]) / 2.0;
            (middle - side / 2.0).max(0.0).min(sides[axis] - side)
        });
        Self {
            left: (corner[0] / sides[0]) as f32,
            top: corner[1] as f32,
            width: (side / sides[0]) as f32,
            height: side as f32,
        }
    }
}

/// Crops flow `[b, 2n, h, w]` to `squares`, one per window, and resizes it to [b, 2n, s, s], where s is the shorter
/// side; vectors are scaled with the image. Differentiable; squares are in fractions of the flow's width and height.
pub(super) fn flow_in_squares(flow: Tensor<4>, squares: &[MotionSquare]) -> Tensor<4> {
    let [batch, _, height, width] = flow.dims();
    let side = height.min(width);
    let (mut rows, mut columns) = (Vec::new(), Vec::new());
    for square in squares {
        let growth = side as f32 / (square.height * height as f32);
        let taps = interpolation(height, side, square.top, square.height);
        rows.extend(taps.into_iter().map(|tap| growth * tap));
        columns.extend(interpolation(width, side, square.left, square.width));
    }
    let device = flow.device();
    let rows = Tensor::<4>::from_data(TensorData::new(rows, [batch, 1, side, height]), &device);
    let columns = Tensor::<4>::from_data(TensorData::new(columns, [batch, 1, side, width]), &device);
    rows.matmul(flow).matmul(columns.swap_dims(2, 3))
}

/// Returns the matrix `[side, length]` that samples a section of a line of `length` bilinearly at the centres of `side`
/// pixels. The section is given by `start` and `extent` as fractions of the line; samples beyond its ends are clamped.
fn interpolation(length: usize, side: usize, start: f32, extent: f32) -> Vec<f32> {
    let mut matrix = vec![0.0; side * length];
    for (row, taps) in matrix.chunks_exact_mut(length).enumerate() {
        let place = (start + extent * (row as f32 + 0.5) / side as f32) * length as f32 - 0.5;
        let place = place.clamp(0.0, (length - 1) as f32);
        let first = place as usize;
        let share = place - first as f32;
        taps[first] += 1.0 - share;
        taps[(first + 1).min(length - 1)] += share;
    }
    matrix
}

/// Returns the lower median of at least one value.
fn median(values: &[f32]) -> f32 {
    *values.to_vec().select_nth_unstable_by((values.len() - 1) / 2, f32::total_cmp).1
}

/// Returns the positions of the quantiles of `mass` as fractions of its length; without mass, those of a uniform
/// distribution.
fn extent(mass: &[f64]) -> [f64; 2] {
    let total: f64 = mass.iter().sum();
    if total <= 0.0 {
        return QUANTILES;
    }
    QUANTILES.map(|quantile| {
        let mut before = 0.0;
        for (bin, of_bin) in mass.iter().map(|mass| mass / total).enumerate() {
            if before + of_bin >= quantile {
                return (bin as f64 + (quantile - before) / of_bin) / mass.len() as f64;
            }
            before += of_bin;
        }
        1.0
    })
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use burn::tensor::Device;

    use super::*;

    /// Two flows of 20×10 pixels that move by (1, −2); inside the box, 3 more to the right.
    fn flow_with(columns: Range<usize>, rows: Range<usize>) -> Vec<f32> {
        let plane = |still: f32, more: f32| {
            let (columns, rows) = (columns.clone(), rows.clone());
            (0..200).map(move |place: usize| {
                let is_inside = columns.contains(&(place % 20)) && rows.contains(&(place / 20));
                if is_inside { still + more } else { still }
            })
        };
        (0..2).flat_map(|_| plane(1.0, 3.0).chain(plane(-2.0, 0.0))).collect()
    }

    fn assert_near(square: MotionSquare, expected: [f32; 4]) {
        let found = [square.left, square.top, square.width, square.height];
        assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-5), "{found:?}");
    }

    /// By hand: the box has 5×4 of 20×10 pixels, and 12 to 88 % of it are 3.8 and 3.04 pixels: 0.38 and 0.304 of the
    /// frame's height, 1.35 times which is 0.513.
    #[test]
    fn the_square_is_around_what_moves_by_itself() {
        let square = MotionSquare::of_planes(&flow_with(10..15, 3..7), [10, 20], 2.0);
        assert_near(square, [(1.25 - 0.2565) / 2.0, 0.5 - 0.2565, 0.2565, 0.513]);
        // In frames stretched to squares, the same box is half as wide: 0.304 · 1.35 high.
        let square = MotionSquare::of_planes(&flow_with(10..15, 3..7), [10, 20], 1.0);
        assert_near(square, [0.625 - 0.2052, 0.5 - 0.2052, 0.4104, 0.4104]);
    }

    /// Half the height of a flow of 8×4 pixels is enlarged to all of it: the left edge of pixel (2, 1) moves to 0. By
    /// hand, a ramp of slope 1 is sampled at 1.75, 2.25, 2.75 and 3.25, and all values double.
    #[test]
    fn flow_within_a_square_grows_with_it() {
        let device = Device::flex();
        let slope = |of: fn(usize, usize) -> usize| (0..32).map(move |place| of(place % 8, place / 8) as f32);
        let flow: Vec<f32> =
            slope(|x, _| x).chain(slope(|_, y| y)).chain(slope(|x, _| x + 10)).chain(slope(|_, y| y)).collect();
        let flow = Tensor::<4>::from_data(TensorData::new(flow, [2, 2, 4, 8]), &device);
        let square = MotionSquare { left: 0.25, top: 0.25, width: 0.25, height: 0.5 };
        let seen = flow_in_squares(flow, &[square, square]);
        assert_eq!(seen.dims(), [2, 2, 4, 4]);
        let line = [3.5, 4.5, 5.5, 6.5];
        let across = |more: f32| (0..16).map(move |place| line[place % 4] + more);
        let down = (0..16).map(|place: usize| line[place / 4] - 2.0);
        let expected: Vec<f32> = across(0.0).chain(down.clone()).chain(across(20.0)).chain(down).collect();
        assert_eq!(seen.into_data().try_into_vec::<f32>().unwrap(), expected);
    }

    #[test]
    fn flow_beyond_the_border_is_that_of_the_border() {
        assert_eq!(interpolation(2, 4, 0.0, 1.0), [1.0, 0.0, 0.75, 0.25, 0.25, 0.75, 0.0, 1.0]);
        assert_eq!(interpolation(3, 3, 0.0, 1.0), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn the_square_stays_within_the_frame_and_is_never_tiny() {
        let square = MotionSquare::of_planes(&flow_with(18..20, 0..2), [10, 20], 1.0);
        assert_near(square, [0.7, 0.0, 0.3, 0.3]);
        let square = MotionSquare::of_planes(&flow_with(0..20, 0..10), [10, 20], 2.0);
        assert_near(square, [0.25, 0.0, 0.5, 1.0]); // uniform motion counts as camera motion
    }
}
