//! Planes split like a chequerboard: pixels whose column and row add up to an even number are red, the others black, so
//! that all neighbours of a pixel have the other colour and pixels of one colour can be updated side by side.
//!
//! Sample `k` of row `y` of a colour is the pixel in column 2k + [`parity`]; the neighbours left and right of it are
//! samples `k + parity − 1` and `k + parity` of the other colour, those above and below it samples `k` of the rows
//! above and below.

use rayon::prelude::*;

use crate::flow::Plane;

/// Samples before the first of a row, so that every sample has one on its left.
pub const MARGIN: usize = 1;

/// Samples per step of the widest vector unit.
const LANES: usize = 16;

/// The first column of a colour (0: red, 1: black) in a row.
#[inline(always)]
pub fn parity(colour: usize, y: usize) -> usize {
    (colour + y) % 2
}

/// Returns the samples of a row of one colour, whole vectors, for pictures of `width` columns.
pub fn length(width: usize) -> usize {
    width.div_ceil(2).next_multiple_of(LANES)
}

/// Returns how many samples of a row of one colour are pixels.
pub fn pixels(width: usize, parity: usize) -> usize {
    (width + 1 - parity) / 2
}

/// `N` planes of one colour.
///
/// The samples of a row begin at [`MARGIN`]; all others are zero, or finite where nothing depends on them.
#[derive(Debug, Clone)]
pub struct Half<const N: usize> {
    /// A row of zeros, the rows of the picture, and another row of zeros, each with the rows of all planes.
    values: Vec<f32>,
    /// Numbers in a row of one plane.
    pitch: usize,
}

/// `N` planes of one size.
#[derive(Debug, Clone)]
pub struct Board<const N: usize> {
    /// Red and black.
    pub halves: [Half<N>; 2],
}

/// Returns the minimum number of rows per parallel task for pictures of `width` columns. With fewer rows an extra
/// thread costs more than it saves.
pub fn rows_min(width: usize) -> usize {
    const SAMPLES_MIN: usize = 4096;
    SAMPLES_MIN.div_ceil(length(width))
}

impl<const N: usize> Half<N> {
    /// Returns row `y` of the picture.
    #[inline(always)]
    pub fn row(&self, y: usize) -> [&[f32]; N] {
        self.above(y + 1)
    }

    /// Returns the row above row `y`.
    #[inline(always)]
    pub fn above(&self, y: usize) -> [&[f32]; N] {
        let row = &self.values[y * N * self.pitch..][..N * self.pitch];
        std::array::from_fn(|plane| &row[plane * self.pitch..][..self.pitch])
    }

    /// Returns the row below row `y`.
    #[inline(always)]
    pub fn below(&self, y: usize) -> [&[f32]; N] {
        self.above(y + 2)
    }

    /// Returns row `y` of the picture, mutable.
    #[inline(always)]
    pub fn row_mut(&mut self, y: usize) -> [&mut [f32]; N] {
        let row = N * self.pitch;
        parts(&mut self.values[(y + 1) * row..][..row], self.pitch)
    }

    /// Returns the rows of the picture, mutable, as a parallel iterator.
    pub fn inner_mut(&mut self) -> impl IndexedParallelIterator<Item = [&mut [f32]; N]> {
        let (row, pitch) = (N * self.pitch, self.pitch);
        let samples = pitch - 2 * MARGIN;
        let last = self.values.len() - row;
        self.values[row..last].par_chunks_mut(row).with_min_len(rows_min(2 * samples)).map(move |row| parts(row, pitch))
    }
}

/// Returns the first `N` parts of `row`, `length` values each.
#[inline(always)]
pub fn parts<const N: usize>(row: &mut [f32], length: usize) -> [&mut [f32]; N] {
    let mut parts = row.chunks_exact_mut(length);
    std::array::from_fn(|_| parts.next().expect("the row has as many parts"))
}

impl<const N: usize> Board<N> {
    /// Returns planes of zeros.
    pub fn zeros(width: usize, height: usize) -> Self {
        let pitch = length(width) + 2 * MARGIN;
        let half = || Half { values: vec![0.0; (height + 2) * N * pitch], pitch };
        Self { halves: [half(), half()] }
    }

    /// Copies `count` rows, starting at row `from`, of another board of the same width to rows starting at `to`.
    ///
    /// Rows keep their colour assignment: a board does not store which columns of a row are red.
    pub fn copy_rows(&mut self, other: &Self, from: usize, to: usize, count: usize) {
        for (half, other) in self.halves.iter_mut().zip(&other.halves) {
            let row = N * half.pitch;
            let (from, to) = ((from + 1) * row, (to + 1) * row);
            half.values[to..to + count * row].copy_from_slice(&other.values[from..from + count * row]);
        }
    }

    /// Splits planes into their red and black samples.
    pub fn split(planes: [&Plane; N]) -> Self {
        let (width, height) = planes[0].size();
        let mut board = Self::zeros(width, height);
        for (colour, half) in board.halves.iter_mut().enumerate() {
            half.inner_mut().enumerate().for_each(|(y, row)| {
                for (samples, plane) in row.into_iter().zip(planes) {
                    split(plane.row(y), parity(colour, y), &mut samples[MARGIN..]);
                }
            });
        }
        board
    }

    /// Writes both colours back to full planes.
    pub fn merge(&self, planes: [&mut Plane; N]) {
        for (component, plane) in planes.into_iter().enumerate() {
            let width = plane.width;
            plane.values.par_chunks_mut(width).with_min_len(rows_min(width)).enumerate().for_each(|(y, line)| {
                for (colour, half) in self.halves.iter().enumerate() {
                    let columns = line[parity(colour, y).min(width)..].iter_mut().step_by(2);
                    columns.zip(&half.row(y)[component][MARGIN..]).for_each(|(value, sample)| *value = *sample);
                }
            });
        }
    }
}

/// Picks every second sample of a line from `parity` on.
#[inline(always)]
pub fn split(line: &[f32], parity: usize, samples: &mut [f32]) {
    for (sample, pair) in samples.iter_mut().zip(line[parity.min(line.len())..].chunks(2)) {
        *sample = pair[0];
    }
}
