//! The thread of one source: follows the player, computes the pair in view first and the rest of its window after it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::desired::{DesiredFlows, SharedDesiredFlows};
use super::latest_flows::WindowFlows;
use super::open::{OpenedSource, SourceKey, open};
use super::source::Estimate;
use super::{FlowBasis, FlowSource, SourceFlow};
use crate::engine::inference::playback::PlaybackResults;
use crate::engine::inference::target::{InferenceTarget, PlayedClip};
use crate::engine::{FlowView, Message, WINDOW_PAIRS};
use crate::error::{Error, Result};
use crate::gpu::Compute;
use crate::panic_guard::caught;
use crate::video::{Frame, PlayerState};

/// Flows of pairs that begin within this many frames of the window are kept.
const REACH: usize = 64;

/// The state of the thread.
pub(super) struct SourceThread {
    kind: FlowSource,
    compute: Compute,
    desired: SharedDesiredFlows,
    results: PlaybackResults,
    /// Wakes the inference thread for a complete window.
    score: Arc<dyn Fn() + Send + Sync>,
    source: Option<ThreadSource>,
    /// What was tried in vain, so that it is not tried again.
    failed: Option<SourceKey>,
}

/// An open source, and what it has computed.
struct ThreadSource {
    key: SourceKey,
    /// What the source computes with.
    basis: FlowBasis,
    clip: PlayedClip,
    source: OpenedSource,
    flows: HashMap<[usize; 2], FlowView>,
    /// The pair in view, whether its backward flow is there, and whether it is a draft.
    shown: Option<([usize; 2], bool, bool)>,
    /// The window that was handed to the temporal stream, and the model it was handed to.
    strip: Option<(usize, usize, u64)>,
}

impl SourceThread {
    /// Returns a thread for the source `kind`.
    pub fn new(
        kind: FlowSource,
        compute: Compute,
        desired: SharedDesiredFlows,
        results: PlaybackResults,
        score: Arc<dyn Fn() + Send + Sync>,
    ) -> Self {
        Self { kind, compute, desired, results, score, source: None, failed: None }
    }

    /// Does the most urgent thing; false when there is nothing to do until something changes.
    pub fn step(&mut self) -> bool {
        let desired = self.desired.get();
        caught(self.kind.name(), || self.work(&desired)).unwrap_or_else(|error| {
            self.fail(error);
            false
        })
    }

    fn work(&mut self, desired: &DesiredFlows) -> Result<bool> {
        let key = desired.clip.as_ref().filter(|_| desired.settings.wants(self.kind));
        let Some((clip, key)) = key.and_then(|clip| Some((clip, SourceKey::of(self.kind, desired)?))) else {
            self.close();
            return Ok(false);
        };
        if self.failed.as_ref() == Some(&key) {
            return Ok(false);
        }
        if self.source.as_ref().is_none_or(|source| source.key != key) {
            self.close();
            self.failed = Some(key.clone()); // unless it can be opened
            let source = open(&key, clip, &self.compute)?;
            self.failed = None;
            self.results.events.send(Message::SourceUnavailable(self.kind, None));
            let (basis, flows, clip) = (desired.basis(), HashMap::new(), clip.clone());
            self.source = Some(ThreadSource { key, basis, clip, source, flows, shown: None, strip: None });
        }
        self.follow(desired)
    }

