//! `row.json`: the results of a finished row.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::atomic;
use crate::error::{Error, Result};
use crate::files;

/// The figures of a row by the keys of the table's columns.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RowResult {
    /// The figures.
    pub figures: BTreeMap<String, f64>,
    /// Number of measured clips or frame pairs.
    pub measured: usize,
    /// Errors of the clips that were skipped.
    pub failures: Vec<String>,
    /// Device of the time measurement, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

impl RowResult {
    /// The file in a row's folder; the row is complete if it exists.
    pub const FILE_NAME: &str = "row.json";

    /// Returns the result in the row's folder `dir`; `None` if it is missing or unreadable.
    pub fn read(dir: &Path) -> Option<Self> {
        let text = files::read_to_string(dir.join(Self::FILE_NAME)).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Writes the result to the row's folder `dir`, which is created if needed.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, dir: &Path) -> Result<()> {
        fs::create_dir_all(dir).map_err(|error| Error::io(dir, &error))?;
        atomic::replace(&dir.join(Self::FILE_NAME), |writer| {
            serde_json::to_writer_pretty(&mut *writer, self)?;
            writeln!(writer)
        })
    }
}
