//! The median filter for many pixels at once, by comparisons that do not depend on the values.

use rayon::prelude::*;

use super::rows::{self, LANES, Pair};
use super::simd::widest;

/// Samples to the left of the first, so that the filter need not ask for the edge.
const MARGIN: usize = 2;

/// As many neighbouring samples as are filtered together.
type Lanes = [f32; LANES];

/// A copy of u and v from which the filtered ones are made.
#[derive(Debug)]
pub struct Median {
    width: usize,
    /// Rows of u and v with their edges continued.
    source: Vec<[Vec<f32>; 2]>,
}

impl Median {
    pub fn new(width: usize, height: usize) -> Self {
        let row = vec![0.0; rows::stride(width) + 2 * MARGIN];
        Self { width, source: vec![[row.clone(), row]; height] }
    }

    /// Filters u and v over squares of `side` × `side` pixels, `side` being 1, 3 or 5.
    pub fn filter(&mut self, pairs: &mut [Pair], side: usize) {
        match side {
            3 => self.filter_by::<3, 3>(pairs),
            5 => self.filter_by::<5, 13>(pairs),
            _ => {}
        }
    }

    fn filter_by<const SIDE: usize, const MIDDLE: usize>(&mut self, pairs: &mut [Pair]) {
        let (width, height) = (self.width, pairs.len());
        self.source.par_iter_mut().zip(pairs.par_iter()).for_each(|(sources, pair)| {
            for (source, row) in sources.iter_mut().zip(pair) {
                source[..MARGIN].fill(row.u[0]);
                source[MARGIN..][..width].copy_from_slice(&row.u[..width]);
                source[MARGIN + width..].fill(row.u[width - 1]);
            }
        });
        pairs.par_iter_mut().enumerate().for_each(|(y, pair)| {
            let lines: [usize; SIDE] = std::array::from_fn(|i| (y + i).saturating_sub(SIDE / 2).min(height - 1));
            for (component, row) in pair.iter_mut().enumerate() {
                let lines = lines.map(|line| &self.source[line][component][MARGIN - SIDE / 2..]);
                widest(
                    #[inline(always)]
                    || filter_row::<SIDE, MIDDLE>(lines, &mut row.u),
                );
            }
        });
    }
}

/// The medians of a row of squares, of which `lines` are the rows.
#[inline(always)]
fn filter_row<const SIDE: usize, const MIDDLE: usize>(lines: [&[f32]; SIDE], filtered: &mut [f32]) {
    for (block, filtered) in filtered.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        let columns: [[Lanes; SIDE]; SIDE] = std::array::from_fn(|column| {
            let mut ranks = std::array::from_fn(|line| lanes(lines[line], block * LANES + column));
            sort(&mut ranks);
            ranks
        });
        *filtered = median::<SIDE, MIDDLE>(&columns);
    }
}

#[inline(always)]
fn lanes(line: &[f32], start: usize) -> Lanes {
    *line[start..].first_chunk().expect("lines are padded")
}

/// The median of a square with sorted columns.
///
/// With its rows sorted as well, a sample at rank i of its column and rank j of its row has at least (i+1)(j+1) − 1
/// samples that are no larger and (n−i)(n−j) − 1 that are no smaller. Where either is more than half of all others the
/// sample cannot be the median; as many fall out on either side, and the median of the `MIDDLE` others is that of all.
#[inline(always)]
fn median<const SIDE: usize, const MIDDLE: usize>(columns: &[[Lanes; SIDE]; SIDE]) -> Lanes {
    let half = SIDE * SIDE / 2 + 1;
    let mut candidates = [[0.0; LANES]; MIDDLE];
    let mut count = 0;
    for i in 0..SIDE {
        let mut row: [Lanes; SIDE] = std::array::from_fn(|column| columns[column][i]);
        sort(&mut row);
        for (j, value) in row.into_iter().enumerate() {
            if (i + 1) * (j + 1) <= half && (SIDE - i) * (SIDE - j) <= half {
                candidates[count] = value;
                count += 1;
            }
        }
    }
    middle(candidates)
}

/// The median of an odd number of values: as soon as more than half of them are known, the smallest and the largest of
/// those cannot be it.
#[inline(always)]
fn middle<const N: usize>(mut values: [Lanes; N]) -> Lanes {
    let mut end = N / 2 + 2;
    for start in 0..N / 2 {
        for i in start + 1..end {
            order(&mut values, start, i);
        }
        for i in start + 1..end - 1 {
            order(&mut values, i, end - 1);
        }
        // The next one takes the place of the largest.
        if start + N / 2 + 2 < N {
            values[end - 1] = values[start + N / 2 + 2];
        } else {
            end -= 1;
        }
    }
    values[N / 2]
}

/// Sorts by exchanging neighbours.
#[inline(always)]
fn sort<const N: usize>(values: &mut [Lanes; N]) {
    for end in (1..N).rev() {
        for i in 0..end {
            order(values, i, i + 1);
        }
    }
}

/// Puts the smaller of two values at `low`, in every lane.
#[inline(always)]
fn order(values: &mut [Lanes], low: usize, high: usize) {
    for lane in 0..LANES {
        let (a, b) = (values[low][lane], values[high][lane]);
        values[low][lane] = rows::smaller(a, b);
        values[high][lane] = rows::larger(a, b);
    }
}
