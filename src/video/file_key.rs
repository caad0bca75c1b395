//! The key of the file of an index.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// The key of the file of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileKey {
    /// The file, without links.
    pub path: PathBuf,
    /// Its length, bytes.
    pub bytes: u64,
    /// When it was changed, nanoseconds since 1970.
    pub changed_ns: u64,
    /// Its number on the disk; 0 where there is none.
    pub number: u64,
}

impl FileKey {
    /// Returns the key of the file at `path`; `None` if it cannot be looked at.
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
