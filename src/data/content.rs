//! Content hashes of files, independent of their names.

use std::collections::HashMap;
use std::fs::{self, DirEntry, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::LabelledClip;
use crate::content_hash::ContentHash;
use crate::files;

/// A file that changed within this time may change again with the same modification time: file systems have coarse
/// clocks.
const SETTLED: Duration = Duration::from_secs(2);

/// Length and hash of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Content {
    /// Length in bytes.
    pub length: u64,
    /// Hash of all bytes; the same on every machine and in every version of the program.
    pub hash: u64,
}

/// Contents by path, valid while size and modification time are unchanged.
static KNOWN: LazyLock<Mutex<HashMap<PathBuf, (Stamp, Content)>>> = LazyLock::new(Mutex::default);

/// Size and modification time, to detect changes of a file without reading it.
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
    /// Returns the content of the file at `path`, which is read only once while its size and modification time are
    /// unchanged: many clips may be parts of one long video.
    ///
    /// # Errors
    /// The operating system's error; a folder has no content.
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

/// Returns a key that identifies the pictures of a clip: the content of its file, or the names, sizes and times of the
/// files in its folder, and the part of the video; `None` if there is no such file or folder.
pub fn clip_identity(clip: &LabelledClip) -> Option<String> {
    let mut hash = ContentHash::new();
    if clip.path.is_dir() {
        let mut files: Vec<_> = fs::read_dir(&clip.path).ok()?.collect::<io::Result<_>>().ok()?;
        files.sort_by_key(DirEntry::file_name);
        for file in files {
            let stamp = Stamp::of(&file.metadata().ok()?).ok()?;
            hash.field(file.file_name().as_encoded_bytes());
            hash.number(stamp.length);
            let since = stamp.modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            hash.field(since.as_nanos().to_le_bytes());
        }
    } else {
        let Content { length, hash: content } = Content::of(&clip.path).ok()?;
        hash.number(length);
        hash.number(content);
    }
    clip.segment_secs.into_iter().flatten().for_each(|secs| hash.number(secs.to_bits()));
    Some(hash.to_hex())
}

/// Size up to which files are read completely for their fingerprint; larger ones are sampled.
const READ_WHOLE: u64 = 1 << 18;
const BLOCK: usize = 1 << 14;
const BLOCKS: u64 = 8;
/// Number of pictures of a folder, evenly spread, whose content is part of its fingerprint.
const PICTURES: usize = 4;

/// Returns a fingerprint of the file or folder of pictures at `path` that does not depend on modification times:
/// lengths, and content sampled throughout. Reads 128 KiB of a large file.
///
/// # Errors
/// The operating system's error.
pub fn file_fingerprint(path: &Path) -> io::Result<String> {
    let mut hash = ContentHash::new();
    if path.is_dir() {
        let mut names: Vec<_> = fs::read_dir(path)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
        names.sort();
        for (place, name) in names.iter().enumerate() {
            hash.field(name.as_encoded_bytes());
            let file = path.join(name);
            let is_read = place * PICTURES / names.len() != (place + 1) * PICTURES / names.len();
            match fs::metadata(&file)? {
                facts if is_read && facts.is_file() => sample(&file, &mut hash)?,
                facts => hash.number(facts.len()),
            }
        }
    } else {
        sample(path, &mut hash)?;
    }
    Ok(hash.to_hex())
}

/// Adds the length of the file at `path` and samples of its content.
fn sample(path: &Path, hash: &mut ContentHash) -> io::Result<()> {
    let mut file = files::open(path)?;
    let length = file.metadata()?.len();
    hash.number(length);
    if length <= READ_WHOLE {
        return hash.update_with_file(path).map(drop);
    }
    let mut block = vec![0; BLOCK];
    for number in 0..BLOCKS {
        file.seek(SeekFrom::Start((length - BLOCK as u64) / (BLOCKS - 1) * number))?;
        file.read_exact(&mut block)?;
        hash.update(&block);
    }
    Ok(())
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

    #[test]
    fn clips_are_told_apart_by_what_is_in_their_files_and_folders() {
        let dir = tempfile::tempdir().unwrap();
        let clip = |name: &str, segment_secs| {
            let path = dir.path().join(name);
            clip_identity(&LabelledClip { path, label: 0, segment_secs, group: None, also: Vec::new() })
        };
        fs::write(dir.path().join("a.mp4"), "wave").unwrap();
        fs::copy(dir.path().join("a.mp4"), dir.path().join("b.mp4")).unwrap();
        assert!(clip("a.mp4", None).is_some() && clip("a.mp4", None) == clip("b.mp4", None));
        assert_ne!(clip("a.mp4", Some([0.0, 1.0])), clip("a.mp4", None));
        fs::write(dir.path().join("b.mp4"), "walk").unwrap();
        assert_ne!(clip("a.mp4", None), clip("b.mp4", None));
        assert_eq!(clip("c.mp4", None), None);
        fs::create_dir(dir.path().join("frames")).unwrap();
        fs::write(dir.path().join("frames/1.png"), "one").unwrap();
        let before = clip("frames", None);
        assert!(before.is_some() && before == clip("frames", None));
        fs::write(dir.path().join("frames/2.png"), "two").unwrap();
        assert_ne!(clip("frames", None), before);
    }

    #[test]
    fn a_fingerprint_is_that_of_the_content_and_not_of_the_time() {
        let dir = tempfile::tempdir().unwrap();
        let (file, folder) = (dir.path().join("a.mp4"), dir.path().join("frames"));
        fs::create_dir(&folder).unwrap();
        let picture = |number: usize| folder.join(format!("{number}.png"));
        (0..9).for_each(|number| fs::write(picture(number), [number as u8; 10]).unwrap());
        let mut bytes: Vec<u8> = (0..READ_WHOLE as usize + 1).map(|place| (place / 7) as u8).collect();
        fs::write(&file, &bytes).unwrap();
        let now = || [&file, &folder].map(|path| file_fingerprint(path).unwrap());
        let before = now();
        changed_at(&file, 1000);
        changed_at(&picture(0), 1000);
        assert_eq!(now(), before);
        bytes[5] ^= 1;
        fs::write(&file, &bytes).unwrap();
        fs::write(picture(8), [0; 11]).unwrap();
        let after = now();
        assert!(after[0] != before[0] && after[1] != before[1]);
        assert!(file_fingerprint(&dir.path().join("none")).is_err());
    }
}
