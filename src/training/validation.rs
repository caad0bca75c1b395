//! Validation of a run on held-out clips, and the comparison of results.

use std::collections::BTreeSet;
use std::sync::Arc;

use burn::module::Module;
use image::RgbImage;
use rayon::prelude::*;

use super::batches;
use super::config::plan::{Network, TrainingPlan};
use super::flow::frozen_flow::{Ahead, FrozenFlow, KeptFlow};
use super::motion_squares::{MotionSquares, square_of};
use super::objective::Objective;
use super::optim::optimizer::Optimizer;
pub use super::photometric_error::PhotometricError;
use super::probe::out_of_fold::OutOfFold;
use super::run::events::{TrainingControl, TrainingEvent};
use super::thresholds::mean_average_precision;
use super::true_flow::EndPointError;
use crate::data::augmentation::{Crop, Draw};
use crate::data::clip_cache::ClipCache;
use crate::data::clips::{Clips, Keep};
use crate::data::{LabelledClip, TruePairs};
use crate::error::{Error, Result, about_all};
use crate::nets::{FlowSource, MotionNetwork, Stream, WINDOW_FRAMES, device_of};
use crate::plural::counted;
use crate::ranking::arg_max;
use crate::video::Geometry;

/// Name of the metric of multi-label classes.
pub const MEAN_AVERAGE_PRECISION: &str = "mAP";

/// A validation result, by which a run chooses its best networks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measurement {
    /// Name of the metric.
    pub name: &'static str,
    /// The value.
    pub value: f32,
    more_is_better: bool,
}

impl Measurement {
    /// Returns `true` if the result is better than the previous one `before`; NaN is never better.
    pub fn beats(&self, before: Option<f32>) -> bool {
        match before {
            None => !self.value.is_nan(),
            Some(before) if self.more_is_better => self.value > before,
            Some(before) => self.value < before,
        }
    }
}

/// Validates a run on its validation clips, if any.
pub struct Validator {
    clips: Option<Arc<Clips>>,
    /// Indices of unreadable clips, which are left out from then on.
    unreadable: BTreeSet<usize>,
    network: Network,
    /// `true` for multi-label classes.
    multi_label: bool,
    flow_source: FlowSource,
    /// The flow of the clips, if it is not the network's own.
    flow: Option<FrozenFlow>,
    /// The squares around the motion, for a spatial stream that reads them.
    squares: Option<MotionSquares>,
    /// Logits of the last validation, until they are taken.
    answered: Option<OutOfFold>,
}

/// The networks to be validated, without autodiff.
struct Networks {
    motion: MotionNetwork,
    stream: Option<Stream>,
}

impl Networks {
    /// Returns `true` if there is a stream that reads frames without flow.
    fn read_frames(&self) -> bool {
        self.stream.as_ref().is_some_and(|stream| stream.input().modality.is_of_frames())
    }

    /// Returns `true` if a run of `network` trains a classifier: a stream, or that of a joint network.
    fn classify(&self, network: Network) -> bool {
        self.stream.is_some() || network == Network::Joint
    }
}

impl Validator {
    /// Creates the validator of `clips`, limited to the number that `plan` sets, decoded through `cache` if given.
    pub fn new(plan: &TrainingPlan, clips: Vec<LabelledClip>, cache: Option<Arc<ClipCache>>) -> Self {
        let clips = spread(clips, plan.validation_clips);
        Self {
            clips: (!clips.is_empty()).then(|| Arc::new(Clips::new(clips, plan.frame).with_cache(cache))),
            unreadable: BTreeSet::new(),
            network: plan.network,
            multi_label: plan.multi_label,
            flow_source: plan.flow_source(),
            flow: None,
            squares: None,
            answered: None,
        }
    }

    /// Adds the squares around the motion of the validation clips, located by `find`, for a spatial stream.
    pub(super) fn looking_at(self, find: impl FnOnce(Vec<LabelledClip>) -> Option<MotionSquares>) -> Self {
        let list = |clips: &Arc<Clips>| (0..clips.len()).map(|index| clips.clip(index).clone()).collect();
        let squares = self.clips.as_ref().map(list).and_then(find);
        Self { squares, ..self }
    }

    /// Returns `true` if there are validation clips.
    pub fn has_clips(&self) -> bool {
        self.clips.is_some()
    }

