//! Locks between processes.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

/// Number of attempts for a taken lock, and the pause between them: a process that is ending or just starting another
/// program may hold it a moment longer.
const TRIES: usize = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// An exclusive lock on a file, held while this exists. The operating system releases it however the process ends.
pub(crate) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Locks the file at `path`, which is created if missing and persists; `None` if the lock is taken.
    ///
    /// On a disk without locks, as some network disks are, every process gets the lock, so that work there is possible
    /// at all.
    ///
    /// # Errors
    /// If the file cannot be written to.
    pub fn take(path: &Path) -> io::Result<Option<Self>> {
        let file = File::options().create(true).truncate(false).write(true).open(path)?;
        for attempt in 1..=TRIES {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if attempt < TRIES => thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => {
                    tracing::warn!("{} cannot be locked: {error}", path.display());
                    break;
                }
            }
        }
        Ok(Some(Self { _file: file }))
    }

    /// Returns whether a process holds the lock of the file at `path`.
    pub fn is_taken(path: &Path) -> bool {
        let file = File::options().write(true).open(path);
        file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }

    /// Returns whether the file at `path`, which was locked, is writable and unlocked now. False if it no longer exists
    /// or its disk is unavailable.
    pub fn is_free(path: &Path) -> bool {
        let file = File::options().write(true).open(path);
        file.is_ok_and(|file| !matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_does_not_get_the_lock_until_the_first_lets_go() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.lock");
        let take = || FileLock::take(&path).unwrap();
        assert!(!FileLock::is_taken(&path), "nobody ever had it");
        let first = take().unwrap();
        assert!(take().is_none() && FileLock::is_taken(&path) && !FileLock::is_free(&path));
        drop(first);
        assert!(FileLock::is_free(&path));
        assert!(!FileLock::is_taken(&path) && take().is_some(), "the file that is still there does not matter");
        let away = dir.path().join("no folder/a.lock");
        assert!(FileLock::take(&away).is_err() && !FileLock::is_free(&away));
    }
}
