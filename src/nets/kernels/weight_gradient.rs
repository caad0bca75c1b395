//! Gradients of weights and biases: products of maps in planes, summed over pixels.
//!
//! Layers with many input maps use another method (`wide_weight_gradient.rs`). For the others, including depthwise
//! ones, `M` maps of the output's gradient and `N` pairs of input map and tap give `M · N` sums of vectors, which stay
//! in registers over all pixels of a chunk: 4 × 6 with 32 registers, 3 × 3 with 16. The gradient's rows have the same
//! distance as the planes' and are separated by zeros, so pixels are counted as one long row; where the gradient is
//! zero, the product contributes nothing unless the input there is not finite. A chunk is as many rows, or as many
//! whole images, as fit in the L2 cache. Threads process tiles of maps; if there are too few tiles, each is split into
//! parts of the chunks, whose sums are added at the end in a fixed order.

#![expect(clippy::needless_range_loop, reason = "indices run over registers: iterators would keep them in memory")]

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::planes::PlaneLayout;
use super::scratch::with_buffers;
use super::simd::{Vectors, copy, multiply_add};
use super::sizes::{ConvolutionAxis, ConvolutionSizes};
use super::weight_tiles::{MAPS_OF_TASK, WeightTile, add_parts};
use super::wide_weight_gradient::{FEWEST_MAPS, wide_weight_gradient};

/// Floats in the planes of a chunk: one megabyte.
const CHUNK: usize = 256 * 1024;

/// Floats of a map in a chunk, chosen such that four maps of the gradient and one of the input stay in the L1 cache.
const LONGEST: usize = 4096;

/// Minimum number of output maps of a group for which vectors of input maps are faster.
const FEWEST_OUTPUT_MAPS: usize = 4;

/// Returns the gradient of the weights [maps, c / groups, kh, kw] of the convolution of `x`, given that of its output.
pub fn weight_gradient(vectors: Vectors, sizes: &ConvolutionSizes, x: &[f32], gradient: &[f32]) -> Vec<f32> {
    let ([of_x, of_y], taps) = (sizes.maps_of_group(), sizes.taps());
    let axes = [sizes.forward(0), sizes.forward(1)];
    if x.is_empty() || gradient.is_empty() || taps == 0 {
        return vec![0.0; sizes.maps[1] * of_x * taps];
    }
    if of_x >= FEWEST_MAPS && of_y >= FEWEST_OUTPUT_MAPS {
        return wide_weight_gradient(vectors.available(), sizes, x, gradient);
    }
    let [xs, ys] = [of_x, of_y].map(|maps| maps.div_ceil(maps.div_ceil(MAPS_OF_TASK)));
    let whole = PlaneLayout::new(&axes, sizes.y[0], 1);
    let row = whole.row * (xs * whole.phases[0] * whole.phases[1] + ys);
    let rows = (CHUNK / row).min(LONGEST / whole.row).clamp(1, sizes.y[0]);
    let bands = sizes.y[0].div_ceil(rows);
    let rows = sizes.y[0].div_ceil(bands);
    let bands = sizes.y[0].div_ceil(rows);
    let fit = (CHUNK / (whole.map() * xs + whole.plane * ys)).min(LONGEST / whole.plane).max(1);
    let pictures = if bands > 1 { 1 } else { sizes.batch.div_ceil(sizes.batch.div_ceil(fit)) };
    let chunks = sizes.batch.div_ceil(pictures) * bands;

    let tiles = WeightTile::all(sizes, [xs, ys], chunks);
    let layout = PlaneLayout::new(&axes, rows, pictures);
    let of_map = |map: usize| {
        let tap = move |tap| [tap / sizes.kernel[1], tap % sizes.kernel[1]];
        let axes = &axes;
        (0..taps).map(move |index| (map * layout.map() + layout.offset(axes, tap(index))) as u32)
    };
    let offsets: Vec<u32> = (0..xs).flat_map(of_map).collect();
    let shared = GradientInput { sizes, axes: &axes, x, gradient, layout, offsets: &offsets, rows, bands, pictures };
    // Reads beyond the last plane are multiplied by zeros.
    let lengths = [xs * layout.map() + pictures * layout.plane, ys * pictures * layout.plane];
    let of_tile = |tile: &WeightTile| {
        let mut sums = vec![0.0; (tile.ys[1] - tile.ys[0]) * (tile.xs[1] - tile.xs[0]) * taps];
        with_buffers(lengths, |[planes, gradients]| {
            vectors.run(GradientWork { shared: &shared, tile, planes, gradients, sums: &mut sums });
        });
        sums
    };
    let parts = tiles.par_iter().map(of_tile).collect();
    add_parts(sizes, &tiles, parts)
}

