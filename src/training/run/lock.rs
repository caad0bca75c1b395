//! One process at a time trains in a run folder.

use std::path::Path;

use crate::error::{Error, Result};
use crate::file_lock::FileLock;

/// The file that is locked.
const FILE: &str = "run.lock";

/// Takes the sole right to train in `run_dir`, which exists.
///
/// # Errors
/// If it is being trained in already, or cannot be written to.
pub(super) fn take(run_dir: &Path) -> Result<FileLock> {
    let path = run_dir.join(FILE);
    let lock = FileLock::take(&path).map_err(|error| Error::io(&path, &error))?;
    let remedy = "Wait until it finishes, or choose another run folder";
    lock.ok_or_else(|| Error::file(run_dir, "training is already running in it", remedy))
}

/// Returns whether somebody trains in `run_dir`.
pub(super) fn is_taken(run_dir: &Path) -> bool {
    FileLock::is_taken(&run_dir.join(FILE))
}
