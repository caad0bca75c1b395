//! Interrupts FFmpeg calls that exceed a deadline or are no longer needed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Time limit for closing a source.
const FAREWELL: Duration = Duration::from_millis(300);

/// A stop flag and a deadline; clones share both.
#[derive(Clone)]
pub(super) struct Watchdog {
    stop: Arc<AtomicBool>,
    started: Instant,
    deadline_millis: Arc<AtomicU64>,
    is_leaving: Arc<AtomicBool>,
}

impl Watchdog {
    /// Creates a watchdog that reacts to `stop`.
    pub fn new(stop: Arc<AtomicBool>) -> Self {
        let deadline_millis = Arc::new(AtomicU64::new(u64::MAX));
        Self { stop, started: Instant::now(), deadline_millis, is_leaving: Arc::default() }
    }

    /// Sets the deadline of the next calls to `patience` from now.
    pub fn expect_within(&self, patience: Duration) {
        self.is_leaving.store(false, Ordering::Release);
        self.set_deadline(patience);
    }

    /// Allows a short time to close the source, even after the stop flag is set.
    pub fn leave(&self) {
        self.set_deadline(FAREWELL);
        self.is_leaving.store(true, Ordering::Release);
    }

    fn set_deadline(&self, patience: Duration) {
        let deadline = (self.started.elapsed() + patience).as_millis() as u64;
        self.deadline_millis.store(deadline, Ordering::Release);
    }

    /// Returns whether the stop flag is set.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Returns whether to interrupt the current call.
    pub fn barks(&self) -> bool {
        let is_unwanted = self.is_stopped() && !self.is_leaving.load(Ordering::Acquire);
        is_unwanted || self.started.elapsed().as_millis() as u64 > self.deadline_millis.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_is_not_wanted_is_left_at_once_but_not_without_a_word() {
        let stop = Arc::new(AtomicBool::new(false));
        let watchdog = Watchdog::new(stop.clone());
        watchdog.expect_within(Duration::from_secs(60));
        assert!(!watchdog.barks());
        stop.store(true, Ordering::Release);
        assert!(watchdog.barks());
        watchdog.leave();
        assert!(!watchdog.barks());
        std::thread::sleep(FAREWELL + Duration::from_millis(5));
        assert!(watchdog.barks());
        watchdog.expect_within(Duration::from_secs(60));
        assert!(watchdog.barks(), "it is still not wanted");
    }
}
