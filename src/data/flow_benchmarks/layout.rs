//! Helpers for the file layouts of benchmarks.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::video::is_hidden;

/// Returns the first of the `children` of `root`, or else `root`, that has a folder `inside`; `None` if none has.
pub(super) fn base(root: &Path, children: &[&str], inside: &str) -> Option<PathBuf> {
    let candidates = children.iter().map(|child| root.join(child)).chain([root.into()]);
    candidates.into_iter().find(|folder| folder.join(inside).is_dir())
}

/// Returns the entries of `folder`, sorted by name.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error| Error::io(folder, &error);
    let listing = fs::read_dir(folder).map_err(failed)?;
    let mut paths = listing.map(|entry| Ok(entry.map_err(failed)?.path())).collect::<Result<Vec<_>>>()?;
    paths.retain(|path| !is_hidden(path));
    paths.sort();
    Ok(paths)
}

/// Returns the last part of a path; the names in all benchmarks are ASCII.
pub(super) fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// Returns `path` if such a file exists.
pub(super) fn existing(path: PathBuf) -> Option<PathBuf> {
    path.is_file().then_some(path)
}
