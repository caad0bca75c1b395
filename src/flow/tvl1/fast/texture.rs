//! The second picture and its gradient, laid out for being sampled along the flow.

use rayon::prelude::*;

use super::rows::{DataRow, Pair};
use super::simd::widest;
use crate::flow::Plane;
use crate::flow::tvl1::stages::warp::weights;

/// Zeros around the picture. Samples whose 4 × 4 pixels lie further out are taken where all of them are zero.
const MARGIN: usize = 4;

/// Grey value, its x and its y derivative, and nothing: one sample of all three is a vector.
type Texel = [f32; 4];

/// The three planes that are warped, interleaved, with a margin of zeros.
#[derive(Debug, Default)]
pub struct Texture {
    width: usize,
    texels: Vec<Texel>,
}

impl Texture {
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, texels: vec![[0.0; 4]; (width + 2 * MARGIN) * (height + 2 * MARGIN)] }
    }

    /// Takes over a picture of the size the texture was made for.
    pub fn fill(&mut self, picture: &Plane) {
        let (width, height) = picture.size();
        let rows = self.texels.par_chunks_mut(width + 2 * MARGIN).skip(MARGIN).take(height).enumerate();
        rows.for_each(|(y, texels)| {
            let [above, row, below] = [y.saturating_sub(1), y, (y + 1).min(height - 1)].map(|index| picture.row(index));
            for (x, texel) in texels[MARGIN..][..width].iter_mut().enumerate() {
                let along_x = 0.5 * (row[(x + 1).min(width - 1)] - row[x.saturating_sub(1)]);
                *texel = [row[x], along_x, 0.5 * (below[x] - above[x]), 0.0];
            }
        });
    }

    /// Makes the data term linear around the flow in `pairs`, one row after the other; `first` is the first picture.
    pub fn warp(&self, first: &Plane, pairs: &[Pair], data: &mut [DataRow]) {
        data.par_iter_mut().zip(pairs).enumerate().for_each(|(y, (data, pair))| {
            widest(
                #[inline(always)]
                || self.warp_row(y, first.row(y), [&pair[0].u, &pair[1].u], data),
            );
        });
    }

    #[inline(always)]
    fn warp_row(&self, y: usize, first: &[f32], [u, v]: [&[f32]; 2], data: &mut DataRow) {
        let (u, v) = (&u[..first.len()], &v[..first.len()]);
        let [slopes_x, slopes_y] = &mut data.slopes;
        for x in 0..first.len() {
            let [i, ix, iy, _] = self.sample(x as f32 + u[x], y as f32 + v[x]);
            slopes_x[x] = ix;
            slopes_y[x] = iy;
            data.constant[x] = i - ix * u[x] - iy * v[x] - first[x];
            data.inverse[x] = -1.0 / (ix * ix + iy * iy).max(f32::MIN_POSITIVE);
        }
    }

    /// All three planes at a position, as [`warp`](crate::flow::tvl1::stages::warp) samples them.
    #[inline(always)]
    fn sample(&self, x: f32, y: f32) -> Texel {
        let pitch = self.width + 2 * MARGIN;
        let height = self.texels.len() / pitch - 2 * MARGIN;
        let (left, top) = (x.floor(), y.floor());
        let (across, down) = (weights(x - left), weights(y - top));
        // From the texel up and left of the one at (left, top).
        let corner = |floor: f32, length: usize| (floor.clamp(-3.0, length as f32 + 1.0) + 3.0) as usize;
        let start = corner(top, height) * pitch + corner(left, self.width);
        let mut sum = [0.0; 4];
        for (j, weight) in down.iter().enumerate() {
            let row: &[Texel; 4] =
                self.texels[start + j * pitch..].first_chunk().expect("the margin is wider than the kernel");
            for lane in 0..4 {
                let along: f32 = across[0] * row[0][lane]
                    + across[1] * row[1][lane]
                    + across[2] * row[2][lane]
                    + across[3] * row[3][lane];
                sum[lane] += weight * along;
            }
        }
        sum
    }
}
