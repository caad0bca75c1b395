//! The file of a video that takes long to read, and whether it is still what it was.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::data::file_fingerprint;
use crate::error::{Error, ErrorKind, Result};
use crate::labels::media_scan::fingerprint;

/// The length of a file and when it was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    changed: Option<SystemTime>,
}

/// A video as it was when its prediction began: a file, or a folder of frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceVideo {
    path: PathBuf,
    stamp: Stamp,
    content: String,
}

impl SourceVideo {
    /// Looks at the video at `path`.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn look(path: &Path) -> Result<Self> {
        Ok(Self { path: path.to_owned(), stamp: Stamp::of(path)?, content: content(path)? })
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the hash of its content, for a file that which projects keep.
    pub fn content(&self) -> &str {
        &self.content
    }

    /// Returns whether other content is at its path now; false where nothing can be read.
    pub fn has_changed(&self) -> bool {
        content(&self.path).is_ok_and(|now| now != self.content)
    }

    /// Checks that its length and the time of its last change are the same, else its content.
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

    /// Checks that its content is the same.
    ///
    /// # Errors
    /// If it is not, or cannot be read any more.
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

/// Returns the error of a video that could be read before, with what to do about it where it is gone.
fn vanished(error: Error) -> Error {
    if error.kind != ErrorKind::NotFound {
        return error;
    }
    let cause = "the video has vanished since its prediction began".into();
    Error { cause, remedy: "Put it back, then start again to continue".into(), ..error }
}

/// Returns the hash that projects keep of a file, or one of a folder of frames.
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
