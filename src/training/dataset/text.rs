//! Lists as people have them: UTF-8 with or without a byte order mark, or UTF-16 with one, either line ending, some blank lines.

use std::fs;
use std::path::Path;

use crate::error::{Error, Result};
use crate::table;

/// Larger files are no lists.
const MAX_BYTES: u64 = 256 << 20;

/// The text of a list, without a byte order mark.
///
/// # Errors
/// If it cannot be read, or is no text.
pub(super) fn read(path: &Path) -> Result<String> {
    let facts = fs::metadata(path).map_err(|error| Error::io(path, &error))?;
    if facts.is_dir() {
        return Err(Error::file(path, "a folder stands where a list is expected", "Name the file itself"));
    }
    if facts.len() > MAX_BYTES {
        return Err(Error::file(path, format!("{} bytes are too many for a list", facts.len()), "Name another file"));
    }
    let bytes = fs::read(path).map_err(|error| Error::io(path, &error))?;
    table::decode(&bytes)
        .map_err(|line| Error::file(path, format!("line {line} is not text in UTF-8"), "Save the list as UTF-8"))
}

/// The lines of a list that are not blank, trimmed, with their numbers from 1.
///
/// # Errors
/// As [`read`].
pub(super) fn lines(path: &Path) -> Result<Vec<(usize, String)>> {
    let text = read(path)?;
    let lines = text.lines().enumerate().map(|(i, line)| (i + 1, line.trim().to_owned()));
    Ok(lines.filter(|(_, line)| !line.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_line_endings_and_blank_lines_do_not_matter() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("list.txt");
        fs::write(&path, b"\xef\xbb\xbfa 1\r\n\r\n  b 2 \n").unwrap();
        assert_eq!(lines(&path).unwrap(), [(1, "a 1".to_owned()), (3, "b 2".to_owned())]);
        fs::write(&path, b"a 1\nb \xff\n").unwrap();
        assert_eq!(lines(&path).unwrap_err().cause, "line 2 is not text in UTF-8");
        fs::write(&path, b"\xff\xfea\0").unwrap();
        assert_eq!(lines(&path).unwrap(), [(1, "a".to_owned())], "UTF-16");
        assert!(lines(dir.path()).unwrap_err().cause.contains("folder"));
    }
}
