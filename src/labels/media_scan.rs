//! Media scan: finds videos, checks those of a project for changes, and locates moved ones.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::hash::Hash;
use super::{Change, Document, Step, StoredPath, Video, VideoId};
use crate::error::{Error, Result};
use crate::files;
use crate::names::{composed, is_hidden, is_same_file};
use crate::plural::counted;

/// Size up to which files are hashed completely; of larger ones, blocks are sampled.
const READ_WHOLE: u64 = 16 << 20;

/// Bytes per block, and number of blocks per file, including the first and the last.
const BLOCK: usize = 64 << 10;
const BLOCKS: u64 = 64;

/// Maximum depth of nested folders.
const MAX_DEPTH: usize = 64;

/// A callback that gets the numbers of finished and of all items, and decides whether to continue.
pub type Progress<'a> = &'a mut dyn FnMut(usize, usize) -> ControlFlow<()>;

/// The videos found in a folder.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScanResult {
    /// Paths of the videos.
    pub videos: Vec<PathBuf>,
    /// Notes on folders that could not be read, or were left out.
    pub notes: Vec<Error>,
    /// Number of folders that could not be read.
    pub unread: usize,
    /// Number of clips left out because an export of labels cut them out of other videos.
    pub exported: usize,
}

/// Returns the videos in `folder` and its sub-folders, as `is_video` decides by name. Links are followed, each folder
/// is visited once, and hidden files are left out. `go_on` is called before each file and folder; the search ends once
/// it returns `false`.
pub fn find_videos(folder: &Path, is_video: &dyn Fn(&Path) -> bool, go_on: &dyn Fn() -> bool) -> ScanResult {
    let (mut found, mut seen) = (ScanResult::default(), BTreeSet::new());
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop().filter(|_| go_on()) {
        let entries = fs::canonicalize(&folder).and_then(|real| Ok((real, fs::read_dir(&folder)?)));
        let entries = match entries {
            Ok((real, entries)) if seen.insert(real.clone()) => entries,
            Ok(_) => continue,
            Err(error) => {
                found.notes.push(Error::io(&folder, &error));
                found.unread += 1;
                continue;
            }
        };
        for path in entries.flatten().map(|entry| entry.path()).take_while(|_| go_on()) {
            if is_hidden(&path) {
                continue;
            }
            match fs::metadata(&path) {
                Ok(facts) if facts.is_dir() && depth < MAX_DEPTH => folders.push((path, depth + 1)),
                Ok(facts) if facts.is_file() && is_video(&path) => found.videos.push(path),
                _ => {}
            }
        }
    }
    found.videos.sort();
    found
}

/// Returns those of `files` that are not yet videos of the project in `dir`, and remarks on others. Names that differ
/// only in their form of Unicode, as between macOS and other systems, count as two files if both exist, otherwise as
/// one.
pub fn newcomers(document: &Document, dir: &Path, files: Vec<PathBuf>) -> (Vec<PathBuf>, Vec<Error>) {
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut alike: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    let in_one_form = |stored: &str| {
        let plain = StoredPath::plain(stored);
        (!plain.is_ascii()).then(|| composed(&plain).into_owned())
    };
    for video in document.videos.values() {
        known.insert(video.path.clone());
        if let Some(name) = in_one_form(&video.path) {
            alike.entry(name).or_default().push(StoredPath::decode(&video.path, dir));
        }
    }
    let (mut new, mut notes) = (Vec::new(), Vec::new());
    for file in files {
        let stored = StoredPath::encode(&file, dir);
        if !known.insert(stored.clone()) {
            continue;
        }
        if let Some(name) = in_one_form(&stored) {
            let twins = alike.entry(name).or_default();
            if twins.iter().any(|twin| is_same_file(twin, &file)) {
                continue;
            }
            if twins.iter().any(|twin| !twin.exists()) {
                let cause = "the project stores this name in another Unicode form, and that file no longer exists";
                notes.push(Error::file(&file, cause, "Relink the video of the project to this file"));
                continue;
            }
            twins.push(file.clone());
        }
        new.push(file);
    }
    (new, notes)
}

