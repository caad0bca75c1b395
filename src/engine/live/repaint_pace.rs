//! Repaint rate of the window for the frames of a live source.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::LiveResult;
use crate::engine::Latest;

/// Minimum time between repaints for frames alone: a higher rate looks no smoother.
const LEAST_GAP: Duration = Duration::from_millis(20);
/// The same while the networks are slow, as repaints take time from them.
const LAGGING_GAP: Duration = Duration::from_millis(80);
/// Predictions per second below which the networks count as slow.
const LAGGING_FPS: f32 = 10.0;

/// A filter of the frames that cause a repaint; results and events always do.
pub(super) struct RepaintPace {
    answers: Arc<Latest<LiveResult>>,
    last: Mutex<Option<Instant>>,
}

impl RepaintPace {
    /// Creates the filter for a source whose newest result is in `answers`.
    pub fn new(answers: Arc<Latest<LiveResult>>) -> Self {
        Self { answers, last: Mutex::default() }
    }

    /// Returns whether to repaint for the frame that arrived at `now`, and records it if so.
    pub fn is_due(&self, now: Instant) -> bool {
        let gap = gap(self.answers.get().map(|answer| answer.fps));
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| now.saturating_duration_since(last) >= gap);
        if is_due {
            *last = Some(now);
        }
        is_due
    }
}

/// Returns the minimum time between repaints for this rate of predictions; `None` before the first one.
fn gap(answers_per_sec: Option<f32>) -> Duration {
    let is_lagging = answers_per_sec.is_some_and(|fps| fps < LAGGING_FPS);
    if is_lagging { LAGGING_GAP } else { LEAST_GAP }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fast_cameras_and_slow_networks_cost_few_repaints() {
        let pace = RepaintPace::new(Arc::default());
        let first = Instant::now();
        let due = |millis: u64| pace.is_due(first + Duration::from_millis(millis));
        assert_eq!([0, 8, 16, 24, 32, 40, 48].map(due), [true, false, false, true, false, false, true]);
        assert_eq!((gap(None), gap(Some(25.0)), gap(Some(3.0))), (LEAST_GAP, LEAST_GAP, LAGGING_GAP));
    }
}
