//! Inference that follows playback: schedules which flow and scores are computed next.
//!
//! A new position has priority: its flow is shown as soon as it is computed. The scores of its window are computed in
//! slices in between, so that on a slow machine the flow keeps up with the picture. The temporal scores of the flows of
//! other sources come last.

use std::sync::Arc;

use super::pipeline::FINEST_LEVEL;
use super::target::{InferenceTarget, PlayedClip};
use crate::engine::flow::{FlowBasis, FlowSource, FlowStack, LatestFlows, SourceFlow, WindowFlows};
use crate::engine::runtime::events::EventSender;
use crate::engine::{Analysis, FlowSelection, FlowView, InferencePipeline, Latest, Scores, WINDOW_PAIRS};
use crate::error::Result;
use crate::video::Frame;

/// During playback, a window is still scored unless the position has advanced this many frames.
const PATIENCE_FRAMES: usize = 64;

/// The requested view of the clip.
#[derive(Clone, Copy)]
pub(in crate::engine) struct PlaybackView {
    /// The displayed pair and level.
    pub selection: FlowSelection,
    /// Distance between the frames of a pair.
    pub stride: usize,
    /// Whether the flow from the second frame to the first is needed too.
    pub backward: bool,
    /// Whether the flow at every scale is needed too.
    pub pyramid: bool,
    /// Whether the ten flows of the window are needed too, with the temporal stream's input.
    pub strip: bool,
}

/// A window being scored, with the frames it needs.
struct Scoring {
    target: InferenceTarget,
    /// Frames of the displayed pairs.
    window: Vec<Arc<Frame>>,
    /// Frames that the streams read: the same, or more if a stream reads clips.
    scored: Vec<Arc<Frame>>,
    done: bool,
    /// Whether its ten flows are already shown.
    strip_shown: bool,
}

impl Scoring {
    /// Returns whether to continue although the target has moved: during playback the scores may lag a little behind.
    fn serves(&self, target: &InferenceTarget, playing: bool) -> bool {
        let moved = target.window_start.abs_diff(self.target.window_start);
        let same_stride = self.target.stride == target.stride;
        same_stride && (moved == 0 || (playing && !self.done && moved <= PATIENCE_FRAMES))
    }
}

/// The destinations of results.
#[derive(Clone)]
pub(in crate::engine) struct PlaybackResults {
    /// The networks' scores.
    pub analysis: Arc<Latest<Analysis>>,
    /// The newest flows of each source; the network is one of its sources.
    pub comparison: Arc<LatestFlows>,
    /// Messages.
    pub events: EventSender,
    /// Wakes the diagnostics thread for a new flow.
    pub diagnose: Arc<dyn Fn() + Send + Sync>,
}

/// Inference on the open clip: a model, the clip and its results so far.
pub(in crate::engine) struct PlaybackInference {
    pipeline: InferencePipeline,
    /// Number of flows computed between two checks of the player.
    slice: usize,
    results: PlaybackResults,
    clip: Option<PlayedClip>,
    /// The displayed pair, and whether it includes the backward flow and the pyramid.
    shown: Option<(InferenceTarget, [bool; 2])>,
    scoring: Option<Scoring>,
}

impl PlaybackInference {
    /// Creates an inference without a clip.
    pub fn new(pipeline: InferencePipeline, slice: usize, results: PlaybackResults) -> Self {
        Self { pipeline, slice, results, clip: None, shown: None, scoring: None }
    }

    /// Releases the clip, so that the model can process other input.
    pub fn release(&mut self) {
        self.follow(None);
        self.pipeline.clear();
    }

    /// Returns the model, for input other than a clip.
    pub fn pipeline(&mut self) -> &mut InferencePipeline {
        &mut self.pipeline
    }

