//! Follows the player with a model: which flow and which scores are worked on next.
//!
//! A new position always comes first: its flow is shown as soon as it is known. The scores of its window are worked on
//! in slices in between, so that on a slow machine the flow keeps up with the picture.

use std::sync::Arc;

use super::outbox::Outbox;
use super::{Analysis, FlowSelection, Recogniser, Scores, Slot, WINDOW_FRAMES, WINDOW_PAIRS};
use crate::error::Result;
use crate::video::{Frame, Player};

/// While playing, a window is scored to the end unless the position has run this many frames ahead of it.
const PATIENCE_FRAMES: usize = 64;

/// The clip to be followed.
#[derive(Clone)]
pub(super) struct Clip {
    /// Its player.
    pub player: Arc<Player>,
    /// Number of frames.
    pub frames: usize,
}

impl Clip {
    /// `count` frames from `start` on, or as many as there are, once all are decoded in the sizes the model wants.
    fn window(&self, start: usize, count: usize, recogniser: &Recogniser) -> Option<Vec<Arc<Frame>>> {
        let window = self.player.window(start, count.min(self.frames - start))?;
        recogniser.accepts(&window).then_some(window)
    }
}

/// What is to be shown.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Target {
    frame: usize,
    window_start: usize,
    pair: usize,
    level: usize,
}

impl Target {
    /// The window begins at the current frame, or as late as eleven frames still fit.
    fn new(position: usize, frames: usize, selection: FlowSelection) -> Self {
        let frame = position.min(frames - 1);
        let window_start = frame.min(frames.saturating_sub(WINDOW_FRAMES));
        let pair = selection.pair.unwrap_or(frame - window_start).min(WINDOW_PAIRS - 1);
        Self { frame, window_start, pair, level: selection.level }
    }
}

/// A window whose scores are being worked on, with the frames it needs.
struct Scoring {
    window: Vec<Arc<Frame>>,
    done: bool,
}

impl Scoring {
    /// Whether it is worth going on although the target has moved: while playing the scores may lag a little behind.
    fn serves(&self, target: &Target, playing: bool) -> bool {
        let moved = target.window_start.abs_diff(self.window[0].index);
        moved == 0 || (playing && !self.done && moved <= PATIENCE_FRAMES)
    }
}

/// A model, the clip it looks at, and what it has shown of it.
pub(super) struct Follower {
    recogniser: Recogniser,
    /// How many flows are computed between two looks at the player.
    slice: usize,
    analysis: Arc<Slot<Analysis>>,
    outbox: Outbox,
    clip: Option<Clip>,
    shown: Option<Target>,
    scoring: Option<Scoring>,
}

impl Follower {
    /// Follows no clip yet.
    pub fn new(recogniser: Recogniser, slice: usize, analysis: Arc<Slot<Analysis>>, outbox: Outbox) -> Self {
        Self { recogniser, slice, analysis, outbox, clip: None, shown: None, scoring: None }
    }

    /// Shows the flow of the newest position or, when that is shown, does one slice of the scores.
    ///
    /// False when there is nothing to do until the player or a wish changes.
    pub fn step(&mut self, clip: Option<Clip>, selection: FlowSelection) -> Result<bool> {
        self.follow(clip);
        let Some(clip) = &self.clip else { return Ok(false) };
        let state = clip.player.state();
        let target = Target::new(state.position, clip.frames, selection);
        if self.shown != Some(target) {
            // A two-frame network need not wait until the whole window is decoded.
            let needed = self.recogniser.frames_for(target.pair);
            let first = (target.window_start + needed.start).min(clip.frames - 1);
            let Some(window) = clip.window(first, needed.len(), &self.recogniser) else { return Ok(false) };
            let padded = WINDOW_FRAMES.saturating_sub(clip.frames);
            self.show(&window, target.pair - needed.start, padded, target)?;
            return Ok(true);
        }
        if !self.scoring.as_ref().is_some_and(|scoring| scoring.serves(&target, state.playing)) {
            let Some(window) = clip.window(target.window_start, WINDOW_FRAMES, &self.recogniser) else {
                return Ok(false);
            };
            self.scoring = Some(Scoring { window, done: false });
        }
        self.score()
    }

    /// Forgets everything about the old clip when there is a new one.
    fn follow(&mut self, clip: Option<Clip>) {
        let player = |clip: &Option<Clip>| clip.as_ref().map(|clip| Arc::as_ptr(&clip.player));
        if player(&self.clip) != player(&clip) {
            self.clip = clip;
            self.shown = None;
            self.scoring = None;
            self.recogniser.clear();
            self.analysis.clear();
        }
    }

    /// Shows the flow of a pair of `window`, which need not be the whole window of `target`.
    fn show(&mut self, window: &[Arc<Frame>], pair_in_window: usize, padded: usize, target: Target) -> Result<()> {
        let Target { frame, window_start, pair, level } = target;
        let flow = self.recogniser.flow(window, pair_in_window, level)?;
        let scores = self.analysis.get().and_then(|before| before.scores.clone());
        let timing = self.recogniser.timing();
        self.analysis.put(Analysis { frame, window_start, pair, level, padded, flow, scores, timing });
        self.shown = Some(target);
        self.outbox.wake();
        Ok(())
    }

    /// One slice of the window in work; when its flows are complete, its scores.
    fn score(&mut self) -> Result<bool> {
        let Some(scoring) = self.scoring.as_mut().filter(|scoring| !scoring.done) else { return Ok(false) };
        if !self.recogniser.advance(&scoring.window, self.slice)? {
            return Ok(true);
        }
        let scores = self.recogniser.analyse(&scoring.window)?.scores;
        scoring.done = true;
        self.publish(scores);
        Ok(true)
    }

    /// Adds scores to the flow that is shown.
    fn publish(&self, scores: Scores) {
        if let Some(shown) = self.analysis.get() {
            let timing = self.recogniser.timing();
            self.analysis.put(Analysis { scores: Some(scores), timing, ..Analysis::clone(&shown) });
            self.outbox.wake();
        }
    }
}