/// Returns the gradient of the bias: the sum of each of the `maps` over all images and pixels of `gradient`.
pub fn bias_gradient(maps: usize, pixels: usize, gradient: &[f32]) -> Vec<f32> {
    let of_map = |map: usize| {
        let pictures = gradient.chunks_exact((maps * pixels).max(1));
        pictures.map(|picture| sum(&picture[map * pixels..(map + 1) * pixels])).sum()
    };
    (0..maps).into_par_iter().with_min_len(MAPS_OF_TASK / 4).map(of_map).collect()
}

/// Sums in sixteen lanes, which is faster and more accurate than a single sum.
fn sum(values: &[f32]) -> f32 {
    let (blocks, rest) = values.as_chunks::<16>();
    let mut sums = [0.0; 16];
    for block in blocks {
        for (sum, value) in sums.iter_mut().zip(block) {
            *sum += value;
        }
    }
    sums.iter().chain(rest).sum()
}

/// Shared input of all tasks.
struct GradientInput<'a> {
    sizes: &'a ConvolutionSizes,
    axes: &'a [ConvolutionAxis; 2],
    x: &'a [f32],
    gradient: &'a [f32],
    layout: PlaneLayout,
    /// Offsets at which the maps of a tile are read, by map and tap.
    offsets: &'a [u32],
    /// Rows per chunk.
    rows: usize,
    /// Chunks per image.
    bands: usize,
    /// Images per chunk.
    pictures: usize,
}

/// A task with buffers for the planes of its maps, and its sums.
struct GradientWork<'a> {
    shared: &'a GradientInput<'a>,
    tile: &'a WeightTile,
    planes: &'a mut [f32],
    gradients: &'a mut [f32],
    sums: &'a mut [f32],
}

