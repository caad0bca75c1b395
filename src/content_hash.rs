//! Hash of file contents and keys. It is stored in files, so it must not depend on the compiler version.

use std::io::{self, Read};
use std::path::Path;

use crate::files;
use xxhash_rust::xxh3::Xxh3;

/// Bytes read at a time.
const BLOCK: usize = 1 << 16;

/// An incremental 64-bit XXH3 hash.
#[derive(Clone, Default)]
pub struct ContentHash(Xxh3);

impl ContentHash {
    /// Creates the hash of empty input.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Adds a field of a key with its length, so that different divisions into fields give different hashes.
    pub fn field(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.number(bytes.len() as u64);
        self.update(bytes);
    }

    /// Adds a number of a key.
    pub fn number(&mut self, number: u64) {
        self.update(&number.to_le_bytes());
    }

    /// Adds the content of the file at `path`, a block at a time, and returns its length.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn update_with_file(&mut self, path: &Path) -> io::Result<u64> {
        let mut file = files::open(path)?;
        let mut block = vec![0; BLOCK];
        let mut length = 0;
        loop {
            match file.read(&mut block) {
                Ok(0) => return Ok(length),
                Ok(read) => {
                    self.update(&block[..read]);
                    length += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns the hash of all input so far.
    pub fn value(&self) -> u64 {
        self.0.digest()
    }

    /// Returns the hash as 16 hexadecimal digits.
    pub fn to_hex(&self) -> String {
        format!("{:016x}", self.value())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_are_split_otherwise_differ() {
        let key = |fields: &[&str]| {
            let mut hash = ContentHash::new();
            fields.iter().for_each(|field| hash.field(field));
            hash.value()
        };
        assert_eq!(key(&["ab", "c"]), key(&["ab", "c"]));
        assert_ne!(key(&["ab", "c"]), key(&["a", "bc"]));
        assert_ne!(key(&["ab", ""]), key(&["ab"]));
    }

    #[test]
    fn hashes_are_those_of_the_published_function() {
        assert_eq!(ContentHash::new().to_hex(), "2d06800538d394c2");
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let bytes: Vec<u8> = (0..200_000u32).map(|i| (i.wrapping_mul(i) >> 3) as u8).collect();
        std::fs::write(&path, &bytes).unwrap();
        let (mut whole, mut pieces, mut file) = (ContentHash::new(), ContentHash::new(), ContentHash::new());
        whole.update(&bytes);
        bytes.chunks(777).for_each(|piece| pieces.update(piece));
        assert_eq!(file.update_with_file(&path).unwrap(), 200_000);
        assert_eq!([whole.value(), pieces.value()], [file.value(); 2]);
        assert_eq!(whole.value(), xxhash_rust::xxh3::xxh3_64(&bytes));
    }
}
