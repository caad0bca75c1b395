//! The flow that the temporal stream learns from in mode (a): computed once of what is drawn, and kept in memory.
//!
//! Flow is computed from whole frames the first time a window shows it; crops and flips then act on the flow itself. What is not
//! drawn is not computed, and what does not fit into the memory is computed again. Nothing is written to disk.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use burn::tensor::{Device, Tensor, TensorData};
use image::RgbImage;

use super::augmentation::Draw;
use super::clip_flow::{ClipFlow, Grid, Stacking, Stacks};
use super::clips::{Clips, Keep};
use super::flow_source::{FlowSource, Stretch};
use super::memory_budget::{MemoryBudget, Share};
use crate::error::Result;
use crate::nets::MotionNetwork;
use crate::video::Geometry;

/// A clip and one of its frames, or a stack of its flow by the frame it begins at.
type Place = (usize, usize);
/// Decoded frames.
pub type Pictures = HashMap<Place, Arc<RgbImage>>;

/// Flow of windows of clips, on demand.
pub struct FrozenFlow {
    source: FlowSource,
    network: MotionNetwork,
    clips: Arc<Clips>,
    kept: Arc<KeptFlow>,
    grid: Option<Grid>,
}

/// Which flow is there, for the step, which computes it, and the loaders, which decode what it needs ahead.
pub struct KeptFlow {
    source: FlowSource,
    /// Frames that the source sees at once.
    span: usize,
    memory: Share,
    stacks: Mutex<HashMap<Place, Arc<[f32]>>>,
}

