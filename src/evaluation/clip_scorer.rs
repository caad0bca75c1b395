//! Scores of a clip by both streams of a model, averaged over the views of a protocol.
//!
//! The flow of every pair of frames is computed once per crop, no matter how many windows share it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData};
use image::RgbImage;
use rayon::prelude::*;

use super::clip_pictures::{ClipPictures, read_pictures};
use super::view_average::{Mean, ViewAverage};
use super::{Protocol, ScoredClip, View};
use crate::data::LabelledClip;
use crate::data::augmentation::Crop;
use crate::error::{Error, Result};
use crate::nets::{FlowPyramid, FrameSize, HiddenTwoStream, MotionSquare, Stream, WINDOW_FRAMES, device_of};
use crate::training::batches;
use crate::training::motion_squares::{square_of, window_around};
use crate::training::validation::{PhotometricError, middle};
use crate::training::{ClipFlow, FlowSource};
use crate::video::{ClipReader, Geometry};

/// Scores clips with a model by a protocol.
pub struct ClipScorer<'a> {
    model: &'a HiddenTwoStream,
    protocol: Protocol,
    device: Device,
    batch_px: usize,
    stop: &'a (dyn Fn() -> bool + Sync),
}

/// The frames of a window, or of one pass of the motion network, by index.
type ScorerSpan = Vec<usize>;

impl<'a> ClipScorer<'a> {
    /// Creates a scorer of clips for `model`.
    pub fn new(model: &'a HiddenTwoStream, protocol: Protocol) -> Self {
        let device = device_of(&model.motion);
        let batch_px = batches::parallel_budget_px(&device);
        Self { model, protocol, device, batch_px, stop: &|| false }
    }

    /// Makes the scorer return an error when `stop` returns true. It is checked between frames, between flow
    /// computations and between batches: a clip may take minutes.
    pub fn until(self, stop: &'a (dyn Fn() -> bool + Sync)) -> Self {
        Self { stop, ..self }
    }

    /// Returns the logits of the streams for `clip`, those of the temporal stream on flow from `source`. The square
    /// around the motion is found in the same flow unless the model's own flow is MotionNet's. The clip is read once,
    /// and only the frames that a view needs are kept. The photometric error is that of the flow that the temporal
    /// stream reads, or of a model without streams; it is `None` if the motion network is not used.
    ///
    /// # Errors
    /// If the clip cannot be read, a flow source is missing, the device fails, or it was stopped.
    pub fn score(&self, clip: &LabelledClip, source: FlowSource) -> Result<ScoredClip> {
        batches::in_background(&self.device, || self.score_here(clip, source))
    }

    fn score_here(&self, clip: &LabelledClip, source: FlowSource) -> Result<ScoredClip> {
        let about = |error: Error| {
            let cause = format!("{}: {}", error.subject, error.cause);
            Error { subject: clip.path.display().to_string(), cause, ..error }
        };
        let mut reader = ClipReader::open(&clip.path, clip.segment_secs)?;
        let frames = reader.frames();
        let needs_flow = match &self.model.temporal {
            Some(stream) => !stream.input().modality.is_of_frames(),
            None => self.model.motion.joint().is_some() || self.model.spatial.is_none(),
        };
        let measures_flow = source.needs_network() && needs_flow;
        let span = middle(frames, self.model.motion.frames());
        let mut motion: BTreeSet<usize> = self.temporal_windows(frames).into_iter().flat_map(|(w, _)| w).collect();
        motion.extend(span.iter().filter(|_| measures_flow));
        let spatial = self.spatial_windows(frames).into_iter().flat_map(|(window, _)| window).collect();
        motion.extend(self.motion_windows(frames).into_iter().flatten());
        let wanted = [(&motion, self.motion_size()), (&spatial, self.spatial_size())];
        let [mut motion, spatial] = read_pictures(&mut reader, wanted, &|| self.check_stop())?;

        let mut photometric = PhotometricError::default();
        if measures_flow {
            let window = span.iter().map(|place| &motion[place]).collect();
            photometric.add_windows(&self.model.motion, &[window]).map_err(about)?;
        }
        let squares_by_network =
            source == FlowSource::MotionNet || self.model.card.flow_source() == FlowSource::MotionNet;
        let mut squares = match squares_by_network {
            true => self.motion_squares(ClipPictures::Few { frames, read: &motion }).map_err(about)?,
            false => None,
        };
        let temporal = if !needs_flow || source == FlowSource::MotionNet {
            self.temporal(ClipPictures::Few { frames, read: &motion }).map_err(about)?
        } else {
            let around = if squares_by_network { Vec::new() } else { self.motion_windows(frames) };
            let found = self.by_source(source, clip, frames, &around, &mut motion).map_err(about)?;
            if !around.is_empty() {
                squares = Some(found.squares);
            }
            found.temporal
        };
        let spatial = ClipPictures::Few { frames, read: &spatial };
        let spatial = self.spatial(spatial, squares.as_deref()).map_err(about)?;
        Ok(ScoredClip { clip: clip.clone(), spatial, temporal, photometric })
    }

