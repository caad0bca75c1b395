//! Weight gradients of layers with many input maps: vectors run over input maps.
//!
//! For every tap, the gradient is the sum over all output positions of
//! `gradient[map, position] · x[maps, position + tap]`: the same loop as that of a convolution (`tile.rs`), with input
//! maps in place of pixels and positions in place of input maps. For it, the maps of a chunk of rows, or of a few small
//! images, are stored channels-last. A pass covers as many positions as keep the pixels of a vector of maps in the L1
//! cache for all taps and output maps. Unlike in `weight_gradient.rs`, no vectors need to be summed horizontally at the
//! end of every chunk, but with fewer input maps than a vector has lanes, most of it is empty.

#![expect(clippy::needless_range_loop, reason = "indices run over registers: iterators would keep them in memory")]

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::scratch::with_buffers;
use super::simd::Vectors;
use super::sizes::ConvolutionSizes;
use super::tile::{LARGEST_BLOCK, LONGEST_VECTOR, add_products};
use super::weight_tiles::{MAPS_OF_TASK, WeightTile, add_parts};

/// Minimum number of input maps of a group.
pub const FEWEST_MAPS: usize = 12;

/// Floats in the pixels of a chunk: with the gradient and the sums of a task they fit in the L2 cache.
const CHUNK: usize = 48 * 1024;

/// Maximum number of output positions in a chunk.
const LONGEST: usize = 1024;

/// Output positions per pass.
const PASS: usize = 192;

/// Returns the gradient of the weights, like `weight_gradient`; no size in `sizes` may be zero.
pub fn wide_weight_gradient(vectors: Vectors, sizes: &ConvolutionSizes, x: &[f32], gradient: &[f32]) -> Vec<f32> {
    let [of_x, of_y] = sizes.maps_of_group();
    let [xs, ys] = [of_x, of_y].map(|maps| maps.div_ceil(maps.div_ceil(MAPS_OF_TASK)));
    let width = xs.next_multiple_of(if vectors == Vectors::Widest { LONGEST_VECTOR } else { 8 });
    let [height, columns] = [0, 1].map(|axis| (sizes.y[axis] - 1) * sizes.stride[axis] + sizes.kernel[axis]);
    let fit = CHUNK / (width * columns);
    let rows =
        (fit.saturating_sub(sizes.kernel[0]) / sizes.stride[0] + 1).min(LONGEST / sizes.y[1]).clamp(1, sizes.y[0]);
    let bands = sizes.y[0].div_ceil(rows);
    let rows = sizes.y[0].div_ceil(bands);
    let bands = sizes.y[0].div_ceil(rows);
    let most = (CHUNK / (width * columns * height)).min(LONGEST / (sizes.y[0] * sizes.y[1])).max(1);
    let pictures = if bands > 1 { 1 } else { sizes.batch.div_ceil(sizes.batch.div_ceil(most)) };
    let chunks = sizes.batch.div_ceil(pictures) * bands;

    let tiles = WeightTile::all(sizes, [xs, ys], chunks);
    let rows_read = (rows - 1) * sizes.stride[0] + sizes.kernel[0];
    let position = |picture: usize, row: usize, column: usize| {
        let row = picture * rows_read + row * sizes.stride[0];
        ((row * columns + column * sizes.stride[1]) * width) as u32
    };
    let mut offsets = Vec::with_capacity(pictures * rows * sizes.y[1]);
    for picture in 0..pictures {
        for row in 0..rows {
            offsets.extend((0..sizes.y[1]).map(|column| position(picture, row, column)));
        }
    }
    let shared = GradientInput {
        vectors,
        sizes,
        x,
        gradient,
        offsets: &offsets,
        rows,
        bands,
        pictures,
        rows_read,
        columns,
        width,
    };
    let lengths =
        [pictures * rows_read * columns * width, pictures * rows * sizes.y[1] * ys, ys * sizes.taps() * width];
    let parts: Vec<Vec<f32>> = tiles.par_iter().map(|tile| shared.of_tile(tile, lengths)).collect();
    add_parts(sizes, &tiles, parts)
}

