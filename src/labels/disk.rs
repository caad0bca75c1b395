//! Files that are on the disk, not only on their way there, before something else is given up for them.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use crate::atomic;
use crate::error::{Error, Result};

/// Makes `text` the content of the file at `path`: after a power failure it holds the old or the new.
///
/// # Errors
/// If it cannot be written; the old content is intact.
pub(super) fn replace(path: &Path, text: &str) -> Result<()> {
    let staged = atomic::stage(path, |writer| writer.write_all(text.as_bytes()))?;
    staged.as_file().sync_all().map_err(|error| Error::io(path, &error))?;
    atomic::publish(staged, path)
}

/// Has the disk confirm the names of the files in `dir`.
pub(super) fn sync_names(dir: &Path) {
    // Where folders cannot be opened like files, as on Windows, renaming is durable by itself.
    if let Ok(dir) = File::open(dir) {
        let _ = dir.sync_all();
    }
}