    /// Returns the maximum size in bytes of the frames of a clip of any length while it is scored.
    pub fn bytes(&self) -> usize {
        let bytes = |windows: Vec<(ScorerSpan, usize)>, size: Geometry| {
            let places: BTreeSet<usize> = windows.into_iter().flat_map(|(window, _)| window).collect();
            3 * places.len() * size.width as usize * size.height as usize
        };
        let longest = 1 << 40; // windows never share frames in this case
        let mut of_motion = self.temporal_windows(longest);
        of_motion.extend(self.motion_windows(longest).into_iter().map(|window| (window, 1)));
        bytes(of_motion, self.motion_size()) + bytes(self.spatial_windows(longest), self.spatial_size())
    }

    /// Returns the frame size that the motion network reads.
    pub fn motion_size(&self) -> Geometry {
        geometry(self.model.card.preprocessing.motion)
    }

    /// Returns the frame size that the spatial stream reads.
    pub fn spatial_size(&self) -> Geometry {
        geometry(self.model.card.preprocessing.spatial.size())
    }

    /// Returns the mean logits of the temporal stream, or of the joint network in its place, over all views of a clip
    /// of at least one frame; `None` without either.
    ///
    /// # Errors
    /// If the device fails, a logit is not finite, or it was stopped.
    pub fn temporal<'p>(&self, pictures: impl Into<ClipPictures<'p>>) -> Result<Option<Vec<f32>>> {
        let pictures = pictures.into();
        if self.model.motion.joint().is_some() {
            return self.joint(pictures).map(Some);
        }
        let Some(stream) = &self.model.temporal else { return Ok(None) };
        let windows = self.temporal_windows(pictures.frames());
        let mut mean = self.mean_of(stream);
        if stream.input().modality.is_of_frames() {
            for view in self.protocol.crops.views(self.motion_size()) {
                self.add_views(stream, pictures, &windows, view, &mut mean)?;
            }
            return mean.finished("temporal").map(Some);
        }
        for view in self.protocol.crops.views(self.motion_size()) {
            let seen = seen(pictures, windows.iter().flat_map(|(window, _)| window), view);
            let flows = self.flows(&seen, windows.iter().map(|(window, _)| window))?;
            let batches: Vec<_> = windows.chunks(self.flow_batch(stream, view)).collect();
            let rows = batches::for_each(&self.device, &batches, |batch| {
                self.check_stop()?;
                let stacks = batch.iter().map(|(window, _)| self.stack(&flows, window)).collect();
                stream.temporal_logits(Tensor::cat(stacks, 0))
            })?;
            mean.add_batches(&rows, &batches);
        }
        mean.finished("temporal").map(Some)
    }

    /// Returns the mean logits of the joint network.
    fn joint(&self, pictures: ClipPictures<'_>) -> Result<Vec<f32>> {
        let (windows, motion) = (self.temporal_windows(pictures.frames()), &self.model.motion);
        let mut mean = Mean::of(self.protocol.average.unwrap_or_default());
        for view in self.protocol.crops.views(self.motion_size()) {
            let size = self.batch_size(view.size, motion.frames().div_ceil(WINDOW_FRAMES));
            let batches: Vec<_> = windows.chunks(size).collect();
            let rows = batches::for_each(&self.device, &batches, |batch| {
                self.check_stop()?;
                let seen = seen(pictures, batch.iter().flat_map(|(window, _)| window), view);
                let clips: Vec<Vec<&RgbImage>> =
                    batch.iter().map(|(window, _)| window.iter().map(|index| &seen[index]).collect()).collect();
                motion.logits(&clips)
            })?;
            mean.add_batches(&rows, &batches);
        }
        mean.finished("temporal")
    }

    /// Like [`temporal`](Self::temporal), but for `flow` that was computed from whole frames beforehand.
    ///
    /// # Errors
    /// If the device fails, a logit is not finite, or it was stopped.
    pub fn temporal_of(&self, flow: &ClipFlow) -> Result<Option<Vec<f32>>> {
        let Some(stream) = &self.model.temporal else { return Ok(None) };
        let starts = self.protocol.window_starts(flow.frames(), stream.input().frames());
        let mut mean = self.mean_of(stream);
        self.add_windows(stream, flow, &counted(&starts).collect::<Vec<_>>(), &mut mean)?;
        mean.finished("temporal").map(Some)
    }

    /// Like [`temporal`](Self::temporal), but for flow from `source`, computed from the whole `read` frames of `clip`,
    /// which has `frames` in all. Contiguous ranges are processed one after the other, and the frames of each are
    /// released after it. The squares around the motion of the windows `around` are found in the same flow.
    fn by_source(
        &self,
        source: FlowSource,
        clip: &LabelledClip,
        frames: usize,
        around: &[ScorerSpan],
        read: &mut BTreeMap<usize, RgbImage>,
    ) -> Result<OfSource> {
        let Some(stream) = &self.model.temporal else { return Ok(OfSource::default()) };
        let length = stream.input().frames();
        let starts = self.protocol.window_starts(frames, length);
        let starts: Vec<(usize, usize)> = counted(&starts).collect();
        let around: Vec<usize> = around.iter().map(|window| window[0]).collect();
        let spans = starts.iter().map(|(start, _)| *start..start + length);
        let stretches = stretches(spans.chain(around.iter().map(|start| *start..start + WINDOW_FRAMES)));
        let (mut mean, mut squares) = (self.mean_of(stream), Vec::new());
        for Range { start: first, end } in stretches {
            let pictures: Vec<RgbImage> = (first..end.min(frames)).filter_map(|place| read.remove(&place)).collect();
            let flow = source.stretch_flow(clip, first, &pictures, &self.model.motion, self.stop)?;
            let within = |start: usize| (first..end).contains(&start);
            let windows = starts.iter().filter(|(start, _)| within(*start));
            let windows: Vec<_> = windows.map(|(start, times)| (start - first, *times)).collect();
            self.add_windows(stream, &flow, &windows, &mut mean)?;
            for start in around.iter().filter(|start| within(**start)) {
                self.check_stop()?;
                let whole = View { x: 0, y: 0, size: self.motion_size(), mirrored: false };
                let flow = flow_windows(&flow, [start - first].into_iter(), WINDOW_FRAMES - 1, whole, &self.device);
                squares.push(MotionSquare::of(flow, self.spatial_aspect())?);
            }
        }
        Ok(OfSource { temporal: mean.finished("temporal").map(Some)?, squares })
    }

    /// Adds the logits of the windows of `flow` with these starts and counts, through all views.
    fn add_windows(&self, stream: &Stream, flow: &ClipFlow, starts: &[(usize, usize)], mean: &mut Mean) -> Result<()> {
        for view in self.protocol.crops.views(self.motion_size()) {
            let batches: Vec<_> = starts.chunks(self.flow_batch(stream, view)).collect();
            let rows = batches::for_each(&self.device, &batches, |batch| {
                self.check_stop()?;
                let starts = batch.iter().map(|(start, _)| *start);
                stream.temporal_logits(flow_windows(flow, starts, stream.input().count, view, &self.device))
            })?;
            mean.add_batches(&rows, &batches);
        }
        Ok(())
    }

    /// Returns the mean logits of the spatial stream over all views of a clip of at least one frame; `None` without
    /// such a stream. `squares` are those of [`motion_squares`](Self::motion_squares), required by a stream that reads
    /// the region of motion.
    ///
    /// # Errors
    /// If the device fails, a logit is not finite, or it was stopped.
    pub fn spatial<'p>(
        &self,
        pictures: impl Into<ClipPictures<'p>>,
        squares: Option<&[MotionSquare]>,
    ) -> Result<Option<Vec<f32>>> {
        let pictures = pictures.into();
        let Some(stream) = &self.model.spatial else { return Ok(None) };
        let windows = self.spatial_windows(pictures.frames());
        let whole = squares.is_none() || self.model.card.preprocessing.spatial.crop.sees_whole();
        let mut mean = self.mean_of(stream);
        for view in self.protocol.crops.views(self.spatial_size()) {
            if whole {
                self.add_views(stream, pictures, &windows, view, &mut mean)?;
            }
            if let Some(squares) = squares {
                let size = self.batch_size(view.size, stream.input().frames());
                let batches: Vec<_> = windows.chunks(size).collect();
                let parts: Vec<_> = batches.iter().zip(squares.chunks(size)).collect();
                let rows = batches::for_each(&self.device, &parts, |(batch, squares)| {
                    self.check_stop()?;
                    let window = |((window, _), square): (&(ScorerSpan, usize), &MotionSquare)| {
                        let around = |&place: &usize| view.of(&square_of(pictures.at(place), square));
                        window.iter().map(around).collect::<Vec<_>>()
                    };
                    let clips: Vec<Vec<RgbImage>> = batch.iter().zip(*squares).map(window).collect();
                    stream.spatial_logits(&clips.iter().map(|clip| clip.iter().collect()).collect::<Vec<_>>())
                })?;
                mean.add_batches(&rows, &batches);
            }
        }
        mean.finished("spatial").map(Some)
    }

    /// Adds the logits of a stream that reads frames for `windows` of them, seen through `view`.
    fn add_views(
        &self,
        stream: &Stream,
        pictures: ClipPictures<'_>,
        windows: &[(ScorerSpan, usize)],
        view: View,
        mean: &mut Mean,
    ) -> Result<()> {
        let batches: Vec<_> = windows.chunks(self.batch_size(view.size, stream.input().frames())).collect();
        let rows = batches::for_each(&self.device, &batches, |batch| {
            self.check_stop()?;
            let seen = seen(pictures, batch.iter().flat_map(|(window, _)| window), view);
            let clips: Vec<Vec<&RgbImage>> =
                batch.iter().map(|(window, _)| window.iter().map(|index| &seen[index]).collect()).collect();
            stream.spatial_logits(&clips)
        })?;
        mean.add_batches(&rows, &batches);
        Ok(())
    }

    /// Returns the square around the motion for each window of the spatial stream, from MotionNet's flow around the
    /// window's middle; empty if the stream reads only whole frames. [`score`](Self::score) finds those of a two-stage
    /// model in its own flow. `pictures` are in MotionNet's size.
    ///
    /// # Errors
    /// If the device fails, or it was stopped.
    pub fn motion_squares<'p>(&self, pictures: impl Into<ClipPictures<'p>>) -> Result<Option<Vec<MotionSquare>>> {
        let pictures = pictures.into();
        let windows = self.motion_windows(pictures.frames());
        if windows.is_empty() {
            return Ok(None);
        }
        let whole = View { x: 0, y: 0, size: self.motion_size(), mirrored: false };
        let seen = seen(pictures, windows.iter().flatten(), whole);
        let flows = self.flows(&seen, windows.iter())?;
        windows
            .iter()
            .map(|window| MotionSquare::of(self.stack(&flows, window), self.spatial_aspect()))
            .collect::<Result<_>>()
            .map(Some)
    }

    /// Returns the aspect ratio, width over height, of frames as the spatial stream reads them.
    fn spatial_aspect(&self) -> f32 {
        let Geometry { width, height } = self.spatial_size();
        width as f32 / height as f32
    }

    /// Returns the windows that the temporal stream or the joint network reads of a clip of this many frames, and the
    /// count of each; empty without either.
    fn temporal_windows(&self, frames: usize) -> Vec<(ScorerSpan, usize)> {
        if !self.model.classifies_motion() {
            return Vec::new();
        }
        let reads = self.model.motion_window();
        windows(&self.protocol.window_starts(frames, reads), reads, frames)
    }

    /// Returns the same for the spatial stream, whose windows are single frames unless it reads clips.
    fn spatial_windows(&self, frames: usize) -> Vec<(ScorerSpan, usize)> {
        let Some(stream) = &self.model.spatial else { return Vec::new() };
        let reads = stream.input().count;
        let starts = match reads {
            1 => self.protocol.frame_indices(frames),
            _ => self.protocol.window_starts(frames, reads),
        };
        windows(&starts, reads, frames)
    }

    /// Returns, for each of the spatial stream's windows, the frames around its middle in whose flow the motion is
    /// located; empty if the stream reads only whole frames.
    fn motion_windows(&self, frames: usize) -> Vec<ScorerSpan> {
        if !self.model.card.preprocessing.spatial.crop.sees_motion() {
            return Vec::new();
        }
        let windows = self.spatial_windows(frames).into_iter();
        windows.map(|(window, _)| window_around(window[window.len() / 2], frames)).collect()
    }

    /// Returns an empty mean of scores for `stream`: averaged as the protocol says, otherwise as its network was
    /// published.
    fn mean_of(&self, stream: &Stream) -> Mean {
        Mean::of(self.protocol.average.unwrap_or(ViewAverage::of(stream.backbone())))
    }

    fn check_stop(&self) -> Result<()> {
        if (self.stop)() { Err(Error::cancelled("evaluation", "it was stopped", "Start it again")) } else { Ok(()) }
    }

    /// Windows of flow per batch.
    fn flow_batch(&self, stream: &Stream, view: View) -> usize {
        self.batch_size(view.size, stream.input().count.div_ceil(WINDOW_FRAMES))
    }

    fn batch_size(&self, size: Geometry, pictures: usize) -> usize {
        batches::size(self.batch_px, size, pictures)
    }

    /// Returns the finest flow of every motion network pass that the windows need, `[1, 2(n−1), h/2, w/2]` each.
    fn flows<'w>(
        &self,
        seen: &BTreeMap<usize, RgbImage>,
        windows: impl Iterator<Item = &'w ScorerSpan>,
    ) -> Result<BTreeMap<ScorerSpan, FlowPyramid>> {
        let parts = windows.flat_map(|window| self.model.motion.parts(window));
        let mut spans: Vec<ScorerSpan> = parts.map(|(span, _)| span).collect();
        spans.sort_unstable();
        spans.dedup();
        let size = seen.values().next().map_or((1, 1), RgbImage::dimensions);
        let batches: Vec<_> = spans.chunks(self.batch_size(Geometry { width: size.0, height: size.1 }, 1)).collect();
        let flows = batches::for_each(&self.device, &batches, |batch| {
            self.check_stop()?;
            let pictures: Vec<Vec<&RgbImage>> =
                batch.iter().map(|span| span.iter().map(|index| &seen[index]).collect()).collect();
            let finest = FlowPyramid { levels: vec![self.model.motion.flows(&pictures).into_finest()] };
            Ok((0..batch.len()).map(|row| finest.row(row)).collect::<Vec<_>>())
        })?;
        Ok(spans.into_iter().zip(flows.into_iter().flatten()).collect())
    }

    /// Returns the flows of a window of n frames, [1, 2(n−1), h/2, w/2].
    fn stack(&self, flows: &BTreeMap<ScorerSpan, FlowPyramid>, window: &ScorerSpan) -> Tensor<4> {
        let parts: Vec<_> = self.model.motion.parts(window).map(|(span, pairs)| (&flows[&span], pairs)).collect();
        FlowPyramid::joined(&parts).into_finest()
    }
}