/// Returns the fingerprint of a file, independent of its name: its length in bytes, and a hash of its content, complete
/// or in blocks.
///
/// # Errors
/// If it cannot be read.
pub fn fingerprint(path: &Path) -> Result<(u64, String)> {
    hash_of(path).map_err(|error| Error::io(path, &error))
}

fn hash_of(path: &Path) -> io::Result<(u64, String)> {
    let mut file = files::open(path)?;
    let length = file.metadata()?.len();
    let (mut hash, mut block) = (Hash::new(), vec![0; BLOCK]);
    if length <= READ_WHOLE {
        loop {
            match file.read(&mut block)? {
                0 => return Ok((length, hash.to_hex())),
                read => hash.update(&block[..read]),
            }
        }
    }
    for number in 0..BLOCKS {
        let start = (u128::from(length - BLOCK as u64) * u128::from(number) / u128::from(BLOCKS - 1)) as u64;
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut block)?;
        hash.update(&block);
    }
    Ok((length, hash.to_hex()))
}

/// A fault of a video file.
#[derive(Debug, Clone, PartialEq)]
pub enum ScanFault {
    /// The file does not exist.
    Missing,
    /// Its content has changed since it was scanned: labels may be at the wrong frames.
    Changed,
    /// It cannot be read.
    Unreadable(Error),
    /// It has not been scanned, so its frames are unknown.
    Unknown,
}

/// A fault of a video's file.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The video.
    pub id: VideoId,
    /// The expected path of its file.
    pub path: PathBuf,
    /// The fault.
    pub fault: ScanFault,
}

impl Finding {
    /// Returns the finding as a message.
    pub fn to_error(&self) -> Error {
        match &self.fault {
            ScanFault::Missing => Error::file(&self.path, "the video is missing", "Relink it if it was moved"),
            ScanFault::Changed => {
                let cause = "the video has changed since it was labelled";
                Error::file(&self.path, cause, "Check that its labels are at the right frames")
            }
            ScanFault::Unreadable(error) => error.clone(),
            ScanFault::Unknown => {
                Error::file(&self.path, "the video has not been scanned", "Scan the project's videos")
            }
        }
    }
}

/// Returns the fault of the file of `video`, a video of the project in `dir`. Unless `thorough`, a file of the same
/// length counts as unchanged.
pub fn check_video(video: &Video, dir: &Path, thorough: bool) -> Option<ScanFault> {
    let path = StoredPath::decode(&video.path, dir);
    let length = match fs::metadata(&path) {
        Ok(facts) => facts.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Some(ScanFault::Missing),
        Err(error) => return Some(ScanFault::Unreadable(Error::io(&path, &error))),
    };
    let Some(facts) = &video.facts else { return Some(ScanFault::Unknown) };
    if length != facts.bytes {
        return Some(ScanFault::Changed);
    }
    if !thorough {
        return None;
    }
    match fingerprint(&path) {
        Ok((_, hash)) if hash == facts.hash => None,
        Ok(_) => Some(ScanFault::Changed),
        Err(error) => Some(ScanFault::Unreadable(error)),
    }
}

/// Returns the faults of the files of `document`, a project in `dir`; those found so far if `progress` stops it.
pub fn check(document: &Document, dir: &Path, thorough: bool, progress: Progress<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (done, (id, video)) in document.videos.iter().enumerate() {
        if let Some(fault) = check_video(video, dir, thorough) {
            findings.push(Finding { id: *id, path: StoredPath::decode(&video.path, dir), fault });
        }
        if progress(done + 1, document.videos.len()).is_break() {
            break;
        }
    }
    findings
}

/// The new location of a moved video file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relink {
    /// The video.
    pub id: VideoId,
    /// The presumed path of its file.
    pub to: PathBuf,
    /// `true` if length and content match; otherwise only the name does.
    pub is_certain: bool,
}

