//! The spatio-temporal pyramid: the whole clip, three bands from top to bottom, two halves in time.

/// Bands from top to bottom.
const BANDS: usize = 3;
/// Halves in time.
const HALVES: usize = 2;
/// Number of disjoint parts of a clip; each row of the pyramid is a union of some.
pub(super) const PARTS: usize = BANDS * HALVES;
/// Rows of the pyramid: 1×1×1, 1×3×1 and 1×1×2 (x × y × t).
pub(super) const ROWS: usize = 1 + BANDS + HALVES;

/// Returns the part that contains a patch with this centre, relative to width, height and duration.
pub(super) fn part_of([_, y, t]: [f32; 3]) -> usize {
    let place = |share: f32, count: usize| ((share * count as f32) as usize).min(count - 1);
    place(y, BANDS) * HALVES + place(t, HALVES)
}

/// Returns the parts of a row.
pub(super) fn parts_of_row(row: usize) -> impl Iterator<Item = usize> {
    (0..PARTS).filter(move |part| match row {
        0 => true,
        row if row <= BANDS => part / HALVES == row - 1,
        row => part % HALVES == row - 1 - BANDS,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_of_the_pyramid_has_all_parts() {
        let rows: Vec<Vec<usize>> = (0..ROWS).map(|row| parts_of_row(row).collect()).collect();
        assert_eq!(rows, [vec![0, 1, 2, 3, 4, 5], vec![0, 1], vec![2, 3], vec![4, 5], vec![0, 2, 4], vec![1, 3, 5]]);
        assert_eq!([part_of([0.5, 0.2, 0.4]), part_of([0.5, 0.34, 0.5]), part_of([0.0, 1.0, 1.0])], [0, 3, 5]);
    }
}
