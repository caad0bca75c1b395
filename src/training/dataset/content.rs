//! What identifies the content of a file, whatever it is called.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use crate::content_hash::ContentHash;

/// A file that changed less than this ago may change again without a later time of change: file systems count coarsely.
const SETTLED: Duration = Duration::from_secs(2);

/// Length and hash of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Content {
    /// Bytes.
    pub length: u64,
    /// Of all of them; the same on every machine and in every version of the program.
    pub hash: u64,
}

/// Contents by path, as long as size and time of change stay as they were.
static KNOWN: LazyLock<Mutex<HashMap<PathBuf, (Stamp, Content)>>> = LazyLock::new(Mutex::default);

/// What shows without reading a file whether it was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: SystemTime,
}

impl Stamp {
    fn of(facts: &Metadata) -> io::Result<Self> {
        Ok(Self { length: facts.len(), modified: facts.modified()? })
    }
}

impl Content {
    /// The content of the file at `path`, which is read once as long as its size and its time of change stay the same: many
    /// clips may be parts of one long video.
    ///
    /// # Errors
    /// What the operating system reports; a folder has no content.
    pub fn of(path: &Path) -> io::Result<Self> {
        let facts = fs::metadata(path)?;
        if !facts.is_file() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        let stamp = Stamp::of(&facts)?;
        if let Some((_, content)) = known().get(path).filter(|(known, _)| *known == stamp) {
            return Ok(*content);
        }
        let content = Self::read(path)?;
        let is_settled = stamp.modified.elapsed().is_ok_and(|age| age >= SETTLED);
        if is_settled && Stamp::of(&fs::metadata(path)?)? == stamp {
            known().insert(path.to_owned(), (stamp, content));
        }
        Ok(content)
    }

    fn read(path: &Path) -> io::Result<Self> {
        let mut hash = ContentHash::new();
        let length = hash.update_with_file(path)?;
        Ok(Self { length, hash: hash.value() })
    }
}

fn known() -> MutexGuard<'static, HashMap<PathBuf, (Stamp, Content)>> {
    KNOWN.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    fn changed_at(path: &Path, secs: u64) {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(secs);
        File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
    }

    #[test]
    fn a_file_is_read_once_until_its_size_or_time_changes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("clip.mp4");
        fs::write(&path, "foobar").unwrap();
        changed_at(&path, 1000);
        let first = Content::of(&path).unwrap();
        assert_eq!(first.length, 6);
        fs::write(&path, "raboof").unwrap();
        changed_at(&path, 1000);
        assert_eq!(Content::of(&path).unwrap(), first, "it was not read again");
        changed_at(&path, 1001);
        assert_ne!(Content::of(&path).unwrap(), first);
    }

    #[test]
    fn a_file_that_was_just_written_is_read_every_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("clip.mp4");
        let now = SystemTime::now();
        let contents = ["one", "two"].map(|text| {
            fs::write(&path, text).unwrap();
            File::options().append(true).open(&path).unwrap().set_modified(now).unwrap();
            Content::of(&path).unwrap()
        });
        assert_ne!(contents[0], contents[1]);
        assert!(Content::of(dir.path()).is_err(), "a folder has no content");
    }
}
