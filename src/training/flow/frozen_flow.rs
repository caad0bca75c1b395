//! The temporal stream's flow in mode (a): computed on demand, and cached in memory.
//!
//! Flow is computed from whole frames when a window first needs it; crops and flips are then applied to the flow
//! itself. Flow that does not fit in memory is recomputed. Nothing is written to disk.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use burn::tensor::{Device, Tensor, TensorData};
use image::RgbImage;

use super::clip_flow::{ClipFlow, Grid, Stacking};
use super::source::Stretch;
use crate::data::augmentation::Draw;
use crate::data::clips::{Clips, Keep};
use crate::data::memory_budget::{MemoryBudget, Share};
use crate::error::Result;
use crate::nets::{FlowSource, MotionNetwork};
use crate::video::Geometry;

/// Key of a frame or flow stack: the clip, and the frame or the stack's first frame.
type FlowPlace = (usize, usize);

/// Frames decoded, or flow computed, ahead of a step by a loader.
#[derive(Clone, Default)]
pub struct Ahead {
    /// Frames from which a network computes flow.
    pictures: HashMap<FlowPlace, Arc<RgbImage>>,
    /// Flow of sources that need no network.
    stacks: HashMap<FlowPlace, Arc<[f32]>>,
    grid: Option<Grid>,
}

impl Ahead {
    /// Merges the data prepared for other draws.
    pub fn extend(&mut self, other: Self) {
        self.pictures.extend(other.pictures);
        self.stacks.extend(other.stacks);
        self.grid = other.grid.or(self.grid);
    }
}

/// Flow of windows of clips, computed on demand. Clones share the cache.
#[derive(Clone)]
pub struct FrozenFlow {
    source: FlowSource,
    network: MotionNetwork,
    clips: Arc<Clips>,
    kept: Arc<KeptFlow>,
    grid: Option<Grid>,
}

/// The registry of cached flow, shared by the step, which computes it, and the loaders, which decode frames ahead.
pub struct KeptFlow {
    source: FlowSource,
    /// Number of frames that the source reads at once.
    span: usize,
    memory: Share,
    stacks: Mutex<HashMap<FlowPlace, Arc<[f32]>>>,
}