/// Returns the frames at `indices`, seen through `view`.
fn seen<'w>(
    pictures: ClipPictures<'_>,
    indices: impl Iterator<Item = &'w usize>,
    view: View,
) -> BTreeMap<usize, RgbImage> {
    let places: BTreeSet<usize> = indices.copied().collect();
    let places: Vec<usize> = places.into_iter().collect();
    places.into_par_iter().map(|place| (place, view.of(pictures.at(place)))).collect()
}

/// Returns the windows of `pairs` flow fields that start at `starts` in `flow`, seen through `view`, [b, 2·pairs, h/2,
/// w/2].
fn flow_windows(
    flow: &ClipFlow,
    starts: impl Iterator<Item = usize>,
    pairs: usize,
    view: View,
    device: &Device,
) -> Tensor<4> {
    let [x, y, width, height] = [view.x, view.y, view.size.width, view.size.height].map(|px| px as f32);
    let crop = Crop { x, y, width, height, mirrored: view.mirrored };
    let (mut planes, mut count, mut size) = (Vec::new(), 0, [0, 0]);
    for start in starts {
        size = flow.append_window(start, pairs, &crop, view.size, &mut planes);
        count += 1;
    }
    Tensor::from_data(TensorData::new(planes, [count, 2 * pairs, size[0], size[1]]), device)
}

