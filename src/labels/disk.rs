//! Durable (fsynced) file writes, for use before older data are deleted.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use tempfile::NamedTempFile;

use crate::atomic;
use crate::error::{Error, Result};

/// Writes `text` to the file at `path`: after a power failure it holds either the old or the new content.
///
/// # Errors
/// If it cannot be written; the old content is unchanged.
pub(super) fn replace(path: &Path, text: &str) -> Result<()> {
    let path = &atomic::resolve(path); // A symbolic link is kept; its target gets the new content.
    atomic::publish(stage(path, text)?, path)
}

/// Returns a file with `text` beside `path`, to be moved there.
///
/// # Errors
/// If it cannot be written.
pub(super) fn stage(path: &Path, text: &str) -> Result<NamedTempFile> {
    let staged = atomic::stage(path, |writer| writer.write_all(text.as_bytes()))?;
    staged.as_file().sync_all().map_err(|error| Error::io(path, &error))?;
    Ok(staged)
}

/// Maximum number of files written at a time: the disk confirms several in the time of one.
const AT_A_TIME: usize = 32;

/// Replaces many files like [`replace`].
///
/// # Errors
/// As for [`replace`], for the first failure; the other files may have been written.
pub(super) fn replace_all(files: &[(PathBuf, String)]) -> Result<()> {
    if let [(path, text)] = files {
        return replace(path, text);
    }
    let (rest, failure) = (Mutex::new(files.iter()), Mutex::new(None));
    let next = || rest.lock().ok()?.next();
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME.min(files.len()) {
            scope.spawn(|| {
                while let Some((path, text)) = next() {
                    if let Err(error) = replace(path, text) {
                        failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                        return;
                    }
                }
            });
        }
    });
    failure.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

/// Removes staged files in `folder` of a program that was ended while writing them.
pub(super) fn remove_leftovers(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        // Earlier versions named them `.tmp`.
        let is_staged = [".tmp", atomic::PREFIX].iter().any(|prefix| name.starts_with(prefix));
        if is_file && is_staged && name.ends_with(atomic::SUFFIX) {
            let _ = fs::remove_file(entry.path()); // A leftover is harmless; the next opening tries again.
        }
    }
}

/// Syncs the folder `dir`, so that the names of its files are durable.
pub(super) fn sync_names(dir: &Path) {
    // Folders cannot be opened like files on some systems, such as Windows; there, renaming is durable by itself.
    if let Ok(dir) = File::open(dir) {
        let _ = dir.sync_all();
    }
}
