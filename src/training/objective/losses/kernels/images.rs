//! The loss images: frames normalised over their colours, and resized to the levels of the pyramid.

use std::ops::Range;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::pair::COLOURS;
use super::power::power;
use crate::nets::Vectors;

/// A sparse constant matrix, with one contiguous range of weights per row.
#[derive(Clone, Debug)]
pub struct SparseMatrix {
    /// Column range of each row.
    columns: Vec<Range<usize>>,
    /// Weights of all rows, concatenated.
    weights: Vec<f32>,
}

impl SparseMatrix {
    /// Returns `matrix`, which has rows of `inputs` weights, in sparse form: each row from its first to its last
    /// non-zero weight.
    pub fn new(matrix: &[f32], inputs: usize) -> Self {
        let mut sparse = Self { columns: Vec::new(), weights: Vec::new() };
        for row in matrix.chunks_exact(inputs) {
            let first = row.iter().position(|weight| *weight != 0.0).unwrap_or(0);
            let end = row.iter().rposition(|weight| *weight != 0.0).map_or(first, |last| last + 1);
            sparse.columns.push(first..end);
            sparse.weights.extend(&row[first..end]);
        }
        sparse
    }

    /// Returns the number of rows.
    pub fn rows(&self) -> usize {
        self.columns.len()
    }

    /// Returns the first column and the weights of each row.
    #[inline(always)]
    fn taps(&self) -> impl Iterator<Item = (usize, &[f32])> {
        let mut rest = self.weights.as_slice();
        self.columns.iter().map(move |columns| {
            let (taps, others) = rest.split_at(columns.len());
            rest = others;
            (columns.start, taps)
        })
    }
}

/// Normalises frames [n, 3, cells]: y = x·(1 + (1/9)·Σ_c x_c²)^−0.7.
pub fn normalised(frames: &[f32], cells: usize) -> Vec<f32> {
    let mut out = vec![0.0; frames.len()];
    let both = out.par_chunks_exact_mut(COLOURS * cells).zip(frames.par_chunks_exact(COLOURS * cells));
    both.for_each(|(out, frame)| Vectors::best().run(NormalisedFrame { frame, out }));
    out
}

struct NormalisedFrame<'a> {
    frame: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for NormalisedFrame<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let cells = self.frame.len() / COLOURS;
        let (b, rest) = self.frame.split_at(cells);
        let (g, r) = rest.split_at(cells);
        let (out_b, rest) = self.out.split_at_mut(cells);
        let (out_g, out_r) = rest.split_at_mut(cells);
        for at in 0..cells {
            let energy = (b[at] * b[at] + g[at] * g[at] + r[at] * r[at]) / 9.0;
            let factor = power(energy + 1.0, -0.7);
            (out_b[at], out_g[at], out_r[at]) = (b[at] * factor, g[at] * factor, r[at] * factor);
        }
    }
}

/// Multiplies maps of `width` columns by `down` from the left and by `across` from the right.
pub fn resized(maps: &[f32], [height, width]: [usize; 2], down: &SparseMatrix, across: &SparseMatrix) -> Vec<f32> {
    let size = down.rows() * across.rows();
    let mut out = vec![0.0; maps.len() / (height * width) * size];
    let both = out.par_chunks_exact_mut(size).zip(maps.par_chunks_exact(height * width));
    both.for_each_init(
        || vec![0.0; width],
        |row, (out, map)| Vectors::best().run(ResizedMap { map, down, across, row, out }),
    );
    out
}

struct ResizedMap<'a> {
    map: &'a [f32],
    down: &'a SparseMatrix,
    across: &'a SparseMatrix,
    row: &'a mut [f32],
    out: &'a mut [f32],
}

impl WithSimd for ResizedMap<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { map, down, across, row, out } = self;
        let width = row.len();
        for (out, (top, taps)) in out.chunks_exact_mut(across.rows()).zip(down.taps()) {
            row.fill(0.0);
            for (tap, from) in taps.iter().zip(map[top * width..].chunks_exact(width)) {
                for (sum, value) in row.iter_mut().zip(from) {
                    *sum += tap * value;
                }
            }
            for (out, (left, taps)) in out.iter_mut().zip(across.taps()) {
                *out = taps.iter().zip(&row[left..]).map(|(tap, value)| tap * value).sum();
            }
        }
    }
}
