//! Optional on-disk cache of decoded clips, so that data sets larger than memory are not decoded again every epoch.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use image::RgbImage;

use super::{Content, LabelledClip};
use crate::atomic;
use crate::content_hash::ContentHash;
use crate::error::{Error, Result};
use crate::files;
use crate::video::{ClipReader, Geometry};

/// The extension of cached files; other files in the folder are never changed.
const EXTENSION: &str = "frames";

/// Version of the file format; part of each file's hash.
const FORMAT: u64 = 3;

/// Age after which a temporary file is considered abandoned: writing a clip never takes this long.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// The folder and maximum size of a cache of decoded clips.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachePlan {
    /// The folder; created if it does not exist.
    pub dir: PathBuf,
    /// Maximum total size of its files, bytes.
    pub max_bytes: u64,
}

/// Decoded clips as raw pixels, one file each, named by a hash of the clip's content and the decoding settings: a clip
/// that is replaced is decoded again, a clip that is moved is not. The least recently used clips are removed first.
pub struct ClipCache {
    plan: CachePlan,
    room: Mutex<Room>,
}

/// The space used by the files.
#[derive(Default)]
struct Room {
    /// Total size of the files in bytes, as far as this process knows, including those being written.
    bytes: u64,
    /// Files that are being written, and their final sizes.
    coming: HashMap<PathBuf, u64>,
}

/// The frames of a clip, decoded or cached.
pub enum ClipFrames {
    /// Decoded from the clip itself.
    Decoded(ClipReader),
    /// Read from a file of the cache.
    Cached(CachedFrames),
}

impl ClipFrames {
    /// Returns the number of frames, at least one.
    pub fn count(&self) -> usize {
        match self {
            Self::Decoded(reader) => reader.frames(),
            Self::Cached(frames) => frames.count,
        }
    }

    /// Returns the frames at the positions `wanted`, in that order.
    ///
    /// # Errors
    /// If there is no such frame, or it cannot be read.
    pub fn pictures(&mut self, wanted: &[usize]) -> Result<Vec<Arc<RgbImage>>> {
        // Each frame once, in file order.
        let places: BTreeSet<usize> = wanted.iter().copied().collect();
        let count = self.count();
        if let Some(beyond) = places.last().filter(|place| **place >= count) {
            let cause = format!("there is no frame {beyond}, it has {count}");
            return Err(Error::new("clip", cause, "Leave the clips as they are while a run reads them"));
        }
        let read = |&place: &usize| match self {
            Self::Decoded(reader) => picture(reader, place),
            Self::Cached(frames) => frames.picture(place),
        };
        let pictures = places.iter().map(read).map(|picture| picture.map(Arc::new)).collect::<Result<Vec<_>>>()?;
        if let Self::Decoded(reader) = self {
            reader.warn();
        }
        let by_place: BTreeMap<usize, Arc<RgbImage>> = places.into_iter().zip(pictures).collect();
        Ok(wanted.iter().map(|place| by_place[place].clone()).collect())
    }
}

/// An open file of the cache.
pub struct CachedFrames {
    path: PathBuf,
    file: File,
    geometry: Geometry,
    count: usize,
}

impl CachedFrames {
    /// Opens a cached file; `None` if it is missing or does not hold a whole number of frames.
    fn open(path: &Path, geometry: Geometry) -> Option<Self> {
        let file = files::open(path).ok()?;
        let (length, frame) = (file.metadata().ok()?.len(), frame_bytes(geometry) as u64);
        let is_whole = length > 0 && length.is_multiple_of(frame);
        is_whole.then(|| Self { path: path.to_owned(), file, geometry, count: (length / frame) as usize })
    }

    fn picture(&mut self, index: usize) -> Result<RgbImage> {
        let Geometry { width, height } = self.geometry;
        let mut pixels = vec![0; frame_bytes(self.geometry)];
        let place = SeekFrom::Start(index as u64 * pixels.len() as u64);
        let read = self.file.seek(place).and_then(|_| self.file.read_exact(&mut pixels));
        read.map_err(|error| Error::io(&self.path, &error))?;
        Ok(RgbImage::from_raw(width, height, pixels).expect("the pixels are of this size"))
    }
}

impl ClipCache {
    /// Opens the cache.
    ///
    /// # Errors
    /// If the folder cannot be created or read.
    pub fn open(plan: CachePlan) -> Result<Self> {
        fs::create_dir_all(&plan.dir).map_err(|error| Error::io(&plan.dir, &error))?;
        remove_abandoned(&plan.dir);
        let cache = Self { plan, room: Mutex::default() };
        let bytes = cache.files()?.iter().map(|file| file.bytes).sum();
        cache.room().bytes = bytes;
        Ok(cache)
    }

