//! Text files of other programs: UTF-8 with or without a byte order mark, or UTF-16, optionally gzipped, with any line
//! ends.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use crate::error::{Error, Result};
use crate::files;
use crate::names::{composed, is_hidden};
use crate::table;

/// Maximum file size; larger files are not label files.
const MAX_BYTES: u64 = 256 << 20;

/// Maximum depth of nested folders.
const MAX_DEPTH: usize = 32;

/// The magic number of gzip files.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The magic number of ZIP archives, which spreadsheets use as well.
const ZIP: &[u8] = b"PK\x03\x04";

/// Returns the text of the file at `path`, which may be gzipped, without a byte order mark.
///
/// # Errors
/// If it cannot be read, is too large, or is not text.
pub fn read(path: &Path) -> Result<String> {
    if path.is_dir() {
        return Err(Error::file(path, "a folder was given instead of a file", "Name the file itself"));
    }
    let failed = |error| Error::io(path, &error);
    let mut bytes = Vec::new();
    files::open(path).map_err(failed)?.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.starts_with(&GZIP) {
        let mut text = Vec::new();
        let unpacked = GzDecoder::new(bytes.as_slice()).take(MAX_BYTES + 1).read_to_end(&mut text);
        unpacked.map_err(|error| Error::file(path, format!("it cannot be unpacked: {error}"), "Save it again"))?;
        bytes = text;
    }
    if bytes.starts_with(ZIP) {
        let remedy = "Save a spreadsheet as CSV, or unpack the archive";
        return Err(Error::file(path, "it is a spreadsheet or another archive, not a text file", remedy));
    }
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Error::file(path, "it is too large to be a file of labels", "Choose another file"));
    }
    table::decode(&bytes)
        .map_err(|line| Error::file(path, format!("line {line} is not text in UTF-8"), "Save the file as UTF-8"))
}

/// Returns the non-blank lines of a list, trimmed, with their numbers from 1.
///
/// # Errors
/// Same as [`read`].
pub fn lines(path: &Path) -> Result<Vec<(usize, String)>> {
    let text = read(path)?;
    let lines = text.lines().enumerate().map(|(i, line)| (i + 1, line.trim().to_owned()));
    Ok(lines.filter(|(_, line)| !line.is_empty()).collect())
}

/// Returns the position of `line` of the file at `path` for messages about `source`, which is the same file or a folder
/// that contains it, so that no message names a file twice.
pub fn place(source: &Path, path: &Path, line: Option<usize>) -> String {
    let file = path.strip_prefix(source).unwrap_or(path).to_string_lossy();
    match (file.is_empty() || path == source, line) {
        (true, Some(line)) => format!("line {line}"),
        (true, None) => String::new(),
        (false, Some(line)) => format!("{file}, line {line}"),
        (false, None) => file.into_owned(),
    }
}

/// Returns the line number, from 1, of the byte at `place`.
pub fn line_of(bytes: &[u8], place: usize) -> usize {
    1 + bytes[..place.min(bytes.len())].iter().filter(|byte| **byte == b'\n').count()
}

/// Returns the file `source`, or the files with this ending in the folder `source` and its sub-folders, by name.
///
/// # Errors
/// If there is no such file.
pub fn files(source: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    if !source.is_dir() {
        return Ok(vec![source.to_owned()]);
    }
    let (mut files, mut folders) = (Vec::new(), vec![(source.to_owned(), 0)]);
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| Error::io(&folder, &error))?.flatten() {
            let path = entry.path();
            if is_hidden(&path) {
                continue; // macOS creates `._a.eaf` beside `a.eaf`.
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) && depth < MAX_DEPTH {
                folders.push((path, depth + 1));
            } else if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(ending)) {
                files.push(path);
            }
        }
    }
    files.sort();
    match files.is_empty() {
        true => Err(Error::file(source, format!("there is no .{ending} file in this folder"), "Choose another folder")),
        false => Ok(files),
    }
}

/// Returns the classes of a folder with a list for each, `CLASS` + one of `endings`, and these lists, sorted by class.
/// For errors, `what` describes the lists where a file is named in place of the folder, and `remedy` is used where
/// there is none.
///
/// # Errors
/// If the folder cannot be read or contains no such list, or the name of one is not Unicode.
pub fn class_files(folder: &Path, endings: &[&str], what: &str, remedy: &str) -> Result<Vec<(String, PathBuf)>> {
    let entries = fs::read_dir(folder).map_err(|error| match folder.is_file() {
        true => Error::file(folder, format!("{what} are one file per class"), "Name the folder that holds all of them"),
        false => Error::io(folder, &error),
    })?;
    let lists = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        endings.iter().any(|ending| name.ends_with(ending.as_bytes())) && !is_hidden(path)
    });
    let mut files: Vec<(String, PathBuf)> = lists
        .map(|path| match path.file_name().and_then(|name| class_of(name.to_str()?, endings)) {
            Some(class) => Ok((composed(class).into_owned(), path)),
            None => Err(Error::file(&path, "its name is not valid Unicode", "Rename it")),
        })
        .collect::<Result<_>>()?;
    files.sort();
    if files.is_empty() {
        return Err(Error::file(folder, format!("the folder holds no CLASS{}", endings.join(" or CLASS")), remedy));
    }
    Ok(files)
}

/// Returns the class of a file with this name.
fn class_of<'a>(name: &'a str, endings: &[&str]) -> Option<&'a str> {
    endings.iter().find_map(|ending| name.strip_suffix(ending))
}

/// Reads JSON from the file at `path`.
///
/// # Errors
/// As [`read`], or if it is not valid for `T`, with the line.
pub fn json<T: for<'a> serde::Deserialize<'a>>(path: &Path, what: &str) -> Result<T> {
    serde_json::from_str(&read(path)?)
        .map_err(|error| Error::file(path, format!("this is not {what}: {error}"), "Choose another file or format"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_files_are_not_read() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a.eaf", "._a.eaf", ".backup.eaf"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        assert_eq!(files(dir.path(), "eaf").unwrap(), [dir.path().join("a.eaf")]);
    }

    #[test]
    #[cfg(unix)]
    fn nobody_waits_for_a_pipe_that_nobody_writes_to() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("a.csv");
        if !std::process::Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()) {
            return; // Nothing here makes a pipe.
        }
        assert!(read(&pipe).unwrap_err().cause.contains("pipe"));
    }

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
        let files = class_files(dir.path(), &["_val.txt"], "the lists", "Name another folder").unwrap();
        assert_eq!(files.iter().map(|(class, _)| class.as_str()).collect::<Vec<_>>(), ["a b", "wave"]);
        assert_eq!(
            class_files(dir.path(), &["_x.txt"], "", "Do so").unwrap_err().cause,
            "the folder holds no CLASS_x.txt"
        );
    }
}
