//! Crash reports: one text file each, offered once when the window is opened next.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process;
use std::time::SystemTime;

use super::facts;
use crate::error::{Error, Result};
use crate::{atomic, calendar, files};

/// First line of a report.
pub const TITLE: &str = "Motionscope crash report";
/// The folder of reports within the state folder.
const FOLDER: &str = "crashes";
/// Suffix of new reports, and below it the suffix of those already offered.
const ENDING: &str = ".txt";
const SEEN: &str = ".seen.txt";
/// Number of reports kept.
const KEPT: usize = 10;

/// A report that was not offered before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrashReport {
    /// Path of the file after it was marked.
    pub path: PathBuf,
    /// Text of the report.
    pub text: String,
    /// Number of older reports that were not offered either.
    pub older: usize,
}

/// Returns the folder of reports within the folder `state`.
pub fn folder_in(state: &Path) -> PathBuf {
    state.join(FOLDER)
}

/// Returns the path of the report for a crash of this process, named by the start time.
pub fn path_of_this_run(state: &Path) -> PathBuf {
    let time = calendar::time_at(facts::started()).replace(':', "").replace(' ', "-");
    folder_in(state).join(format!("{time}-{}{ENDING}", process::id()))
}

/// Writes a report.
///
/// # Errors
/// If its folder cannot be created or written.
pub fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| Error::not_made(folder, &error))?;
    }
    atomic::replace(path, |file| file.write_all(text.as_bytes()))
}

impl CrashReport {
    /// Returns its name without suffix.
    pub fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        stem(&name).to_owned()
    }
}

/// Returns the newest report in `folder` that was not returned before; renames it and the older ones to mark them. The
/// newest ten reports are kept.
///
/// `offered` is the name of the last offered report, for folders that are read-only, where reports cannot be marked.
///
/// # Errors
/// If the folder exists and cannot be read, or the report cannot.
pub fn take_new(folder: &Path, offered: Option<&str>) -> Result<Option<CrashReport>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries.map_err(|error| Error::io(folder, &error))?,
    };
    // Sorted by the time of the crash; names contain the start time instead. Renaming changes neither.
    let mut reports: Vec<(SystemTime, String)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok().filter(|name| is_report(name))?;
            Some((entry.metadata().and_then(|facts| facts.modified()).ok()?, name))
        })
        .collect();
    reports.sort();
    let mut names: Vec<String> = reports.into_iter().map(|(_, name)| name).collect();
    let old = names.drain(..names.len().saturating_sub(KEPT));
    old.for_each(|name| removed(&folder.join(name)));
    let unmarked = offered.and_then(|offered| names.iter().position(|name| *name == format!("{offered}{ENDING}")));
    let later = &names[unmarked.map_or(0, |place| place + 1)..];
    let new = later.iter().filter(|name| !name.ends_with(SEEN));
    let seen: Vec<PathBuf> = new.filter_map(|name| marked(folder, name)).collect();
    let Some(path) = seen.last().cloned() else { return Ok(None) };
    let bytes = files::read(&path).map_err(|error| Error::io(&path, &error))?;
    Ok(Some(CrashReport { path, text: String::from_utf8_lossy(&bytes).into_owned(), older: seen.len() - 1 }))
}

/// Returns the name of a report without suffix.
fn stem(name: &str) -> &str {
    name.strip_suffix(SEEN).or(name.strip_suffix(ENDING)).unwrap_or(name)
}

/// Returns whether a file has the name of a report: date, time and process. Other files are left alone.
fn is_report(name: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let stem = stem(name);
    stem != name && stem.split('-').count() == 5 && stem.split('-').all(is_number)
}

/// Removes an old report, if possible; another window may have removed it at the same time.
fn removed(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => tracing::warn!("{}", Error::io(path, &error)),
        _ => {}
    }
}

/// Marks a report as offered and returns its path; `None` if another window did so first. In a read-only folder the
/// report keeps its name.
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
        assert_eq!(take_new(&folder, None), Ok(None), "there is no folder yet");
        for (name, text) in [("2026-12-01-100000-9.txt", "old"), ("2026-12-02-100000-5.txt", "new")] {
            write(&folder.join(name), text).unwrap();
        }
        let path = folder.join("2026-12-02-100000-5.seen.txt");
        assert_eq!(take_new(&folder, None), Ok(Some(CrashReport { path: path.clone(), text: "new".into(), older: 1 })));
        assert!(path.is_file());
        assert_eq!(take_new(&folder, None), Ok(None));
    }

    #[test]
    fn a_report_that_was_offered_and_could_not_be_marked_is_not_offered_again() {
        let dir = tempfile::tempdir().unwrap();
        let folder = folder_in(dir.path());
        write(&folder.join("2026-12-01-100000-9.txt"), "old").unwrap();
        let report = take_new(&folder, None).unwrap().unwrap();
        fs::rename(&report.path, folder.join("2026-12-01-100000-9.txt")).unwrap(); // as if it were not marked
        assert_eq!(take_new(&folder, Some(&report.name())), Ok(None));
        write(&folder.join("2026-12-02-100000-5.txt"), "new").unwrap();
        let new = take_new(&folder, Some(&report.name())).unwrap().unwrap();
        assert_eq!((new.text.as_str(), new.older), ("new", 0));
    }

    #[test]
    fn a_program_that_ran_long_before_its_crash_is_reported_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let folder = folder_in(dir.path());
        (1..=10).for_each(|day| write(&folder.join(format!("2026-11-{day:02}-100000-9.seen.txt")), "old").unwrap());
        std::thread::sleep(std::time::Duration::from_millis(20)); // file times have limited resolution
        write(&folder.join("2026-10-01-100000-9.txt"), "new").unwrap();
        let report = take_new(&folder, Some("2026-11-10-100000-9")).unwrap().unwrap();
        assert_eq!((report.text.as_str(), report.older), ("new", 0));
    }

    #[test]
    fn the_newest_ten_reports_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let folder = folder_in(dir.path());
        (1..=12).for_each(|day| write(&folder.join(format!("2026-11-{day:02}-100000-9.seen.txt")), "old").unwrap());
        write(&folder.join("2026-12-01-100000-9.txt"), "new").unwrap();
        fs::write(folder.join("notes.txt"), "a person's").unwrap();
        assert_eq!(take_new(&folder, None).unwrap().map(|report| report.text).as_deref(), Some("new"));
        let is_there = |name: &str| folder.join(name).is_file();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), KEPT + 1);
        assert!(!is_there("2026-11-03-100000-9.seen.txt") && is_there("2026-11-04-100000-9.seen.txt"));
        assert!(is_there("notes.txt") && is_there("2026-12-01-100000-9.seen.txt"));
    }

    #[test]
    fn a_report_that_cannot_be_written_says_why() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FOLDER), "a file in its place").unwrap();
        let path = path_of_this_run(dir.path());
        let error = write(&path, "text").unwrap_err();
        assert!(error.subject.ends_with(FOLDER), "{error}");
        assert!(take_new(&folder_in(dir.path()), None).is_err());
    }
}
