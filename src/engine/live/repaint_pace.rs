//! How often the frames of a live source make the window repaint.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::LiveResult;
use crate::engine::Latest;

/// Least time between repaints for frames alone: faster cameras look no smoother.
const LEAST_GAP: Duration = Duration::from_millis(20);
/// The same while the networks lag: what repaints take is taken from them.
const LAGGING_GAP: Duration = Duration::from_millis(80);
/// Networks that answer less often than this, in answers a second, lag.
const LAGGING_FPS: f32 = 10.0;

/// Decides which frames are worth a repaint; answers and events always are.
pub(super) struct RepaintPace {
    answers: Arc<Latest<LiveResult>>,
    last: Mutex<Option<Instant>>,
}

impl RepaintPace {
    /// For a source whose newest answer is in `answers`.
    pub fn new(answers: Arc<Latest<LiveResult>>) -> Self {
        Self { answers, last: Mutex::default() }
    }

    /// Returns whether the frame that has come at `now` is to be painted, and counts it if so.
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

/// Least time between repaints where the networks answer so often; `None` before the first answer.
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
