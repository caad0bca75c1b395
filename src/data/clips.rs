//! The clips of a run as pictures, decoded on demand; whole clips are kept while memory lasts, so that later epochs
//! need not decode them again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use image::RgbImage;

use super::LabelledClip;
use super::clip_cache::{ClipCache, ClipFrames};
use super::memory_budget::{MemoryBudget, Share};
use crate::error::Result;
use crate::video::Geometry;

/// Clips with more frames are never decoded as a whole, only the frames that are drawn.
const WHOLE_FRAMES: usize = 1000;

/// The policy for keeping decoded frames in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All frames of the clip, which is decoded as a whole: other frames of it will be requested.
    Clip,
    /// The requested frames: they will be requested again.
    Frames,
    /// No frames.
    Nothing,
}

/// The clips of a run at one frame size, decoded on demand by any thread.
pub struct Clips {
    clips: Vec<LabelledClip>,
    geometry: Geometry,
    cache: Option<Arc<ClipCache>>,
    memory: Share,
    known: Mutex<RememberedClip>,
}

#[derive(Default)]
struct RememberedClip {
    counts: HashMap<usize, usize>,
    /// Kept frames of each clip, by their index.
    kept: HashMap<usize, HashMap<usize, Arc<RgbImage>>>,
}

impl Clips {
    /// Creates clips whose frames are stretched to `geometry`.
    pub fn new(clips: Vec<LabelledClip>, geometry: Geometry) -> Self {
        let memory = MemoryBudget::of_process().share();
        Self { clips, geometry, cache: None, memory, known: Mutex::default() }
    }

    /// Also looks up decoded clips in `cache`.
    pub fn with_cache(self, cache: Option<Arc<ClipCache>>) -> Self {
        Self { cache, ..self }
    }

    /// Uses the memory budget `budget` instead of the process's.
    pub fn with_budget(self, budget: &MemoryBudget) -> Self {
        Self { memory: budget.share(), ..self }
    }

    /// Returns the number of clips.
    pub fn len(&self) -> usize {
        self.clips.len()
    }

    /// Returns `true` if there are no clips.
    pub fn is_empty(&self) -> bool {
        self.clips.is_empty()
    }

    /// Returns the size of the frames.
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// Returns clip `index`.
    pub fn clip(&self, index: usize) -> &LabelledClip {
        &self.clips[index]
    }

    /// Returns the label of clip `index`.
    pub fn label(&self, index: usize) -> usize {
        self.clips[index].label
    }

    /// Returns the labels of all clips in order.
    pub fn labels(&self) -> impl Iterator<Item = usize> {
        self.clips.iter().map(|clip| clip.label)
    }

    /// Returns the classes of each clip, in the order of the clips.
    pub fn shown(&self) -> impl Iterator<Item = Vec<usize>> {
        self.clips.iter().map(LabelledClip::shown)
    }

    /// Returns the number of frames of clip `index`, at least one. Only the first frame is decoded, and only on the
    /// first call.
    ///
    /// # Errors
    /// If the clip cannot be opened.
    pub fn count(&self, index: usize) -> Result<usize> {
        if let Some(count) = self.lock().counts.get(&index) {
            return Ok(*count);
        }
        let count = self.open(index)?.count();
        self.lock().counts.insert(index, count);
        Ok(count)
    }

    /// Returns the frames at the positions `wanted` of clip `index`, in that order.
    ///
    /// Every clip is drawn once an epoch, so none is worth more than another: frames that fit into memory stay, the
    /// others are decoded on each request.
    ///
    /// # Errors
    /// If the clip cannot be opened or a requested frame cannot be decoded.
    pub fn pictures(&self, index: usize, wanted: &[usize], keep: Keep) -> Result<Vec<Arc<RgbImage>>> {
        if let Some(pictures) = self.kept(index, wanted) {
            return Ok(pictures);
        }
        let mut clip = self.open(index)?;
        let count = clip.count();
        self.lock().counts.insert(index, count);
        if keep == Keep::Clip && count <= WHOLE_FRAMES && self.memory.take(count * self.frame_bytes()) {
            let all: Vec<usize> = (0..count).collect();
            let pictures = clip.pictures(&all).unwrap_or_default();
            self.keep(index, &all, &pictures);
            if !pictures.is_empty() {
                return Ok(wanted.iter().map(|&place| pictures[place].clone()).collect());
            }
        }
        let pictures = clip.pictures(wanted)?;
        if keep == Keep::Frames && self.memory.take(wanted.len() * self.frame_bytes()) {
            self.keep(index, wanted, &pictures);
        }
        Ok(pictures)
    }

