//! Feature vectors for fitting a classifier, in memory or elsewhere.

use std::ops::Range;

use crate::error::Result;

/// A table with one row of features per sample.
pub trait FeatureRows: Sync {
    /// Returns the number of samples.
    fn count(&self) -> usize;

    /// Returns the number of features.
    fn length(&self) -> usize;

    /// Returns these features of all samples, sample after sample.
    ///
    /// # Errors
    /// If they cannot be read.
    fn columns(&self, columns: Range<usize>) -> Result<Vec<f32>>;
}

/// Features in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct RowMatrix {
    length: usize,
    values: Vec<f32>,
}

impl RowMatrix {
    /// Creates a table of rows of `length` features.
    ///
    /// # Panics
    /// If the length of `values` is not a multiple of `length`.
    pub fn new(length: usize, values: Vec<f32>) -> Self {
        assert!(length > 0 && values.len().is_multiple_of(length), "{} numbers in rows of {length}", values.len());
        Self { length, values }
    }
}

impl FeatureRows for RowMatrix {
    fn count(&self) -> usize {
        self.values.len() / self.length
    }

    fn length(&self) -> usize {
        self.length
    }

    fn columns(&self, columns: Range<usize>) -> Result<Vec<f32>> {
        Ok(self.values.chunks_exact(self.length).flat_map(|row| &row[columns.clone()]).copied().collect())
    }
}
