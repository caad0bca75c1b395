//! Inference on the newest window of a camera; it skips frames instead of falling behind.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::scene_cut::SceneChange;
use super::smoothing::{Smoothed, Smoother, WindowShares};
use crate::engine::{FlowView, InferencePipeline, LiveSettings, Scores, Timing};
use crate::error::Result;
use crate::nets::fusion::Firmness;
use crate::ranking::falling;
use crate::video::{Camera, Frame};

/// Approximate frame rate of the training clips; of a faster camera only every second frame, or fewer, is used.
const USUAL_FPS: f64 = 30.0;
/// Time over which the rate of predictions is measured.
const RATE_OVER: Duration = Duration::from_secs(5);

/// The prediction for the newest window.
#[derive(Clone)]
pub struct LiveResult {
    /// The newest frame of the window.
    pub frame: Arc<Frame>,
    /// Capture time of that frame.
    pub captured: Instant,
    /// The flow that ends with it.
    pub flow: FlowView,
    /// Whether a scene cut occurred since, or in, the frames of the flow.
    pub scene: SceneChange,
    /// The classes of the model, in the order of its scores.
    pub classes: Arc<[String]>,
    /// Scores of the streams.
    pub scores: Scores,
    /// Fused and smoothed prediction; its shares are those of [`Scores::fused_probabilities`].
    pub answer: Smoothed,
    /// Firmness of the prediction, see [`Smoothed::firmness`].
    pub firmness: Firmness,
    /// The classes that a multi-label model shows, see [`Fusion::found`]; `None` for other models.
    ///
    /// [`Fusion::found`]: crate::nets::fusion::Fusion::found
    pub found: Option<Vec<String>>,
    /// Time from the capture of the newest frame to this result, milliseconds.
    pub latency_ms: f32,
    /// Predictions per second.
    pub fps: f32,
    /// Number of predictions since the start.
    pub answered: u64,
    /// Number of the camera's frames without a prediction.
    pub skipped: u64,
    /// Run times of the networks.
    pub timing: Timing,
}

impl LiveResult {
    /// Returns the classes by falling share, the predicted class first.
    pub fn ranked(&self) -> Vec<(&str, f32)> {
        let (shares, top) = (&self.answer.shares, self.answer.top);
        let mut places: Vec<usize> = (0..shares.len().min(self.classes.len())).collect();
        places.sort_by(|a, b| (top == Some(*b)).cmp(&(top == Some(*a))).then(falling(&shares[*a], &shares[*b])));
        places.into_iter().map(|place| (&*self.classes[place], shares[place])).collect()
    }
}

/// Inference on a camera.
pub struct LiveInference {
    camera: Arc<Camera>,
    smoother: Smoother,
    last: Option<usize>,
    times: VecDeque<Instant>,
    answered: u64,
    skipped: u64,
}

impl LiveInference {
    /// Creates an inference on `camera`.
    pub fn new(camera: Arc<Camera>) -> Self {
        let times = VecDeque::new();
        Self { camera, smoother: Smoother::default(), last: None, times, answered: 0, skipped: 0 }
    }

    /// Returns the prediction for the newest window, with flow at pyramid level `level`; `None` if there is no new
    /// window.
    ///
    /// # Errors
    /// If the device fails.
    pub fn step(
        &mut self,
        pipeline: &mut InferencePipeline,
        settings: LiveSettings,
        level: usize,
    ) -> Result<Option<LiveResult>> {
        let stride = stride(self.camera.status().fps);
        // A joint network may read more frames than a window has; the flow needs all of them.
        let (least, most) = (pipeline.flow_frames(), pipeline.window_frames());
        let Some(window) = self.camera.window(least, most, stride) else { return Ok(None) };
        let Some(newest) = window.last().cloned() else { return Ok(None) };
        if self.last == Some(newest.frame.index) {
            return Ok(None);
        }
        let frames: Vec<_> = window.iter().map(|live| pipeline.fitted(&live.frame)).collect();
        let scores = pipeline.analyse(&frames)?.scores;
        let pairs = &frames[frames.len().saturating_sub(pipeline.flow_frames())..];
        let newest_pair = pairs.len() - 2; // of at least eleven frames
        let [before, after] = [&pairs[newest_pair], &pairs[newest_pair + 1]];
        let flow = pipeline.flow(pairs, newest_pair, level)?.shown_between(&before.display, &after.display);
        let seen = &pairs[pipeline.frames_for(newest_pair)];
        let scene = self.scene(seen[0].index..=seen[seen.len() - 1].index);
        let shares = WindowShares::of(&scores, &settings.fusion);
        let answer = self.smoother.push(pipeline.generation(), shares, settings.smoothing, newest.captured);
        let answer = answer.shown(&settings.fusion);
        self.count(newest.frame.index);
        let now = Instant::now();
        let card = pipeline.card();
        let found = settings.fusion.found(&card.thresholds, &card.classes, &answer.shares);
        Ok(Some(LiveResult {
            frame: newest.frame,
            captured: newest.captured,
            flow,
            scene,
            classes: pipeline.classes(),
            scores,
            firmness: answer.firmness(&settings.fusion),
            answer,
            found,
            latency_ms: now.saturating_duration_since(newest.captured).as_secs_f32() * 1e3,
            fps: self.rate(now),
            answered: self.answered,
            skipped: self.skipped,
            timing: pipeline.timing(),
        }))
    }

    /// Returns whether a scene cut occurred between the previous prediction and these frames of the flow.
    fn scene(&self, flow: RangeInclusive<usize>) -> SceneChange {
        let first = self.last.map_or(*flow.start(), |last| last.min(*flow.start()));
        SceneChange::of(&self.camera.after(first.checked_sub(1)), &flow)
    }

    fn count(&mut self, index: usize) {
        self.skipped += self.last.map_or(0, |last| index.saturating_sub(last + 1) as u64);
        self.answered += 1;
        self.last = Some(index);
    }

    fn rate(&mut self, now: Instant) -> f32 {
        self.times.push_back(now);
        while self.times.front().is_some_and(|oldest| now.duration_since(*oldest) > RATE_OVER) {
            self.times.pop_front();
        }
        let span = self.times.front().map_or(0.0, |oldest| now.duration_since(*oldest).as_secs_f32());
        if span > 0.0 { (self.times.len() - 1) as f32 / span } else { 0.0 }
    }
}

/// Returns the frame distance in a window for a camera with this frame rate.
fn stride(fps: f64) -> usize {
    ((fps / USUAL_FPS).round() as usize).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fast_cameras_are_seen_at_the_rate_of_the_clips_that_were_learned_from() {
        let strides = [0.0, 12.0, 25.0, 30.0, 44.0, 50.0, 60.0, 120.0].map(stride);
        assert_eq!(strides, [1, 1, 1, 1, 1, 2, 2, 4]);
    }
}