    /// Shows the pair in view, else computes one more pair of its window if that is wanted.
    fn follow(&mut self, desired: &DesiredFlows) -> Result<bool> {
        let Some(source) = &mut self.source else { return Ok(false) };
        let frames = source.clip.frames;
        let PlayerState { position, playing, .. } = source.clip.player.state();
        let target = InferenceTarget::new(position, frames, desired.selection, desired.settings.stride());
        let pair = target.pair_frames(target.pair, frames);
        let backward = desired.settings.wants_backward(self.kind);
        let shown = source.shown.filter(|shown| (shown.0, shown.1) == (pair, backward));
        if shown.is_none_or(|(.., is_draft)| is_draft && !playing) {
            let Some(decoded) = source.clip.pair(pair) else { return Ok(false) };
            source.keep_near(target.window_start);
            let (flow, is_draft) = source.show(self.kind, target.frame, &decoded, backward, playing)?;
            match flow {
                Some(flow) => self.results.comparison.put_flow(flow, &source.clip),
                None => self.results.comparison.clear(self.kind),
            }
            source.shown = Some((pair, backward, is_draft));
            self.results.events.wake();
            (self.results.diagnose)();
            return Ok(true);
        }
        if !desired.settings.wants_strip(self.kind) {
            return Ok(false);
        }
        let strip = (target.window_start, target.stride, desired.model_generation);
        if source.strip == Some(strip) {
            return Ok(false);
        }
        let pairs: Vec<_> = (0..WINDOW_PAIRS).map(|pair| target.pair_frames(pair, frames)).collect();
        if let Some(missing) = pairs.iter().find(|pair| !source.flows.contains_key(*pair)) {
            let Some(decoded) = source.clip.pair(*missing) else { return Ok(false) };
            if source.estimate(&decoded)?.is_none() {
                source.strip = Some(strip); // A window with a gap says nothing.
            }
            return Ok(true);
        }
        let flows = pairs.iter().filter_map(|pair| source.flows.get(pair).cloned()).collect();
        let InferenceTarget { window_start, stride, .. } = target;
        self.results.comparison.put_window(WindowFlows { source: self.kind, window_start, stride, flows });
        source.strip = Some(strip);
        (self.score)();
        Ok(true)
    }

    fn close(&mut self) {
        if self.source.take().is_some() {
            self.results.comparison.clear(self.kind);
            self.results.events.wake();
        }
    }

    fn fail(&mut self, error: Error) {
        self.failed = self.source.as_ref().map(|source| source.key.clone()).or(self.failed.take());
        self.close();
        self.results.events.send(Message::SourceUnavailable(self.kind, Some(error)));
    }
}

impl ThreadSource {
    /// Returns the flow of a pair, for the player at `position`, with everything that is shown of it, and whether it is a draft,
    /// which it may be while the clip is `playing`.
    fn show(
        &mut self,
        kind: FlowSource,
        position: usize,
        pair: &[Arc<Frame>; 2],
        backward: bool,
        playing: bool,
    ) -> Result<(Option<SourceFlow>, bool)> {
        let [first, second] = pair.each_ref().map(|frame| frame.index);
        let started = Instant::now();
        // Forward and backward flow are compared: both are computed in full.
        let draft = if playing && !backward { self.source.draft(pair)? } else { None };
        let is_draft = draft.is_some();
        let estimate = if is_draft { draft } else { self.estimate(pair)? };
        let Some(Estimate { flow, note }) = estimate else { return Ok((None, false)) };
        let millis = started.elapsed().as_secs_f32() * 1e3;
        let reversed = [pair[1].clone(), pair[0].clone()];
        let backward = if backward && self.source.is_reversible() {
            self.source.forget_previous();
            let backward = self.source.estimate(&reversed)?.map(|estimate| estimate.flow);
            self.source.forget_previous();
            backward
        } else {
            None
        };
        let flow = SourceFlow {
            source: kind,
            basis: self.basis.clone(),
            position,
            frame: first,
            stride: second - first,
            flow,
            backward,
            pyramid: Vec::new(),
            millis,
            note,
        };
        Ok((Some(flow), is_draft))
    }

    /// Computes the flow of a pair and keeps it.
    fn estimate(&mut self, pair: &[Arc<Frame>; 2]) -> Result<Option<Estimate>> {
        let estimate = self.source.estimate(pair)?;
        if let Some(estimate) = &estimate {
            self.flows.insert(pair.each_ref().map(|frame| frame.index), estimate.flow.clone());
        }
        Ok(estimate)
    }

    fn keep_near(&mut self, start: usize) {
        self.flows.retain(|[first, _], _| first.abs_diff(start) <= REACH);
    }
}