/// Searches `folder` and its sub-folders for the files of `missing` videos of `document`, a project in `dir`: files of
/// the same content under any name or, for videos that were never scanned, the one with the same name. Among several
/// with the same content, the path with the longest common ending is chosen. `go_on` is called repeatedly; once it
/// returns `false`, the files found so far are returned.
pub fn find_moved(
    document: &Document,
    dir: &Path,
    missing: &[VideoId],
    folder: &Path,
    is_video: &dyn Fn(&Path) -> bool,
    go_on: &dyn Fn() -> bool,
) -> Vec<Relink> {
    let missing: Vec<_> = missing.iter().filter_map(|id| Some((*id, document.videos.get(id)?))).collect();
    let lost: BTreeSet<VideoId> = missing.iter().map(|(id, _)| *id).collect();
    let here = document.videos.iter().filter(|(id, _)| !lost.contains(id));
    let mut taken: BTreeSet<PathBuf> = here.map(|(_, video)| StoredPath::decode(&video.path, dir)).collect();
    let mut candidates = Candidates::new(find_videos(folder, is_video, go_on).videos);
    let mut relinks = Vec::new();
    for (id, video) in missing.iter().take_while(|_| go_on()) {
        let found = candidates.best(video, &StoredPath::decode(&video.path, dir), &taken);
        if let Some((to, is_certain)) = found {
            taken.insert(to.clone());
            relinks.push(Relink { id: *id, to, is_certain });
        }
    }
    relinks
}

/// Files that may be the missing ones.
struct Candidates {
    by_length: HashMap<u64, Vec<PathBuf>>,
    by_name: HashMap<String, Vec<PathBuf>>,
    hashes: HashMap<PathBuf, Option<String>>,
}

impl Candidates {
    fn new(videos: Vec<PathBuf>) -> Self {
        let (mut by_length, mut by_name): (HashMap<_, Vec<_>>, HashMap<_, Vec<_>>) = Default::default();
        for path in videos {
            if let Ok(facts) = fs::metadata(&path) {
                by_length.entry(facts.len()).or_default().push(path.clone());
            }
            by_name.entry(name_of(&path)).or_default().push(path);
        }
        Self { by_length, by_name, hashes: HashMap::new() }
    }

    /// Returns the file that is now `video`, previously at `was`, and whether that is certain.
    fn best(&mut self, video: &Video, was: &Path, taken: &BTreeSet<PathBuf>) -> Option<(PathBuf, bool)> {
        let Some(facts) = &video.facts else {
            let named = self.by_name.get(&name_of(was))?;
            let mut free = named.iter().filter(|path| !taken.contains(*path));
            let only = free.next().filter(|_| free.next().is_none())?;
            return Some((only.clone(), false));
        };
        let same_length = self.by_length.get(&facts.bytes)?;
        let mut alike: Vec<_> = same_length.iter().filter(|path| !taken.contains(*path)).collect();
        alike.sort_by_cached_key(|path| std::cmp::Reverse(shared_end(path, was)));
        let hashes = &mut self.hashes;
        let mut hash = |path: &PathBuf| -> Option<String> {
            let read = || fingerprint(path).ok().map(|(_, hash)| hash);
            hashes.entry(path.clone()).or_insert_with(read).clone()
        };
        let found = alike.into_iter().find(|path| hash(path).as_ref() == Some(&facts.hash))?;
        Some((found.clone(), true))
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().to_lowercase()
}

/// Returns the number of equal trailing components of two paths.
fn shared_end(one: &Path, other: &Path) -> usize {
    one.components().rev().zip(other.components().rev()).take_while(|(one, other)| one == other).count()
}

/// Returns the step that stores the new paths of the files, except for videos whose labels are locked.
pub fn relink(document: &Document, dir: &Path, relinks: &[Relink]) -> Step {
    let moved = relinks.iter().filter_map(|relink| {
        let video = document.videos.get(&relink.id).filter(|video| video.locked.is_none())?;
        let video = Video { path: StoredPath::encode(&relink.to, dir), ..video.clone() };
        Some((relink.id, video))
    });
    let moved: BTreeMap<VideoId, Video> = moved.collect();
    let title = format!("Relinked {}", counted(moved.len(), "video"));
    Step::new(title, moved.into_iter().map(|(id, video)| Change::Video(id, Some(video))).collect())
}

#[cfg(test)]
mod tests {
    use super::super::{Facts, edits};
    use super::*;

