//! Features of clips: the outputs of a stream's frozen backbone, from the cache if available.

use std::collections::BTreeSet;
use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};

use super::feature_cache::FeatureCache;
use super::linear::{RowInit, fit_to};
use super::views::ProbeViews;
use crate::data::LabelledClip;
use crate::data::augmentation::Draw;
use crate::data::clips::{Clips, Keep};
use crate::error::{Error, Result};
use crate::gpu::is_gpu;
use crate::nets::preprocessing::MEAN_BGR;
use crate::nets::{
    FlowSource, HiddenTwoStream, Modality, MotionNetwork, Stream, WINDOW_FRAMES, device_of, is_device_failure,
    read_back,
};
use crate::training::batches;
use crate::training::flow::frozen_flow::{Ahead, FrozenFlow};
use crate::training::motion_squares::MotionSquares;
use crate::training::run::clock::{Clock, by_turns, time_is_up};
use crate::training::run::events::{Preparation, TrainingEvent};
use crate::video::Geometry;

/// The frozen backbone of a stream, with the clips whose features it extracts.
pub(in crate::training) struct FeatureExtractor {
    stream: Stream,
    clips: Arc<Clips>,
    /// Flow input; `None` for a stream that reads frames.
    flow: Option<FrozenFlow>,
    /// The squares around the motion, for a spatial stream that reads them.
    squares: Option<MotionSquares>,
    views: ProbeViews,
    /// Feature cache; `None` if features cannot be cached.
    cache: Option<FeatureCache>,
    done: usize,
    /// Number of clips skipped for lack of time.
    skipped: usize,
}

/// A function from a stream's input to its features.
type FeaturesOf = fn(&Stream, Tensor<4>) -> Result<Tensor<2>>;

/// Clips with their features.
pub(in crate::training) struct Features {
    pub clips: Vec<LabelledClip>,
    /// Features `[clips · views, F]`; `None` without clips.
    pub rows: Option<Tensor<2>>,
}

impl FeatureExtractor {
    /// Creates the extractor of `stream`, which must not be on an autodiff device. Features are cached in a folder
    /// within `root`.
    pub fn new(
        stream: Stream,
        flow: Option<FrozenFlow>,
        squares: Option<MotionSquares>,
        clips: Arc<Clips>,
        views: ProbeViews,
        root: &Path,
    ) -> Self {
        let views = views.of(MotionSquares::crop_of(squares.as_ref()));
        let cache = FeatureCache::open(root, &stream, flow.as_ref(), squares.as_ref(), clips.geometry(), views);
        Self { stream, clips, flow, squares, views, cache, done: 0, skipped: 0 }
    }

    /// Returns the number of clips skipped for lack of time.
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// Returns the flow input, including the flow computed so far.
    pub fn into_flow(self) -> Option<FrozenFlow> {
        self.flow
    }

