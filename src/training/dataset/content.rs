//! What identifies the content of a file, whatever it is called.

use std::fs::File;
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Read};
use std::path::Path;

/// Length and hash of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Content {
    /// Bytes.
    pub length: u64,
    /// Of all of them.
    pub hash: u64,
}

impl Content {
    /// Reads the file at `path`, a block at a time.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn of(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut hasher = DefaultHasher::new();
        let mut block = vec![0; 1 << 16];
        let mut length = 0;
        loop {
            match file.read(&mut block)? {
                0 => return Ok(Self { length, hash: hasher.finish() }),
                read => {
                    hasher.write(&block[..read]);
                    length += read as u64;
                }
            }
        }
    }
}
