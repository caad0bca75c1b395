//! One process at a time trains in a run folder.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::error::{Error, Result};

/// The file that is locked; it stays where it is, and the operating system releases it however a process ends.
const FILE: &str = "run.lock";

/// The right to train in a run folder, as long as it lives.
pub struct RunLock {
    _file: File,
}

impl RunLock {
    /// Locks the run in `run_dir`, which exists.
    ///
    /// # Errors
    /// If it is being trained in already, or cannot be written to.
    pub fn take(run_dir: &Path) -> Result<Self> {
        let path = run_dir.join(FILE);
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|error| Error::io(&path, &error))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                let remedy = "Wait for its end, or choose another run folder";
                Err(Error::file(run_dir, "training is already running in it", remedy))
            }
            // Without locks, as on some network disks, trainings are kept apart by people.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Self { _file: file }),
        }
    }

    /// Returns whether somebody trains in `run_dir`.
    pub fn is_taken(run_dir: &Path) -> bool {
        let file = File::options().write(true).open(run_dir.join(FILE));
        file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_trained_in_once_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!RunLock::is_taken(dir.path()), "nobody ever did");
        let lock = RunLock::take(dir.path()).unwrap();
        assert!(RunLock::is_taken(dir.path()));
        assert!(RunLock::take(dir.path()).is_err_and(|error| error.cause.contains("already running")));
        drop(lock);
        assert!(!RunLock::is_taken(dir.path()) && RunLock::take(dir.path()).is_ok());
    }
}