    /// Validates the current networks (or their moving averages) and reports each metric; empty without clips. The last
    /// metric is decisive: top-1 accuracy of a classifier, or mean average precision if it is multi-label, else the
    /// photometric ratio of MotionNet. `frozen` is MotionNet if it is not trained.
    ///
    /// Unreadable clips are reported, and left out of this and all later validations. Returns no metrics if `control`
    /// stops the run meanwhile.
    ///
    /// # Errors
    /// If the device fails.
    pub fn measure(
        &mut self,
        objective: &Objective,
        frozen: &MotionNetwork,
        step: usize,
        control: Option<&TrainingControl>,
        on_event: &mut dyn FnMut(TrainingEvent),
    ) -> Result<Vec<Measurement>> {
        let Some(clips) = self.clips.clone() else { return Ok(Vec::new()) };
        if let Some(pairs) = objective.true_pairs() {
            let motion = objective.motion.as_ref().map_or_else(|| frozen.valid(), Optimizer::result);
            return self.measure_truth(&clips, pairs, &motion, step, on_event);
        }
        let motion = objective.motion.as_ref().map_or_else(|| frozen.valid(), Optimizer::result);
        let networks = Networks { motion, stream: objective.stream.as_ref().map(Optimizer::result) };
        let measures_flow =
            self.network != Network::Spatial && self.flow_source.needs_network() && !networks.read_frames();
        let device = device_of(&networks.motion);
        let batch_px = batches::budget_px(&device);
        let is_stopped = || control.is_some_and(TrainingControl::is_stopped);
        let answers = || self.answers(&clips, &networks, measures_flow, batch_px, &is_stopped);
        let Predictions { error, answers, places, failures } = batches::in_background(&device, answers)?;
        if is_stopped() {
            return Ok(Vec::new()); // incomplete
        }
        let has_failed = !failures.is_empty();
        if let Some(cause) = about_all(failures) {
            on_event(TrainingEvent::Warning(not_measured(&cause)));
        }
        if answers.is_empty() {
            if has_failed {
                on_event(TrainingEvent::Warning(nothing_measured()));
            }
            return Ok(Vec::new());
        }
        let mut measurements = Vec::new();
        let mut report = |measurement: Measurement, guesses: Vec<[usize; 2]>| {
            let Measurement { name, value, .. } = measurement;
            on_event(TrainingEvent::Validation { step, name: name.into(), value, guesses });
            measurements.push(measurement);
        };
        if measures_flow {
            let ratio = Measurement { name: "photometric ratio", value: error.ratio(), more_is_better: false };
            report(ratio, Vec::new());
        }
        if networks.classify(self.network) {
            let of_clips = places.iter().zip(&answers).map(|(&place, (_, logits))| (clips.clip(place), logits.clone()));
            self.answered = Some(OutOfFold::new(of_clips));
            if self.multi_label {
                let rows: Vec<&[f32]> = answers.iter().map(|(_, logits)| logits.as_slice()).collect();
                let shows = |answer: usize, class: usize| clips.clip(places[answer]).shows(class);
                let value = mean_average_precision(&rows, shows).map_or(f32::NAN, |value| value as f32);
                report(Measurement { name: MEAN_AVERAGE_PRECISION, value, more_is_better: true }, Vec::new());
                return Ok(measurements);
            }
            let (guesses, value) = recognised(answers.iter().map(|(label, logits)| (*label, logits.as_slice())));
            report(Measurement { name: "top-1", value, more_is_better: true }, guesses);
        }
        Ok(measurements)
    }

    /// Measures the end-point error of `motion` against true flow in pixels of the frames, and reports it.
    fn measure_truth(
        &mut self,
        clips: &Clips,
        pairs: &TruePairs,
        motion: &MotionNetwork,
        step: usize,
        on_event: &mut dyn FnMut(TrainingEvent),
    ) -> Result<Vec<Measurement>> {
        let places: Vec<usize> = (0..clips.len()).filter(|place| !self.unreadable.contains(place)).collect();
        let (error, failed) = EndPointError::of_pairs(motion, clips, &places, pairs)?;
        self.unreadable.extend(failed.iter().map(|(place, _)| *place));
        let failures = failed.into_iter().map(|(_, cause)| cause).collect();
        if let Some(cause) = about_all(failures) {
            on_event(TrainingEvent::Warning(not_measured(&cause)));
        }
        let figures = [("relative end-point error", error.ratio()), ("end-point error", error.mean_px())];
        let measurements = figures.map(|(name, value)| Measurement { name, value, more_is_better: false });
        for Measurement { name, value, .. } in &measurements {
            on_event(TrainingEvent::Validation { step, name: (*name).into(), value: *value, guesses: Vec::new() });
        }
        Ok(measurements.to_vec())
    }

