//! The list of items that a job works on.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::content_hash::ContentHash;

/// What all machines of a job have to find in the same order: the number of items, and a hash of their names and sizes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobInputs {
    /// What an item is: `clip`.
    pub kind: String,
    /// Number of items.
    pub count: usize,
    /// The hash of the list.
    pub hash: String,
}

impl JobInputs {
    /// Returns the list of `count` items, each a `kind`, with this `hash`.
    pub fn new(kind: &str, count: usize, hash: String) -> Self {
        Self { kind: kind.into(), count, hash }
    }

    /// Returns the list of items with these names, each of which is read from some files. The files are compared by their sizes, as
    /// their paths may be others on another machine.
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

/// Returns the size of the file at `path` in bytes; 0 of a folder, which has other sizes on other disks.
pub fn size_of(path: &Path) -> u64 {
    fs::metadata(path).ok().filter(fs::Metadata::is_file).map_or(0, |facts| facts.len())
}
