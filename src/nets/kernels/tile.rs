//! The innermost loop of a convolution: a tile of maps × pixels in registers.
//!
//! Pixels are counted along all rows of a band, so that small maps fill whole vectors too; what falls between two rows is
//! left out when the tile is written. For every input map and tap the tile takes `N` vectors of pixels and `M` weights:
//! `M · N` multiply-adds for `N + M` loads. With 32 registers 8 × 3 are in use, with 16 registers 6 × 2; fewer maps
//! (predictors of flow, convolutions of one map by itself) take more pixels instead.
//!
//! All blocks of maps are computed for one tile of pixels before the next tile: the pixels stay in the first level of the
//! cache, and the weights stream through it in the order in which they lie.

#![expect(clippy::needless_range_loop, reason = "indices run over registers: iterators would keep them in memory")]

use pulp::{Scalar128b, Simd};

use super::simd::{copy, multiply_add};
use super::sizes::ConvolutionAxis;

/// Most maps of a tile.
pub const LARGEST_BLOCK: usize = 8;

/// Most pixels of a tile.
pub const LONGEST_TILE: usize = 128;

/// Most pixels of a vector.
pub const LONGEST_VECTOR: usize = 16;

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

/// Returns the sums of a tile with the products of `weights`, `M` for each of `offsets`, and the pixels there.
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

/// A band of rows, and some of its input maps.
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
    pub offsets: &'a [&'a [u32]],
    /// The first input maps are among them: the sums begin.
    pub first: bool,
    /// The last input maps are among them: the sums are written.
    pub last: bool,
    /// Behind the sums.
    pub activation: Activation,
}

/// A block of output maps.
pub struct OutputBlock<'a, 'b> {
    /// The weights of each part in the order of the offsets, those of all maps side by side.
    pub weights: &'a [f32],
    /// Of each map.
    pub bias: [f32; LARGEST_BLOCK],
    /// The rows of each map.
    pub out: &'a mut [&'b mut [f32]],
    /// The sums of the input maps so far: of each part, tile and map. Empty where all input maps are there at once.
    pub sums: &'a mut [f32],
}

impl Band<'_> {
    /// Computes the band for `blocks`; `tiles` has room for a tile of each part of a row.
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
            // Maps that are read where they are end with the last pixel: the last vector begins earlier.
            let start = if self.flat { at.min(total - S::F32_LANES) } else { at };
            self.all_blocks::<S, 1>(simd, [start, at], blocks, tiles);
            at += S::F32_LANES;
        }
    }

    /// Returns the number of pixels of the band, with the gaps between its rows.
    fn pixels(&self) -> usize {
        (self.rows - 1) * self.row + self.axes[1].grid
    }

    /// Computes tiles of `N` vectors, and returns the pixel behind the last.
    #[inline(always)]
    fn go_over<S: Simd, const N: usize>(&self, simd: S, blocks: &mut [OutputBlock], tiles: &mut [f32]) -> usize {
        // Planes have room for a tile behind the last pixel: more than a vector is left to one.
        let end = self.pixels() + if self.flat { 0 } else { (N - 1) * S::F32_LANES - 1 };
        let mut at = 0;
        while at + N * S::F32_LANES <= end {
            self.all_blocks::<S, N>(simd, [at; 2], blocks, tiles);
            at += N * S::F32_LANES;
        }
        at
    }

    /// Computes the tile from pixel `at[0]` on, whose sums are kept for pixel `at[1]`.
    #[inline(always)]
    fn all_blocks<S: Simd, const N: usize>(
        &self,
        simd: S,
        at: [usize; 2],
        blocks: &mut [OutputBlock],
        tiles: &mut [f32],
    ) {
        // Only what the registers have room for is compiled.
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
