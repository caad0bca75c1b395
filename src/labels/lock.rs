//! The lock that lets one window at a time change a project.

use std::io::ErrorKind;
use std::path::Path;

use crate::error::ErrorKind::InUse;
use crate::error::{Error, Result};
use crate::file_lock::FileLock;

/// The lock file.
const FILE: &str = "project.lock";

/// Acquires the exclusive right to change the project in `dir`.
///
/// # Errors
/// The reason why the project is read-only.
pub(super) fn take(dir: &Path) -> Result<FileLock> {
    let path = dir.join(FILE);
    let read_only = |cause: String, remedy| Error::file(dir, format!("{cause}; the project is read-only"), remedy);
    let lock = FileLock::take(&path).map_err(|error| {
        let cause = match error.kind() {
            ErrorKind::ReadOnlyFilesystem => "the disk is read-only".into(),
            ErrorKind::PermissionDenied => "the folder cannot be written to".into(),
            ErrorKind::StorageFull => "the disk is full".into(),
            _ => error.to_string(),
        };
        let remedy = "Copy the project to a writable folder and open it there";
        read_only(cause, remedy).caused_by(error)
    })?;
    lock.ok_or_else(|| {
        let cause = format!("another window has locked {}", path.display());
        read_only(cause, "Close the other window and open the project again").of_kind(InUse)
    })
}

/// Returns `true` if no process holds the exclusive right to change the project in `dir`.
pub(super) fn is_free(dir: &Path) -> bool {
    FileLock::is_free(&dir.join(FILE))
}
