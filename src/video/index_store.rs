//! Indexes of videos, shared by all readers of a file in this process and cached on disk for later ones.
//!
//! An index costs one pass over the whole file. A file counts as unchanged if its path, length, modification time and,
//! where available, inode are the same.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use super::StopFlag;
use super::file_key::FileKey;
use super::index_file;
use super::index_progress::IndexProgress;
use super::packet_source::stopped;
use super::video_index::VideoIndex;
use crate::error::Result;

/// Limit of the packets of all indexes in memory, about 70 MB.
const MAX_PACKETS: usize = 500_000;

/// Limit of the number of indexes in memory.
const MAX_INDEXES: usize = 1000;

/// Files of at least this length have their index cached on disk; smaller ones are indexed quickly.
const LEAST_BYTES: u64 = 16 << 20;

/// Videos with at least this many packets have their index cached on disk if their pictures had to be decoded to count
/// them.
const LEAST_DECODED: usize = 250;

/// Time between checks of the stop flag while another thread builds the index.
const LOOK: Duration = Duration::from_millis(50);

/// The indexes of one process.
#[derive(Default)]
struct IndexStore {
    state: Mutex<StoreState>,
    changed: Condvar,
}

#[derive(Default)]
struct StoreState {
    /// Known indexes, the most recently used one last.
    known: VecDeque<(FileKey, VideoIndex)>,
    /// Indexes under construction.
    building: Vec<(FileKey, Arc<IndexProgress>)>,
}

/// Marks the construction as finished when dropped, also after a panic.
struct Turn<'a> {
    store: &'a IndexStore,
    key: &'a FileKey,
}

static STORE: OnceLock<IndexStore> = OnceLock::new();
static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// Caches the indexes of large videos in `folder` from now on; a second call has no effect.
pub fn keep_indexes_in(folder: PathBuf) {
    let _ = FOLDER.set(folder);
}

/// Returns the index of the video at `path`, if it is in memory.
pub(super) fn known_index(path: &Path) -> Option<VideoIndex> {
    store().lock().take(&FileKey::of(path)?)
}

/// Returns the index of the video at `path`: from memory, from the disk, or built. Concurrent requests share the work.
///
/// # Errors
/// Same as [`VideoIndex::build`].
pub(super) fn index_of(path: &Path, stop: &StopFlag, progress: &Arc<IndexProgress>) -> Result<VideoIndex> {
    index_in(store(), FOLDER.get().map(PathBuf::as_path), path, stop, progress)
}

fn store() -> &'static IndexStore {
    STORE.get_or_init(IndexStore::default)
}

fn index_in(
    store: &IndexStore,
    folder: Option<&Path>,
    path: &Path,
    stop: &StopFlag,
    progress: &Arc<IndexProgress>,
) -> Result<VideoIndex> {
    // A file without metadata cannot be opened either, and opening it gives the error message.
    let Some(key) = FileKey::of(path) else { return VideoIndex::build(path, stop, progress) };
    let mut state = store.lock();
    loop {
        if let Some(index) = state.take(&key) {
            return Ok(index);
        }
        let Some((_, other)) = state.building.iter().find(|(building, _)| *building == key) else { break };
        progress.copy(other);
        if stop.load(Ordering::Acquire) {
            return Err(stopped(path));
        }
        state = store.changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0;
    }
    state.building.push((key.clone(), progress.clone()));
    drop(state);
    let turn = Turn { store, key: &key };
    let kept = folder.and_then(|folder| index_file::read(folder, &key));
    let is_kept = kept.is_some();
    let index = match kept {
        Some(index) => index,
        None => VideoIndex::build(path, stop, progress)?,
    };
    // An index is not reused if the file changed meanwhile or the disk failed.
    if index.table.failure.is_none() && FileKey::of(path).as_ref() == Some(&key) {
        store.lock().keep(key.clone(), index.clone());
        let is_large = key.bytes >= LEAST_BYTES;
        let is_costly = index.order.decoded.is_some() && index.table.entries.len() >= LEAST_DECODED;
        if let Some(folder) = folder.filter(|_| !is_kept && (is_large || is_costly))
            && let Err(error) = index_file::write(folder, &key, &index)
        {
            tracing::debug!("the index was not kept: {error}");
        }
    }
    drop(turn);
    Ok(index)
}

impl IndexStore {
    fn lock(&self) -> MutexGuard<'_, StoreState> {
        // Each change is a single step, so a poisoned lock is usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StoreState {
    /// Returns the index of a file and marks it as the most recently used.
    fn take(&mut self, key: &FileKey) -> Option<VideoIndex> {
        let place = self.known.iter().rposition(|(known, _)| known == key)?;
        let entry = self.known.remove(place)?;
        let index = entry.1.clone();
        self.known.push_back(entry);
        Some(index)
    }