    fn is_video(path: &Path) -> bool {
        path.extension().is_some_and(|extension| extension == "mp4")
    }

    fn write(path: &Path, content: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn go_on(_: usize, _: usize) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// Returns a project in `dir` with scanned videos of these names.
    fn project(dir: &Path, names: &[&str]) -> Document {
        let mut document = Document::default();
        let video = |name: &&str| {
            let (bytes, hash) = fingerprint(&dir.join(name)).unwrap();
            let facts =
                Facts { frames: 1, fps: 25.0, start_secs: Some(0.0), variable_rate: false, size: [1, 1], bytes, hash };
            Video { facts: Some(facts), ..Video::new(*name) }
        };
        document.apply(edits::add_videos(&document, names.iter().map(video).collect()));
        document
    }

    #[test]
    fn names_that_differ_in_their_form_are_one_video_unless_both_files_are_there() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let (nfc, nfd) = ("caf\u{e9}.mp4", "cafe\u{301}.mp4");
        let new = |document: &Document, names: &[&str]| {
            let (new, notes) = newcomers(document, dir.path(), names.iter().map(|name| at(name)).collect());
            (new, notes.len())
        };
        fs::write(at(nfc), "one").unwrap();
        let mut document = Document::default();
        assert_eq!(new(&document, &[nfc, nfc, "a.mp4"]), (vec![at(nfc), at("a.mp4")], 0));
        document.apply(edits::add_videos(&document, vec![Video::new(nfd)]));
        assert_eq!(new(&document, &[nfc]), (Vec::new(), 1), "copied to a disk that writes the name in the other form");
        fs::hard_link(at(nfc), at(nfd)).unwrap();
        assert_eq!(new(&document, &[nfc, nfd]), (Vec::new(), 0), "one file under both names");
        fs::remove_file(at(nfd)).unwrap();
        fs::write(at(nfd), "other").unwrap();
        assert_eq!(new(&document, &[nfc, nfd]), (vec![at(nfc)], 0), "two files");
        assert_eq!(new(&Document::default(), &[nfc, nfd]), (vec![at(nfc), at(nfd)], 0));
    }

    #[test]
    fn videos_are_found_once_in_folders_that_may_go_round() {
        let dir = tempfile::tempdir().unwrap();
        for name in
            ["b.mp4", "one/two/a.mp4", "one/c.txt", ".hidden/d.mp4", "__MACOSX/e.mp4", "@eaDir/f.mp4", "one/._a.mp4"]
        {
            write(&dir.path().join(name), name);
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(dir.path(), dir.path().join("one/round")).unwrap();
        let found = find_videos(dir.path(), &is_video, &|| true);
        assert_eq!(found.videos, ["b.mp4", "one/two/a.mp4"].map(|name| dir.path().join(name)));
        assert!(found.notes.is_empty());
        assert_eq!(find_videos(&dir.path().join("none"), &is_video, &|| true).notes.len(), 1);
    }

    #[test]
    fn a_search_ends_when_it_is_told_to() {
        let dir = tempfile::tempdir().unwrap();
        (0..50).for_each(|number| write(&dir.path().join(format!("{number}/{number}.mp4")), "clip"));
        let asked = std::cell::Cell::new(0);
        let ten_times = || asked.replace(asked.get() + 1) < 10;
        let found = find_videos(dir.path(), &is_video, &ten_times);
        assert!(
            found.videos.len() < 10 && asked.get() < 20,
            "{} videos, asked {} times",
            found.videos.len(),
            asked.get()
        );
        let mut document = Document::default();
        document.apply(edits::add_videos(&document, vec![Video::new("old/3.mp4")]));
        let missing = [VideoId(0)];
        assert_eq!(find_moved(&document, dir.path(), &missing, dir.path(), &is_video, &|| false), []);
        assert_eq!(find_moved(&document, dir.path(), &missing, dir.path(), &is_video, &|| true).len(), 1);
    }

    #[test]
    fn what_is_missing_or_changed_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let names = ["same.mp4", "missing.mp4", "longer.mp4", "other.mp4"];
        names.iter().for_each(|name| write(&dir.path().join(name), name));
        let mut document = project(dir.path(), &names);
        document.apply(edits::add_videos(&document, vec![Video::new("new.mp4")]));
        fs::remove_file(dir.path().join("missing.mp4")).unwrap();
        write(&dir.path().join("longer.mp4"), "longer.mp4 than before");
        write(&dir.path().join("other.mp4"), "OTHER.mp4");
        write(&dir.path().join("new.mp4"), "");
        let faults = |thorough| {
            let findings = check(&document, dir.path(), thorough, &mut go_on);
            findings.into_iter().map(|finding| (finding.id.0, finding.fault)).collect::<Vec<_>>()
        };
        assert_eq!(faults(false), [(1, ScanFault::Missing), (2, ScanFault::Changed), (4, ScanFault::Unknown)]);
        let all = [(1, ScanFault::Missing), (2, ScanFault::Changed), (3, ScanFault::Changed), (4, ScanFault::Unknown)];
        assert_eq!(faults(true), all);
    }

