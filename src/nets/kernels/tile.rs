//! The innermost loop of a convolution: a tile of maps × pixels in registers.
//!
//! Pixels are counted along all rows of a band, so small maps fill whole vectors too; pixels between two rows are
//! discarded when the tile is written. For every input map and tap the tile loads `N` vectors of pixels and `M`
//! weights: `M · N` multiply-adds for `N + M` loads. A tile is 8 × 3 with 32 registers and 6 × 2 with 16; with fewer
//! maps (flow predictors, depthwise convolutions) it has more pixels instead.
//!
//! All blocks of maps are computed for one tile of pixels before the next tile: the pixels stay in the L1 cache, and
//! the weights stream through it in memory order.

#![expect(clippy::needless_range_loop, reason = "indices run over registers: iterators would keep them in memory")]

use pulp::{Scalar128b, Simd};

use super::simd::{copy, multiply_add};
use super::sizes::ConvolutionAxis;

/// Maximum number of maps in a tile.
pub const LARGEST_BLOCK: usize = 8;

/// Maximum number of pixels in a tile.
pub const LONGEST_TILE: usize = 128;

/// Maximum number of pixels in a vector.
pub const LONGEST_VECTOR: usize = 16;

/// An activation: `min(x, ceiling)` for positive x, `slope · x` for negative x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Activation {
    /// Slope for negative x: 1 without activation, 0 for ReLU.
    pub slope: f32,
    /// Upper limit; infinite except for ReLU6.
    pub ceiling: f32,
}

impl Activation {
    /// No activation.
    pub const NONE: Self = Self { slope: 1.0, ceiling: f32::INFINITY };
    /// ReLU.
    pub const RELU: Self = Self { slope: 0.0, ceiling: f32::INFINITY };
    /// ReLU6.
    pub const RELU6: Self = Self { slope: 0.0, ceiling: 6.0 };
}

/// Returns the sums of a tile plus the products of `weights` (`M` per offset) and the pixels at `offsets`.
#[inline(always)]
pub fn add_products<S: Simd, const M: usize, const N: usize>(
    simd: S,
    pixels: &[f32],
    offsets: &[u32],
    weights: &[f32],
    mut sums: [[S::f32s; N]; M],
) -> [[S::f32s; N]; M] {
    for (weights, offset) in weights.as_chunks::<M>().0.iter().zip(offsets) {
        let (window, _) = S::as_simd_f32s(&pixels[*offset as usize..][..N * S::F32_LANES]);
        let mut vectors = [simd.splat_f32s(0.0); N];
        vectors.copy_from_slice(&window[..N]);
        for m in 0..M {
            let weight = simd.splat_f32s(weights[m]);
            for n in 0..N {
                sums[m][n] = multiply_add(simd, weight, vectors[n], sums[m][n]);
            }
        }
    }
    sums
}

/// A band of rows, with some of its input maps.
pub struct Band<'a> {
    /// Axes of rows and columns.
    pub axes: &'a [ConvolutionAxis; 2],
    /// The input maps, in planes or in place.
    pub planes: &'a [f32],
    /// Distance between rows.
    pub row: usize,
    /// Number of grid rows.
    pub rows: usize,
    /// `true` if rows follow each other without a gap, here and in the output.
    pub flat: bool,
    /// Offsets read by the products of each part.
    pub offsets: &'a [&'a [u32]],
    /// `true` if the first input maps are included, so the sums start at the bias.
    pub first: bool,
    /// `true` if the last input maps are included, so the sums are written.
    pub last: bool,
    /// Activation applied to the sums.
    pub activation: Activation,
}

/// A block of output maps.
pub struct OutputBlock<'a, 'b> {
    /// The weights of each part in the order of the offsets, with the maps interleaved.
    pub weights: &'a [f32],
    /// Bias of each map.
    pub bias: [f32; LARGEST_BLOCK],
    /// Output rows of each map.
    pub out: &'a mut [&'b mut [f32]],
    /// Partial sums of the previous input maps, by part, tile and map; empty if all input maps are included.
    pub sums: &'a mut [f32],
}

