//! The innermost loop of a convolution: a tile of maps × pixels in registers.
//!
//! Pixels are counted along all rows of a band, so that small maps fill whole vectors too; what falls between two rows is
//! left out when the tile is written. For every input map and tap the tile takes `N` vectors of pixels and `M` weights:
//! `M · N` multiply-adds for `N + M` loads. With 32 registers 8 × 3 are in use, with 16 registers 6 × 2; fewer maps
//! (predictors of flow, convolutions of one map by itself) take more pixels instead.

#![expect(clippy::needless_range_loop, reason = "indices run over registers: iterators would keep them in memory")]

use pulp::Simd;

use super::simd::{copy, multiply_add};
use super::sizes::ConvolutionAxis;

/// Most maps of a tile.
pub const LARGEST_BLOCK: usize = 8;

/// Most pixels of a tile.
pub const LONGEST_TILE: usize = 128;

/// What a sum goes through: `min(x, ceiling)` where it is positive, `slope · x` where it is negative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Activation {
    /// 1 without activation, 0 for ReLU.
    pub slope: f32,
    /// Infinite but for ReLU6.
    pub ceiling: f32,
}

impl Activation {
    /// No activation.
    pub const NONE: Self = Self { slope: 1.0, ceiling: f32::INFINITY };
    /// The rectifier.
    pub const RELU: Self = Self { slope: 0.0, ceiling: f32::INFINITY };
    /// The rectifier that ends at 6.
    pub const RELU6: Self = Self { slope: 0.0, ceiling: 6.0 };
}

/// A band of rows for one block of maps.
pub struct Band<'a> {
    /// Rows and columns.
    pub axes: &'a [ConvolutionAxis; 2],
    /// The input maps, in planes or where they are.
    pub planes: &'a [f32],
    /// From one row to the next.
    pub row: usize,
    /// Rows of the grid.
    pub rows: usize,
    /// Rows follow each other without a gap, here and in the output.
    pub flat: bool,
    /// Where the products of each part are read.
    pub offsets: &'a [Vec<u32>],
    /// The weights of each part in the same order, those of all maps side by side.
    pub weights: &'a [f32],
    /// Of each map.
    pub bias: [f32; LARGEST_BLOCK],
    /// Behind the sums.
    pub activation: Activation,
}

