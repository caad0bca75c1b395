//! Ends calls into FFmpeg that would wait too long, or for nobody.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A stop flag and a deadline; clones share both.
#[derive(Clone)]
pub(super) struct Watchdog {
    stop: Arc<AtomicBool>,
    started: Instant,
    deadline_millis: Arc<AtomicU64>,
}

impl Watchdog {
    /// A watchdog that obeys `stop`.
    pub fn new(stop: Arc<AtomicBool>) -> Self {
        Self { stop, started: Instant::now(), deadline_millis: Arc::new(AtomicU64::new(u64::MAX)) }
    }

    /// The next answer must come within `patience`.
    pub fn expect_within(&self, patience: Duration) {
        let deadline = (self.started.elapsed() + patience).as_millis() as u64;
        self.deadline_millis.store(deadline, Ordering::Release);
    }

    /// Whether nobody waits for an answer any more.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Whether to give up.
    pub fn barks(&self) -> bool {
        self.is_stopped() || self.started.elapsed().as_millis() as u64 > self.deadline_millis.load(Ordering::Acquire)
    }
}
