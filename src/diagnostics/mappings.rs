//! Lookup of the file that is mapped to an address, in the text of `/proc/self/maps`, without allocation: for a signal
//! handler.

/// Maximum length of a line, bytes; a longer path is truncated.
const LINE: usize = 512;

/// A search for the file mapped to one address.
pub struct Mappings {
    address: usize,
    line: [u8; LINE],
    length: usize,
    /// Base address of the file whose mappings are being read.
    base: usize,
    is_found: bool,
}

impl Mappings {
    /// Creates a search for the file that is mapped to `address`.
    pub fn new(address: usize) -> Self {
        Self { address, line: [0; LINE], length: 0, base: 0, is_found: false }
    }

    /// Processes the next byte of the text; returns whether the search is finished.
    pub fn take(&mut self, byte: u8) -> bool {
        match byte {
            b'\n' => {
                self.is_found = self.has_address();
                self.length = if self.is_found { self.length } else { 0 };
            }
            byte if self.length < LINE => {
                self.line[self.length] = byte;
                self.length += 1;
            }
            _ => {}
        }
        self.is_found
    }

    /// Returns the name of the file, without its folder, and the address relative to the file's base address.
    pub fn found(&self) -> Option<(&[u8], usize)> {
        let path = self.fields().nth(5).filter(|_| self.is_found)?;
        let start = path.as_ptr() as usize - self.line.as_ptr() as usize; // A path may have spaces.
        let path = &self.line[start..self.length];
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
        Some((name, self.address - self.base))
    }

    /// Returns whether the line, `start-end rights offset device inode path`, contains the address.
    fn has_address(&mut self) -> bool {
        let Some((start, end, offset)) = self.ends() else { return false };
        if offset == 0 {
            self.base = start;
        }
        (start..end).contains(&self.address)
    }

    /// Returns start and end of the line's mapping in memory, and its offset in the file.
    fn ends(&self) -> Option<(usize, usize, usize)> {
        let mut fields = self.fields();
        let mut ends = fields.next()?.split(|byte| *byte == b'-').map(hexadecimal);
        let (start, end) = (ends.next()??, ends.next()??);
        Some((start, end, hexadecimal(fields.nth(1)?)?))
    }

    fn fields(&self) -> impl Iterator<Item = &[u8]> {
        self.line[..self.length].split(|byte| *byte == b' ').filter(|field| !field.is_empty())
    }
}

fn hexadecimal(digits: &[u8]) -> Option<usize> {
    digits.iter().try_fold(0_usize, |number, digit| {
        let digit = (*digit as char).to_digit(16)? as usize;
        number.checked_mul(16).map(|number| number + digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &str = "\
55d0c0000000-55d0c0010000 r--p 00000000 fe:01 12    /home/ann/my apps/motionscope
55d0c0010000-55d0c0090000 r-xp 00010000 fe:01 12    /home/ann/my apps/motionscope
7f0000000000-7f0000021000 rw-p 00000000 00:00 0
7f1200000000-7f1200028000 r--p 00000000 fe:01 99    /usr/lib/libc.so.6
7f1200028000-7f1200190000 r-xp 00028000 fe:01 99    /usr/lib/libc.so.6
";

    fn found(address: usize) -> Option<(String, usize)> {
        let mut mappings = Mappings::new(address);
        let _ = MAPS.bytes().any(|byte| mappings.take(byte));
        mappings.found().map(|(name, place)| (String::from_utf8_lossy(name).into_owned(), place))
    }

    #[test]
    fn an_address_is_found_in_its_file_by_name_and_place() {
        assert_eq!(found(0x55d0_c001_2345), Some(("motionscope".into(), 0x12345)));
        assert_eq!(found(0x7f12_0002_8001), Some(("libc.so.6".into(), 0x28001)));
        assert_eq!((found(0x7f00_0000_0010), found(0x10)), (None, None), "it is in no file");
    }
}
