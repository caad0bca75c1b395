//! The inference pipeline of one model: a window of frames in, flow and scores out.
//!
//! Used by the inference thread and the command line. On a GPU all tensors stay on the calling thread.

use std::collections::HashSet;
use std::iter::repeat;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use burn::tensor::{Device, Tensor, TensorData};
use image::RgbImage;
use image::imageops::{FilterType, resize};

use super::flow_cache::{FlowCache, SeenFrames};
use super::model_info::levels;
use super::stream_flow::StreamFlow;
use super::stream_output::{StreamOutput, checked};
use crate::engine::{FlowView, ModelInfo, Scores, TemporalInput, Timing};
use crate::error::{Error, Result};
use crate::flow::FlowField;
use crate::gpu::{Compute, share_flow};
use crate::nets::{
    FLOW_UNIT_PX, FlowPyramid, HiddenTwoStream, Modality, ModelCard, MotionCrop, MotionOutput, MotionSquare, Stream,
    StreamInput, WINDOW_FRAMES, device_failed, flow_normalisation, read_back, read_rows,
};
use crate::predictions::FeatureCounts;
use crate::training::batches;
use crate::video::{Frame, Geometry, Sizes};

/// Adjacent pairs of a window.
pub const WINDOW_PAIRS: usize = WINDOW_FRAMES - 1;
/// Longest side of the frames decoded for display, in pixels.
const DISPLAY_MAX: u32 = 1280;
/// Index of the finest pyramid level, at half the frame's resolution.
pub(in crate::engine) const FINEST_LEVEL: usize = 2;

/// The results of one window.
pub struct WindowResult {
    /// MotionNet's flows for the temporal stream's pairs, ten unless it reads clips: `[1, 20, h, w]` per level, raw
    /// unit. `None` if the scores need no MotionNet: no stream uses motion, or the model is two-stage and reads TV-L1
    /// or DIS flow.
    pub flows: Option<FlowPyramid>,
    /// Logits of the streams.
    pub scores: Scores,
    /// Number of repetitions of the last frame that pad the window.
    pub padded: usize,
    /// Inputs of the last layers of the spatial and the temporal stream, concatenated; empty unless
    /// [`with_features`](InferencePipeline::with_features) is used.
    pub features: Vec<f32>,
}

/// The flow of a window and the temporal stream's output.
struct WindowMotion {
    /// MotionNet's flows, if it was run.
    flows: Option<FlowPyramid>,
    /// The flow that the temporal stream reads and that locates the square; MotionNet's finest if no stream reads flow.
    /// `None` if no flow is needed.
    read: Option<Tensor<4>>,
    /// Output of the temporal stream or the joint network.
    temporal: StreamOutput,
}

/// An input of the motion network, and the pairs whose flow it provides.
type PairEvaluation<'a> = (Vec<&'a Frame>, Range<usize>);

/// A callback that returns whether to continue, called on any thread.
pub type GoOn<'a> = &'a (dyn Fn() -> bool + Sync);

/// A model on its device, with a cache of recent flows. Clones share the model.
#[derive(Clone)]
pub struct InferencePipeline {
    model: Arc<HiddenTwoStream>,
    /// Unique number of this loading of a model.
    generation: u64,
    classes: Arc<[String]>,
    device: Device,
    /// Whether the window uses the same device, so that it can draw the GPU buffers.
    on_window_device: bool,
    cache: FlowCache,
    /// The flow that the temporal stream reads.
    stream_flow: StreamFlow,
    timing: Timing,
    keeps_features: bool,
}

impl InferencePipeline {
    /// Creates the pipeline of a model that was loaded on the device of `compute`.
    pub fn new(model: HiddenTwoStream, compute: &Compute) -> Self {
        /// Number of the next loaded model.
        static GENERATIONS: AtomicU64 = AtomicU64::new(1);
        let on_window_device = compute.wgpu.is_some();
        Self {
            classes: model.card.classes.clone().into(),
            stream_flow: StreamFlow::of(&model.card),
            model: Arc::new(model),
            generation: GENERATIONS.fetch_add(1, Ordering::Relaxed),
            device: compute.device.clone(),
            on_window_device,
            cache: FlowCache::default(),
            timing: Timing::default(),
            keeps_features: false,
        }
    }

