//! Log file with rotation: a full file becomes `motionscope.1.log`, and the previous one of that name
//! `motionscope.2.log`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Size at which the file is rotated, bytes.
pub const LIMIT: u64 = 1 << 20;
/// Number of files kept.
const FILES: usize = 3;

/// A log file. Several processes may write to the same file: each line is appended in one call.
pub struct LogFile {
    folder: PathBuf,
    limit: u64,
    file: Option<File>,
}

impl LogFile {
    /// Creates a log in `folder` whose files have at most `limit` bytes. The file is created with the first line.
    pub fn new(folder: PathBuf, limit: u64) -> Self {
        Self { folder, limit, file: None }
    }

    /// Appends `line`, which ends with a line feed.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&mut self, line: &str) -> Result<()> {
        self.append(line).map_err(|error| not_kept(&self.path(0), &error))
    }

    fn append(&mut self, line: &str) -> io::Result<()> {
        let has_room = |length: u64| length == 0 || length + line.len() as u64 <= self.limit;
        let is_full = match &self.file {
            Some(file) => !has_room(file.metadata()?.len()),
            None => true, // There may be one from an earlier run.
        };
        if is_full {
            self.file = None;
            // Another process may have rotated it already.
            if fs::metadata(self.path(0)).is_ok_and(|facts| !has_room(facts.len())) {
                self.rotate()?;
            }
        }
        let mut file = match self.file.take() {
            Some(file) => file,
            None => self.open()?,
        };
        file.write_all(line.as_bytes())?;
        self.file = Some(file);
        Ok(())
    }

    fn open(&self) -> io::Result<File> {
        fs::create_dir_all(&self.folder)?;
        OpenOptions::new().create(true).append(true).open(self.path(0))
    }

    fn rotate(&self) -> io::Result<()> {
        for number in (1..FILES).rev() {
            match fs::rename(self.path(number - 1), self.path(number)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                renamed => renamed?,
            }
        }
        Ok(())
    }

    /// Returns the path of the current file, 0, or of an earlier one.
    fn path(&self, number: usize) -> PathBuf {
        let name = if number == 0 { "motionscope.log".into() } else { format!("motionscope.{number}.log") };
        self.folder.join(name)
    }
}

fn not_kept(path: &Path, error: &io::Error) -> Error {
    let error = Error::not_made(path, error);
    Error { cause: format!("no log is kept: {}", error.cause), ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(dir: &tempfile::TempDir, name: &str) -> String {
        fs::read_to_string(dir.path().join(name)).unwrap_or_default()
    }

    #[test]
    fn the_log_is_continued_and_three_files_of_bounded_size_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let (mut one, mut other) = (LogFile::new(dir.path().join("new"), 12), LogFile::new(dir.path().join("new"), 12));
        for (turn, letter) in "abcdefghi".chars().enumerate() {
            let log = if turn % 2 == 0 { &mut one } else { &mut other };
            log.write(&format!("{letter}____\n")).unwrap();
        }
        let names = ["new/motionscope.log", "new/motionscope.1.log", "new/motionscope.2.log"];
        let kept: String = names.iter().rev().map(|name| read(&dir, name)).collect();
        assert_eq!(fs::read_dir(dir.path().join("new")).unwrap().count(), 3);
        assert_eq!(kept.replace("____\n", ""), "efghi", "the earliest lines go first");
        assert!(names.iter().all(|name| (6..=12).contains(&read(&dir, name).len())));
        one.write("a line that is longer than a file\n").unwrap();
        assert!(read(&dir, names[0]).contains("longer"));
    }

    #[test]
    fn a_log_that_cannot_be_written_says_why() {
        let nowhere = LogFile::new("/proc/motionscope".into(), LIMIT).write("a\n").unwrap_err();
        assert!(
            nowhere.subject.ends_with("motionscope.log") && nowhere.cause.starts_with("no log is kept: "),
            "{nowhere}"
        );
        #[cfg(target_os = "linux")]
        {
            let dir = tempfile::tempdir().unwrap();
            std::os::unix::fs::symlink("/dev/full", dir.path().join("motionscope.log")).unwrap();
            let full = LogFile::new(dir.path().into(), LIMIT).write("a\n").unwrap_err();
            assert_eq!(full.cause, "no log is kept: the disk is full");
        }
    }
}