impl Band<'_> {
    /// Computes the band for `blocks`; `tiles` must have room for a tile of each part of a row.
    #[inline(always)]
    pub fn run<S: Simd>(&self, simd: S, blocks: &mut [OutputBlock], tiles: &mut [f32]) {
        let maps = blocks.iter().map(|block| block.out.len()).max().unwrap_or_default();
        assert!(maps <= if S::REGISTER_COUNT >= 32 { 8 } else { 6 }, "blocks are not larger than the registers allow");
        let mut at = if const { S::REGISTER_COUNT >= 32 } {
            match maps {
                0..3 => self.go_over::<S, 8>(simd, blocks, tiles),
                3 | 4 => self.go_over::<S, 6>(simd, blocks, tiles),
                _ => self.go_over::<S, 3>(simd, blocks, tiles),
            }
        } else {
            match maps {
                0..2 => self.go_over::<S, 8>(simd, blocks, tiles),
                2 => self.go_over::<S, 5>(simd, blocks, tiles),
                3 => self.go_over::<S, 3>(simd, blocks, tiles),
                _ => self.go_over::<S, 2>(simd, blocks, tiles),
            }
        };
        let total = self.pixels();
        while at < total {
            // Maps read in place end with the last pixel, so the last vector starts earlier and overlaps.
            let start = if self.flat { at.min(total - S::F32_LANES) } else { at };
            self.all_blocks::<S, 1>(simd, [start, at], blocks, tiles);
            at += S::F32_LANES;
        }
    }

    /// Returns the number of pixels of the band, including the gaps between its rows.
    fn pixels(&self) -> usize {
        (self.rows - 1) * self.row + self.axes[1].grid
    }

    /// Computes tiles of `N` vectors, and returns the index after the last pixel.
    #[inline(always)]
    fn go_over<S: Simd, const N: usize>(&self, simd: S, blocks: &mut [OutputBlock], tiles: &mut [f32]) -> usize {
        // Planes have room for a tile after the last pixel, so a full tile may overrun.
        let end = self.pixels() + if self.flat { 0 } else { (N - 1) * S::F32_LANES - 1 };
        let mut at = 0;
        while at + N * S::F32_LANES <= end {
            self.all_blocks::<S, N>(simd, [at; 2], blocks, tiles);
            at += N * S::F32_LANES;
        }
        at
    }

    /// Computes the tile from pixel `at[0]`, whose sums are stored for pixel `at[1]`.
    #[inline(always)]
    fn all_blocks<S: Simd, const N: usize>(
        &self,
        simd: S,
        at: [usize; 2],
        blocks: &mut [OutputBlock],
        tiles: &mut [f32],
    ) {
        // Only the sizes that fit in the registers are compiled.
        for block in blocks {
            let maps = block.out.len();
            if const { S::REGISTER_COUNT >= 32 && N <= 3 } {
                match maps {
                    8 => self.tile::<S, 8, N>(simd, at, block, tiles),
                    7 => self.tile::<S, 7, N>(simd, at, block, tiles),
                    6 => self.tile::<S, 6, N>(simd, at, block, tiles),
                    5 => self.tile::<S, 5, N>(simd, at, block, tiles),
                    _ => (),
                }
            }
            if const { S::REGISTER_COUNT < 32 && N <= 2 } {
                match maps {
                    6 => self.tile::<S, 6, N>(simd, at, block, tiles),
                    5 => self.tile::<S, 5, N>(simd, at, block, tiles),
                    4 => self.tile::<S, 4, N>(simd, at, block, tiles),
                    _ => (),
                }
            }
            if const { S::REGISTER_COUNT >= 32 && N <= 6 } && maps == 4 {
                self.tile::<S, 4, N>(simd, at, block, tiles);
            }
            if const { N <= 3 || S::REGISTER_COUNT >= 32 && N <= 6 } && maps == 3 {
                self.tile::<S, 3, N>(simd, at, block, tiles);
            }
            if const { N <= 5 || S::REGISTER_COUNT >= 32 } && maps == 2 {
                self.tile::<S, 2, N>(simd, at, block, tiles);
            }
            if maps == 1 {
                self.tile::<S, 1, N>(simd, at, block, tiles);
            }
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const M: usize, const N: usize>(
        &self,
        simd: S,
        [at, kept_at]: [usize; 2],
        block: &mut OutputBlock,
        tiles: &mut [f32],
    ) {
        let length = N * S::F32_LANES;
        let [y, x] = self.axes;
        let (row, column) = if self.flat { (0, at) } else { (at / self.row, at % self.row) };
        let whole = y.step_to * x.step_to == 1 && (self.flat || column + length <= x.grid);
        let mut weights = block.weights;
        let kept_of_part = block.sums.len() / self.offsets.len();
        for (part, offsets) in self.offsets.iter().enumerate() {
            let (mine, rest) = weights.split_at(offsets.len() * M);
            weights = rest;
            let mut sums = [[simd.splat_f32s(0.0); N]; M];
            for m in 0..M {
                sums[m] = [simd.splat_f32s(block.bias[m]); N];
            }
            if !self.first {
                let (kept, _) = S::as_simd_f32s(&block.sums[part * kept_of_part + kept_at * M..][..M * length]);
                for m in 0..M {
                    sums[m].copy_from_slice(&kept[m * N..(m + 1) * N]);
                }
            }
            let sums = add_products::<S, M, N>(simd, &self.planes[at..], offsets, mine, sums);
            if !self.last {
                let (kept, _) = S::as_mut_simd_f32s(&mut block.sums[part * kept_of_part + kept_at * M..][..M * length]);
                for m in 0..M {
                    kept[m * N..(m + 1) * N].copy_from_slice(&sums[m]);
                }
                continue;
            }
            let sums = self.activated::<S, M, N>(simd, sums);
            if whole {
                let start = row * x.to + column;
                for m in 0..M {
                    let (to, _) = S::as_mut_simd_f32s(&mut block.out[m][start..start + length]);
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
                self.write([row, column], length, part_y, block.out, tiles);
            }
        }
    }

    #[inline(always)]
    fn activated<S: Simd, const M: usize, const N: usize>(
        &self,
        simd: S,
        mut sums: [[S::f32s; N]; M],
    ) -> [[S::f32s; N]; M] {
        if self.activation != Activation::NONE {
            let Activation { slope, ceiling } = self.activation;
            let [zero, slopes, ceiling] = [simd.splat_f32s(0.0), simd.splat_f32s(slope), simd.splat_f32s(ceiling)];
            for m in 0..M {
                for n in 0..N {
                    let sum = sums[m][n];
                    // -∞ · 0 is NaN.
                    let negative = if slope == 0.0 { zero } else { simd.mul_f32s(sum, slopes) };
                    let sum = simd.select_f32s(simd.less_than_f32s(sum, zero), negative, sum);
                    sums[m][n] = simd.select_f32s(simd.less_than_f32s(ceiling, sum), ceiling, sum);
                }
            }
        }
        sums
    }
    /// Writes the pixels inside the rows, interleaving the parts of a row.
    fn write(
        &self,
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
                let maps = out.len();
                for (m, out) in out.iter_mut().enumerate() {
                    let to = &mut out[line * x.to + start..line * x.to + end];
                    let part = |index: usize| &tiles[(index * maps + m) * length + done..][..count];
                    match x.step_to {
                        1 => copy(Scalar128b, part(0), to),
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
