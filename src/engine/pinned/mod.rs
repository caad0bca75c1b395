//! Pinned clips: runs model snapshots on pinned frames for before/after comparison during training.
//!
//! The thread "pinned" computes one result at a time and pauses in between.

mod results;
mod worker;

use std::sync::{Arc, Mutex, PoisonError};

pub use self::results::{Pin, PinnedPrediction, PinnedRequest, PinnedResults};
use super::Latest;
use super::runtime::events::EventSender;
use super::runtime::worker::Worker;
use crate::gpu::Compute;
use worker::PinnedWorker;

/// Handle of the thread; dropping it ends the thread.
pub(super) struct Pinned {
    wish: Arc<Mutex<PinnedRequest>>,
    worker: Worker,
}

impl Pinned {
    /// Starts the thread, which puts what it finds into `slot`.
    pub fn start(compute: Compute, slot: Arc<Latest<PinnedResults>>, events: EventSender) -> Self {
        let wish = Arc::<Mutex<PinnedRequest>>::default();
        let mut state = PinnedWorker::new(compute, wish.clone(), slot, events);
        Self { wish, worker: Worker::start("pinned", move || state.step()) }
    }

    /// Works on another request.
    pub fn wish(&self, wish: PinnedRequest) {
        *self.wish.lock().unwrap_or_else(PoisonError::into_inner) = wish;
        self.worker.waker()();
    }
}
