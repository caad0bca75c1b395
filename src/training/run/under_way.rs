//! The mark of a run in progress: a run that has it but no lock was interrupted.

use std::fs;
use std::path::{Path, PathBuf};

use super::events::TrainingControl;
use crate::error::{Error, Result};

/// File that marks a run from its start to its end.
const FILE: &str = "under-way";

/// Marks a run folder while its run is in progress. The mark remains if the process ends before the run does, or if the
/// run ends because the program exits.
pub(in crate::training) struct UnderWay {
    path: PathBuf,
    control: TrainingControl,
}

impl UnderWay {
    /// Marks the run in `run_dir`, which must be locked. A failure is only logged.
    pub fn begin(run_dir: &Path, control: &TrainingControl) -> Self {
        let path = run_dir.join(FILE);
        if let Err(error) = fs::write(&path, "") {
            tracing::warn!("{} cannot be written: {error}", path.display());
        }
        Self { path, control: control.clone() }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if !self.control.is_interrupted() {
            // The file is missing if it could not be written.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Returns `true` if the run in `run_dir`, which must not be running, was interrupted.
pub(super) fn was_interrupted(run_dir: &Path) -> bool {
    run_dir.join(FILE).exists()
}

/// Clears the mark of interruption of the run in `run_dir`.
///
/// # Errors
/// If the mark cannot be deleted.
pub(super) fn forget(run_dir: &Path) -> Result<()> {
    let path = run_dir.join(FILE);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io(&path, &error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_ends_is_not_interrupted() {
        let dir = tempfile::tempdir().unwrap();
        let control = TrainingControl::default();
        let mark = UnderWay::begin(dir.path(), &control);
        assert!(was_interrupted(dir.path()), "as it is if the process is killed now");
        control.stop();
        drop(mark);
        assert!(!was_interrupted(dir.path()), "it was stopped by hand");
        control.interrupt();
        drop(UnderWay::begin(dir.path(), &control));
        assert!(!was_interrupted(dir.path()), "it was stopped before the program was closed");
        let control = TrainingControl::default();
        let mark = UnderWay::begin(dir.path(), &control);
        control.interrupt();
        drop(mark);
        assert!(was_interrupted(dir.path()), "the program was closed");
        forget(dir.path()).unwrap();
        forget(dir.path()).unwrap();
        assert!(!was_interrupted(dir.path()));
    }
}