    /// Takes the logits of the clips in the last validation.
    pub(super) fn take_logits(&mut self) -> Option<OutOfFold> {
        self.answered.take()
    }

    /// Returns the predictions for the middle of every readable clip, in batches of at most `batch_px` pixels, until
    /// the run `is_stopped`; and the errors of unreadable ones.
    fn answers(
        &mut self,
        clips: &Arc<Clips>,
        networks: &Networks,
        measures_flow: bool,
        batch_px: usize,
        is_stopped: &(dyn Fn() -> bool + Sync),
    ) -> Result<Predictions> {
        let readable: Vec<usize> = (0..clips.len()).filter(|index| !self.unreadable.contains(index)).collect();
        let mut found = Predictions::default();
        for batch in readable.chunks(batches::size(batch_px, clips.geometry(), self.windows_at_once(networks))) {
            if is_stopped() {
                break;
            }
            let mut seen = Vec::new();
            let kept = self.is_two_stage().then(|| self.flow_of(clips, networks).kept());
            let read = |&index: &usize| read(clips, index, networks, measures_flow, kept.as_deref());
            for (&index, clip) in batch.iter().zip(batch.par_iter().map(read).collect::<Vec<_>>()) {
                match clip {
                    Ok(clip) => seen.push(clip),
                    Err(cause) => {
                        self.unreadable.insert(index);
                        found.failures.push(cause);
                    }
                }
            }
            if seen.is_empty() {
                continue;
            }
            if measures_flow {
                let pairs: Vec<_> = seen.iter().map(|clip| borrowed(&clip.of_motion)).collect();
                let errors = in_parts(&networks.motion, &pairs, clips.geometry(), 1, |pairs| {
                    let mut error = PhotometricError::default();
                    error.add_windows(&networks.motion, pairs)?;
                    Ok(error)
                })?;
                errors.into_iter().for_each(|error| found.error.add(error));
            }
            let logits = match &networks.stream {
                Some(stream) => self.logits(clips, &mut seen, networks, stream)?,
                None if networks.classify(self.network) => {
                    let windows: Vec<_> = seen.iter().map(|clip| borrowed(&clip.of_motion)).collect();
                    let at_once = self.windows_at_once(networks);
                    let work = |windows: &[Vec<&RgbImage>]| networks.motion.logits(windows);
                    let rows = in_parts(&networks.motion, &windows, clips.geometry(), at_once, work)?;
                    rows.into_iter().flatten().collect()
                }
                None => vec![Vec::new(); seen.len()],
            };
            found.places.extend(seen.iter().map(|clip| clip.index));
            found.answers.extend(seen.iter().map(|clip| clips.label(clip.index)).zip(logits));
        }
        Ok(found)
    }

    /// Returns the cost of one sample, as a number of MotionNet's windows or of frames.
    fn windows_at_once(&self, networks: &Networks) -> usize {
        let Some(stream) = &networks.stream else { return networks.motion.frames().div_ceil(WINDOW_FRAMES) };
        let input = stream.input();
        if networks.read_frames() { input.frames() } else { input.count.div_ceil(WINDOW_FRAMES) }
    }

    /// Returns the logits of decoded clips, one row each.
    ///
    /// # Errors
    /// If the device fails.
    fn logits(
        &mut self,
        clips: &Arc<Clips>,
        seen: &mut [ClipInputs],
        networks: &Networks,
        stream: &Stream,
    ) -> Result<Vec<Vec<f32>>> {
        if self.is_two_stage() {
            let (mut draws, mut ahead) = (Vec::new(), Ahead::default());
            for (draw, of_clip) in seen.iter_mut().filter_map(|clip| clip.flow.take()) {
                draws.push(draw);
                ahead.extend(of_clip);
            }
            let (pairs, size, device) = (stream.input().count, clips.geometry(), device_of(stream));
            let flow = self.flow_of(clips, networks).windows(&draws, pairs, size, &ahead, &device)?;
            return stream.temporal_logits(flow);
        }
        let at_once = self.windows_at_once(networks);
        if let Some(squares) = &self.squares {
            return spatial_logits(seen, stream, squares, clips.geometry(), at_once);
        }
        let windows: Vec<_> = seen.iter().map(|clip| borrowed(&clip.of_stream)).collect();
        let logits = in_parts(stream, &windows, clips.geometry(), at_once, |windows| match networks.read_frames() {
            true => stream.spatial_logits(windows),
            false => stream.temporal_logits(networks.motion.flows(windows).into_finest()),
        })?;
        Ok(logits.into_iter().flatten().collect())
    }

