//! Decoded clips on disk, for those who ask for it: what is too much for the memory need not be decoded every epoch.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use image::RgbImage;

use super::dataset::{Content, LabelledClip};
use crate::atomic;
use crate::content_hash::ContentHash;
use crate::error::{Error, Result};
use crate::video::Geometry;

/// How the cached files end; nothing else in the folder is touched.
const EXTENSION: &str = "frames";

/// Changes with how the files are written.
const FORMAT: u64 = 2;

/// Where decoded clips are kept and how much room they may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachePlan {
    /// The folder; made if need be.
    pub dir: PathBuf,
    /// Bytes that the files in it take at most.
    pub max_bytes: u64,
}

/// Decoded clips as raw pixels, a file each, called by what the clip's file holds and how it is decoded: a clip that is
/// replaced by another is decoded again, and one that is moved is not. The clips that were not asked for longest make room.
pub struct ClipCache {
    plan: CachePlan,
    /// What the files take, as far as this process knows.
    bytes: Mutex<u64>,
}

impl ClipCache {
    /// Opens the cache.
    ///
    /// # Errors
    /// If the folder cannot be made or read.
    pub fn open(plan: CachePlan) -> Result<Self> {
        fs::create_dir_all(&plan.dir).map_err(|error| Error::io(&plan.dir, &error))?;
        let cache = Self { plan, bytes: Mutex::new(0) };
        let bytes = cache.files()?.iter().map(|file| file.bytes).sum();
        *cache.bytes() = bytes;
        Ok(cache)
    }

    /// The frames of `clip` as [`LabelledClip::decode`] gives them, from disk if they are there. Folders of pictures, which
    /// are no larger than what would be kept, are always decoded.
    ///
    /// # Errors
    /// What decoding reports. A cache that cannot be written to is warned of in the log.
    pub fn decode(&self, clip: &LabelledClip, geometry: Geometry, max_frames: usize) -> Result<Vec<RgbImage>> {
        let decode = || clip.decode(geometry, Some(max_frames));
        let Ok(path) = self.path(clip, geometry, max_frames) else { return decode() };
        if let Some(frames) = read(&path, geometry) {
            // Failing that, the clip makes room sooner.
            let _ = File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()));
            return Ok(frames);
        }
        let frames = decode()?;
        if let Err(error) = self.keep(&path, &frames) {
            tracing::warn!("clip not cached: {error}");
        }
        Ok(frames)
    }

    /// Writes the frames to `path` if they fit at all, and removes others until they do.
    fn keep(&self, path: &Path, frames: &[RgbImage]) -> Result<()> {
        let length: u64 = frames.iter().map(|frame| frame.as_raw().len() as u64).sum();
        if length > self.plan.max_bytes {
            return Ok(());
        }
        let mut bytes = self.bytes();
        if *bytes + length > self.plan.max_bytes {
            *bytes = self.make_room(self.plan.max_bytes - length)?;
        }
        atomic::replace(path, |writer| frames.iter().try_for_each(|frame| writer.write_all(frame)))?;
        *bytes += length;
        Ok(())
    }

    /// Removes the files that were not asked for longest until the others take at most `limit`; tells how much they take.
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

    /// Where the frames of a clip are kept.
    fn path(&self, clip: &LabelledClip, geometry: Geometry, max_frames: usize) -> io::Result<PathBuf> {
        let mut decoded = ContentHash::new();
        decoded.number(FORMAT);
        // Another version may scale or decode otherwise.
        decoded.field(env!("CARGO_PKG_VERSION"));
        decoded.number(geometry.width.into());
        decoded.number(geometry.height.into());
        decoded.number(max_frames as u64);
        clip.segment_secs.into_iter().flatten().for_each(|secs| decoded.number(secs.to_bits()));
        let Content { length, hash } = Content::of(&clip.path)?;
        Ok(self.plan.dir.join(format!("{hash:016x}-{length:x}-{}.{EXTENSION}", decoded.to_hex())))
    }

    fn bytes(&self) -> std::sync::MutexGuard<'_, u64> {
        self.bytes.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

struct CachedFile {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

/// The frames in a cached file; none if it is not there or holds no whole number of them.
fn read(path: &Path, geometry: Geometry) -> Option<Vec<RgbImage>> {
    let pixels = fs::read(path).ok()?;
    let frame = geometry.width as usize * geometry.height as usize * 3;
    if pixels.is_empty() || !pixels.len().is_multiple_of(frame) {
        return None;
    }
    pixels.chunks(frame).map(|pixels| RgbImage::from_raw(geometry.width, geometry.height, pixels.to_vec())).collect()
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
        LabelledClip { path, label: 0, segment_secs: None, group: None }
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
        assert!(cache.decode(&clips[0], SIZE, 100).unwrap() == whole[0]);
        let first = files(&cached);
        assert_eq!((first.len(), fs::metadata(&first[0]).unwrap().len()), (1, 4 * FRAME));

        fs::write(&first[0], vec![7; 4 * FRAME as usize]).unwrap();
        assert_eq!(cache.decode(&clips[0], SIZE, 100).unwrap()[3].as_raw()[0], 7, "nothing was decoded");
        fs::write(&first[0], "cut off").unwrap();
        assert!(cache.decode(&clips[0], SIZE, 100).unwrap() == whole[0], "a spoilt file is written anew");
        assert_eq!(cache.decode(&clips[0], SIZE, 1).unwrap().len(), 1, "other frames are another entry");

        fs::write(cached.join("notes.txt"), "mine").unwrap();
        let old = File::options().append(true).open(&first[0]).unwrap();
        old.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        let cache = ClipCache::open(plan).unwrap();
        cache.decode(&clips[1], SIZE, 100).unwrap();
        cache.decode(&clips[2], SIZE, 100).unwrap();
        assert!(!first[0].exists(), "the clip that was not asked for longest made room");
        let kept: u64 = files(&cached)
            .iter()
            .filter(|path| path.extension() == Some(EXTENSION.as_ref()))
            .map(|path| fs::metadata(path).unwrap().len())
            .sum();
        assert_eq!(kept, 9 * FRAME);
        assert!(cached.join("notes.txt").exists());
    }

    #[test]
    fn replaced_clips_are_decoded_again_and_moved_ones_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let cached = dir.path().join("cache");
        let cache = ClipCache::open(CachePlan { dir: cached.clone(), max_bytes: 1 << 20 }).unwrap();
        let mut clip_of = clip(dir.path().join("a.mp4"), 10);
        let before = cache.decode(&clip_of, SIZE, 100).unwrap();
        fs::rename(&clip_of.path, dir.path().join("b.mp4")).unwrap();
        clip(clip_of.path.clone(), 90);
        assert!(cache.decode(&clip_of, SIZE, 100).unwrap() != before);
        clip_of.path = dir.path().join("b.mp4");
        assert!(cache.decode(&clip_of, SIZE, 100).unwrap() == before);
        assert_eq!(files(&cached).len(), 2);
        clip_of.path = dir.path().join("c.mp4");
        assert!(cache.decode(&clip_of, SIZE, 100).is_err());
    }
}