    /// Returns the pipeline with the streams' features in every [`WindowResult`].
    pub fn with_features(self) -> Self {
        Self { keeps_features: true, ..self }
    }

    /// Returns the feature widths of the streams; 0 for a joint network, whose features cannot be read.
    pub fn feature_counts(&self) -> FeatureCounts {
        let width = |stream: &Option<Stream>| stream.as_ref().map_or(0, Stream::feature_width);
        let is_joint = self.model.motion.joint().is_some();
        let temporal = if is_joint { 0 } else { width(&self.model.temporal) };
        FeatureCounts { spatial: width(&self.model.spatial), temporal }
    }

    /// Returns the required frame sizes: `scaled[0]` for the motion network, `scaled[1]` for the spatial stream.
    pub fn sizes(&self) -> Sizes {
        Sizes { display_max: DISPLAY_MAX, scaled: vec![self.motion_size(), self.spatial_size()] }
    }

    /// Returns a description of the model; `dir` is the folder it was loaded from.
    pub fn info(&self, dir: &Path) -> ModelInfo {
        ModelInfo { generation: self.generation, ..ModelInfo::of(&self.model, dir) }
    }

    /// Returns the number that identifies this loading of the model in all results.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns the classes of the model in the order of its scores.
    pub fn classes(&self) -> Arc<[String]> {
        self.classes.clone()
    }

    /// Returns the card of the model.
    pub fn card(&self) -> &ModelCard {
        &self.model.card
    }

    /// Returns the number of frames of a scored window: eleven, or more if a network reads more.
    pub fn window_frames(&self) -> usize {
        let streams = [&self.model.temporal, &self.model.spatial].into_iter().flatten();
        streams.map(|stream| stream.input().frames()).fold(self.flow_frames(), usize::max)
    }

    /// Returns the number of frames that the temporal stream needs; a joint network with fewer frames processes a
    /// window in parts.
    fn temporal_frames(&self) -> usize {
        match (&self.model.temporal, self.model.motion.joint()) {
            (_, Some(_)) => self.flow_frames(),
            (Some(stream), None) if stream.input().modality == Modality::Flow => stream.input().frames(),
            _ => WINDOW_FRAMES,
        }
    }

    /// Returns the number of frames of a window whose flow is shown: eleven, or more if the motion network reads more.
    pub fn flow_frames(&self) -> usize {
        self.model.motion.frames().max(WINDOW_FRAMES)
    }

    /// Clears the cached flows, because frame indices will refer to another clip.
    pub fn clear(&mut self) {
        self.cache.clear();
        self.stream_flow.clear();
    }

    /// Computes at most `count` of the flows that are missing for the window's scores; returns true once none is
    /// missing.
    ///
    /// # Errors
    /// If the window is empty, too long, or its frames were decoded for other networks.
    pub fn advance(&mut self, window: &[Arc<Frame>], count: usize) -> Result<bool> {
        let frames = self.checked_middle(window, self.temporal_frames())?;
        if !self.reads_flow() {
            return Ok(true);
        }
        if self.is_two_stage() {
            return self.stream_flow.advance(window, &frames, count, &self.device);
        }
        let windows = [window];
        let mut missing = self.lacking(&windows)?;
        let ready = missing.len() <= count;
        missing.truncate(count);
        self.cache.keep_near(window);
        self.evaluate(&missing, &|| true)?;
        Ok(ready)
    }