impl KeptFlow {
    /// The frames of the clip of `draw`, which has `frames`, from which its flow of `pairs` pairs is still to be computed.
    pub fn frames_to_decode(&self, draw: &Draw, pairs: usize, frames: usize) -> BTreeSet<usize> {
        if !self.source.needs_pictures() {
            return BTreeSet::new();
        }
        let stacking = Stacking { frames, span: self.span };
        let kept = self.lock();
        let missing =
            stacking.of_window(draw.start, pairs).into_iter().filter(|&stack| !kept.contains_key(&(draw.clip, stack)));
        missing.flat_map(|stack| stacking.frames_of(stack)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Place, Arc<[f32]>>> {
        self.stacks.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl FrozenFlow {
    /// The flow of `clips` from `source`. `network` must not lie on an autodiff device: nothing is remembered for a backward
    /// pass.
    pub fn new(source: FlowSource, network: MotionNetwork, clips: Arc<Clips>) -> Self {
        let kept = KeptFlow {
            source,
            span: source.stacking(1, &network).span,
            memory: MemoryBudget::of_process().share(),
            stacks: Mutex::default(),
        };
        Self { source, network, clips, kept: Arc::new(kept), grid: None }
    }

    /// Keeps flow in memory of `budget` instead of the process's.
    #[cfg(test)]
    fn with_budget(self, budget: &MemoryBudget) -> Self {
        let KeptFlow { source, span, .. } = *self.kept;
        let kept = KeptFlow { source, span, memory: budget.share(), stacks: Mutex::default() };
        Self { kept: Arc::new(kept), ..self }
    }

    /// What it is made by, where it is made by a network.
    pub fn network(&self) -> &MotionNetwork {
        &self.network
    }

    /// What of it is there.
    pub(super) fn kept(&self) -> Arc<KeptFlow> {
        self.kept.clone()
    }

    /// The raw flow of the pairs of drawn windows as the network would see their crops: [draws, 2·pairs, crop/2, crop/2].
    /// `pictures` are frames that were decoded for it ahead; others are decoded now.
    ///
    /// # Errors
    /// If the flow cannot be read or computed.
    pub(super) fn windows(
        &mut self,
        draws: &[Draw],
        pairs: usize,
        crop: Geometry,
        pictures: &Pictures,
        device: &Device,
    ) -> Result<Tensor<4>> {
        let mut stackings = HashMap::new();
        for draw in draws {
            stackings.insert(draw.clip, self.source.stacking(self.clips.count(draw.clip)?, &self.network));
        }
        let places = |draw: &Draw| -> BTreeSet<Place> {
            stackings[&draw.clip].of_window(draw.start, pairs).into_iter().map(|stack| (draw.clip, stack)).collect()
        };
        let wanted: BTreeSet<Place> = draws.iter().flat_map(places).collect();
        let (mut stacks, mut missing) = (HashMap::new(), Vec::new());
        for place in wanted {
            match self.kept.lock().get(&place) {
                Some(stack) => drop(stacks.insert(place, stack.clone())),
                None => missing.push(place),
            }
        }
        for (place, stack) in missing.iter().zip(self.made(&missing, &stackings, pictures)?) {
            let stack: Arc<[f32]> = stack.into();
            if self.kept.memory.take(size_of::<f32>() * stack.len()) {
                self.kept.lock().insert(*place, stack.clone());
            }
            stacks.insert(*place, stack);
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

    /// The flow at the places `missing`, which are sorted.
    fn made(
        &mut self,
        missing: &[Place],
        stackings: &HashMap<usize, Stacking>,
        ahead: &Pictures,
    ) -> Result<Vec<Vec<f32>>> {
        let pictures = self.pictures(missing, stackings, ahead)?;
        let mut made = Vec::new();
        let clips = missing.chunk_by(|a, b| a.0 == b.0);
        let of_source = |stacks: Stacks| {
            self.grid = Some(stacks.grid);
            made.extend(stacks.values);
        };
        if self.source.needs_network() {
            let window = |&(clip, stack): &Place| {
                stackings[&clip].frames_of(stack).map(|frame| &*pictures[&(clip, frame)]).collect::<Vec<_>>()
            };
            let windows: Vec<_> = missing.iter().map(window).collect();
            if !windows.is_empty() {
                Some(self.source.of_windows(&windows, &self.network)?).into_iter().for_each(of_source);
            }
            return Ok(made);
        }
        let size = self.clips.geometry();
        let of_clip = |places: &[Place]| {
            let clip = places[0].0;
            let starts: Vec<usize> = places.iter().map(|(_, start)| *start).collect();
            let picture = |frame| &*pictures[&(clip, frame)];
            let stretch = Stretch { clip: self.clips.clip(clip), first: 0, frames: stackings[&clip].frames, size };
            self.source.of_pairs(&stretch, &starts, &picture, &|| false)
        };
        let stacks = clips.map(of_clip).collect::<Result<Vec<_>>>()?;
        stacks.into_iter().for_each(of_source);
        Ok(made)
    }

    /// The frames that the flow at the places `missing` is computed from.
    fn pictures(&self, missing: &[Place], stackings: &HashMap<usize, Stacking>, ahead: &Pictures) -> Result<Pictures> {
        let mut pictures = Pictures::new();
        if !self.source.needs_pictures() {
            return Ok(pictures);
        }
        for places in missing.chunk_by(|a, b| a.0 == b.0) {
            let clip = places[0].0;
            let frames: BTreeSet<usize> =
                places.iter().flat_map(|&(_, stack)| stackings[&clip].frames_of(stack)).collect();
            let (known, unknown): (Vec<usize>, Vec<usize>) =
                frames.into_iter().partition(|&frame| ahead.contains_key(&(clip, frame)));
            pictures.extend(known.into_iter().map(|frame| ((clip, frame), ahead[&(clip, frame)].clone())));
            if !unknown.is_empty() {
                let decoded = self.clips.pictures(clip, &unknown, Keep::Nothing)?;
                pictures.extend(unknown.into_iter().map(|frame| (clip, frame)).zip(decoded));
            }
        }
        Ok(pictures)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{TensorData, Tolerance};
    use image::Rgb;

    use super::super::augmentation::Crop;
    use super::super::dataset::LabelledClip;
    use super::*;
    use crate::nets::MotionConfig;

    const FRAME: Geometry = Geometry { width: 64, height: 64 };

    /// A clip of 20 frames.
    fn clip(dir: &std::path::Path) -> LabelledClip {
        for i in 0..20u8 {
            let picture = RgbImage::from_fn(64, 64, |x, y| Rgb([x as u8 * 3, y as u8 * 3, i * 10]));
            picture.save(dir.join(format!("{i:02}.png"))).unwrap();
        }
        LabelledClip { path: dir.to_owned(), label: 0, segment_secs: None, group: None }
    }

    fn draw(start: usize, mirrored: bool) -> Draw {
        Draw { clip: 0, start, stride: 1, crop: Crop { mirrored, ..Crop::whole(FRAME) } }
    }

    fn windows(flow: &mut FrozenFlow, draws: &[Draw], pairs: usize) -> TensorData {
        flow.windows(draws, pairs, FRAME, &Pictures::new(), &Device::flex()).unwrap().into_data()
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
        let to_decode = |start| kept.frames_to_decode(&draw(start, false), 4, 20).into_iter().collect::<Vec<_>>();
        assert_eq!(to_decode(5), [5, 6, 7, 8, 9]);
        let first = windows(&mut flow, &[draw(5, false), draw(5, true)], 4);
        let mut stacks: Vec<usize> = kept.lock().keys().map(|(_, stack)| *stack).collect();
        stacks.sort_unstable();
        assert_eq!(stacks, [5, 6, 7, 8], "four of nineteen pairs");
        assert!(to_decode(5).is_empty());
        assert_eq!(to_decode(7), [9, 10, 11]);
        // Nothing is decoded again.
        std::fs::remove_dir_all(dir.path()).unwrap();
        assert_eq!(windows(&mut flow, &[draw(5, false), draw(5, true)], 4), first);
        assert!(flow.windows(&[draw(7, false)], 4, FRAME, &Pictures::new(), &Device::flex()).is_err());
        let ahead = (9..12).map(|frame| ((0, frame), Arc::new(RgbImage::new(64, 64)))).collect();
        flow.windows(&[draw(7, false)], 4, FRAME, &ahead, &Device::flex()).unwrap();
    }
}