    /// Returns `true` if the stream reads flow that is not the network's own.
    fn is_two_stage(&self) -> bool {
        self.network == Network::Temporal && self.flow_source != FlowSource::MotionNet
    }

    /// Returns the flow of a two-stage source, created on first use.
    fn flow_of(&mut self, clips: &Arc<Clips>, networks: &Networks) -> &mut FrozenFlow {
        let source = self.flow_source;
        self.flow.get_or_insert_with(|| FrozenFlow::new(source, networks.motion.clone(), clips.clone()))
    }
}

/// Reads the input of the networks from clip `index`; `kept` is the flow of a two-stage source.
///
/// # Errors
/// If the clip cannot be read, or has no flow of the source.
fn read(
    clips: &Clips,
    index: usize,
    networks: &Networks,
    measures_flow: bool,
    kept: Option<&KeptFlow>,
) -> Result<ClipInputs> {
    let mut seen = ClipInputs { index, of_motion: Vec::new(), of_stream: Vec::new(), flow: None };
    if networks.stream.is_none() && networks.motion.joint().is_none() {
        check_length(clips, index, networks.motion.frames())?;
    }
    if measures_flow {
        seen.of_motion = middle_of(clips, index, networks.motion.frames())?;
    }
    let Some(reads) = networks.stream.as_ref().map(Stream::input) else { return Ok(seen) };
    if let Some(kept) = kept {
        let start = middle(clips.count(index)?, reads.frames())[0];
        let draw = Draw { clip: index, start, stride: 1, crop: Crop::whole(clips.geometry()) };
        seen.flow = Some((draw, kept.ahead(clips, &[draw], reads.count)?));
    } else {
        seen.of_stream = middle_of(clips, index, reads.frames())?;
    }
    Ok(seen)
}

/// Rejects a clip that is shorter than MotionNet's window, whose last frame would be repeated without motion.
fn check_length(clips: &Clips, index: usize, window: usize) -> Result<()> {
    let count = clips.count(index)?;
    if count >= window {
        return Ok(());
    }
    let cause = format!("it has {}, fewer than the {window} of MotionNet's window", counted(count, "frame"));
    Err(Error::file(&clips.clip(index).path, cause, "Choose longer clips, or a MotionNet of fewer frames (--frames 2)"))
}

/// Returns the logits of a spatial stream that reads `squares`, one row per clip: the mean over its crops.
///
/// # Errors
/// If the device fails.
fn spatial_logits(
    seen: &[ClipInputs],
    stream: &Stream,
    squares: &MotionSquares,
    size: Geometry,
    at_once: usize,
) -> Result<Vec<Vec<f32>>> {
    let indices: Vec<usize> = seen.iter().map(|clip| clip.index).collect();
    let parts: Vec<Vec<RgbImage>> = squares
        .of_each(&indices)?
        .iter()
        .zip(seen)
        .map(|(square, clip)| {
            let part = |square| clip.of_stream.iter().map(|frame| square_of(frame, square)).collect();
            square.as_ref().map_or_else(Vec::new, part)
        })
        .collect();
    let (mut windows, mut owners) = (Vec::new(), Vec::new());
    for (owner, (clip, part)) in seen.iter().zip(&parts).enumerate() {
        if squares.crop().sees_whole() || part.is_empty() {
            windows.push(borrowed(&clip.of_stream));
            owners.push(owner);
        }
        if !part.is_empty() {
            windows.push(part.iter().collect());
            owners.push(owner);
        }
    }
    let rows = in_parts(stream, &windows, size, at_once, |windows| stream.spatial_logits(windows))?;
    let mut means = vec![Vec::new(); seen.len()];
    for (owner, row) in owners.iter().zip(rows.into_iter().flatten()) {
        let share = 1.0 / owners.iter().filter(|other| *other == owner).count() as f32;
        means[*owner].resize(row.len(), 0.0);
        means[*owner].iter_mut().zip(row).for_each(|(mean, logit)| *mean += share * logit);
    }
    Ok(means)
}

