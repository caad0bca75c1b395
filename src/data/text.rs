//! Lists as people have them: UTF-8 with or without a byte order mark, or UTF-16 with one, either line ending, some blank lines.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::files;
use crate::names::composed;
use crate::table;
use crate::video::is_hidden;

/// Larger files are no lists.
const MAX_BYTES: u64 = 256 << 20;

/// Returns the text of a list, without a byte order mark.
///
/// # Errors
/// If it cannot be read, or is no text.
pub(super) fn read(path: &Path) -> Result<String> {
    let facts = fs::metadata(path).map_err(|error| Error::io(path, &error))?;
    if facts.is_dir() {
        return Err(Error::file(path, "a folder was given instead of a list", "Name the file itself"));
    }
    if facts.len() > MAX_BYTES {
        return Err(Error::file(path, format!("{} bytes are too many for a list", facts.len()), "Name another file"));
    }
    let bytes = files::read(path).map_err(|error| Error::io(path, &error))?;
    table::decode(&bytes)
        .map_err(|line| Error::file(path, format!("line {line} is not text in UTF-8"), "Save the list as UTF-8"))
}

/// Returns the lines of a list that are not blank, trimmed, with their numbers from 1.
///
/// # Errors
/// Same as [`read`].
pub(super) fn lines(path: &Path) -> Result<Vec<(usize, String)>> {
    let text = read(path)?;
    let lines = text.lines().enumerate().map(|(i, line)| (i + 1, line.trim().to_owned()));
    Ok(lines.filter(|(_, line)| !line.is_empty()).collect())
}

/// Returns the classes of a folder with a list for each, `CLASS` + `ending`, and these lists, sorted by class. `what` says what
/// the lists are where a file is named in place of the folder, `remedy` what to do where there is none.
///
/// # Errors
/// If the folder cannot be read or holds no such list, or the name of one is not text.
pub(super) fn class_files(folder: &Path, ending: &str, what: &str, remedy: &str) -> Result<Vec<(String, PathBuf)>> {
    let entries = fs::read_dir(folder).map_err(|error| match folder.is_file() {
        true => Error::file(folder, format!("{what} are one file per class"), "Name the folder that holds all of them"),
        false => Error::io(folder, &error),
    })?;
    let lists = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        name.ends_with(ending.as_bytes()) && !is_hidden(path)
    });
    let mut files: Vec<(String, PathBuf)> = lists
        .map(|path| match path.file_name().and_then(|name| name.to_str()?.strip_suffix(ending)) {
            Some(class) => Ok((composed(class).into_owned(), path)),
            None => Err(Error::file(&path, "its name is not text in Unicode", "Rename it")),
        })
        .collect::<Result<_>>()?;
    files.sort();
    if files.is_empty() {
        return Err(Error::file(folder, format!("the folder holds no CLASS{ending}"), remedy));
    }
    Ok(files)
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

    #[test]
    fn lists_of_classes_are_found_by_their_ending_but_for_hidden_ones() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["wave_val.txt", "a b_val.txt", "._wave_val.txt", "wave_test.txt"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let files = class_files(dir.path(), "_val.txt", "the lists", "Name another folder").unwrap();
        assert_eq!(files.iter().map(|(class, _)| class.as_str()).collect::<Vec<_>>(), ["a b", "wave"]);
        assert_eq!(
            class_files(dir.path(), "_x.txt", "", "Do so").unwrap_err().cause,
            "the folder holds no CLASS_x.txt"
        );
    }
}
