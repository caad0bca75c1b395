//! Detection of changes to a video file during a long prediction.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::data::file_fingerprint;
use crate::error::{Error, ErrorKind, Result};
use crate::labels::media_scan::fingerprint;

/// Length and modification time of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    changed: Option<SystemTime>,
}

/// A video at the start of its prediction: a file, or a folder of frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceVideo {
    path: PathBuf,
    stamp: Stamp,
    content: String,
}

impl SourceVideo {
    /// Records length, modification time and content hash of the video at `path`.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn look(path: &Path) -> Result<Self> {
        Ok(Self { path: path.to_owned(), stamp: Stamp::of(path)?, content: content(path)? })
    }

    /// Returns its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the hash of its content; for a file, the same as in projects.
    pub fn content(&self) -> &str {
        &self.content
    }

    /// Returns whether its path now has different content; false if it cannot be read.
    pub fn has_changed(&self) -> bool {
        content(&self.path).is_ok_and(|now| now != self.content)
    }

    /// Checks that its length and modification time are unchanged, and if not, that its content is.
    ///
    /// # Errors
    /// If it has changed or cannot be read any more.
    pub(super) fn check(&mut self) -> Result<()> {
        let now = Stamp::of(&self.path).map_err(vanished)?;
        if now != self.stamp {
            self.check_content()?;
            self.stamp = now;
        }
        Ok(())
    }

    /// Checks that its content is unchanged.
    ///
    /// # Errors
    /// If it has changed or cannot be read any more.
    pub(super) fn check_content(&self) -> Result<()> {
        if content(&self.path).map_err(vanished)? == self.content {
            return Ok(());
        }
        let cause = "the video has changed since its prediction began";
        Err(Error::file(&self.path, cause, "Wait until it is complete, then start again"))
    }
}

impl Stamp {
    fn of(path: &Path) -> Result<Self> {
        let facts = fs::metadata(path).map_err(|error| Error::io(path, &error))?;
        Ok(Self { bytes: facts.len(), changed: facts.modified().ok() })
    }
}

/// Returns the error of a video that became unreadable, with a remedy if it no longer exists.
fn vanished(error: Error) -> Error {
    if error.kind != ErrorKind::NotFound {
        return error;
    }
    let cause = "the video has vanished since its prediction began".into();
    Error { cause, remedy: "Put it back, then start again to continue".into(), ..error }
}

/// Returns the content hash of a file, as in projects, or of a folder of frames.
fn content(path: &Path) -> Result<String> {
    if path.is_dir() {
        return file_fingerprint(path).map_err(|error| Error::io(path, &error));
    }
    fingerprint(path).map(|(_, hash)| hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_touched_is_the_same_and_one_that_grows_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.mp4");
        fs::write(&path, "frames").unwrap();
        let mut source = SourceVideo::look(&path).unwrap();
        let later = SystemTime::UNIX_EPOCH;
        fs::File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
        assert_eq!((source.check(), source.has_changed()), (Ok(()), false));
        fs::write(&path, "frames and more").unwrap();
        assert!(source.check().unwrap_err().cause.contains("has changed") && source.has_changed());
        fs::remove_file(&path).unwrap();
        assert_eq!((source.check().unwrap_err().kind, source.has_changed()), (ErrorKind::NotFound, false));
    }

    #[test]
    fn a_folder_of_frames_has_a_content() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("1.png"), "a").unwrap();
        let source = SourceVideo::look(dir.path()).unwrap();
        fs::write(dir.path().join("2.png"), "b").unwrap();
        assert!(source.has_changed());
    }
}
