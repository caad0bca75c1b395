//! Maps copied into padded planes, so that kernels read whole vectors at any offset without asking for edges.
//!
//! A plane holds the rows that a band of the grid reads, and of a convolution with steps every `step`-th row and column:
//! the offset of a tap is then the same for all positions. Rows lie so close that the zeros on the left of one are those
//! on the right of the row above. A plane is an odd number of cache lines long: else the same rows of many maps would
//! compete for the same lines of the cache.

use pulp::Simd;

use super::simd::copy;
use super::sizes::ConvolutionAxis;

/// Numbers of a cache line.
const LINE: usize = 16;

/// Where the planes of a band of rows lie: for every map and phase those of all pictures, one behind the other.
#[derive(Clone, Copy, Debug)]
pub struct PlaneLayout {
    /// From one row to the next.
    pub row: usize,
    /// From one plane to the next.
    pub plane: usize,
    /// Planes that a map is spread over, by rows and by columns.
    pub phases: [usize; 2],
    pictures: usize,
    rows: usize,
    columns: usize,
}

impl PlaneLayout {
    /// Returns the layout for `rows` rows of the grid of `pictures` pictures; `y` and `x` are the axes.
    pub fn new([y, x]: &[ConvolutionAxis; 2], rows: usize, pictures: usize) -> Self {
        let columns = x.grid + x.halo();
        let (rows, row) = (rows + y.halo(), columns - x.shared());
        let plane = ((rows * row + x.shared()).div_ceil(LINE) | 1) * LINE;
        Self { row, plane, phases: [y.phases(), x.phases()], pictures, rows, columns }
    }

    /// Numbers of a map.
    pub fn map(&self) -> usize {
        self.plane * self.pictures * self.phases[0] * self.phases[1]
    }

    /// Returns where `offset` of the first position of the grid lies.
    pub fn offset(&self, [y, x]: &[ConvolutionAxis; 2], offset: [usize; 2]) -> usize {
        let phase = (offset[0] % y.step_from) * self.phases[1] + offset[1] % x.step_from;
        phase * self.plane * self.pictures + (offset[0] / y.step_from) * self.row + offset[1] / x.step_from
    }

    /// Copies a map of a picture into its planes, for the band from row `first` of the grid on.
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
                // Columns left..right of the plane are those of the map from `source` on.
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