    /// Shows the flow of the newest position or, if that is done, computes one slice of the scores.
    ///
    /// Returns false if there is nothing to do until the player or a request changes.
    pub fn step(&mut self, clip: Option<PlayedClip>, view: PlaybackView) -> Result<bool> {
        self.follow(clip);
        let Some(clip) = &self.clip else { return Ok(false) };
        let state = clip.player.state();
        let target = InferenceTarget::new(state.position, clip.frames, view.selection, view.stride);
        if self.shown != Some((target, [view.backward, view.pyramid])) {
            // A two-frame network can start before the whole window is decoded.
            let needed = self.pipeline.frames_for(target.pair);
            let from = needed.start.min((clip.frames - 1 - target.window_start) / target.stride);
            let window = clip.window(&target, from, needed.len());
            let Some(window) = window.filter(|window| self.pipeline.accepts(window)) else { return Ok(false) };
            let padded = target.padded(clip.frames);
            self.show(&window, target.pair - needed.start, padded, target, view)?;
            return Ok(true);
        }
        if !self.scoring.as_ref().is_some_and(|scoring| scoring.serves(&target, state.playing)) {
            let shown = self.pipeline.flow_frames();
            let window = clip.window(&target, 0, shown).filter(|window| self.pipeline.accepts(window));
            let Some(window) = window else { return Ok(false) };
            let scored = match self.pipeline.window_frames() {
                count if count == shown => Some(window.clone()),
                count => clip.around(&target, count).filter(|frames| self.pipeline.accepts(frames)),
            };
            let Some(scored) = scored else { return Ok(false) };
            self.scoring = Some(Scoring { target, window, scored, done: false, strip_shown: false });
        }
        Ok(self.score()? || self.show_strip(view.strip)? || self.score_another_source()?)
    }

    /// Clears all results of the previous clip if there is a new one.
    fn follow(&mut self, clip: Option<PlayedClip>) {
        let is_same = match (&self.clip, &clip) {
            (Some(old), Some(new)) => old.is_same(new),
            (old, new) => old.is_none() && new.is_none(),
        };
        if !is_same {
            self.clip = clip;
            self.shown = None;
            self.scoring = None;
            self.pipeline.clear();
            self.results.analysis.clear();
            self.results.comparison.clear(FlowSource::Network);
        }
    }

    /// Shows the flow of a pair of `window`, which may be a part of the window of `target`.
    fn show(
        &mut self,
        window: &[Arc<Frame>],
        pair_in_window: usize,
        padded: usize,
        target: InferenceTarget,
        view: PlaybackView,
    ) -> Result<()> {
        let InferenceTarget { frame, window_start, pair, level, stride } = target;
        let picture = |place: usize| &*window[place.min(window.len() - 1)].display;
        let (before, after) = (picture(pair_in_window), picture(pair_in_window + 1));
        let shown = |flow: FlowView| flow.shown_between(before, after);
        let flow = shown(self.pipeline.flow(window, pair_in_window, level)?);
        let backward = if view.backward { self.pipeline.backward(window, pair_in_window, level)? } else { None };
        let backward = backward.map(shown);
        let levels = if view.pyramid { self.pipeline.levels() } else { Vec::new() };
        let mut pyramid = Vec::new();
        for level in levels {
            pyramid.push(shown(self.pipeline.flow(window, pair_in_window, level)?));
        }
        let before = self.results.analysis.get();
        let scored = match &before {
            // Previous scores are shown until there are new ones.
            Some(before) if before.scores.is_some() && !before.has_scores_of([window_start, stride]) => before.scored,
            _ => [frame, stride],
        };
        let scores = before.and_then(|before| before.scores.clone());
        let timing = self.pipeline.timing();
        let Some(clip) = &self.clip else { return Ok(()) };
        let [first, second] = target.pair_frames(pair, clip.frames);
        let source_flow = SourceFlow {
            source: FlowSource::Network,
            basis: FlowBasis { model: self.pipeline.generation(), ..FlowBasis::default() },
            position: frame,
            frame: first,
            stride: second - first,
            flow,
            backward,
            pyramid,
            millis: timing.motion_ms,
            is_draft: false,
            note: None,
        };
        self.results.comparison.put_flow(source_flow, clip);
        let model = self.pipeline.generation();
        let analysis = Analysis { model, frame, window_start, pair, level, stride, padded, scores, scored, timing };
        self.results.analysis.put_if(analysis, || !clip.player.is_closed());
        self.shown = Some((target, [view.backward, view.pyramid]));
        self.results.events.wake();
        (self.results.diagnose)();
        Ok(())
    }