/// Shared input of all tasks.
#[derive(Clone, Copy)]
struct GradientInput<'a> {
    vectors: Vectors,
    sizes: &'a ConvolutionSizes,
    x: &'a [f32],
    gradient: &'a [f32],
    /// Offset of the first tap at each position of a chunk.
    offsets: &'a [u32],
    /// Rows per chunk.
    rows: usize,
    /// Chunks per image.
    bands: usize,
    /// Images per chunk.
    pictures: usize,
    /// Rows and columns of an image that a chunk reads.
    rows_read: usize,
    columns: usize,
    /// Floats per pixel.
    width: usize,
}

impl GradientInput<'_> {
    /// Returns the gradient [y, x, taps] of a tile of the weights over its chunks.
    fn of_tile(&self, tile: &WeightTile, lengths: [usize; 3]) -> Vec<f32> {
        let taps = self.sizes.taps();
        let (x_maps, y_maps) = (tile.xs[1] - tile.xs[0], tile.ys[1] - tile.ys[0]);
        let largest = if self.vectors == Vectors::Widest { LARGEST_BLOCK } else { 6 };
        let count = y_maps.div_ceil(largest);
        let blocks: Vec<_> = (0..count).map(|i| [i * y_maps / count, (i + 1) * y_maps / count]).collect();
        let mut part = vec![0.0; y_maps * x_maps * taps];
        with_buffers(lengths, |[pixels, gradients, sums]| {
            let sums = &mut sums[..y_maps * taps * self.width];
            sums.fill(0.0);
            let blocks = &blocks[..];
            self.vectors.run(GradientWork { shared: *self, tile, blocks, pixels, gradients, sums });
            for [first, end] in blocks {
                for y in *first..*end {
                    for tap in 0..taps {
                        let at = (first * taps + tap * (end - first) + y - first) * self.width;
                        let to = part[y * x_maps * taps + tap..].iter_mut().step_by(taps);
                        for (to, sum) in to.zip(&sums[at..at + x_maps]) {
                            *to = *sum;
                        }
                    }
                }
            }
        });
        part
    }
}

/// A task with buffers for the pixels and the gradient of a chunk, and its sums by block, tap, output map and input
/// map.
struct GradientWork<'a> {
    shared: GradientInput<'a>,
    tile: &'a WeightTile,
    /// First output map of each block, and the end of the block.
    blocks: &'a [[usize; 2]],
    pixels: &'a mut [f32],
    gradients: &'a mut [f32],
    sums: &'a mut [f32],
}

impl WithSimd for GradientWork<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let GradientInput { sizes, offsets, rows, bands, pictures, columns, width, .. } = self.shared;
        let taps = sizes.taps();
        for chunk in self.tile.chunks[0]..self.tile.chunks[1] {
            let first_picture = chunk / bands * pictures;
            let count = pictures.min(sizes.batch - first_picture);
            let first_row = chunk % bands * rows;
            let rows = rows.min(sizes.y[0] - first_row);
            // Only the last band of an image is shorter, and it is then the only image in its chunk.
            let positions = count * rows * sizes.y[1];
            for i in 0..count {
                self.lay_out(first_picture + i, i, first_row);
                self.pack(first_picture + i, i * rows * sizes.y[1], [first_row, rows], positions);
            }
            let mut from = 0;
            while from < positions {
                let to = (from + PASS).min(positions);
                let mut map = 0;
                while map < width {
                    let two = map + 2 * S::F32_LANES <= width;
                    for [first, end] in self.blocks {
                        let maps = end - first;
                        let gradients = &self.gradients[first * positions + from * maps..first * positions + to * maps];
                        for tap in 0..taps {
                            let start = (tap / sizes.kernel[1] * columns + tap % sizes.kernel[1]) * width + map;
                            let products = Products {
                                pixels: &self.pixels[start..],
                                offsets: &offsets[from..to],
                                gradients,
                                sums: &mut self.sums[(first * taps + tap * maps) * width + map..],
                                width,
                            };
                            if two { products.add::<S, 2>(simd, maps) } else { products.add::<S, 1>(simd, maps) }
                        }
                    }
                    map += if two { 2 } else { 1 } * S::F32_LANES;
                }
                from = to;
            }
        }
    }
}