/// Results from a clip's flow of one source.
#[derive(Default)]
struct OfSource {
    /// Logits of the temporal stream; `None` without one.
    temporal: Option<Vec<f32>>,
    squares: Vec<MotionSquare>,
}

/// Returns the contiguous ranges of frames that `spans` cover, in order.
fn stretches(spans: impl Iterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut spans: Vec<_> = spans.collect();
    spans.sort_unstable_by_key(|span| span.start);
    let mut found: Vec<Range<usize>> = Vec::new();
    for span in spans {
        match found.last_mut().filter(|last| span.start <= last.end) {
            Some(last) => last.end = last.end.max(span.end),
            None => found.push(span),
        }
    }
    found
}

/// Returns each distinct value of the ascending `places` with its count.
fn counted(places: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    places.chunk_by(|a, b| a == b).map(|equal| (equal[0], equal.len()))
}

/// Returns the `count` frames of the window at `start`; the last frame is repeated if the clip is too short.
fn clamped(start: usize, count: usize, frames: usize) -> ScorerSpan {
    (start..start + count).map(|index| index.min(frames - 1)).collect()
}

/// Returns the windows of `count` frames at the ascending `starts` in a clip of `frames`, and the count of each.
fn windows(starts: &[usize], count: usize, frames: usize) -> Vec<(ScorerSpan, usize)> {
    counted(starts).map(|(start, times)| (clamped(start, count, frames), times)).collect()
}

fn geometry(size: FrameSize) -> Geometry {
    Geometry { width: size.width, height: size.height }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_places_are_seen_once_and_counted() {
        assert_eq!(counted(&[0, 0, 1, 4, 4, 4]).collect::<Vec<_>>(), [(0, 2), (1, 1), (4, 3)]);
    }

    #[test]
    fn windows_that_touch_are_one_stretch() {
        assert_eq!(stretches([20..31, 0..11, 3..14, 14..15].into_iter()), [0..15, 20..31]);
        assert_eq!(stretches([0..64, 5..16, 70..81].into_iter()), [0..64, 70..81]);
    }

    #[test]
    fn short_clips_repeat_their_last_frame() {
        assert_eq!(clamped(0, 11, 3), [0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
        assert_eq!(clamped(4, 11, 15), (4..15).collect::<Vec<_>>());
    }
}
