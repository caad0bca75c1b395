//! Class scores of many clips, as computed by the streams and stored as `.npy` [videos × classes].

use std::path::Path;

use crate::error::{Error, Result};
use crate::flow::files::npy_array::{NpyArray, Shape, write_array};
use crate::nets::fusion::{Fusion, sigmoid};

/// Larger scores cannot be logits.
const LARGEST: f32 = 1e30;

const REMEDY: &str = "Save a float32 or float64 array of shape (videos, classes) with numpy.save";

/// A row of finite scores per clip, one score per class.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreTable {
    classes: usize,
    values: Vec<f32>,
}

impl ScoreTable {
    /// Returns a table without rows.
    pub fn new(classes: usize) -> Self {
        Self { classes, values: Vec::new() }
    }

    /// Adds the scores of a clip.
    ///
    /// # Panics
    /// If there is not one score per class.
    pub fn push(&mut self, row: &[f32]) {
        assert_eq!(row.len(), self.classes, "a row has a score for each class");
        self.values.extend_from_slice(row);
    }

    /// Returns the number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Returns the rows in the order of the clips.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.classes.max(1))
    }

    /// Returns the independent class probabilities of a table of logits, by sigmoid.
    pub fn sigmoid(&self) -> Self {
        Self { classes: self.classes, values: sigmoid(&self.values) }
    }

    /// Returns the fused scores of two tables of the same clips and classes.
    pub fn fused(spatial: &Self, temporal: &Self, fusion: Fusion) -> Self {
        let rows = spatial.rows().zip(temporal.rows());
        Self { classes: spatial.classes, values: rows.flat_map(|(s, t)| fusion.fuse(s, t)).collect() }
    }

    /// Reads the table in the `.npy` file at `path`.
    ///
    /// # Errors
    /// If the file cannot be read, is not such an array, or a score is not finite; the message states its row and
    /// class.
    pub fn read(path: &Path) -> Result<Self> {
        let is_table = |shape: &Shape| match shape.0[..] {
            [videos, classes] if videos > 0 && classes > 0 => Ok(()),
            _ => Err(format!("its shape is {shape}, which is not a score table")),
        };
        let array = NpyArray::read(path, is_table, REMEDY)?;
        let (rows, classes) = (array.shape()[0], array.shape()[1]);
        let mut table = Self::new(classes);
        for (row, class) in (0..rows).flat_map(|row| (0..classes).map(move |class| (row, class))) {
            let score = array.at(&[row, class]);
            // Sums of such numbers would overflow f32, and no network outputs them.
            if !score.is_finite() || score.abs() > LARGEST {
                let cause = format!("row {}, class {}: the score is {score}", row + 1, class + 1);
                return Err(Error::file(path, cause, "Score that video again"));
            }
            table.values.push(score);
        }
        Ok(table)
    }

    /// Writes the table to the `.npy` file at `path`: little-endian f32, C order.
    ///
    /// # Errors
    /// If the file cannot be written; an older one is then unchanged.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_array(path, Shape(vec![self.rows().len(), self.classes]), self.values.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::fusion::FusionRule;

    /// Returns a `.npy` file of version 1.
    fn npy(header: &str, data: &[u8]) -> Vec<u8> {
        [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), data].concat()
    }

    #[test]
    fn tables_are_read_as_others_write_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("scores.npy");
        let expected = ScoreTable { classes: 3, values: vec![0.5, -1.0, 2.0, 3.0, 4.0, 5.0] };
        expected.write(&path).unwrap();
        assert_eq!(ScoreTable::read(&path).unwrap(), expected);
        let values = expected.values.iter().map(|&value| f64::from(value));
        let files: [(&str, Vec<u8>); 3] = [
            ("<f8", values.clone().flat_map(f64::to_le_bytes).collect()),
            (">f8", values.clone().flat_map(f64::to_be_bytes).collect()),
            (">f4", values.flat_map(|value| (value as f32).to_be_bytes()).collect()),
        ];
        for (descr, data) in files {
            let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (2, 3), }}\n");
            std::fs::write(&path, npy(&header, &data)).unwrap();
            assert_eq!(ScoreTable::read(&path).unwrap(), expected, "{descr}");
        }
    }

    #[test]
    fn what_is_no_table_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("scores.npy");
        let nan: Vec<u8> = [1.0, 2.0, f32::NAN, 4.0].into_iter().flat_map(f32::to_le_bytes).collect();
        for (shape, data, cause) in [
            ("(2, 2)", &nan[..], "row 2, class 1: the score is NaN"),
            ("(3, 2)", &nan[..], "truncated"),
            ("(1, 2)", &nan[..], "longer"),
            ("(4,)", &nan[..], "(4,)"),
            ("(0, 5)", &[][..], "(0, 5)"),
            ("(2, 1, 2)", &nan[..], "(2, 1, 2)"),
            ("(99999999999, 99999999999)", &nan[..], "truncated"),
        ] {
            let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}\n");
            std::fs::write(&path, npy(&header, data)).unwrap();
            let error = ScoreTable::read(&path).unwrap_err();
            assert!(error.cause.contains(cause), "{shape}: {error}");
        }
    }

    #[test]
    fn tables_are_fused_row_by_row() {
        let spatial = ScoreTable { classes: 2, values: vec![1.0, 3.0, -1.0, 0.0] };
        let temporal = ScoreTable { classes: 2, values: vec![4.0, 0.0, 1.0, 1.0] };
        let fused = ScoreTable::fused(
            &spatial,
            &temporal,
            Fusion { rule: FusionRule::Logits, temporal_weight: 2.0, ..Fusion::default() },
        );
        assert_eq!(fused.values, [3.0, 1.0, 1.0 / 3.0, 2.0 / 3.0]);
    }
}
