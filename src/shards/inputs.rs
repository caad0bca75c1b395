//! The list of a job's input items.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::content_hash::ContentHash;

/// Identity of the input list, which must be the same on all machines of a job: the number of items, and a hash of
/// their names and sizes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobInputs {
    /// Kind of item, such as `clip`.
    pub kind: String,
    /// Number of items.
    pub count: usize,
    /// The hash of the list.
    pub hash: String,
}

impl JobInputs {
    /// Creates the identity of a list of `count` items of kind `kind` with this `hash`.
    pub fn new(kind: &str, count: usize, hash: String) -> Self {
        Self { kind: kind.into(), count, hash }
    }

    /// Creates the identity of items with these names, each with some files. Only the sizes of files are hashed, as
    /// their paths may differ between machines.
    pub fn of_files<'a, P: AsRef<Path> + 'a>(
        kind: &str,
        items: impl ExactSizeIterator<Item = (String, Vec<P>)>,
    ) -> Self {
        let (count, mut hash) = (items.len(), ContentHash::new());
        for (name, files) in items {
            hash.field(name);
            files.iter().for_each(|path| hash.number(size_of(path.as_ref())));
        }
        Self::new(kind, count, hash.to_hex())
    }
}

/// Returns the size of the file at `path` in bytes; 0 for a folder, whose size differs between disks.
pub fn size_of(path: &Path) -> u64 {
    fs::metadata(path).ok().filter(fs::Metadata::is_file).map_or(0, |facts| facts.len())
}