impl WithSimd for GradientWork<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { shared, tile, planes, gradients, sums } = self;
        let GradientInput { sizes, axes, layout, rows, bands, pictures, .. } = *shared;
        let [plane_x, plane_y] = [sizes.x, sizes.y].map(|size| size[0] * size[1]);
        let [of_x, of_y] = sizes.maps_of_group();
        let (x_maps, y_maps) = (tile.xs[1] - tile.xs[0], tile.ys[1] - tile.ys[0]);
        let length = pictures * layout.plane;
        let offsets = &shared.offsets[..x_maps * sizes.taps()];
        for chunk in tile.chunks[0]..tile.chunks[1] {
            let first = chunk / bands * pictures;
            let count = pictures.min(sizes.batch - first);
            let first_row = chunk % bands * rows;
            let rows = rows.min(sizes.y[0] - first_row);
            for i in 0..count {
                let at = ((first + i) * sizes.maps[0] + tile.group * of_x + tile.xs[0]) * plane_x;
                let maps = shared.x[at..at + x_maps * plane_x].chunks_exact(plane_x);
                for (map, planes) in maps.zip(planes.chunks_exact_mut(layout.map())) {
                    layout.fill(simd, axes, first_row, i, map, planes);
                }
                let at = ((first + i) * sizes.maps[1] + tile.group * of_y + tile.ys[0]) * plane_y;
                let maps = shared.gradient[at..at + y_maps * plane_y].chunks_exact(plane_y);
                for (map, plane) in maps.zip(gradients.chunks_exact_mut(length)) {
                    let plane = &mut plane[i * layout.plane..(i + 1) * layout.plane];
                    let from = map.chunks_exact(sizes.y[1]).skip(first_row).take(rows);
                    for (from, to) in from.zip(plane.chunks_exact_mut(layout.row)) {
                        let (to, gap) = to.split_at_mut(sizes.y[1]);
                        copy(simd, from, to);
                        gap.fill(0.0);
                    }
                    plane[rows * layout.row..].fill(0.0);
                }
            }
            planes[x_maps * layout.map()..].fill(0.0);
            let used = (count - 1) * layout.plane + rows * layout.row;
            let pixels = ChunkPixels { planes, gradients, length, vectors: used.div_ceil(S::F32_LANES) };
            let mut y = 0;
            while y < y_maps {
                let sums = &mut sums[y * offsets.len()..];
                y += match y_maps - y {
                    4.. if S::REGISTER_COUNT >= 32 => pixels.add_maps::<S, 4, 6>(simd, y, offsets, sums),
                    3.. => pixels.add_maps::<S, 3, 3>(simd, y, offsets, sums),
                    2 => pixels.add_maps::<S, 2, 4>(simd, y, offsets, sums),
                    _ => pixels.add_maps::<S, 1, 9>(simd, y, offsets, sums),
                }
            }
        }
    }
}

/// The pixels of a chunk.
struct ChunkPixels<'a> {
    planes: &'a [f32],
    gradients: &'a [f32],
    /// Distance between maps of the gradient.
    length: usize,
    /// Number of vectors per map of the gradient that are not all zero.
    vectors: usize,
}

impl ChunkPixels<'_> {
    /// Adds to the sums of the `M` maps from `y`, and returns `M`.
    #[inline(always)]
    fn add_maps<S: Simd, const M: usize, const N: usize>(
        &self,
        simd: S,
        y: usize,
        offsets: &[u32],
        sums: &mut [f32],
    ) -> usize {
        let (blocks, rest) = offsets.as_chunks::<N>();
        for (i, block) in blocks.iter().enumerate() {
            self.add::<S, M, N>(simd, y, block, offsets.len(), &mut sums[i * N..]);
        }
        for (i, offset) in rest.iter().enumerate() {
            self.add::<S, M, 1>(simd, y, &[*offset], offsets.len(), &mut sums[blocks.len() * N + i..]);
        }
        M
    }

    /// Adds to `M` rows of `N` sums, which are `width` apart.
    #[inline(always)]
    fn add<S: Simd, const M: usize, const N: usize>(
        &self,
        simd: S,
        y: usize,
        offsets: &[u32; N],
        width: usize,
        into: &mut [f32],
    ) {
        let (lanes, count) = (S::F32_LANES, self.vectors);
        let none: &[S::f32s] = &[];
        let (mut xs, mut gs) = ([none; N], [none; M]);
        for n in 0..N {
            xs[n] = &S::as_simd_f32s(&self.planes[offsets[n] as usize..][..count * lanes]).0[..count];
        }
        for m in 0..M {
            gs[m] = &S::as_simd_f32s(&self.gradients[(y + m) * self.length..][..count * lanes]).0[..count];
        }
        let mut sums = [[simd.splat_f32s(0.0); N]; M];
        for i in 0..count {
            let mut g = [simd.splat_f32s(0.0); M];
            for m in 0..M {
                g[m] = gs[m][i];
            }
            for n in 0..N {
                let x = xs[n][i];
                for m in 0..M {
                    sums[m][n] = multiply_add(simd, g[m], x, sums[m][n]);
                }
            }
        }
        for m in 0..M {
            for n in 0..N {
                into[m * width + n] += simd.reduce_sum_f32s(sums[m][n]);
            }
        }
    }
}
