//! One window at a time changes a project.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::Path;

use crate::error::Error;

/// The file that is locked; it stays where it is, and the operating system releases it however a process ends.
const FILE: &str = "project.lock";

/// The right to change the project in a folder, as long as it lives.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Locks the project in `dir`.
    ///
    /// # Errors
    /// Why the project can only be read.
    pub fn take(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(FILE);
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(|error| {
            let cause = match error.kind() {
                ErrorKind::ReadOnlyFilesystem => "the disk is read-only".into(),
                ErrorKind::PermissionDenied => "the folder cannot be written to".into(),
                ErrorKind::StorageFull => "the disk is full".into(),
                _ => error.to_string(),
            };
            read_only(dir, cause, "Copy the project to a place that can be written to, and open it there")
        })?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                let cause = format!("another window has locked {}", path.display());
                Err(read_only(dir, cause, "Close the other window and open the project again"))
            }
            // A network disk without locks: better labels that two windows could write than none.
            Err(TryLockError::Error(error)) => {
                tracing::warn!("{} cannot be locked: {error}", path.display());
                Ok(Self { _file: file })
            }
        }
    }
}

fn read_only(dir: &Path, cause: impl Into<String>, remedy: &str) -> Error {
    let cause: String = cause.into();
    Error::file(dir, format!("{cause}; the project is read-only"), remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_does_not_get_the_lock_until_the_first_lets_go() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::take(dir.path()).unwrap();
        let error = Lock::take(dir.path()).map(drop).unwrap_err();
        assert!(error.cause.contains(FILE) && error.cause.contains("another window"), "{error}");
        drop(first);
        assert!(Lock::take(dir.path()).is_ok(), "the file that is still there does not matter");
    }
}