    /// Returns the frames of `clip` in size `geometry`, from disk if cached; otherwise they are decoded and, if they
    /// fit, written while they are decoded. Folders of pictures are always decoded, since the cached file would not be
    /// smaller.
    ///
    /// # Errors
    /// If the clip cannot be opened. Failures to write are logged as warnings.
    pub fn open_clip(&self, clip: &LabelledClip, geometry: Geometry) -> Result<ClipFrames> {
        let Ok(path) = self.path(clip, geometry) else { return clip.open(geometry).map(ClipFrames::Decoded) };
        if let Some(frames) = CachedFrames::open(&path, geometry) {
            // If this fails, the clip is only removed earlier.
            let _ = File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()));
            return Ok(ClipFrames::Cached(frames));
        }
        let mut reader = clip.open(geometry)?;
        let length = reader.frames() as u64 * frame_bytes(geometry) as u64;
        if self.reserve(&path, length) {
            let kept = write(&path, &mut reader);
            self.settle(&path, kept.is_ok());
            if let Err(error) = kept {
                tracing::warn!("clip not cached: {error}");
            }
        }
        Ok(CachedFrames::open(&path, geometry).map_or(ClipFrames::Decoded(reader), ClipFrames::Cached))
    }

    /// Makes room for a file of `length` bytes; returns `false` if it exceeds the maximum or is already being written.
    fn reserve(&self, path: &Path, length: u64) -> bool {
        let mut room = self.room();
        if length > self.plan.max_bytes || room.coming.contains_key(path) {
            return false;
        }
        if room.bytes + length > self.plan.max_bytes {
            let coming: u64 = room.coming.values().sum();
            match self.make_room(self.plan.max_bytes.saturating_sub(length + coming)) {
                Ok(bytes) => room.bytes = bytes + coming,
                Err(error) => {
                    tracing::warn!("clip not cached: {error}");
                    return false;
                }
            }
        }
        let fits = room.bytes + length <= self.plan.max_bytes;
        if fits {
            room.bytes += length;
            room.coming.insert(path.to_owned(), length);
        }
        fits
    }

    /// Completes a reservation by [`Self::reserve`].
    fn settle(&self, path: &Path, is_there: bool) {
        let mut room = self.room();
        let length = room.coming.remove(path).unwrap_or_default();
        if !is_there {
            room.bytes = room.bytes.saturating_sub(length);
        }
    }

    /// Removes the least recently used files until the others take at most `limit`; returns their size.
    fn make_room(&self, limit: u64) -> Result<u64> {
        let mut files = self.files()?;
        files.sort_by_key(|file| file.used);
        let mut bytes = files.iter().map(|file| file.bytes).sum();
        for file in files {
            if bytes <= limit {
                break;
            }
            match fs::remove_file(&file.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Error::io(&file.path, &error)),
                _ => bytes -= file.bytes,
            }
        }
        Ok(bytes)
    }

    fn files(&self) -> Result<Vec<CachedFile>> {
        let entries = fs::read_dir(&self.plan.dir).map_err(|error| Error::io(&self.plan.dir, &error))?;
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let cached = paths.filter(|path| path.extension().is_some_and(|extension| extension == EXTENSION));
        Ok(cached
            .filter_map(|path| {
                let facts = fs::metadata(&path).ok()?;
                Some(CachedFile { path, bytes: facts.len(), used: facts.modified().ok()? })
            })
            .collect())
    }

    /// Returns the path of the cached frames of a clip.
    fn path(&self, clip: &LabelledClip, geometry: Geometry) -> io::Result<PathBuf> {
        let mut decoded = ContentHash::new();
        decoded.number(FORMAT);
        // Another version may scale or decode differently.
        decoded.field(env!("CARGO_PKG_VERSION"));
        decoded.number(geometry.width.into());
        decoded.number(geometry.height.into());
        clip.segment_secs.into_iter().flatten().for_each(|secs| decoded.number(secs.to_bits()));
        let Content { length, hash } = Content::of(&clip.path)?;
        Ok(self.plan.dir.join(format!("{hash:016x}-{length:x}-{}.{EXTENSION}", decoded.to_hex())))
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

struct CachedFile {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

/// Removes temporary files of runs that were killed. Files that cannot be removed only take up space.
fn remove_abandoned(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let age = entry.metadata().and_then(|facts| facts.modified()).map(|time| time.elapsed().unwrap_or_default());
        if name.starts_with(".tmp") && name.ends_with(".partial") && age.is_ok_and(|age| age > ABANDONED_AFTER) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Writes all frames of the clip to `path`.
fn write(path: &Path, reader: &mut ClipReader) -> Result<()> {
    // Renamed only once it is on disk: after a power failure a file of the right length might be full of zeros.
    atomic::replace(path, |writer| {
        (0..reader.frames()).try_for_each(|index| {
            let picture = picture(reader, index).map_err(|error| io::Error::other(error.to_string()))?;
            writer.write_all(&picture)
        })
    })?;
    reader.warn();
    Ok(())
}

/// Returns a frame in the reader's only size.
fn picture(reader: &mut ClipReader, index: usize) -> Result<RgbImage> {
    Ok(reader.pictures(index)?.swap_remove(0))
}

fn frame_bytes(geometry: Geometry) -> usize {
    3 * geometry.width as usize * geometry.height as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::VideoWriter;
    use image::Rgb;

    const SIZE: Geometry = Geometry { width: 32, height: 32 };
    const FRAME: u64 = 32 * 32 * 3;

    fn clip(path: PathBuf, grey: u8) -> LabelledClip {
        let mut writer = VideoWriter::create(&path, Geometry { width: 64, height: 64 }, 25.0).unwrap();
        for i in 0..4 {
            writer.push(&RgbImage::from_pixel(64, 64, Rgb([grey + 10 * i; 3]))).unwrap();
        }
        writer.finish().unwrap();
        LabelledClip { path, label: 0, segment_secs: None, group: None, also: Vec::new() }
    }

    fn decoded(cache: &ClipCache, clip: &LabelledClip) -> Vec<RgbImage> {
        let mut frames = cache.open_clip(clip, SIZE).unwrap();
        let all: Vec<usize> = (0..frames.count()).collect();
        frames.pictures(&all).unwrap().into_iter().map(Arc::unwrap_or_clone).collect()
    }

    fn files(dir: &Path) -> Vec<PathBuf> {
        let mut files: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    #[test]
    fn frames_come_from_disk_and_the_room_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let cached = dir.path().join("cache");
        let clips = [10, 60, 110].map(|grey| clip(dir.path().join(format!("{grey}.mp4")), grey));
        // Room for two clips of four frames.
        let plan = CachePlan { dir: cached.clone(), max_bytes: 9 * FRAME };
        let cache = ClipCache::open(plan.clone()).unwrap();
        let whole = clips.each_ref().map(|clip| clip.decode(SIZE, None).unwrap());
        assert!(decoded(&cache, &clips[0]) == whole[0]);
        let first = files(&cached);
        assert_eq!((first.len(), fs::metadata(&first[0]).unwrap().len()), (1, 4 * FRAME));

        fs::write(&first[0], vec![7; 4 * FRAME as usize]).unwrap();
        assert_eq!(decoded(&cache, &clips[0])[3].as_raw()[0], 7, "nothing was decoded");
        fs::write(&first[0], "cut off").unwrap();
        assert!(decoded(&cache, &clips[0]) == whole[0], "a spoilt file is written anew");
        let one = cache.open_clip(&clips[0], SIZE).unwrap().pictures(&[2, 0, 2]).unwrap();
        assert!([2, 0, 2].iter().zip(&one).all(|(&place, picture)| **picture == whole[0][place]));

        fs::write(cached.join("notes.txt"), "mine").unwrap();
        let old = File::options().append(true).open(&first[0]).unwrap();
        old.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        let cache = ClipCache::open(plan).unwrap();
        decoded(&cache, &clips[1]);
        decoded(&cache, &clips[2]);
        assert!(!first[0].exists(), "the clip that was not asked for longest made room");
        let kept: u64 = files(&cached)
            .iter()
            .filter(|path| path.extension() == Some(EXTENSION.as_ref()))
            .map(|path| fs::metadata(path).unwrap().len())
            .sum();
        assert_eq!(kept, 8 * FRAME);
        assert!(cached.join("notes.txt").exists());
    }

    #[test]
    fn what_a_killed_run_left_half_written_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let old = SystemTime::now() - 2 * ABANDONED_AFTER;
        for (name, time) in [(".tmpOld.partial", old), (".tmpNew.partial", SystemTime::now()), ("mine.partial", old)] {
            fs::write(dir.path().join(name), "half").unwrap();
            File::options().append(true).open(dir.path().join(name)).unwrap().set_modified(time).unwrap();
        }
        ClipCache::open(CachePlan { dir: dir.path().to_owned(), max_bytes: 1 }).unwrap();
        assert_eq!(files(dir.path()).len(), 2);
        assert!(!dir.path().join(".tmpOld.partial").exists());
    }

    #[test]
    fn replaced_clips_are_decoded_again_and_moved_ones_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let cached = dir.path().join("cache");
        let cache = ClipCache::open(CachePlan { dir: cached.clone(), max_bytes: 1 << 20 }).unwrap();
        let mut clip_of = clip(dir.path().join("a.mp4"), 10);
        let before = decoded(&cache, &clip_of);
        fs::rename(&clip_of.path, dir.path().join("b.mp4")).unwrap();
        clip(clip_of.path.clone(), 90);
        assert!(decoded(&cache, &clip_of) != before);
        clip_of.path = dir.path().join("b.mp4");
        assert!(decoded(&cache, &clip_of) == before);
        assert_eq!(files(&cached).len(), 2);
        clip_of.path = dir.path().join("c.mp4");
        assert!(cache.open_clip(&clip_of, SIZE).is_err());
    }
}
