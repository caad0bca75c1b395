//! The median filter for many pixels at once, by exchanges that do not depend on the values.
//!
//! The rows of a square are in different lines of the picture, so its columns are shared with its neighbours: they are
//! sorted once, into one line per rank. With the rows of that sorted as well, the sample at rank i of its column and
//! rank j of its row has at least (i+1)(j+1) − 1 others that are no larger and (n−i)(n−j) − 1 that are no smaller.
//! Where that is more than half of all others on one side, the sample cannot be the median; as many fall out on
//! either side, so that the median of those left is the median of all: 3 of 9, 13 of 25.

use rayon::prelude::*;

use super::rows::{self, Pair};
use crate::flow::simd::widest;

/// Samples before the first and after the last, so that the filter needs no test for the edge.
const MARGIN: usize = 2;

/// The longest side of the square.
const SIDE_MAX: usize = 2 * MARGIN + 1;

/// The lines of the lowest, the second lowest, … samples of all columns.
type Ranks = [Vec<f32>; SIDE_MAX];

/// A copy of u and v from which the filtered ones are made.
#[derive(Debug)]
pub struct Median {
    width: usize,
    /// Rows of u and v with their edges continued.
    source: Vec<[Vec<f32>; 2]>,
    /// For every band of rows.
    ranks: Vec<Ranks>,
}

impl Median {
    /// Allocates the filter for pictures of `width` × `height` pixels that are split into `bands`.
    pub fn new(width: usize, height: usize, bands: usize) -> Self {
        let line = vec![0.0; rows::stride(width) + 2 * MARGIN];
        let ranks = std::array::from_fn(|_| line.clone());
        Self { width, source: vec![[line.clone(), line]; height], ranks: vec![ranks; bands] }
    }

    /// Filters u and v over squares of `side` × `side` pixels, `side` being 1, 3 or 5.
    pub fn filter(&mut self, pairs: &mut [Pair], side: usize) {
        match side {
            3 => self.filter_by::<3, Of9>(pairs),
            5 => self.filter_by::<5, Of25>(pairs),
            _ => {}
        }
    }

    fn filter_by<const SIDE: usize, N: SortingNetwork<SIDE>>(&mut self, pairs: &mut [Pair]) {
        let (width, height) = (self.width, pairs.len());
        let band = height.div_ceil(self.ranks.len());
        self.source.par_iter_mut().with_min_len(band).zip(pairs.par_iter()).for_each(|(lines, pair)| {
            for (line, row) in lines.iter_mut().zip(pair) {
                line[..MARGIN].fill(row.u[0]);
                line[MARGIN..][..width].copy_from_slice(&row.u[..width]);
                line[MARGIN + width..].fill(row.u[width - 1]);
            }
        });
        let bands = pairs.par_chunks_mut(band).zip(&mut self.ranks).enumerate();
        bands.for_each(|(index, (pairs, ranks))| {
            let ranks = ranks.first_chunk_mut().expect("no square is larger");
            for (y, pair) in (index * band..).zip(pairs) {
                let lines = std::array::from_fn(|i| (y + i).saturating_sub(SIDE / 2).min(height - 1));
                for (component, row) in pair.iter_mut().enumerate() {
                    let lines = lines.map(|line: usize| &self.source[line][component][MARGIN - SIDE / 2..]);
                    widest(
                        #[inline(always)]
                        || {
                            sort_columns::<SIDE, N>(lines, ranks);
                            filter_row::<SIDE, N>(ranks, &mut row.u[..rows::stride(width)]);
                        },
                    );
                }
            }
        });
    }
}

/// Sorts the columns of all squares of a row.
#[inline(always)]
fn sort_columns<const SIDE: usize, N: SortingNetwork<SIDE>>(lines: [&[f32]; SIDE], ranks: &mut [Vec<f32>; SIDE]) {
    let length = lines[0].len();
    let lines = lines.map(|line| &line[..length]);
    let ranks = ranks.each_mut().map(|rank| &mut rank[..length]);
    for x in 0..length {
        let mut column = [0.0; SIDE];
        for i in 0..SIDE {
            column[i] = lines[i][x];
        }
        N::sort(&mut column);
        for i in 0..SIDE {
            ranks[i][x] = column[i];
        }
    }
}

/// The medians of all squares of a row.
#[inline(always)]
fn filter_row<const SIDE: usize, N: SortingNetwork<SIDE>>(ranks: &[Vec<f32>; SIDE], filtered: &mut [f32]) {
    let length = filtered.len();
    let ranks = ranks.each_ref().map(|rank| &rank[..length + SIDE - 1]);
    for x in 0..length {
        let mut square = [[0.0; SIDE]; SIDE];
        for i in 0..SIDE {
            for j in 0..SIDE {
                square[i][j] = ranks[i][x + j];
            }
        }
        filtered[x] = N::middle(square);
    }
}

/// Exchanges for squares of one size.
trait SortingNetwork<const SIDE: usize> {
    /// Sorts a column or a row.
    fn sort(values: &mut [f32; SIDE]);

    /// Returns the median of a square of which the columns are sorted; `square[i]` are the samples of rank i.
    fn middle(square: [[f32; SIDE]; SIDE]) -> f32;
}

/// Squares of 3 × 3 pixels.
struct Of9;

/// Squares of 5 × 5 pixels.
struct Of25;

/// Puts the smaller value of each pair of places at the first of them.
macro_rules! exchange {
    ($values:ident: $($low:literal $high:literal),+) => {$(
        ($values[$low], $values[$high]) =
            (rows::smaller($values[$low], $values[$high]), rows::larger($values[$low], $values[$high]));
    )+};
}

impl SortingNetwork<3> for Of9 {
    #[inline(always)]
    fn sort(values: &mut [f32; 3]) {
        exchange!(values: 0 1, 1 2, 0 1);
    }

    #[inline(always)]
    fn middle(mut square: [[f32; 3]; 3]) -> f32 {
        for row in &mut square {
            Self::sort(row);
        }
        let mut left = [square[0][2], square[1][1], square[2][0]];
        Self::sort(&mut left);
        left[1]
    }
}

impl SortingNetwork<5> for Of25 {
    #[inline(always)]
    fn sort(values: &mut [f32; 5]) {
        exchange!(values: 0 1, 3 4, 2 4, 2 3, 1 4, 0 3, 0 2, 1 3, 1 2);
    }

    #[inline(always)]
    fn middle(mut square: [[f32; 5]; 5]) -> f32 {
        for row in &mut square {
            Self::sort(row);
        }
        let [a, b, c, d, e] = square;
        let mut left = [a[3], a[4], b[2], b[3], b[4], c[1], c[2], c[3], d[0], d[1], d[2], e[0], e[1]];
        // Of more than half of the values neither the smallest nor the largest can be the median: both are dropped,
        // the next value joins, and so on until one is left.
        exchange!(left: 0 7, 1 6, 2 5, 3 4, 0 1, 0 2, 0 3, 4 7, 5 7, 6 7);
        exchange!(left: 1 8, 2 6, 3 5, 1 2, 1 3, 1 4, 4 8, 5 8, 6 8);
        exchange!(left: 2 9, 3 6, 4 5, 2 3, 2 4, 5 9, 6 9);
        exchange!(left: 3 10, 4 6, 3 4, 3 5, 5 10, 6 10);
        exchange!(left: 4 11, 5 6, 4 5, 6 11);
        exchange!(left: 5 12, 5 6, 6 12);
        left[6]
    }
}
