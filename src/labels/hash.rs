//! The hash for checking the project's files.

use std::io::{self, Write};

/// Incremental 64-bit FNV-1a. The standard library's hash may change with the compiler; a hash that is stored must
/// not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hash(u64);

impl Hash {
    /// Returns the hash of no data.
    pub fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Returns the hash of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hash = Self::new();
        hash.update(bytes);
        hash
    }

    /// Adds `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// Returns the hash as a number.
    pub fn number(self) -> u64 {
        self.0
    }

    /// Returns the hash as 16 hexadecimal digits.
    pub fn to_hex(self) -> String {
        format!("{:016x}", self.0)
    }
}

impl Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_published_function() {
        assert_eq!(Hash::of(b"").to_hex(), "cbf29ce484222325");
        assert_eq!(Hash::of(b"foobar").to_hex(), "85944171f73967e8");
        let mut pieces = Hash::of(b"foo");
        pieces.update(b"bar");
        assert_eq!(pieces.to_hex(), Hash::of(b"foobar").to_hex());
    }
}
