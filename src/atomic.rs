//! Files that hold either the old or the whole new content at any time.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf, absolute};

use tempfile::NamedTempFile;

use crate::error::{Error, Result};

/// Writes a file with `write` beside `path` and moves it there in one step.
///
/// # Errors
/// If the folder cannot be written to; what was at `path` before is intact.
pub(crate) fn replace(path: &Path, write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>) -> Result<()> {
    publish(stage(path, write)?, path)
}

/// How many links may follow each other.
const MOST_LINKS: usize = 40;

/// The file that a write to `path` really changes: absolute, and through symbolic links, also where there is no file yet.
pub(crate) fn resolve(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let mut path = absolute(path).unwrap_or_else(|_| path.to_owned());
    for _ in 0..MOST_LINKS {
        if let Ok(real) = fs::canonicalize(&path) {
            return real;
        }
        let Ok(link) = fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("")).join(link);
    }
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => resolve(folder).join(name),
        // It ends with `..`.
        (Some(folder), None) => {
            let mut folder = resolve(folder);
            folder.pop();
            folder
        }
        (None, _) => path,
    }
}

/// A file with what `write` writes, beside `path`, to be moved there by [`publish`].
pub(crate) fn stage(path: &Path, write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>) -> Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let staged = || {
        let mut builder = tempfile::Builder::new();
        builder.suffix(".partial");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666)); // less the umask, like any file
        let file = builder.tempfile_in(folder)?;
        let mut writer = BufWriter::new(file.as_file());
        write(&mut writer)?;
        writer.flush()?;
        drop(writer);
        Ok(file)
    };
    staged().map_err(|error: io::Error| Error::io(path, &error))
}

/// Moves a staged file to `path`.
pub(crate) fn publish(staged: NamedTempFile, path: &Path) -> Result<()> {
    staged.persist(path).map(drop).map_err(|error| Error::io(path, &error.error))
}