    #[test]
    fn a_folder_that_was_moved_is_relinked_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        // Two files with the same name, two with the same content, and a renamed one.
        write(&at("old/a/clip.mp4"), "one");
        write(&at("old/b/clip.mp4"), "two");
        write(&at("old/a/twin.mp4"), "twin");
        write(&at("old/b/twin.mp4"), "twin");
        write(&at("old/c.mp4"), "renamed");
        let names = ["old/a/clip.mp4", "old/b/clip.mp4", "old/a/twin.mp4", "old/b/twin.mp4", "old/c.mp4"];
        let mut document = project(dir.path(), &names);
        document.apply(edits::add_videos(&document, vec![Video::new("old/unseen.mp4")]));
        write(&at("old/unseen.mp4"), "never looked into");
        fs::create_dir(at("new")).unwrap();
        fs::rename(at("old"), at("new/moved")).unwrap();
        fs::rename(at("new/moved/c.mp4"), at("new/d.mp4")).unwrap();
        let missing: Vec<_> = document.videos.keys().copied().collect();
        let relinks = find_moved(&document, dir.path(), &missing, &at("new"), &is_video, &|| true);
        assert_eq!(
            relinks.iter().map(|relink| relink.is_certain).collect::<Vec<_>>(),
            [[true; 5].as_slice(), &[false]].concat()
        );
        let back = document.apply(relink(&document, dir.path(), &relinks));
        let paths: Vec<_> = document.videos.values().map(|video| video.path.as_str()).collect();
        let moved = ["a/clip.mp4", "b/clip.mp4", "a/twin.mp4", "b/twin.mp4"].map(|name| format!("new/moved/{name}"));
        assert_eq!(paths[..4], moved);
        assert_eq!(paths[4..], ["new/d.mp4", "new/moved/unseen.mp4"]);
        assert!(
            check(&document, dir.path(), true, &mut go_on).iter().all(|finding| finding.fault == ScanFault::Unknown)
        );
        document.apply(back);
        assert_eq!(document.videos[&VideoId(0)].path, "old/a/clip.mp4");
    }

    #[test]
    fn large_files_are_told_apart_by_blocks_throughout_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("large.mp4");
        let mut bytes: Vec<u8> = (0..READ_WHOLE as usize + 5).map(|place| (place / 7) as u8).collect();
        fs::write(&path, &bytes).unwrap();
        let before = fingerprint(&path).unwrap();
        assert_eq!(before.0, bytes.len() as u64);
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert_ne!(fingerprint(&path).unwrap(), before, "the last byte is in a block");
    }
}