    /// Returns the features of the clips at `places`, in order. Unreadable clips are reported and left out. After a
    /// `share` of the time budget, all further clips are left out except for one of each class. Returns `None` if
    /// stopped.
    ///
    /// # Errors
    /// If the device fails.
    pub fn take(
        &mut self,
        places: Range<usize>,
        share: f64,
        clock: &mut Clock,
        on_event: &mut dyn FnMut(TrainingEvent),
    ) -> Result<Option<Features>> {
        let (first, count, of) = (places.start, places.len(), self.clips.len());
        let labels: Vec<usize> = places.clone().map(|place| self.clips.label(place)).collect();
        let classes = labels.iter().collect::<BTreeSet<_>>().len();
        let mut found: Vec<Option<Tensor<2>>> = vec![None; count];
        let turns = by_turns(labels.into_iter());
        let mut looked_at = 0;
        if count > 0 {
            on_event(TrainingEvent::Preparing { what: Preparation::ExtractFeatures, done: self.done, of });
        }
        while looked_at < count {
            clock.wait_while_paused(on_event);
            if clock.is_stopped() {
                return Ok(None);
            }
            // At least one clip of each class is processed, even without time.
            let due = if clock.is_over(share) { classes.saturating_sub(looked_at) } else { count - looked_at };
            if due == 0 {
                on_event(TrainingEvent::Warning(time_is_up(looked_at, count)));
                self.done += count - looked_at;
                self.skipped += count - looked_at;
                on_event(TrainingEvent::Preparing { what: Preparation::ExtractFeatures, done: self.done, of });
                break;
            }
            let group = &turns[looked_at..looked_at + due.min(self.clips_at_once())];
            let places_in_list: Vec<usize> = group.iter().map(|place| first + place).collect();
            for (&place, features) in group.iter().zip(self.known_or_extracted(&places_in_list)?) {
                match features {
                    Ok(features) => found[place] = Some(features),
                    Err(error) => on_event(TrainingEvent::Warning(error)),
                }
                self.done += 1;
                on_event(TrainingEvent::Preparing { what: Preparation::ExtractFeatures, done: self.done, of });
            }
            looked_at += group.len();
        }
        let found = places.zip(found).filter_map(|(place, features)| Some((self.clips.clip(place).clone(), features?)));
        let (clips, rows): (Vec<_>, Vec<_>) = found.unzip();
        Ok(Some(Features { clips, rows: (!rows.is_empty()).then(|| Tensor::cat(rows, 0)) }))
    }

    /// Returns the number of clips processed in parallel: a single one keeps a GPU busy.
    fn clips_at_once(&self) -> usize {
        if is_gpu(&device_of(&self.stream)) { 1 } else { rayon::current_num_threads() }
    }

    /// Returns the features of the clips at `indices`, `[views, F]` each, or the reason why a clip cannot be read.
    ///
    /// # Errors
    /// If the device fails.
    fn known_or_extracted(&mut self, indices: &[usize]) -> Result<Vec<Result<Tensor<2>>>> {
        let (this, device) = (&*self, device_of(&self.stream));
        let look_at = |&index: &usize| {
            if let Some(known) = this.known(index) {
                return Ok((Ok(known), None));
            }
            let mut flow = this.flow.clone();
            match this.extract(index, flow.as_mut()) {
                Err(error) if is_device_failure(&error) => Err(error),
                features => Ok((features, flow)),
            }
        };
        let looked_at = batches::in_background(&device, || batches::for_each(&device, indices, look_at))?;
        let (features, flows): (Vec<_>, Vec<_>) = looked_at.into_iter().unzip();
        // The flow input knows its grid only after the first flow it has computed.
        if let Some(flow) = flows.into_iter().zip(&features).find_map(|(flow, made)| flow.filter(|_| made.is_ok())) {
            self.flow = Some(flow);
        }
        Ok(features)
    }

    /// Returns the features of clip `index`, `[views, F]`, if they are in the cache.
    fn known(&self, index: usize) -> Option<Tensor<2>> {
        self.cache.as_ref()?.read(self.clips.clip(index), &device_of(&self.stream))
    }

    /// Computes the features of clip `index`, `[views, F]`, from its frames, and caches them.
    ///
    /// # Errors
    /// If the clip cannot be read, its features are not finite, or the device fails.
    fn extract(&self, index: usize, flow: Option<&mut FrozenFlow>) -> Result<Tensor<2>> {
        let clips = self.clips.clone();
        let clip = clips.clip(index);
        let path = self.cache.as_ref().and_then(|cache| cache.path(clip)); // before the clip is read, as it may change
        let device = device_of(&self.stream);
        let (input, features): (Tensor<4>, FeaturesOf) = match flow {
            Some(flow) => (self.flow_windows(index, flow)?, Stream::flow_features),
            None => (self.pictures(index)?, |stream, x| Ok(stream.features(x))),
        };
        let batch = batches::size(batches::parallel_budget_px(&device), clips.geometry(), self.pictures_of_view());
        let parts = batches::for_each(&device, &input.split(batch, 0), |part| features(&self.stream, part.clone()))?;
        let features = Tensor::cat(parts, 0);
        let values = read_back(features.clone())?;
        if !values.iter().all(|value| value.is_finite()) {
            let remedy = "Use weights of a training that did not diverge";
            return Err(Error::file(&clip.path, "its features are not finite", remedy));
        }
        if let Some(path) = path {
            FeatureCache::keep(&path, &values);
        }
        Ok(features)
    }

