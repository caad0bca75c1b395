//! Identity of a video file, as the key of its stored index.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// The identity of a file: path, length, modification time and inode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileKey {
    /// Canonical path.
    pub path: PathBuf,
    /// Length, bytes.
    pub bytes: u64,
    /// Modification time, nanoseconds since 1970.
    pub changed_ns: u64,
    /// Inode number; 0 on systems without one.
    pub number: u64,
}

impl FileKey {
    /// Returns the key of the file at `path`; `None` if its metadata cannot be read.
    pub fn of(path: &Path) -> Option<Self> {
        let path = path.canonicalize().ok()?;
        let facts = std::fs::metadata(&path).ok()?;
        let changed = facts.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::ino(&facts);
        #[cfg(not(unix))]
        let number = 0;
        Some(Self { path, bytes: facts.len(), changed_ns: u64::try_from(changed.as_nanos()).ok()?, number })
    }
}