/// Returns the results of `work` for parts of `windows`, each of which costs as much as `pictures` images of `size`. On
/// the CPU, all cores work in parallel; a GPU processes one part after the other.
fn in_parts<'w, M: Module, R: Send>(
    network: &M,
    windows: &[Vec<&'w RgbImage>],
    size: Geometry,
    pictures: usize,
    work: impl Fn(&[Vec<&'w RgbImage>]) -> Result<R> + Sync + Send,
) -> Result<Vec<R>> {
    let device = device_of(network);
    let part = batches::size(batches::parallel_budget_px(&device), size, pictures);
    batches::for_each(&device, &windows.chunks(part).collect::<Vec<_>>(), |part| work(part))
}

/// Predictions for clips.
#[derive(Default)]
struct Predictions {
    /// Photometric error of MotionNet, if it is measured.
    error: PhotometricError,
    /// Labels and logits; logits are empty without a classifier.
    answers: Vec<(usize, Vec<f32>)>,
    /// Indices of the clips.
    places: Vec<usize>,
    /// Errors of unreadable clips.
    failures: Vec<Error>,
}

/// The decoded frames of a clip.
struct ClipInputs {
    index: usize,
    /// The window for MotionNet's photometric error.
    of_motion: Vec<Arc<RgbImage>>,
    /// Input frames of the stream, unless it reads flow of another source.
    of_stream: Vec<Arc<RgbImage>>,
    flow: Option<(Draw, Ahead)>,
}

/// Returns the `count` frames in the middle of clip `index`; in shorter clips the last one is repeated.
fn middle_of(clips: &Clips, index: usize, count: usize) -> Result<Vec<Arc<RgbImage>>> {
    clips.pictures(index, &middle(clips.count(index)?, count), Keep::Frames)
}

fn borrowed(window: &[Arc<RgbImage>]) -> Vec<&RgbImage> {
    window.iter().map(|picture| &**picture).collect()
}

/// Returns at most `limit` of `clips`, evenly spaced.
fn spread(clips: Vec<LabelledClip>, limit: usize) -> Vec<LabelledClip> {
    let (all, wanted) = (clips.len(), clips.len().min(limit));
    let is_wanted = |place: usize| (place + 1) * wanted / all > place * wanted / all;
    clips.into_iter().enumerate().filter(|(place, _)| is_wanted(*place)).map(|(_, clip)| clip).collect()
}

/// Returns pairs of the label and the predicted class, and the accuracy. NaN logits predict no class.
pub(super) fn recognised<'a>(answers: impl ExactSizeIterator<Item = (usize, &'a [f32])>) -> (Vec<[usize; 2]>, f32) {
    let all = answers.len();
    let guesses: Vec<_> = answers.filter_map(|(label, logits)| Some([label, arg_max(logits)?])).collect();
    let right = guesses.iter().filter(|[label, guess]| label == guess).count();
    (guesses, right as f32 / all as f32)
}

fn not_measured(cause: &Error) -> Error {
    Error { cause: format!("skipped in validation: {}", cause.cause), ..cause.clone() }
}

fn nothing_measured() -> Error {
    let cause = "no validation clip can be read";
    Error::new("validation", cause, "Repair them, or choose other validation clips in another run")
}