    /// Adds an index and removes the least recently used ones beyond the limits.
    fn keep(&mut self, key: FileKey, index: VideoIndex) {
        self.known.retain(|(known, _)| known.path != key.path);
        self.known.push_back((key, index));
        let mut packets: usize = self.known.iter().map(|(_, index)| index.table.entries.len()).sum();
        while (packets > MAX_PACKETS && self.known.len() > 1) || self.known.len() > MAX_INDEXES {
            packets -= self.known.pop_front().map_or(0, |(_, index)| index.table.entries.len());
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.store.lock().building.retain(|(building, _)| building != self.key);
        self.store.changed.notify_all();
    }
}

/// Makes every request wait for the index of the file at `path`, as if another thread were building it; the returned
/// function ends that.
#[cfg(test)]
pub(crate) fn hold(path: &Path) -> impl FnOnce() + use<> {
    let key = FileKey::of(path).expect("the file is there");
    store().lock().building.push((key.clone(), Arc::default()));
    move || drop(Turn { store: store(), key: &key })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::{Geometry, VideoWriter};
    use image::RgbImage;

    const SIZE: Geometry = Geometry { width: 32, height: 32 };

    fn write_clip(path: &Path, frames: u8) {
        let mut writer = VideoWriter::create(path, SIZE, 25.0).expect("writable");
        for number in 0..frames {
            let picture = RgbImage::from_pixel(SIZE.width, SIZE.height, image::Rgb([number; 3]));
            writer.push(&picture).expect("a picture of the size of the clip");
        }
        writer.finish().expect("it has pictures");
    }

    fn ask(store: &IndexStore, folder: Option<&Path>, path: &Path) -> Result<VideoIndex> {
        index_in(store, folder, path, &StopFlag::default(), &Arc::default())
    }

    #[test]
    fn a_file_is_read_once_however_many_ask_and_again_when_it_has_changed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clip = folder.path().join("clip.mp4");
        write_clip(&clip, 5);
        let store = IndexStore::default();
        let first = ask(&store, None, &clip).expect("a video");
        let again = ask(&store, None, &clip).expect("a video");
        assert!(Arc::ptr_eq(&first.table, &again.table), "the same table");
        let shared = std::thread::scope(|scope| {
            let asks: Vec<_> = (0..4).map(|_| scope.spawn(|| ask(&store, None, &clip))).collect();
            asks.into_iter()
                .all(|ask| Arc::ptr_eq(&ask.join().expect("no panic").expect("a video").table, &first.table))
        });
        assert!(shared);
        write_clip(&clip, 7);
        assert_eq!(ask(&store, None, &clip).expect("a video").frames.frames.len(), 7);
        assert!(store.lock().building.is_empty());
    }

    #[test]
    fn an_index_on_the_disk_spares_the_pass_over_the_file() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clip = folder.path().join("clip.mp4");
        write_clip(&clip, 5);
        // The index on the disk has one frame fewer, which shows that it was used.
        let mut index = ask(&IndexStore::default(), None, &clip).expect("a video");
        index.order.decoded = Some(vec![0, 1, 2, 3]);
        let key = FileKey::of(&clip).expect("it is there");
        index_file::write(folder.path(), &key, &index).expect("writable");
        let read = ask(&IndexStore::default(), Some(folder.path()), &clip).expect("a video");
        assert_eq!(read.frames.frames.len(), 4);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 2, "small videos are not kept");
    }

    #[test]
    fn a_stop_ends_building_and_waiting() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clip = folder.path().join("clip.mp4");
        write_clip(&clip, 5);
        let (store, stop) = (IndexStore::default(), StopFlag::default());
        stop.store(true, Ordering::Release);
        let building = index_in(&store, None, &clip, &stop, &Arc::default());
        assert_eq!(building.err(), Some(stopped(&clip)));
        let other = FileKey::of(&clip).expect("it is there");
        store.lock().building.push((other, Arc::default()));
        let waiting = index_in(&store, None, &clip, &stop, &Arc::default());
        assert_eq!(waiting.err(), Some(stopped(&clip)), "though another builds it for ever");
    }

    #[test]
    fn indexes_that_were_not_used_for_longest_make_room() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clip = folder.path().join("clip.mp4");
        write_clip(&clip, 3);
        let index = ask(&IndexStore::default(), None, &clip).expect("a video");
        let entry = index.table.entries[0].clone();
        let large = super::super::packet_table::PacketTable::new(vec![entry; MAX_PACKETS / 2], Vec::new(), 0, None);
        let large = VideoIndex { table: Arc::new(large), ..index };
        let key = |name: &str| FileKey { path: name.into(), bytes: 1, changed_ns: 1, number: 1 };
        let mut state = StoreState::default();
        state.keep(key("a"), large.clone());
        state.keep(key("b"), large.clone());
        assert!(state.take(&key("a")).is_some());
        state.keep(key("c"), large);
        let left = ["a", "b", "c"].map(|name| state.take(&key(name)).is_some());
        assert_eq!(left, [true, false, true]);
    }
}
