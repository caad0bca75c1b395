//! The weight gradient split into tasks: tiles of maps × parts of the pixels, and the sum of the parts.

use super::sizes::ConvolutionSizes;

/// Maximum number of input maps, and of output maps, per task.
pub const MAPS_OF_TASK: usize = 72;

/// Some weights of a group, for some of the chunks of pixels.
pub struct WeightTile {
    pub group: usize,
    /// Range of input maps.
    pub xs: [usize; 2],
    /// Range of output maps.
    pub ys: [usize; 2],
    pub chunks: [usize; 2],
}

impl WeightTile {
    /// Returns tiles of `xs` × `ys` maps; if there are too few for all threads, each tile is split by chunks.
    pub fn all(sizes: &ConvolutionSizes, [xs, ys]: [usize; 2], chunks: usize) -> Vec<Self> {
        let threads = rayon::current_num_threads();
        let [of_x, of_y] = sizes.maps_of_group();
        let count = sizes.groups * of_x.div_ceil(xs) * of_y.div_ceil(ys);
        let splits = if count >= 2 * threads { 1 } else { (3 * threads).div_ceil(count).min(chunks) };
        let mut tiles = Vec::with_capacity(count * splits);
        for group in 0..sizes.groups {
            for y in (0..of_y).step_by(ys) {
                for x in (0..of_x).step_by(xs) {
                    for split in 0..splits {
                        tiles.push(Self {
                            group,
                            xs: [x, (x + xs).min(of_x)],
                            ys: [y, (y + ys).min(of_y)],
                            chunks: [split * chunks / splits, (split + 1) * chunks / splits],
                        });
                    }
                }
            }
        }
        tiles
    }
}

/// Returns the weights [maps, c / groups, kh, kw] as the sum of the `parts` of `tiles`, added in order.
pub fn add_parts(sizes: &ConvolutionSizes, tiles: &[WeightTile], parts: Vec<Vec<f32>>) -> Vec<f32> {
    let ([of_x, of_y], taps) = (sizes.maps_of_group(), sizes.taps());
    let mut sums = vec![0.0; sizes.maps[1] * of_x * taps];
    for (tile, part) in tiles.iter().zip(parts) {
        let width = (tile.xs[1] - tile.xs[0]) * taps;
        for (y, part) in (tile.ys[0]..).zip(part.chunks(width)) {
            let at = ((tile.group * of_y + y) * of_x + tile.xs[0]) * taps;
            for (sum, part) in sums[at..at + width].iter_mut().zip(part) {
                *sum += part;
            }
        }
    }
    sums
}
