//! Maps copied into padded planes, so that kernels can read whole vectors at any offset without bounds checks.
//!
//! A plane holds the rows that a band of the grid reads; for strided convolutions only every `step`-th row and column,
//! so that the offset of a tap is the same at all positions. Rows overlap in their padding: the zeros on the left of a
//! row are also those on the right of the row above. The length of a plane is an odd number of cache lines, since
//! otherwise the same rows of many maps would compete for the same cache sets.

use pulp::Simd;

use super::simd::copy;
use super::sizes::ConvolutionAxis;

/// Floats per cache line.
const LINE: usize = 16;

/// Layout of the planes of a band of rows: map by map and phase by phase, the planes of all images in sequence.
#[derive(Clone, Copy, Debug)]
pub struct PlaneLayout {
    /// Distance between rows.
    pub row: usize,
    /// Distance between planes.
    pub plane: usize,
    /// Number of planes per map, by rows and by columns.
    pub phases: [usize; 2],
    pictures: usize,
    rows: usize,
    columns: usize,
}

impl PlaneLayout {
    /// Returns the layout for `rows` rows of the grid of `pictures` images; `y` and `x` are the axes.
    pub fn new([y, x]: &[ConvolutionAxis; 2], rows: usize, pictures: usize) -> Self {
        let columns = x.grid + x.halo();
        let (rows, row) = (rows + y.halo(), columns - x.shared());
        let plane = ((rows * row + x.shared()).div_ceil(LINE) | 1) * LINE;
        Self { row, plane, phases: [y.phases(), x.phases()], pictures, rows, columns }
    }

    /// Returns the number of floats per map.
    pub fn map(&self) -> usize {
        self.plane * self.pictures * self.phases[0] * self.phases[1]
    }

    /// Returns the index of `offset` relative to the first position of the grid.
    pub fn offset(&self, [y, x]: &[ConvolutionAxis; 2], offset: [usize; 2]) -> usize {
        let phase = (offset[0] % y.step_from) * self.phases[1] + offset[1] % x.step_from;
        phase * self.plane * self.pictures + (offset[0] / y.step_from) * self.row + offset[1] / x.step_from
    }

    /// Copies a map of an image into its planes, for the band starting at row `first` of the grid.
    #[inline(always)]
    pub fn fill<S: Simd>(
        &self,
        simd: S,
        [y, x]: &[ConvolutionAxis; 2],
        first: usize,
        picture: usize,
        map: &[f32],
        planes: &mut [f32],
    ) {
        for phase_y in 0..self.phases[0] {
            for phase_x in 0..self.phases[1] {
                let at = ((phase_y * self.phases[1] + phase_x) * self.pictures + picture) * self.plane;
                let plane = &mut planes[at..at + self.plane];
                // Columns left..right of the plane hold those of the map from `source` on.
                let shift = phase_x as isize - x.low;
                let left = ((-shift).max(0) as usize).div_ceil(x.step_from).min(self.columns);
                let source = ((left * x.step_from) as isize + shift).max(0) as usize;
                let right = (left + x.from.saturating_sub(source).div_ceil(x.step_from)).min(self.columns);
                let count = right - left;
                let mut end = 0;
                for row in 0..self.rows {
                    let from = ((first + row) * y.step_from + phase_y) as isize - y.low;
                    if from < 0 || from >= y.from as isize || count == 0 {
                        continue;
                    }
                    let start = row * self.row + left;
                    plane[end..start].fill(0.0);
                    end = start + count;
                    let to = &mut plane[start..end];
                    let from = &map[from as usize * x.from + source..];
                    match x.step_from {
                        1 => copy(simd, &from[..count], to),
                        2 => {
                            let (pairs, last) = from.as_chunks::<2>();
                            for (to, pair) in to.iter_mut().zip(pairs) {
                                *to = pair[0];
                            }
                            if let ([last], true) = (last, pairs.len() < count) {
                                to[pairs.len()] = *last;
                            }
                        }
                        step => {
                            for (to, from) in to.iter_mut().zip(from.iter().step_by(step)) {
                                *to = *from;
                            }
                        }
                    }
                }
                plane[end..].fill(0.0);
            }
        }
    }
}