impl KeptFlow {
    /// Prepares the missing flow of `pairs` pairs of `draws`, which are all of one clip of `clips`: decodes the frames,
    /// or computes the flow if it needs no network.
    ///
    /// # Errors
    /// If the clip cannot be read, or has no such flow.
    pub fn ahead(&self, clips: &Clips, draws: &[Draw], pairs: usize) -> Result<Ahead> {
        let mut ahead = Ahead::default();
        let Some(&Draw { clip, .. }) = draws.first() else { return Ok(ahead) };
        let stacking = Stacking { frames: clips.count(clip)?, span: self.span };
        let mut missing: BTreeSet<usize> =
            draws.iter().flat_map(|draw| stacking.of_window(draw.start, pairs)).collect();
        {
            let kept = self.lock();
            missing.retain(|&stack| !kept.contains_key(&(clip, stack)));
        }
        if missing.is_empty() {
            return Ok(ahead);
        }
        if self.source.needs_pictures() {
            let frames: BTreeSet<usize> = missing.iter().flat_map(|&stack| stacking.frames_of(stack)).collect();
            let frames: Vec<usize> = frames.into_iter().collect();
            let pictures = clips.pictures(clip, &frames, Keep::Nothing)?;
            ahead.pictures = frames.into_iter().map(|frame| (clip, frame)).zip(pictures).collect();
        }
        if !self.source.needs_network() {
            let pictures = std::mem::take(&mut ahead.pictures);
            let starts: Vec<usize> = missing.into_iter().collect();
            let picture = |frame| &*pictures[&(clip, frame)];
            let stretch = Stretch { clip: clips.clip(clip), first: 0, frames: stacking.frames, size: clips.geometry() };
            let stacks = self.source.of_pairs(&stretch, &starts, &picture, &|| false)?;
            ahead.grid = Some(stacks.grid);
            let values = stacks.values.into_iter().map(Arc::from);
            ahead.stacks = starts.into_iter().map(|start| (clip, start)).zip(values).collect();
        }
        Ok(ahead)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<FlowPlace, Arc<[f32]>>> {
        self.stacks.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl FrozenFlow {
    /// Creates the flow of `clips` from `source`. `network` must not be on an autodiff device, as no backward pass
    /// follows.
    pub fn new(source: FlowSource, network: MotionNetwork, clips: Arc<Clips>) -> Self {
        let kept = KeptFlow {
            source,
            span: source.stacking(1, &network).span,
            memory: MemoryBudget::of_process().share(),
            stacks: Mutex::default(),
        };
        Self { source, network, clips, kept: Arc::new(kept), grid: None }
    }

    /// Like [`new`](Self::new), for clips that are read only once: without a cache.
    pub fn unkept(source: FlowSource, network: MotionNetwork, clips: Arc<Clips>) -> Self {
        Self::new(source, network, clips).with_budget(&MemoryBudget::of_bytes(0))
    }

    /// Uses the memory `budget` instead of that of the process.
    fn with_budget(self, budget: &MemoryBudget) -> Self {
        let KeptFlow { source, span, .. } = *self.kept;
        let kept = KeptFlow { source, span, memory: budget.share(), stacks: Mutex::default() };
        Self { kept: Arc::new(kept), ..self }
    }

    /// Returns the flow source.
    pub fn source(&self) -> FlowSource {
        self.source
    }

    /// Returns the flow network, which only some sources need.
    pub fn network(&self) -> &MotionNetwork {
        &self.network
    }

    /// Returns the registry of cached flow.
    pub(in crate::training) fn kept(&self) -> Arc<KeptFlow> {
        self.kept.clone()
    }

    /// Returns the raw flow of the pairs of drawn windows, cropped: [draws, 2·pairs, crop/2, crop/2]. `ahead` is what a
    /// loader has prepared; missing frames are decoded now.
    ///
    /// # Errors
    /// If the device fails; and the errors of [`KeptFlow::ahead`] if it was not called before.
    pub(in crate::training) fn windows(
        &mut self,
        draws: &[Draw],
        pairs: usize,
        crop: Geometry,
        ahead: &Ahead,
        device: &Device,
    ) -> Result<Tensor<4>> {
        let mut stackings = HashMap::new();
        for draw in draws {
            stackings.insert(draw.clip, self.source.stacking(self.clips.count(draw.clip)?, &self.network));
        }
        let places = |draw: &Draw| -> BTreeSet<FlowPlace> {
            stackings[&draw.clip].of_window(draw.start, pairs).into_iter().map(|stack| (draw.clip, stack)).collect()
        };
        let wanted: BTreeSet<FlowPlace> = draws.iter().flat_map(places).collect();
        let mut stacks: HashMap<FlowPlace, Arc<[f32]>> = HashMap::new();
        {
            let kept = self.kept.lock();
            stacks.extend(wanted.iter().filter_map(|place| Some((*place, kept.get(place)?.clone()))));
        }
        let missing: Vec<FlowPlace> = wanted.into_iter().filter(|place| !stacks.contains_key(place)).collect();
        for (place, stack) in self.made(&missing, &stackings, draws, pairs, ahead)? {
            if self.kept.memory.take(size_of::<f32>() * stack.len()) {
                self.kept.lock().insert(place, stack.clone());
            }
            stacks.insert(place, stack);
        }
        let (mut planes, mut size) = (Vec::new(), [0, 0]);
        for draw in draws {
            let shown: BTreeMap<usize, Arc<[f32]>> =
                places(draw).into_iter().map(|place| (place.1, stacks[&place].clone())).collect();
            let grid = self.grid.expect("it is known as soon as any flow was made");
            let flow = ClipFlow::new(stackings[&draw.clip], grid, shown);
            size = flow.append_window(draw.start, pairs, &draw.crop, crop, &mut planes);
        }
        let shape = [draws.len(), 2 * pairs, size[0], size[1]];
        Ok(Tensor::from_data(TensorData::new(planes, shape), device))
    }

    /// Computes the flow at the places `missing` for the windows `draws`.
    fn made(
        &mut self,
        missing: &[FlowPlace],
        stackings: &HashMap<usize, Stacking>,
        draws: &[Draw],
        pairs: usize,
        ahead: &Ahead,
    ) -> Result<Vec<(FlowPlace, Arc<[f32]>)>> {
        let frames_of = |&(clip, stack): &FlowPlace| stackings[&clip].frames_of(stack).map(move |frame| (clip, frame));
        let is_prepared = |place: &FlowPlace| match self.source.needs_network() {
            true => frames_of(place).all(|frame| ahead.pictures.contains_key(&frame)),
            false => ahead.stacks.contains_key(place),
        };
        let unprepared: BTreeSet<usize> =
            missing.iter().filter(|place| !is_prepared(place)).map(|(clip, _)| *clip).collect();
        let mut now = Ahead::default();
        for clip in unprepared {
            let of_clip: Vec<Draw> = draws.iter().copied().filter(|draw| draw.clip == clip).collect();
            now.extend(self.kept.ahead(&self.clips, &of_clip, pairs)?);
        }
        if !self.source.needs_network() {
            self.grid = self.grid.or(now.grid).or(ahead.grid);
            let stack = |place: &FlowPlace| now.stacks.get(place).or_else(|| ahead.stacks.get(place));
            return Ok(missing.iter().filter_map(|place| Some((*place, stack(place)?.clone()))).collect());
        }
        let picture = |frame: FlowPlace| now.pictures.get(&frame).unwrap_or_else(|| &ahead.pictures[&frame]).as_ref();
        let windows: Vec<Vec<&RgbImage>> =
            missing.iter().map(|place| frames_of(place).map(picture).collect()).collect();
        if windows.is_empty() {
            return Ok(Vec::new());
        }
        let made = self.source.of_windows(&windows, &self.network)?;
        self.grid = Some(made.grid);
        Ok(missing.iter().copied().zip(made.values.into_iter().map(Arc::from)).collect())
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{TensorData, Tolerance};
    use image::Rgb;

    use super::*;
    use crate::data::LabelledClip;
    use crate::data::augmentation::Crop;
    use crate::nets::MotionConfig;

    const FRAME: Geometry = Geometry { width: 64, height: 64 };

    /// Creates a clip of 20 frames.
    fn clip(dir: &std::path::Path) -> LabelledClip {
        for i in 0..20u8 {
            let picture = RgbImage::from_fn(64, 64, |x, y| Rgb([x as u8 * 3, y as u8 * 3, i * 10]));
            picture.save(dir.join(format!("{i:02}.png"))).unwrap();
        }
        LabelledClip { path: dir.to_owned(), label: 0, segment_secs: None, group: None, also: Vec::new() }
    }

    fn draw(start: usize, mirrored: bool) -> Draw {
        Draw { clip: 0, start, stride: 1, crop: Crop { mirrored, ..Crop::whole(FRAME) } }
    }

    fn windows(flow: &mut FrozenFlow, draws: &[Draw], pairs: usize) -> TensorData {
        flow.windows(draws, pairs, FRAME, &Ahead::default(), &Device::flex()).unwrap().into_data()
    }

    #[test]
    fn a_window_has_the_flow_that_it_has_in_its_clip() {
        let dir = tempfile::tempdir().unwrap();
        let clip = clip(dir.path());
        let clips = Arc::new(Clips::new(vec![clip.clone()], FRAME));
        let frames = clip.decode(FRAME, None).unwrap();
        let draws = [draw(0, false), draw(0, true), draw(7, false), draw(15, false)];
        for (source, span, pairs) in [
            (FlowSource::MotionNet, 2, 10),
            (FlowSource::MotionNet, 11, 10),
            (FlowSource::MotionNetStored, 11, 16),
            (FlowSource::Tvl1Fast, 2, 10),
        ] {
            let network = MotionConfig { frames: span, width: 2, ..MotionConfig::default() }.init(&Device::flex());
            let whole = source.clip_flow(&clip, &frames, &network).unwrap();
            let (mut planes, mut size) = (Vec::new(), [0, 0]);
            for draw in &draws {
                size = whole.append_window(draw.start, pairs, &draw.crop, FRAME, &mut planes);
            }
            let expected = TensorData::new(planes, [draws.len(), 2 * pairs, size[0], size[1]]);
            for bytes in [0, 1 << 30] {
                let budget = MemoryBudget::of_bytes(bytes);
                let flow = FrozenFlow::new(source, network.clone(), clips.clone());
                let mut flow = flow.with_budget(&budget);
                let same = Tolerance::relative(1e-3).set_absolute(1e-5);
                windows(&mut flow, &draws, pairs).assert_approx_eq::<f32>(&expected, same);
                assert_eq!(flow.kept.lock().is_empty(), bytes == 0);
                windows(&mut flow, &draws, pairs).assert_approx_eq::<f32>(&expected, same);
            }
        }
    }

    #[test]
    fn only_the_flow_that_is_drawn_is_computed_and_only_once() {
        let dir = tempfile::tempdir().unwrap();
        let clips = Arc::new(Clips::new(vec![clip(dir.path())], FRAME));
        let network = MotionConfig { frames: 2, width: 2, ..MotionConfig::default() }.init(&Device::flex());
        let mut flow = FrozenFlow::new(FlowSource::MotionNet, network, clips.clone());
        let kept = flow.kept();
        let to_decode = |start| {
            let ahead = kept.ahead(&clips, &[draw(start, false)], 4).unwrap();
            assert!(ahead.stacks.is_empty(), "a network's flow is computed by the step");
            ahead.pictures.into_keys().map(|(_, frame)| frame).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
        };
        assert_eq!(to_decode(5), [5, 6, 7, 8, 9]);
        let first = windows(&mut flow, &[draw(5, false), draw(5, true)], 4);
        let mut stacks: Vec<usize> = kept.lock().keys().map(|(_, stack)| *stack).collect();
        stacks.sort_unstable();
        assert_eq!(stacks, [5, 6, 7, 8], "four of nineteen pairs");
        assert!(to_decode(5).is_empty());
        assert_eq!(to_decode(7), [9, 10, 11]);
        let ahead = kept.ahead(&clips, &[draw(7, false)], 4).unwrap();
        // Nothing is decoded again: the files are deleted.
        std::fs::remove_dir_all(dir.path()).unwrap();
        assert_eq!(windows(&mut flow, &[draw(5, false), draw(5, true)], 4), first);
        assert!(flow.windows(&[draw(7, false)], 4, FRAME, &Ahead::default(), &Device::flex()).is_err());
        flow.windows(&[draw(7, false)], 4, FRAME, &ahead, &Device::flex()).unwrap();
    }

    #[test]
    fn flow_that_needs_no_network_is_computed_ahead() {
        let dir = tempfile::tempdir().unwrap();
        let clips = Arc::new(Clips::new(vec![clip(dir.path())], FRAME));
        let network = MotionConfig { frames: 2, width: 1, ..MotionConfig::default() }.init(&Device::flex());
        let mut flow = FrozenFlow::new(FlowSource::Tvl1Fast, network.clone(), clips.clone());
        let ahead = flow.kept().ahead(&clips, &[draw(5, false)], 4).unwrap();
        assert_eq!((ahead.pictures.len(), ahead.stacks.len()), (0, 4));
        let now = windows(&mut flow, &[draw(5, false)], 4);
        let mut other = FrozenFlow::new(FlowSource::Tvl1Fast, network.clone(), clips.clone());
        std::fs::remove_file(dir.path().join("06.png")).unwrap();
        let prepared = other.windows(&[draw(5, false)], 4, FRAME, &ahead, &Device::flex()).unwrap();
        assert_eq!(prepared.into_data(), now);
        let codec = FrozenFlow::new(FlowSource::Codec, network, clips.clone()).kept();
        let error = codec.ahead(&clips, &[draw(5, false)], 4).err().unwrap();
        assert!(error.cause.contains("no motion vectors"), "{error}");
    }
}
