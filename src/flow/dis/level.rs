//! One level of the pyramid: both pictures, the gradient of the first, and the flow.

use pulp::Simd;
use rayon::prelude::*;

use super::parameters::PATCH;
use crate::flow::Plane;
use crate::flow::simd::{Lanes, widest};

/// Pixels by which the second picture is continued on every side; beyond, it would only repeat its edge.
const BORDER: usize = 16;

/// How many pixels a block of [`PATCH`] pixels may begin left of or above the picture; further out it only sees
/// repeated edge pixels.
const OUTSIDE: f32 = 11.0;

/// The images, gradients and flow of one pyramid level.
#[derive(Debug)]
pub struct Level {
    /// The first picture, 0…255.
    pub first: Plane,
    /// ∇I of the first picture along x and y by Sobel's filter, in eighths of a grey value per pixel.
    pub slopes: [Plane; 2],
    /// The second picture.
    pub second: Bordered,
    /// u and v in pixels of this level.
    pub flow: [Plane; 2],
}

impl Level {
    /// Returns the level of two pictures of one size, without motion.
    pub fn new(first: Plane, second: &Plane) -> Self {
        let (width, height) = first.size();
        let slopes = sobel(&first);
        let flow = [Plane::zeros(width, height), Plane::zeros(width, height)];
        Self { slopes, second: Bordered::new(second), flow, first }
    }
}

/// A picture whose edge pixels are repeated outside of it.
#[derive(Debug)]
pub struct Bordered {
    /// Samples, row after row.
    pub values: Vec<f32>,
    /// Distance between rows of `values`, in samples.
    pub pitch: usize,
    /// The size without borders.
    size: (usize, usize),
}

/// The position of a block of pixels in a [`Bordered`] picture.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Index of the sample up and left of the block's first pixel.
    pub index: usize,
    /// Subpixel offset from that sample to the right and down, 0…1.
    pub offset: [f32; 2],
}

impl Bordered {
    /// Returns the picture with a border.
    pub fn new(picture: &Plane) -> Self {
        let (width, height) = picture.size();
        let pitch = width + 2 * BORDER;
        let mut values = vec![0.0; pitch * (height + 2 * BORDER)];
        for (y, line) in values.chunks_mut(pitch).enumerate() {
            let row = picture.row(y.saturating_sub(BORDER).min(height - 1));
            line[..BORDER].fill(row[0]);
            line[BORDER..][..width].copy_from_slice(row);
            line[BORDER + width..].fill(row[width - 1]);
        }
        Self { values, pitch, size: (width, height) }
    }

    /// Returns the place of the block of pixels whose first one is at (`x`, `y`), which may be anywhere.
    #[inline(always)]
    pub fn place(&self, x: f32, y: f32) -> Place {
        let (width, height) = self.size;
        let [x, y] = [(x, width), (y, height)].map(|(at, length)| at.max(-OUTSIDE).min(length as f32) + BORDER as f32);
        let [column, row] = [x as usize, y as usize];
        Place { index: row * self.pitch + column, offset: [x - column as f32, y - row as f32] }
    }
}

/// Returns the first [`PATCH`] samples of a row at places `offset` to the right of its pixels, 0…1.
#[inline(always)]
pub fn across<S: Simd, const N: usize>(simd: S, line: &[f32], offset: Lanes<S, N>) -> Lanes<S, N> {
    let line = &line[..=PATCH];
    let (left, right) = (Lanes::load(simd, &line[..PATCH]), Lanes::load(simd, &line[1..]));
    left + offset * (right - left)
}

/// Returns the derivatives along x and y by Sobel's filter, the picture mirrored at its edge pixels.
fn sobel(picture: &Plane) -> [Plane; 2] {
    let (width, height) = picture.size();
    let mut slopes = [Plane::zeros(width, height), Plane::zeros(width, height)];
    let [along_x, along_y] = &mut slopes;
    let mirrored = |at: isize, length: usize| {
        let last = length as isize - 1;
        (last - (last - at.abs()).abs()).max(0) as usize
    };
    let rows = along_x.values.par_chunks_mut(width).zip(along_y.values.par_chunks_mut(width)).with_min_len(16);
    rows.enumerate().for_each_init(
        || [vec![0.0; width + 2], vec![0.0; width + 2]],
        |[smooth, steep], (y, (along_x, along_y))| {
            let [above, row, below] =
                [y as isize - 1, y as isize, y as isize + 1].map(|y| picture.row(mirrored(y, height)));
            widest(
                #[inline(always)]
                || {
                    down(above, row, below, &mut smooth[1..=width], &mut steep[1..=width]);
                    for line in [&mut *smooth, &mut *steep] {
                        line[0] = line[1 + mirrored(-1, width)];
                        line[width + 1] = line[1 + mirrored(width as isize, width)];
                    }
                    along(smooth, steep, along_x, along_y);
                },
            );
        },
    );
    slopes
}

/// The filter's vertical halves.
#[inline(always)]
fn down(above: &[f32], row: &[f32], below: &[f32], smooth: &mut [f32], steep: &mut [f32]) {
    let width = row.len();
    let (above, below, smooth, steep) = (&above[..width], &below[..width], &mut smooth[..width], &mut steep[..width]);
    for x in 0..width {
        smooth[x] = above[x] + 2.0 * row[x] + below[x];
        steep[x] = below[x] - above[x];
    }
}

/// The filter's horizontal halves.
#[inline(always)]
fn along(smooth: &[f32], steep: &[f32], along_x: &mut [f32], along_y: &mut [f32]) {
    let width = along_x.len();
    let (smooth, steep, along_y) = (&smooth[..width + 2], &steep[..width + 2], &mut along_y[..width]);
    for x in 0..width {
        along_x[x] = smooth[x + 2] - smooth[x];
        along_y[x] = steep[x] + 2.0 * steep[x + 1] + steep[x + 2];
    }
}
