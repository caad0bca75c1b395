//! The second picture and its gradient, laid out for being sampled along the flow.

use rayon::prelude::*;

use super::rows::{self, DataRow, Pair};
use crate::flow::Plane;
use crate::flow::simd::widest;
use crate::flow::tvl1::stages::warp::weights;

/// Zeros around the picture. Samples whose 4 × 4 pixels are further out are taken where all of them are zero.
const MARGIN: usize = 4;

/// Numbers per pixel: grey value, its x and its y derivative, and a zero, so that all four are one vector.
const TEXEL: usize = 4;

/// Pixels on a side of the kernel.
const KERNEL: usize = 4;

/// The three planes that are warped, interleaved, with a margin of zeros.
#[derive(Debug)]
pub struct Texture {
    width: usize,
    height: usize,
    texels: Vec<f32>,
    /// For every band of rows.
    taps: Vec<Taps>,
}

/// The sample positions of a row.
#[derive(Debug, Clone)]
struct Taps {
    /// The upper left pixel of the kernel, counted in pixels of the texture.
    corner: Vec<i32>,
    /// Weights of the columns and of the rows of the kernel.
    across: [Vec<f32>; KERNEL],
    down: [Vec<f32>; KERNEL],
}

impl Texture {
    /// Allocates the texture for pictures of `width` × `height` pixels that are split into `bands`.
    pub fn new(width: usize, height: usize, bands: usize) -> Self {
        let line = || std::array::from_fn(|_| vec![0.0; width]);
        let taps = Taps { corner: vec![0; width], across: line(), down: line() };
        let texels = vec![0.0; TEXEL * (width + 2 * MARGIN) * (height + 2 * MARGIN)];
        Self { width, height, texels, taps: vec![taps; bands] }
    }

    /// Copies a picture and its gradient by central differences into the texture.
    pub fn fill(&mut self, picture: &Plane) {
        let (width, height) = picture.size();
        let pitch = TEXEL * (width + 2 * MARGIN);
        let rows = self.texels.par_chunks_mut(pitch).skip(MARGIN).take(height).enumerate();
        rows.for_each(|(y, texels)| {
            let [above, row, below] = [y.saturating_sub(1), y, (y + 1).min(height - 1)].map(|index| picture.row(index));
            for (x, texel) in texels[TEXEL * MARGIN..].as_chunks_mut().0.iter_mut().take(width).enumerate() {
                let along_x = 0.5 * (row[(x + 1).min(width - 1)] - row[x.saturating_sub(1)]);
                *texel = [row[x], along_x, 0.5 * (below[x] - above[x]), 0.0];
            }
        });
    }

    /// Linearises the data term around the flow in `pairs`; `first` is the first picture.
    pub fn warp(&mut self, first: &Plane, pairs: &[Pair], data: &mut [DataRow]) {
        let Self { width, height, texels, taps } = self;
        let band = height.div_ceil(taps.len());
        let bands = data.par_chunks_mut(band).zip(taps).enumerate();
        bands.for_each(|(index, (data, taps))| {
            for (y, data) in (index * band..).zip(data) {
                let flow = [&pairs[y][0].u[..*width], &pairs[y][1].u[..*width]];
                widest(
                    #[inline(always)]
                    || {
                        taps.aim(y, flow, (*width, *height));
                        taps.sample(texels, *width + 2 * MARGIN, data);
                        linearise(first.row(y), flow, data);
                    },
                );
            }
        });
    }
}

impl Taps {
    /// Computes where the pixels of row `y` are in the second picture.
    #[inline(always)]
    fn aim(&mut self, y: usize, [u, v]: [&[f32]; 2], (width, height): (usize, usize)) {
        let pitch = (width + 2 * MARGIN) as i32;
        // From a place in the picture to the texel one up and left of it; anywhere outside is as good as just outside.
        let within =
            |floor: f32, length: usize| rows::smaller(rows::larger(floor, -3.0), length as f32 + 1.0) as i32 + 3;
        let Self { corner, across: [a0, a1, a2, a3], down: [d0, d1, d2, d3] } = self;
        let (corner, u, v) = (&mut corner[..width], &u[..width], &v[..width]);
        let (a0, a1, a2, a3) = (&mut a0[..width], &mut a1[..width], &mut a2[..width], &mut a3[..width]);
        for x in 0..width {
            let (place_x, place_y) = (x as f32 + u[x], y as f32 + v[x]);
            let (left, top) = (place_x.floor(), place_y.floor());
            corner[x] = within(top, height) * pitch + within(left, width);
            [a0[x], a1[x], a2[x], a3[x]] = weights(place_x - left);
        }
        let (d0, d1, d2, d3) = (&mut d0[..width], &mut d1[..width], &mut d2[..width], &mut d3[..width]);
        for x in 0..width {
            let place = y as f32 + v[x];
            [d0[x], d1[x], d2[x], d3[x]] = weights(place - place.floor());
        }
    }

    /// Writes grey values to `data.constant` and derivatives to `data.slopes`.
    #[inline(always)]
    fn sample(&self, texels: &[f32], pitch: usize, data: &mut DataRow) {
        const ROW: usize = TEXEL * KERNEL;
        let [slopes_x, slopes_y] = &mut data.slopes;
        for (x, corner) in self.corner.iter().enumerate() {
            let mut columns = [0.0; ROW];
            for (j, down) in self.down.iter().enumerate() {
                let row: &[f32; ROW] =
                    texels[TEXEL * (*corner as usize + j * pitch)..].first_chunk().expect("the margin is wide enough");
                for k in 0..ROW {
                    columns[k] += down[x] * row[k];
                }
            }
            let mut sum = [0.0; TEXEL];
            for k in 0..TEXEL {
                for (i, across) in self.across.iter().enumerate() {
                    sum[k] += across[x] * columns[TEXEL * i + k];
                }
            }
            [data.constant[x], slopes_x[x], slopes_y[x], _] = sum;
        }
    }
}

/// Turns the samples in `data` into the data term linearised around `flow`.
#[inline(always)]
fn linearise(first: &[f32], [u, v]: [&[f32]; 2], data: &mut DataRow) {
    let length = first.len();
    let (ix, iy, u, v) = (&data.slopes[0][..length], &data.slopes[1][..length], &u[..length], &v[..length]);
    let (constant, inverse) = (&mut data.constant[..length], &mut data.inverse[..length]);
    for x in 0..length {
        constant[x] = constant[x] - ix[x] * u[x] - iy[x] * v[x] - first[x];
        inverse[x] = -1.0 / rows::larger(ix[x] * ix[x] + iy[x] * iy[x], f32::MIN_POSITIVE);
    }
}