    /// Returns the cost of one view, as a number of images of the stream's size.
    fn pictures_of_view(&self) -> usize {
        let input = self.stream.input();
        match input.modality {
            Modality::Pictures | Modality::RgbDifference => input.frames(),
            Modality::Flow => input.count.div_ceil(WINDOW_FRAMES),
        }
    }

    /// Returns the views of clip `index`, and its number of frames.
    fn draws(&self, index: usize) -> Result<(Vec<Draw>, usize)> {
        let frames = self.clips.count(index)?;
        let square = self.squares.as_ref().map(|squares| squares.of(index)).transpose()?;
        let span = self.stream.input().frames();
        Ok((self.views.draws(index, frames, span, self.clips.geometry(), square.as_ref()), frames))
    }

    /// Returns the raw flow of the views of clip `index`: `[views, 2·n, h/2, w/2]`.
    fn flow_windows(&self, index: usize, flow: &mut FrozenFlow) -> Result<Tensor<4>> {
        let (draws, _) = self.draws(index)?;
        let (pairs, device) = (self.stream.input().count, device_of(&self.stream));
        flow.windows(&draws, pairs, self.clips.geometry(), &Ahead::default(), &device)
    }

    /// Returns the frames, or clips of frames, of the views of clip `index`: `[views, 3·n, h, w]`.
    fn pictures(&self, index: usize) -> Result<Tensor<4>> {
        let (draws, frames) = self.draws(index)?;
        let (count, size, device) = (self.stream.input().frames(), self.clips.geometry(), device_of(&self.stream));
        let wanted: Vec<usize> = draws.iter().flat_map(|draw| draw.indices(count, frames)).collect();
        let pictures = self.clips.pictures(index, &wanted, Keep::Nothing)?;
        let mut planes = Vec::new();
        for (draw, pictures) in draws.iter().zip(pictures.chunks(count)) {
            pictures.iter().for_each(|picture| draw.crop.append_bgr(picture, size, MEAN_BGR, 1.0, &mut planes));
        }
        let shape = [draws.len(), 3 * count, size.height as usize, size.width as usize];
        Ok(self.stream.picture_input(Tensor::from_data(TensorData::new(planes, shape), &device)))
    }
}

/// Features of the clips of a data set: extracted once, they let linear probes be fitted to any subset in seconds.
pub struct ClipFeatures {
    /// Features `[views, F]` of each clip; `None` for unreadable clips.
    rows: Vec<Option<Tensor<2>>>,
    views: ProbeViews,
}