/// Returns the indices of the `count` frames in the middle of a clip of `frames`, the last one repeated in shorter
/// clips: of two middle frames the second, of two possible windows the first.
pub fn middle(frames: usize, count: usize) -> Vec<usize> {
    let start = if count == 1 { frames / 2 } else { frames.saturating_sub(count) / 2 };
    (start..start + count).map(|place| place.min(frames - 1)).collect()
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::nets::{Backbone, Modality, MotionConfig, StreamConfig, StreamInput};

    #[test]
    fn as_many_clips_are_measured_as_the_plan_says_evenly_spread() {
        let clips = |count: usize| -> Vec<LabelledClip> {
            let clip = |i: usize| LabelledClip {
                path: i.to_string().into(),
                label: i,
                segment_secs: None,
                group: None,
                also: Vec::new(),
            };
            (0..count).map(clip).collect()
        };
        let chosen =
            |count, limit| -> Vec<usize> { spread(clips(count), limit).iter().map(|clip| clip.label).collect() };
        for (count, limit) in [(61, 60), (100, 60), (119, 60), (60, 60), (7, 60), (1000, 7), (0, 60)] {
            let chosen = chosen(count, limit);
            assert_eq!(chosen.len(), count.min(limit), "{count} at the limit of {limit}");
            let gaps: Vec<usize> = chosen.windows(2).map(|pair| pair[1] - pair[0]).collect();
            let (low, high) = (gaps.iter().min().unwrap_or(&1), gaps.iter().max().unwrap_or(&1));
            assert!(*low > 0 && high - low <= 1, "{count} at the limit of {limit}: {chosen:?}");
        }
        assert_eq!(chosen(6, 3), [1, 3, 5]);
    }

    #[test]
    fn ratios_should_fall_and_accuracies_rise() {
        let ratio = Measurement { name: "photometric ratio", value: 0.5, more_is_better: false };
        let top_1 = Measurement { name: "top-1", value: 0.5, more_is_better: true };
        assert!(ratio.beats(Some(0.6)) && !ratio.beats(Some(0.5)) && !ratio.beats(Some(0.4)));
        assert!(top_1.beats(Some(0.4)) && !top_1.beats(Some(0.5)) && !top_1.beats(Some(0.6)));
        assert!(ratio.beats(None) && !Measurement { value: f32::NAN, ..ratio }.beats(None));
    }

    /// Creates folders of images that move by one pixel per frame, each clip differently.
    fn clips_in(dir: &std::path::Path, count: usize) -> Vec<LabelledClip> {
        let clip = |number: usize| {
            let path = dir.join(number.to_string());
            std::fs::create_dir(&path).unwrap();
            for frame in 0..13 {
                let level = |x: u32, y: u32| ((x + frame) * (7 + number as u32) + y * 11) as u8;
                let picture = RgbImage::from_fn(64, 64, |x, y| image::Rgb([level(x, y), level(y, x), 90]));
                picture.save(path.join(format!("{frame:02}.png"))).unwrap();
            }
            LabelledClip { path, label: number % 2, segment_secs: None, group: None, also: Vec::new() }
        };
        (0..count).map(clip).collect()
    }

    #[test]
    fn clips_measured_together_give_what_each_gives_alone() {
        let dir = tempfile::tempdir().unwrap();
        let mut listed = clips_in(dir.path(), 5);
        listed.insert(2, LabelledClip { path: dir.path().join("gone"), ..listed[0].clone() });
        let device = Device::flex();
        device.seed(1);
        let motion = MotionConfig { frames: 2, width: 2, ..MotionConfig::default() }.init(&device);
        let frame = Geometry { width: 64, height: 64 };
        for (network, source) in [
            (Network::Flow, FlowSource::MotionNet),
            (Network::Spatial, FlowSource::MotionNet),
            (Network::Temporal, FlowSource::MotionNet),
            (Network::Temporal, FlowSource::Tvl1),
        ] {
            let modality = if network == Network::Spatial { Modality::Pictures } else { Modality::Flow };
            let input = StreamInput::of(modality, Backbone::SqueezeNet, None);
            let config = StreamConfig { backbone: Backbone::SqueezeNet, input, classes: 2, dropout: None };
            let stream = (network != Network::Flow).then(|| config.init(&device));
            let networks = Networks { motion: motion.clone(), stream };
            let plan = TrainingPlan { frame, network, flow_source: Some(source), ..TrainingPlan::default() };
            let measured = |batch_px: usize| {
                let mut validator = Validator::new(&plan, listed.clone(), None);
                let clips = validator.clips.clone().unwrap();
                let measures_flow = source == FlowSource::MotionNet && network != Network::Spatial;
                validator.answers(&clips, &networks, measures_flow, batch_px, &|| false).unwrap()
            };
            let (alone, together) = (measured(0), measured(usize::MAX));
            assert_eq!(alone.answers.len(), 5);
            assert_eq!([&alone, &together].map(|found| found.failures.len()), [1, 1], "{network:?}");
            let close = |a: f32, b: f32| (a - b).abs() <= 1e-5 * a.abs().max(1.0) || (a.is_nan() && b.is_nan());
            let ratios = [&alone, &together].map(|found| found.error.ratio());
            assert!(close(ratios[0], ratios[1]), "{network:?}: {ratios:?}");
            for ((label, logits), (other_label, others)) in alone.answers.iter().zip(&together.answers) {
                assert_eq!((label, logits.len()), (other_label, others.len()));
                assert!(logits.iter().zip(others).all(|(a, b)| close(*a, *b)), "{network:?}: {logits:?} {others:?}");
            }
        }
    }
}
