//! Reports of crashes: a text file each, offered once by the window that is opened next.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process;

use super::facts;
use crate::error::{Error, Result};
use crate::{atomic, calendar, files};

/// First line of a report.
pub const TITLE: &str = "Motionscope crash report";
/// The folder of reports within the state folder.
const FOLDER: &str = "crashes";
/// How the names of reports end, and of those that were offered.
const ENDING: &str = ".txt";
const SEEN: &str = ".seen.txt";

/// A report that was not offered before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrashReport {
    /// The file, under the name that it has from now on.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// Number of older ones that were not offered either.
    pub older: usize,
}

/// Returns the folder of reports within the folder `state`.
pub fn folder_in(state: &Path) -> PathBuf {
    state.join(FOLDER)
}

/// Returns the file that a crash of this process is reported in: its names are in the order of time.
pub fn path_of_this_run(state: &Path) -> PathBuf {
    let time = calendar::time_at(facts::started()).replace(':', "").replace(' ', "-");
    folder_in(state).join(format!("{time}-{}{ENDING}", process::id()))
}

/// Writes a report.
///
/// # Errors
/// If its folder cannot be made or written.
pub fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| Error::not_made(folder, &error))?;
    }
    atomic::replace(path, |file| file.write_all(text.as_bytes()))
}

/// Returns the newest report in `folder` that was not returned before, and marks it and the older ones by their names.
///
/// # Errors
/// If the folder is there and cannot be read, or the report cannot.
pub fn take_new(folder: &Path) -> Result<Option<CrashReport>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries.map_err(|error| Error::io(folder, &error))?,
    };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut new: Vec<String> = names.filter(|name| name.ends_with(ENDING) && !name.ends_with(SEEN)).collect();
    new.sort();
    let seen: Vec<PathBuf> = new.iter().filter_map(|name| marked(folder, name)).collect();
    let Some(path) = seen.last().cloned() else { return Ok(None) };
    let bytes = files::read(&path).map_err(|error| Error::io(&path, &error))?;
    Ok(Some(CrashReport { path, text: String::from_utf8_lossy(&bytes).into_owned(), older: seen.len() - 1 }))
}

/// Marks a report as offered and returns its path, unless another window did so at the same time. In a folder that cannot be written it
/// stays as it is, and is offered again.
fn marked(folder: &Path, name: &str) -> Option<PathBuf> {
    let (path, seen) = (folder.join(name), folder.join(name.replace(ENDING, SEEN)));
    match fs::rename(&path, &seen) {
        Ok(()) => Some(seen),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            tracing::warn!("{}", Error::io(&path, &error));
            Some(path)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_report_is_returned_once() {
        let dir = tempfile::tempdir().unwrap();
        let folder = folder_in(dir.path());
        assert_eq!(take_new(&folder), Ok(None), "there is no folder yet");
        for (name, text) in [("2026-12-01-100000-9.txt", "old"), ("2026-12-02-100000-5.txt", "new")] {
            write(&folder.join(name), text).unwrap();
        }
        let path = folder.join("2026-12-02-100000-5.seen.txt");
        assert_eq!(take_new(&folder), Ok(Some(CrashReport { path: path.clone(), text: "new".into(), older: 1 })));
        assert!(path.is_file());
        assert_eq!(take_new(&folder), Ok(None));
    }

    #[test]
    fn a_report_that_cannot_be_written_says_why() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FOLDER), "a file in its place").unwrap();
        let path = path_of_this_run(dir.path());
        let error = write(&path, "text").unwrap_err();
        assert!(error.subject.ends_with(FOLDER), "{error}");
        assert!(take_new(&folder_in(dir.path())).is_err());
    }
}
