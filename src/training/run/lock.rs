//! The lock of a run folder, in which only one process may train at a time.

use std::path::Path;

use crate::error::{Error, Result};
use crate::file_lock::FileLock;

/// Name of the lock file.
const FILE: &str = "run.lock";

/// Locks `run_dir`, which must exist, for training.
///
/// # Errors
/// If it is already being trained in, or cannot be written to.
pub(super) fn take(run_dir: &Path) -> Result<FileLock> {
    let path = run_dir.join(FILE);
    let lock = FileLock::take(&path).map_err(|error| Error::io(&path, &error))?;
    let remedy = "Wait until it finishes, or choose another run folder";
    lock.ok_or_else(|| Error::file(run_dir, "training is already running in it", remedy))
}

/// Returns `true` if a training is running in `run_dir`.
pub(super) fn is_taken(run_dir: &Path) -> bool {
    FileLock::is_taken(&run_dir.join(FILE))
}