    /// Computes all flows that are missing for the scores of `windows`; returns false, with some still missing, once
    /// `go_on` returns false.
    ///
    /// # Errors
    /// Same as [`InferencePipeline::advance`].
    pub fn advance_all<W: AsRef<[Arc<Frame>]>>(&mut self, windows: &[W], go_on: GoOn<'_>) -> Result<bool> {
        if self.is_two_stage() || !self.reads_flow() {
            for window in windows {
                if !go_on() {
                    return Ok(false);
                }
                self.advance(window.as_ref(), usize::MAX)?;
            }
            return Ok(true);
        }
        let missing = self.lacking(windows)?;
        self.cache.keep_near(windows.iter().flat_map(AsRef::as_ref));
        self.evaluate(&missing, go_on)
    }

    /// Returns the inputs of the motion network for `windows` whose outputs are not cached.
    fn lacking<'a, W: AsRef<[Arc<Frame>]>>(&self, windows: &'a [W]) -> Result<Vec<Vec<&'a Frame>>> {
        let (count, mut met) = (self.temporal_frames(), HashSet::new());
        let mut missing = Vec::new();
        for window in windows {
            for (frames, _) in self.evaluations(window.as_ref(), count)? {
                // Windows overlap, and a padded one ends with several evaluations of the last frame with itself.
                if self.cache.get(&seen(&frames)).is_none() && met.insert(seen(&frames)) {
                    missing.push(frames);
                }
            }
        }
        Ok(missing)
    }

    /// Returns the range of frames in a window that the flow of one of its pairs depends on.
    pub fn frames_for(&self, pair: usize) -> Range<usize> {
        let count = self.model.motion.frames();
        let first = pair.min(self.flow_frames() - count);
        first..first + count
    }

    /// Returns the flow of one pair of the window at one level; a two-frame network computes nothing else.
    ///
    /// # Errors
    /// Same as [`InferencePipeline::advance`].
    pub fn flow(&mut self, window: &[Arc<Frame>], pair: usize, level: usize) -> Result<FlowView> {
        let frames = self.flow_frames();
        let evaluations = self.evaluations(window, frames)?;
        self.cache.keep_near(window);
        // Either ten evaluations of one pair each, or one of all pairs.
        let index = pair.min(evaluations.len() - 1);
        let channel = 2 * (pair.min(frames - 2) - index);
        let pyramid = self.outputs_of(&evaluations[index].0)?.flow;
        let level = level.saturating_sub(FINEST_LEVEL).min(pyramid.levels.len() - 1);
        self.view(pyramid.levels[level].clone().narrow(1, channel, 2))
    }

    /// Returns the pyramid levels, finest first.
    pub fn levels(&self) -> Vec<usize> {
        levels(&self.model.card).collect()
    }

    /// Returns the flow from the second frame of a pair to the first; `None` for a network that reads more than two
    /// frames.
    ///
    /// # Errors
    /// Same as [`InferencePipeline::advance`].
    pub fn backward(&mut self, window: &[Arc<Frame>], pair: usize, level: usize) -> Result<Option<FlowView>> {
        if self.model.motion.frames() != 2 {
            return Ok(None);
        }
        let at = |index: usize| window[index.min(window.len() - 1)].clone();
        self.flow(&[at(pair + 1), at(pair)], 0, level).map(Some)
    }

    /// Returns flows and scores of a window of 1 to [`window_frames`](Self::window_frames) consecutive frames; a short
    /// one is padded with its last frame. A stream that reads fewer frames than another reads those in the middle.
    ///
    /// # Errors
    /// Same as [`InferencePipeline::advance`], and if the device fails.
    pub fn analyse(&mut self, window: &[Arc<Frame>]) -> Result<WindowResult> {
        self.checked_middle(window, self.temporal_frames())?;
        let (model, device) = (self.model.clone(), self.device.clone());
        let crop = model.card.preprocessing.spatial.crop;
        let looks_at_motion = self.looks_at_motion();
        let with_features = self.keeps_features;
        let motion_and_temporal = || self.motion_and_temporal(window);
        let spatial = || {
            let started = Instant::now();
            let whole = match crop.sees_whole() {
                true => spatial_output(&model, &device, window, None, with_features)?,
                false => StreamOutput::default(),
            };
            Ok((whole, milliseconds(started)))
        };
        let (of_motion, (whole, spatial_ms)) = batches::both(&device, motion_and_temporal, spatial)?;
        let WindowMotion { flows, read, temporal } = of_motion;
        self.timing.spatial_ms = spatial_ms;
        let square = read.filter(|_| looks_at_motion).map(|read| self.square(read)).transpose()?;
        let spatial = match &square {
            Some(square) if crop.sees_motion() && self.model.spatial.is_some() => {
                let started = Instant::now();
                let around = spatial_output(&self.model, &self.device, window, Some(square), with_features)?;
                self.timing.spatial_ms += milliseconds(started);
                whole.mean(around)
            }
            _ => whole,
        };
        let features = [spatial.features, temporal.features].concat();
        let (spatial, temporal) = (spatial.logits, temporal.logits);
        let scores = Scores { window_start: window[0].index, spatial, temporal, square };
        Ok(WindowResult { flows, scores, padded: self.window_frames() - window.len(), features })
    }

    /// Returns the results of several windows, on the CPU in parallel on all cores; `None` once `go_on` returns false.
    /// They equal those of [`analyse`](Self::analyse), up to the rounding of flows computed in other batches.
    ///
    /// # Errors
    /// Same as [`InferencePipeline::analyse`].
    pub fn scores(&mut self, windows: &[Vec<Arc<Frame>>], go_on: GoOn<'_>) -> Result<Option<Vec<WindowResult>>> {
        if !self.advance_all(windows, go_on)? {
            return Ok(None);
        }
        let ready = &*self;
        let scores = batches::for_each(&self.device, windows, |window| match go_on() {
            // The clone has all flows in its cache, and shares the networks.
            true => ready.clone().analyse(window).map(Some),
            false => Ok(None),
        })?;
        Ok(scores.into_iter().collect())
    }

    /// Returns whether the temporal stream reads flow of another method than MotionNet.
    pub fn is_two_stage(&self) -> bool {
        self.temporal_reads_flow() && !self.stream_flow.needs_network()
    }

    fn temporal_reads_flow(&self) -> bool {
        self.model.temporal.as_ref().is_some_and(|stream| stream.input().modality == Modality::Flow)
    }

    /// Returns whether scores need flow: for a stream, a joint network, or to locate the square.
    fn reads_flow(&self) -> bool {
        self.temporal_reads_flow() || self.model.motion.joint().is_some() || self.looks_at_motion()
    }

    /// Returns whether a stream reads the square around the motion.
    fn looks_at_motion(&self) -> bool {
        let model = &self.model;
        let spatial = model.spatial.as_ref().map(|_| model.card.preprocessing.spatial.crop);
        let temporal = model.temporal.as_ref().map(|stream| stream.reading().crop);
        [spatial, temporal].into_iter().flatten().any(MotionCrop::sees_motion)
    }

    /// Returns the flow of a checked window, and the output of the temporal stream or the joint network.
    fn motion_and_temporal(&mut self, window: &[Arc<Frame>]) -> Result<WindowMotion> {
        let (count, device) = (self.temporal_frames(), self.device.clone());
        if self.is_two_stage() {
            let (read, flow_ms) = self.stream_flow.read(window, &middle(window, count), &device)?;
            let started = Instant::now();
            let temporal = self.temporal_output(read.clone())?;
            self.timing.temporal_ms = flow_ms + milliseconds(started);
            return Ok(WindowMotion { flows: None, read: Some(read), temporal });
        }
        if !self.reads_flow() {
            let started = Instant::now();
            let temporal = self.difference_output(window)?.unwrap_or_default();
            self.timing.temporal_ms = milliseconds(started);
            return Ok(WindowMotion { flows: None, read: None, temporal });
        }
        self.advance(window, count)?;
        let mut parts = Vec::new();
        for (evaluation, pairs) in self.evaluations(window, count)? {
            parts.push((self.outputs_of(&evaluation)?, pairs));
        }
        let of_parts: Vec<_> = parts.iter().map(|(output, pairs)| (&output.flow, pairs.clone())).collect();
        let flows = FlowPyramid::joined(&of_parts);
        let mut read = flows.finest().clone();
        let started = Instant::now();
        let joint: Vec<Tensor<2>> = parts.into_iter().filter_map(|(output, _)| output.logits).collect();
        let temporal = if !joint.is_empty() {
            let logits = checked(read_rows(Tensor::cat(joint, 0).mean_dim(0))?, &device)?;
            StreamOutput { logits, ..StreamOutput::default() }
        } else if let Some(output) = self.difference_output(window)? {
            output
        } else {
            read = self.stream_flow.of_network(read, &device)?;
            self.temporal_output(read.clone())?
        };
        self.timing.temporal_ms = milliseconds(started);
        Ok(WindowMotion { flows: Some(flows), read: Some(read), temporal })
    }

    /// Returns the temporal logits for ten flows from any source; a stream with fewer inputs reads those in the middle.
    /// Empty without a stream of at most ten flows.
    ///
    /// # Errors
    /// If there are not ten, or the device fails.
    pub fn temporal_under(&self, flows: &[FlowView]) -> Result<Vec<f32>> {
        let raw = self.raw_stack(flows)?;
        match self.model.temporal.as_ref().map(Stream::input) {
            Some(StreamInput { modality: Modality::Flow, count }) if count <= WINDOW_PAIRS => self
                .temporal_output(raw.narrow(1, 2 * ((WINDOW_PAIRS - count) / 2), 2 * count))
                .map(|output| output.logits),
            _ => Ok(Vec::new()),
        }
    }

    /// Returns the temporal stream's input for ten flows.
    ///
    /// # Errors
    /// Same as [`InferencePipeline::temporal_under`].
    pub fn temporal_input(&self, flows: &[FlowView]) -> Result<TemporalInput> {
        let raw = self.raw_stack(flows)?;
        let input = match &self.model.temporal {
            Some(stream) => stream.flow_inputs(raw.clone())?.swap_remove(0), // whole frame, or only the square
            None => flow_normalisation::classifier_input(raw.clone()),
        };
        let levels = input + flow_normalisation::MID_LEVEL; // [1, 20, h, w], or half of it
        let [_, _, height, width] = levels.dims();
        let planes = read_back(levels)?.chunks(width * height).map(<[f32]>::to_vec).collect();
        let px: Vec<f32> = read_back(raw)?.iter().map(|raw| raw * FLOW_UNIT_PX).collect();
        Ok(TemporalInput::new(width, height, planes, &px))
    }

    /// Converts ten flows to the motion network's output format: [1, 20, h/2, w/2], raw unit. Unknown vectors count as
    /// zero.
    fn raw_stack(&self, flows: &[FlowView]) -> Result<Tensor<4>> {
        if flows.len() != WINDOW_PAIRS {
            let cause = format!("{} flows instead of ten", flows.len());
            return Err(Error::new("temporal stream", cause, "Pass the flows of a whole window"));
        }
        let size = self.motion_size();
        let [width, height] = [size.width as usize / 2, size.height as usize / 2];
        let mut values = Vec::with_capacity(2 * WINDOW_PAIRS * width * height);
        for flow in flows {
            let field = flow.at_size(width, height); // in pixels of half the network's frame
            for component in 0..2 {
                let raw =
                    |uv: &[f32; 2]| if FlowField::is_known(*uv) { uv[component] * 2.0 / FLOW_UNIT_PX } else { 0.0 };
                values.extend(field.uv.iter().map(raw));
            }
        }
        Ok(Tensor::from_data(TensorData::new(values, [1, 2 * WINDOW_PAIRS, height, width]), &self.device))
    }

    /// Returns the latest run time of each network.
    pub fn timing(&self) -> Timing {
        self.timing
    }

    /// Returns whether the frames were decoded in the sizes of this model.
    pub fn accepts(&self, frames: &[Arc<Frame>]) -> bool {
        let wanted = self.sizes().scaled;
        let is_wanted =
            |(picture, size): (&Arc<RgbImage>, &Geometry)| picture.dimensions() == (size.width, size.height);
        frames.iter().all(|frame| frame.scaled.len() == wanted.len() && frame.scaled.iter().zip(&wanted).all(is_wanted))
    }

    /// Returns `frame` with the pictures this model needs, resized from the display picture if it was decoded for
    /// another model.
    pub fn fitted(&self, frame: &Arc<Frame>) -> Arc<Frame> {
        if self.accepts(std::slice::from_ref(frame)) {
            return frame.clone();
        }
        let scaled = |size: &Geometry| Arc::new(resize(&*frame.display, size.width, size.height, FilterType::Triangle));
        let scaled = self.sizes().scaled.iter().map(scaled).collect();
        Arc::new(Frame { scaled, ..Frame::clone(frame) })
    }

    /// Returns the inputs of the motion network that provide the flows between the middle `count` frames of the window.
    fn evaluations<'a>(&self, window: &'a [Arc<Frame>], count: usize) -> Result<Vec<PairEvaluation<'a>>> {
        Ok(self.model.motion.parts(&self.checked_middle(window, count)?).collect())
    }

    /// Returns the middle `count` frames of a window of this model.
    fn checked_middle<'a>(&self, window: &'a [Arc<Frame>], count: usize) -> Result<Vec<&'a Frame>> {
        let most = self.window_frames();
        if window.is_empty() || window.len() > most || !self.accepts(window) {
            let cause = format!("{} frames do not make a window of this model", window.len());
            let remedy = format!("Pass 1 to {most} frames decoded in the sizes the model asks for");
            return Err(Error::new("window", cause, remedy));
        }
        Ok(middle(window, count))
    }

    /// Returns the outputs of one evaluation, from the cache if possible.
    fn outputs_of(&mut self, evaluation: &Vec<&Frame>) -> Result<MotionOutput> {
        if self.cache.get(&seen(evaluation)).is_none() {
            self.evaluate(std::slice::from_ref(evaluation), &|| true)?;
        }
        Ok(self.cache.get(&seen(evaluation)).expect("it was just computed").clone())
    }

    /// Runs the motion network on all `evaluations`; returns false and caches nothing once `go_on` returns false.
    fn evaluate(&mut self, evaluations: &[Vec<&Frame>], go_on: GoOn<'_>) -> Result<bool> {
        if evaluations.is_empty() {
            return Ok(true);
        }
        let started = Instant::now();
        let batch = batches::size(batches::parallel_budget_px(&self.device), self.motion_size(), 1);
        let batches: Vec<&[Vec<&Frame>]> = evaluations.chunks(batch).collect();
        let (model, device) = (&self.model, &self.device);
        let outputs = batches::for_each(device, &batches, |batch| {
            if !go_on() {
                return Ok(None);
            }
            let windows: Vec<Vec<&RgbImage>> =
                batch.iter().map(|frames| frames.iter().map(|frame| &*frame.scaled[0]).collect()).collect();
            let outputs = model.motion.outputs(&windows); // k × 2(n−1) channels
            device.sync().map_err(device_failed)?;
            Ok(Some((0..batch.len()).map(|row| outputs.row(row)).collect::<Vec<_>>()))
        })?;
        let Some(outputs) = outputs.into_iter().collect::<Option<Vec<_>>>() else { return Ok(false) };
        for (evaluation, output) in evaluations.iter().zip(outputs.into_iter().flatten()) {
            self.cache.insert(seen(evaluation), output);
        }
        self.timing.motion_ms = milliseconds(started);
        Ok(true)
    }

    /// Returns the square around the motion in the middle ten flows of a window, `[1, 2n, h/2, w/2]`.
    fn square(&self, flow: Tensor<4>) -> Result<MotionSquare> {
        let pairs = flow.dims()[1] / 2;
        let count = pairs.min(WINDOW_PAIRS);
        let size = if self.model.spatial.is_some() { self.spatial_size() } else { self.motion_size() };
        MotionSquare::of(flow.narrow(1, (pairs - count) / 2 * 2, 2 * count), size.width as f32 / size.height as f32)
    }

    /// Returns the temporal stream's output for the raw flow of a window.
    fn temporal_output(&self, flow: Tensor<4>) -> Result<StreamOutput> {
        let Some(stream) = &self.model.temporal else { return Ok(StreamOutput::default()) };
        StreamOutput::of(stream, stream.flow_features(flow)?, &self.device, self.keeps_features)
    }

    /// Returns the output of a temporal stream that reads frame differences of the middle of the window; `None` without
    /// one.
    fn difference_output(&self, window: &[Arc<Frame>]) -> Result<Option<StreamOutput>> {
        let is_of_frames = |stream: &&Stream| stream.input().modality.is_of_frames();
        let Some(stream) = self.model.temporal.as_ref().filter(is_of_frames) else { return Ok(None) };
        let frames = middle(window, stream.input().frames()).into_iter().map(|frame| &*frame.scaled[0]).collect();
        StreamOutput::of(stream, stream.picture_features(&[frames]), &self.device, self.keeps_features).map(Some)
    }

    /// Reads a flow `[1, 2, h, w]` back to the CPU and keeps a reference to its GPU buffer.
    fn view(&self, flow: Tensor<4>) -> Result<FlowView> {
        let [_, _, height, width] = flow.dims();
        let planes = read_back(flow.clone())?;
        let (u, v) = planes.split_at(width * height);
        let uv = u.iter().zip(v).map(|(u, v)| [u * FLOW_UNIT_PX, v * FLOW_UNIT_PX]).collect();
        let gpu = self.on_window_device.then(|| share_flow(flow)).flatten();
        let view = FlowView::on_cpu(FlowField { width, height, uv }, self.motion_size());
        Ok(FlowView { gpu, gpu_unit_px: FLOW_UNIT_PX, ..view })
    }

    fn motion_size(&self) -> Geometry {
        let size = &self.model.card.preprocessing.motion;
        Geometry { width: size.width, height: size.height }
    }

    fn spatial_size(&self) -> Geometry {
        let size = self.model.card.preprocessing.spatial;
        Geometry { width: size.width, height: size.height }
    }
}

/// Returns the spatial stream's output for the middle frames of the window: for whole frames, or their parts within
/// `square`.
fn spatial_output(
    model: &HiddenTwoStream,
    device: &Device,
    window: &[Arc<Frame>],
    square: Option<&MotionSquare>,
    with_features: bool,
) -> Result<StreamOutput> {
    let Some(stream) = &model.spatial else { return Ok(StreamOutput::default()) };
    let frames = middle(window, stream.input().count).into_iter().map(|frame| &*frame.scaled[1]).collect();
    StreamOutput::of_pictures(stream, frames, square, device, with_features)
}

fn seen(evaluation: &[&Frame]) -> SeenFrames {
    evaluation.iter().map(|frame| frame.index).collect()
}

/// Returns the middle `count` frames of a non-empty window, padded with the last one.
fn middle(window: &[Arc<Frame>], count: usize) -> Vec<&Frame> {
    let start = (window.len() / 2).saturating_sub(count / 2);
    let frames = window[start..].iter().chain(repeat(&window[window.len() - 1]));
    frames.take(count).map(AsRef::as_ref).collect()
}

fn milliseconds(since: Instant) -> f32 {
    since.elapsed().as_secs_f32() * 1e3
}