    /// Computes one slice of the current window, and its scores once its flows are complete.
    fn score(&mut self) -> Result<bool> {
        let Some(scoring) = self.scoring.as_mut().filter(|scoring| !scoring.done) else { return Ok(false) };
        if !self.pipeline.advance(&scoring.scored, self.slice)? {
            return Ok(true);
        }
        let scores = self.pipeline.analyse(&scoring.scored)?.scores;
        scoring.done = true;
        let target = scoring.target;
        self.publish(scores, target);
        Ok(true)
    }

    /// Shows the ten flows of the last scored window.
    fn show_strip(&mut self, wanted: bool) -> Result<bool> {
        let scoring = self.scoring.as_mut().filter(|scoring| wanted && scoring.done && !scoring.strip_shown);
        let Some(scoring) = scoring else { return Ok(false) };
        scoring.strip_shown = true;
        let InferenceTarget { window_start, stride, .. } = scoring.target;
        let flow = |pair| self.pipeline.flow(&scoring.window, pair, FINEST_LEVEL);
        let flows = (0..WINDOW_PAIRS).map(flow).collect::<Result<Vec<_>>>()?;
        let temporal = match self.pipeline.is_two_stage() {
            // The published scores are based on another method's flow.
            true => Some(self.pipeline.temporal_under(&flows)?),
            false => {
                let scores = self.results.analysis.get().and_then(|shown| shown.scores.clone());
                scores.filter(|scores| scores.window_start == window_start).map(|scores| scores.temporal)
            }
        };
        self.publish_strip(WindowFlows { source: FlowSource::Network, window_start, stride, flows }, temporal)?;
        Ok(true)
    }

    /// Computes the temporal scores for the flows of another source.
    fn score_another_source(&mut self) -> Result<bool> {
        let Some(window) = self.results.comparison.take_window() else { return Ok(false) };
        let temporal = self.pipeline.temporal_under(&window.flows)?;
        self.publish_strip(window, Some(temporal))?;
        Ok(true)
    }

    fn publish_strip(&self, window: WindowFlows, temporal: Option<Vec<f32>>) -> Result<()> {
        let input = self.pipeline.temporal_input(&window.flows)?;
        let WindowFlows { source, window_start, stride, flows } = window;
        let temporal = temporal.filter(|logits| !logits.is_empty());
        if let Some(clip) = &self.clip {
            let shown = |(place, flow): (usize, FlowView)| {
                let first = window_start + place * stride;
                let pair = clip.pair([first, first + stride]).filter(|_| source.is_network());
                pair.map_or(flow.clone(), |[first, second]| flow.shown_between(&first.display, &second.display))
            };
            let flows = flows.into_iter().enumerate().map(shown).collect();
            let model = self.pipeline.generation();
            let strip = FlowStack { source, window_start, stride, flows, model, temporal, input };
            self.results.comparison.put_strip(strip, clip);
        }
        self.results.events.wake();
        Ok(())
    }

    /// Adds the scores of the window of `target` to the displayed analysis.
    fn publish(&self, scores: Scores, target: InferenceTarget) {
        if let (Some(clip), Some(shown)) = (&self.clip, self.results.analysis.get()) {
            let timing = self.pipeline.timing();
            let is_shown = (target.window_start, target.stride) == (shown.window_start, shown.stride);
            let scored = [if is_shown { shown.frame } else { target.frame }, target.stride];
            let analysis = Analysis { scores: Some(scores), scored, timing, ..Analysis::clone(&shown) };
            self.results.analysis.put_if(analysis, || !clip.player.is_closed());
            self.results.events.wake();
        }
    }
}
