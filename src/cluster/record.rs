//! Record of a submission, stored in the folder of the parts.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::scripts::ArrayJob;
use crate::atomic;
use crate::error::{Error, Result};
use crate::files;

/// The last submission for a folder of parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubmissionRecord {
    /// [`SubmissionRecord::SCHEMA`].
    pub schema: String,
    /// Slurm's job number of the array.
    pub array: String,
    /// Slurm's number of the merge job; `None` if that could not be submitted.
    pub merge: Option<String>,
    /// Number of shards.
    pub shards: usize,
    /// The command.
    pub command: Vec<String>,
}

impl SubmissionRecord {
    /// The schema name of its JSON, with the version.
    pub const SCHEMA: &str = "motionscope-submission 1";

    fn path(parts: &Path) -> PathBuf {
        ArrayJob::folder(parts).join("submission.json")
    }

    /// Returns the last submission of the folder `parts`, if there was one.
    ///
    /// # Errors
    /// If its record cannot be read.
    pub fn read(parts: &Path) -> Result<Option<Self>> {
        let path = Self::path(parts);
        let bytes = match files::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io(&path, &error)),
        };
        let remedy = "Look for its jobs with squeue, and delete it";
        let record: Self = serde_json::from_slice(&bytes).map_err(|error| Error::wrap(&path, error, remedy))?;
        if record.schema != Self::SCHEMA {
            return Err(Error::file(&path, format!("its format is {}, not {}", record.schema, Self::SCHEMA), remedy));
        }
        Ok(Some(record))
    }

    /// Writes it to the folder `parts`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, parts: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).expect("texts and numbers are valid JSON");
        atomic::replace(&Self::path(parts), |file| writeln!(file, "{text}"))
    }

    /// Returns the numbers of its jobs.
    pub fn jobs(&self) -> impl Iterator<Item = &str> {
        [Some(self.array.as_str()), self.merge.as_deref()].into_iter().flatten()
    }
}