impl Band<'_> {
    /// Computes the band of the maps `out`; `tiles` has room for a tile of each part of a row.
    #[inline(always)]
    pub fn run<S: Simd>(&self, simd: S, out: &mut [&mut [f32]], tiles: &mut [f32]) {
        match out.len() {
            8 => self.go_over::<S, 8, 3>(simd, out, tiles),
            6 => self.go_over::<S, 6, 2>(simd, out, tiles),
            4 if S::REGISTER_COUNT >= 32 => self.go_over::<S, 4, 6>(simd, out, tiles),
            4 => self.go_over::<S, 4, 2>(simd, out, tiles),
            2 if S::REGISTER_COUNT >= 32 => self.go_over::<S, 2, 8>(simd, out, tiles),
            2 => self.go_over::<S, 2, 5>(simd, out, tiles),
            _ => self.go_over::<S, 1, 8>(simd, out, tiles),
        }
    }

    #[inline(always)]
    fn go_over<S: Simd, const M: usize, const N: usize>(&self, simd: S, out: &mut [&mut [f32]], tiles: &mut [f32]) {
        let total = (self.rows - 1) * self.row + self.axes[1].grid;
        let mut at = 0;
        while at + N * S::F32_LANES <= total {
            self.tile::<S, M, N>(simd, at, out, tiles);
            at += N * S::F32_LANES;
        }
        while at < total {
            // Maps that are read where they are end with the last pixel: the last vector begins earlier.
            let start = if self.flat { at.min(total - S::F32_LANES) } else { at };
            self.tile::<S, M, 1>(simd, start, out, tiles);
            at += S::F32_LANES;
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const M: usize, const N: usize>(
        &self,
        simd: S,
        at: usize,
        out: &mut [&mut [f32]],
        tiles: &mut [f32],
    ) {
        let length = N * S::F32_LANES;
        let [y, x] = self.axes;
        let (row, column) = if self.flat { (0, at) } else { (at / self.row, at % self.row) };
        let whole = y.step_to * x.step_to == 1 && (self.flat || column + length <= x.grid);
        let mut weights = self.weights;
        for (part, offsets) in self.offsets.iter().enumerate() {
            let (mine, rest) = weights.split_at(offsets.len() * M);
            weights = rest;
            let sums = self.sums::<S, M, N>(simd, &self.planes[at..], offsets, mine);
            if whole {
                let start = row * x.to + column;
                for m in 0..M {
                    let (to, _) = S::as_mut_simd_f32s(&mut out[m][start..start + length]);
                    to[..N].copy_from_slice(&sums[m]);
                }
                continue;
            }
            let (part_y, part_x) = (part / x.step_to, part % x.step_to);
            let (to, _) = S::as_mut_simd_f32s(&mut tiles[part_x * M * length..][..M * length]);
            for m in 0..M {
                to[m * N..(m + 1) * N].copy_from_slice(&sums[m]);
            }
            if part_x + 1 == x.step_to {
                self.write::<S, M>(simd, [row, column], length, part_y, out, tiles);
            }
        }
    }

    /// The sums of a tile, with bias and activation.
    #[inline(always)]
    fn sums<S: Simd, const M: usize, const N: usize>(
        &self,
        simd: S,
        planes: &[f32],
        offsets: &[u32],
        weights: &[f32],
    ) -> [[S::f32s; N]; M] {
        let mut sums = [[simd.splat_f32s(0.0); N]; M];
        for m in 0..M {
            sums[m] = [simd.splat_f32s(self.bias[m]); N];
        }
        for (weights, offset) in weights.as_chunks::<M>().0.iter().zip(offsets) {
            let (window, _) = S::as_simd_f32s(&planes[*offset as usize..][..N * S::F32_LANES]);
            let mut pixels = [simd.splat_f32s(0.0); N];
            pixels.copy_from_slice(&window[..N]);
            for m in 0..M {
                let weight = simd.splat_f32s(weights[m]);
                for n in 0..N {
                    sums[m][n] = multiply_add(simd, weight, pixels[n], sums[m][n]);
                }
            }
        }
        if self.activation != Activation::NONE {
            let Activation { slope, ceiling } = self.activation;
            let [zero, slopes, ceiling] = [simd.splat_f32s(0.0), simd.splat_f32s(slope), simd.splat_f32s(ceiling)];
            for m in 0..M {
                for n in 0..N {
                    let sum = sums[m][n];
                    // -∞ · 0 is no number.
                    let negative = if slope == 0.0 { zero } else { simd.mul_f32s(sum, slopes) };
                    let sum = simd.select_f32s(simd.less_than_f32s(sum, zero), negative, sum);
                    sums[m][n] = simd.select_f32s(simd.less_than_f32s(ceiling, sum), ceiling, sum);
                }
            }
        }
        sums
    }

    /// Writes what is within the rows, with the parts of a row interleaved.
    #[inline(always)]
    fn write<S: Simd, const M: usize>(
        &self,
        simd: S,
        [mut row, mut column]: [usize; 2],
        length: usize,
        part_y: usize,
        out: &mut [&mut [f32]],
        tiles: &[f32],
    ) {
        let [y, x] = self.axes;
        let mut done = 0;
        while done < length && row < self.rows {
            let count = x.grid.saturating_sub(column).min(length - done);
            let line = row * y.step_to + part_y;
            if count > 0 && (line + 1) * x.to <= out[0].len() {
                let start = column * x.step_to;
                let end = (start + count * x.step_to).min(x.to);
                for m in 0..M {
                    let to = &mut out[m][line * x.to + start..line * x.to + end];
                    let part = |index: usize| &tiles[(index * M + m) * length + done..][..count];
                    match x.step_to {
                        1 => copy(simd, part(0), to),
                        2 => {
                            let (even, odd) = (part(0), part(1));
                            let (pairs, last) = to.as_chunks_mut::<2>();
                            for ((pair, even), odd) in pairs.iter_mut().zip(even).zip(odd) {
                                *pair = [*even, *odd];
                            }
                            if let [last] = last {
                                *last = even[count - 1];
                            }
                        }
                        step => {
                            for (i, to) in to.iter_mut().enumerate() {
                                *to = part(i % step)[i / step];
                            }
                        }
                    }
                }
            }
            done += self.row - column;
            (row, column) = (row + 1, 0);
        }
    }
}
