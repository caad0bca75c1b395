//! Space-time patches and their descriptors.

use super::histograms::OrientationMap;

/// Sides of the patches, in grid points: 32 and 48 pixels.
const SIDES: [usize; 2] = [4, 6];
/// Added to every bin of a cell before the normalisation.
const EPSILON: f32 = 0.05;

/// The position of a patch on the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patch {
    /// First column.
    pub x: usize,
    /// First row.
    pub y: usize,
    /// Distance to its last column and row.
    pub side: usize,
}

impl Patch {
    /// Returns the centre relative to the grid's size, with half sides rounded down as in the released code.
    pub(super) fn centre(self, width: usize, height: usize) -> [f32; 2] {
        let share = |first: usize, points: usize| (first + self.side / 2) as f32 / points as f32;
        [share(self.x, width), share(self.y, height)]
    }
}

/// Returns the patches of a grid of `width` × `height` points: of both sizes, half a side apart, column after column.
pub fn patches(width: usize, height: usize) -> Vec<Patch> {
    let starts = |points: usize, side: usize| (0..points.saturating_sub(side)).step_by(side / 2);
    let of_side =
        |side: usize| starts(width, side).flat_map(move |x| starts(height, side).map(move |y| Patch { x, y, side }));
    SIDES.into_iter().flat_map(of_side).collect()
}

/// Appends the descriptor of `patch` to `out`, in the order slice, cell x, cell y, bin. The cells of a slice are
/// normalised to length 1 together.
///
/// A cell of s = side / 2 steps has s + 1 points per axis, so neighbouring cells share their border.
pub(super) fn describe<'a>(
    slices: impl IntoIterator<Item = &'a OrientationMap>,
    bins: usize,
    patch: Patch,
    out: &mut Vec<f32>,
) {
    let step = patch.side / 2;
    for map in slices {
        let begin = out.len();
        for (column, row) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let cell = out.len();
            out.resize(cell + bins, EPSILON);
            let sums = &mut out[cell..];
            let (left, top) = (patch.x + column * step, patch.y + row * step);
            for (x, y) in (left..=left + step).flat_map(|x| (top..=top + step).map(move |y| (x, y))) {
                sums.iter_mut().zip(map.at(x, y)).for_each(|(sum, value)| *sum += value);
            }
        }
        let length = out[begin..].iter().map(|value| value * value).sum::<f32>().sqrt();
        out[begin..].iter_mut().for_each(|value| *value /= length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_end_within_the_grid() {
        let all = patches(15, 11);
        assert_eq!(all.len(), 30);
        assert_eq!(all[1], Patch { x: 0, y: 2, side: 4 });
        assert_eq!(all[29], Patch { x: 6, y: 3, side: 6 });
        assert_eq!(patches(5, 5), [Patch { x: 0, y: 0, side: 4 }]);
        assert!(patches(4, 30).is_empty());
    }
}