/// Input of a stream besides the frames of a clip.
pub enum FeatureInput<'a> {
    /// Whole frames.
    Frames,
    /// Frames and the squares around the motion, according to the model.
    Squares(&'a HiddenTwoStream),
    /// Flow of a source, and the network that computes it if the source needs one.
    Flow(&'a MotionNetwork, FlowSource),
}

impl ClipFeatures {
    /// Returns the features of all `clips` through `stream`, which reads `input`; frames are stretched
    /// to `frame`. They are kept in a folder within `root`, which machines may share. Extraction begins with the clip at place `first`.
    /// `on_clip` is called for every clip that was not found there, with the error if it cannot be read, and may break off with the error
    /// to return.
    ///
    /// # Errors
    /// If no clip can be read, the device fails, or `on_clip` breaks off.
    pub fn load_or_extract(
        root: &Path,
        stream: &Stream,
        input: &FeatureInput<'_>,
        clips: &[LabelledClip],
        frame: Geometry,
        first: usize,
        on_clip: &mut dyn FnMut(Option<&Error>) -> ControlFlow<Error>,
    ) -> Result<Self> {
        let (list, clips) = (clips, Arc::new(Clips::new(clips.to_vec(), frame)));
        let (flow, squares) = match input {
            FeatureInput::Frames => (None, None),
            FeatureInput::Squares(model) => {
                let (flow, sizes) = ((model.motion.valid(), model.card.flow_source()), model.card.preprocessing);
                (None, MotionSquares::new(flow, sizes.motion, list.to_vec(), None, sizes.spatial.crop, frame))
            }
            FeatureInput::Flow(motion, source) => {
                (Some(FrozenFlow::unkept(*source, motion.valid(), clips.clone())), None)
            }
        };
        let views = ProbeViews::PLAIN.of(MotionSquares::crop_of(squares.as_ref()));
        let mut extractor = FeatureExtractor::new(stream.valid(), flow, squares, clips.clone(), views, root);
        let mut rows: Vec<Option<Tensor<2>>> = (0..clips.len()).map(|index| extractor.known(index)).collect();
        let order = (0..clips.len()).cycle().skip(first).take(clips.len());
        let unknown: Vec<usize> = order.filter(|&index| rows[index].is_none()).collect();
        for group in unknown.chunks(extractor.clips_at_once()) {
            for (&index, features) in group.iter().zip(extractor.known_or_extracted(group)?) {
                let flow = on_clip(features.as_ref().err());
                rows[index] = features.ok();
                if let ControlFlow::Break(error) = flow {
                    return Err(error);
                }
            }
        }
        if rows.iter().all(Option::is_none) {
            return Err(Error::new("clips", "none of them could be read", "See the errors above"));
        }
        Ok(Self { rows, views })
    }

    /// Returns `stream` with a last layer for `classes` classes that is fitted to the clips at the indices `picked`
    /// with their `labels`. The result is deterministic for a given `seed`.
    pub fn fit(&self, stream: &Stream, classes: usize, picked: &[usize], labels: &[usize], seed: u64) -> Stream {
        let known = picked.iter().zip(labels).filter_map(|(&index, &label)| Some((self.rows[index].clone()?, label)));
        let (rows, labels): (Vec<_>, Vec<_>) = known.unzip();
        device_of(stream).autodiff().seed(seed);
        let features = match rows.is_empty() {
            true => Tensor::zeros([0, stream.feature_width()], &device_of(stream)),
            false => Tensor::cat(rows, 0),
        };
        fit_to(stream.valid(), &vec![RowInit::New; classes], features, &of_views(labels, self.views))
    }
}

/// Returns the label of every row of the features of clips with these `labels`.
pub(in crate::training) fn of_views(labels: impl IntoIterator<Item = usize>, views: ProbeViews) -> Vec<i64> {
    labels.into_iter().flat_map(|label| std::iter::repeat_n(label as i64, views.count())).collect()
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use image::{Rgb, RgbImage};

    use super::*;
    use crate::nets::{Backbone, StreamConfig, StreamInput};
    use crate::training::config::plan::TrainingPlan;
    use crate::training::run::events::TrainingControl;

    const FRAME: Geometry = Geometry { width: 64, height: 64 };

    fn stream() -> Stream {
        let input = StreamInput::PICTURE;
        StreamConfig { backbone: Backbone::SqueezeNet, input, classes: 2, dropout: None }.init(&Device::flex())
    }

    #[test]
    fn when_time_is_up_each_class_still_has_a_clip() {
        let dir = tempfile::tempdir().unwrap();
        let clip = |label: usize, number: usize| {
            let path = dir.path().join(format!("{label}-{number}"));
            std::fs::create_dir(&path).unwrap();
            for frame in 0..2u8 {
                let picture = RgbImage::from_pixel(64, 64, Rgb([60 * label as u8, 40 * frame, 20 * number as u8]));
                picture.save(path.join(format!("{frame}.png"))).unwrap();
            }
            LabelledClip { path, label, segment_secs: None, group: None, also: Vec::new() }
        };
        let clips: Vec<_> = (0..6).map(|i| clip(i / 3, i % 3)).collect();
        let (stream, all) = (stream(), (0..6).collect::<Vec<usize>>());
        for (budget_secs, expected) in [(Some(1e-9), vec![0, 3]), (Some(1e9), all.clone()), (None, all)] {
            let plan = TrainingPlan { budget_secs, ..TrainingPlan::default() };
            let mut clock = Clock::start(&plan, &TrainingControl::default());
            let mut events = Vec::new();
            let (listed, views) =
                (Arc::new(Clips::new(clips.clone(), FRAME)), ProbeViews { windows: 1, ..ProbeViews::FIT });
            let mut extractor =
                FeatureExtractor::new(stream.clone(), None, None, listed, views, &dir.path().join("runs"));
            let taken = extractor.take(0..6, 0.5, &mut clock, &mut |event| events.push(event)).unwrap().unwrap();
            let looked_at: Vec<_> = expected.iter().map(|&place| clips[place].clone()).collect();
            assert_eq!(taken.clips, looked_at, "in the order of the list");
            assert_eq!(taken.rows.unwrap().dims()[0], 4 * looked_at.len());
            let is_said =
                |event: &TrainingEvent| matches!(event, TrainingEvent::Warning(error) if error.subject == "time limit");
            assert_eq!(events.iter().any(is_said), looked_at.len() < 6);
            assert!(matches!(events.last(), Some(TrainingEvent::Preparing { done: 6, of: 6, .. })));
        }
    }

    #[test]
    fn only_features_of_the_same_networks_and_clips_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let (stream, other) = (stream(), stream());
        let clip = |name: &str, grey: u8| {
            let folder = dir.path().join(name);
            std::fs::create_dir_all(&folder).unwrap();
            RgbImage::from_pixel(64, 64, Rgb([grey; 3])).save(folder.join(format!("{grey:03}.png"))).unwrap();
            LabelledClip { path: folder, label: 0, segment_secs: None, group: None, also: Vec::new() }
        };
        let clips = [clip("a", 50), clip("b", 100), clip("c", 150)];
        std::fs::write(clips[1].path.join("100.png"), "not a picture").unwrap();
        let looked_at = |stream: &Stream| {
            let mut failures = Vec::new();
            let mut note = |error: Option<&Error>| {
                failures.push(error.is_some());
                ControlFlow::Continue(())
            };
            let features =
                ClipFeatures::load_or_extract(dir.path(), stream, &FeatureInput::Frames, &clips, FRAME, 1, &mut note);
            (features.unwrap().rows.iter().map(Option::is_some).collect::<Vec<_>>(), failures)
        };
        let mut stop = |_: Option<&Error>| ControlFlow::Break(Error::cancelled("clips", "stopped", "Resume"));
        let stopped =
            ClipFeatures::load_or_extract(dir.path(), &other, &FeatureInput::Frames, &clips[2..], FRAME, 0, &mut stop);
        assert!(stopped.err().unwrap().is_cancelled());
        assert_eq!(looked_at(&stream), (vec![true, false, true], vec![true, false, false]), "from the second clip on");
        assert_eq!(looked_at(&stream), (vec![true, false, true], vec![true]), "what could not be read is tried again");
        clip("b", 100);
        assert_eq!(looked_at(&stream), (vec![true; 3], vec![false]));
        assert_eq!(looked_at(&stream), (vec![true; 3], vec![]));
        clip("c", 160);
        assert_eq!(looked_at(&stream), (vec![true; 3], vec![false]), "the clip that has changed");
        assert_eq!(looked_at(&other), (vec![true; 3], vec![false; 3]), "another network");
    }
}
