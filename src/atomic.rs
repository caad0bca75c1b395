//! Files that hold either the old or the whole new content at any time.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::{Error, Result};

/// Writes a file with `write` beside `path` and moves it there in one step.
///
/// # Errors
/// If the folder cannot be written to; what was at `path` before is intact.
pub(crate) fn replace(path: &Path, write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>) -> Result<()> {
    publish(stage(path, write)?, path)
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