impl GradientWork<'_> {
    /// Stores the input of a chunk starting at output row `first_row` channels-last, as image `index` of the chunk.
    #[inline(always)]
    fn lay_out(&mut self, picture: usize, index: usize, first_row: usize) {
        let GradientInput { sizes, rows_read, columns, width, .. } = self.shared;
        let [height, row_length] = sizes.x;
        let [of_x, _] = sizes.maps_of_group();
        let maps = self.tile.xs[1] - self.tile.xs[0];
        let first_map = picture * sizes.maps[0] + self.tile.group * of_x + self.tile.xs[0];
        let left = sizes.padding[1].min(columns);
        let right = (left + row_length).min(columns);
        for row in 0..rows_read {
            let place = &mut self.pixels[(index * rows_read + row) * columns * width..][..columns * width];
            let from = (first_row * sizes.stride[0] + row).wrapping_sub(sizes.padding[0]);
            if from >= height || maps < width {
                place.fill(0.0);
            } else {
                place[..left * width].fill(0.0);
                place[right * width..].fill(0.0);
            }
            if from >= height {
                continue;
            }
            let pixels = &mut place[left * width..right * width];
            let line = |map: usize| &self.shared.x[((first_map + map) * height + from) * row_length..][..right - left];
            let mut map = 0;
            while map + 8 <= maps {
                let mut lines = [&[] as &[f32]; 8];
                for k in 0..8 {
                    lines[k] = line(map + k);
                }
                for (column, pixel) in pixels.chunks_exact_mut(width).enumerate() {
                    let pixel = &mut pixel[map..map + 8];
                    for k in 0..8 {
                        pixel[k] = lines[k][column];
                    }
                }
                map += 8;
            }
            for map in map..maps {
                for (value, pixel) in line(map).iter().zip(pixels.chunks_exact_mut(width)) {
                    pixel[map] = *value;
                }
            }
        }
    }

    /// Writes the gradient of an image by block, position and map, starting at position `at` of the chunk.
    #[inline(always)]
    fn pack(&mut self, picture: usize, at: usize, [first_row, rows]: [usize; 2], positions: usize) {
        let sizes = self.shared.sizes;
        let [_, of_y] = sizes.maps_of_group();
        let plane = sizes.y[0] * sizes.y[1];
        for [first, end] in self.blocks {
            let maps = end - first;
            let places = &mut self.gradients[first * positions + at * maps..];
            for map in 0..maps {
                let index = picture * sizes.maps[1] + self.tile.group * of_y + self.tile.ys[0] + first + map;
                let from = &self.shared.gradient[index * plane + first_row * sizes.y[1]..][..rows * sizes.y[1]];
                for (value, place) in from.iter().zip(places.chunks_exact_mut(maps)) {
                    place[map] = *value;
                }
            }
        }
    }
}

/// The products of one tap, for a block of output maps and some vectors of input maps.
struct Products<'a> {
    pixels: &'a [f32],
    offsets: &'a [u32],
    gradients: &'a [f32],
    sums: &'a mut [f32],
    width: usize,
}

impl Products<'_> {
    #[inline(always)]
    fn add<S: Simd, const N: usize>(self, simd: S, maps: usize) {
        match maps {
            8 if const { S::REGISTER_COUNT >= 32 } => self.add_maps::<S, 8, N>(simd),
            7 if const { S::REGISTER_COUNT >= 32 } => self.add_maps::<S, 7, N>(simd),
            6 => self.add_maps::<S, 6, N>(simd),
            5 => self.add_maps::<S, 5, N>(simd),
            4 => self.add_maps::<S, 4, N>(simd),
            3 => self.add_maps::<S, 3, N>(simd),
            2 => self.add_maps::<S, 2, N>(simd),
            _ => self.add_maps::<S, 1, N>(simd),
        }
    }

    #[inline(always)]
    fn add_maps<S: Simd, const M: usize, const N: usize>(self, simd: S) {
        let length = N * S::F32_LANES;
        let mut sums = [[simd.splat_f32s(0.0); N]; M];
        for m in 0..M {
            let (from, _) = S::as_simd_f32s(&self.sums[m * self.width..][..length]);
            sums[m].copy_from_slice(&from[..N]);
        }
        let sums = add_products::<S, M, N>(simd, self.pixels, self.offsets, self.gradients, sums);
        for m in 0..M {
            let (to, _) = S::as_mut_simd_f32s(&mut self.sums[m * self.width..][..length]);
            to[..N].copy_from_slice(&sums[m]);
        }
    }
}