    /// Returns the frames if all of them are in memory.
    fn kept(&self, index: usize, wanted: &[usize]) -> Option<Vec<Arc<RgbImage>>> {
        let known = self.lock();
        let frames = known.kept.get(&index)?;
        wanted.iter().map(|place| frames.get(place).cloned()).collect()
    }

    /// Keeps the `pictures` of frames for which memory was taken, and returns unused memory to the budget.
    fn keep(&self, index: usize, places: &[usize], pictures: &[Arc<RgbImage>]) {
        let mut known = self.lock();
        let frames = known.kept.entry(index).or_default();
        let before = frames.len();
        frames.extend(places.iter().copied().zip(pictures.iter().cloned()));
        let added = frames.len() - before;
        self.memory.give_back((places.len() - added) * self.frame_bytes());
    }

    fn frame_bytes(&self) -> usize {
        3 * self.geometry.width as usize * self.geometry.height as usize
    }

    fn open(&self, index: usize) -> Result<ClipFrames> {
        let clip = &self.clips[index];
        match &self.cache {
            Some(cache) => cache.open_clip(clip, self.geometry),
            None => Ok(ClipFrames::Decoded(clip.open(self.geometry)?)),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, RememberedClip> {
        self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use image::Rgb;

    use super::*;

    const SIZE: Geometry = Geometry { width: 8, height: 8 };
    const FRAME: u64 = 8 * 8 * 3;

    /// Returns a folder of `frames` pictures, the n-th of grey level n.
    fn clip(dir: &Path, frames: usize) -> LabelledClip {
        for i in 0..frames {
            RgbImage::from_pixel(8, 8, Rgb([(i % 250) as u8; 3])).save(dir.join(format!("{i:05}.png"))).unwrap();
        }
        LabelledClip { path: dir.to_owned(), label: 0, segment_secs: None, group: None, also: Vec::new() }
    }

    fn levels(clips: &Clips, wanted: &[usize], keep: Keep) -> Vec<u8> {
        clips.pictures(0, wanted, keep).unwrap().iter().map(|picture| picture.as_raw()[0]).collect()
    }

    #[test]
    fn every_frame_of_a_long_clip_can_be_drawn() {
        let dir = tempfile::tempdir().unwrap();
        let clips = Clips::new(vec![clip(dir.path(), 1200)], SIZE);
        assert_eq!(clips.count(0).unwrap(), 1200);
        assert_eq!(levels(&clips, &[1199, 0, 1010], Keep::Clip), [199, 0, 10]);
        assert!(clips.kept(0, &[0]).is_none(), "a clip of so many frames is not kept whole");
    }

    #[test]
    fn only_what_is_drawn_is_decoded_once_the_memory_is_full() {
        let dir = tempfile::tempdir().unwrap();
        let clip = clip(dir.path(), 20);
        let budget = MemoryBudget::of_bytes(20 * FRAME);
        let early = Clips::new(vec![clip.clone()], SIZE).with_budget(&budget);
        let late = Clips::new(vec![clip], SIZE).with_budget(&budget);
        assert_eq!(levels(&early, &[3, 3], Keep::Clip), [3, 3]);
        fs::write(dir.path().join("00007.png"), "not a picture").unwrap();
        assert_eq!(levels(&early, &[7, 19], Keep::Clip), [7, 19], "the whole clip was kept");
        assert_eq!(levels(&late, &[6, 8], Keep::Clip), [6, 8], "the broken picture between them is not looked at");
        assert!(late.pictures(0, &[7], Keep::Clip).is_err());
        drop(early);
        assert_eq!(levels(&late, &[6, 8, 8], Keep::Frames), [6, 8, 8]);
        fs::write(dir.path().join("00008.png"), "not a picture").unwrap();
        assert_eq!(levels(&late, &[8], Keep::Nothing), [8], "what was wanted is kept");
        let rest = budget.share();
        assert!(rest.take(18 * FRAME as usize) && !rest.take(1), "two frames take the memory of two");
    }

    #[test]
    fn a_clip_with_a_broken_frame_is_read_alike_whatever_memory_there_is() {
        let dir = tempfile::tempdir().unwrap();
        let clip = clip(dir.path(), 20);
        fs::write(dir.path().join("00007.png"), "not a picture").unwrap();
        for bytes in [0, 20 * FRAME] {
            let budget = MemoryBudget::of_bytes(bytes);
            let clips = Clips::new(vec![clip.clone()], SIZE).with_budget(&budget);
            assert_eq!(levels(&clips, &[3], Keep::Clip), [3]);
            assert!(clips.pictures(0, &[7], Keep::Clip).is_err());
            assert!(budget.share().take(bytes as usize), "nothing of it is kept");
        }
    }
}
