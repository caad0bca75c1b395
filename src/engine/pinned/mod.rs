//! Pinned clips: what the networks of several model folders make of the same few windows, to be set beside each other while a
//! training goes on. The thread "pinned" works them out one at a time and rests in between.

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

    /// Works on another wish.
    pub fn wish(&self, wish: PinnedRequest) {
        *self.wish.lock().unwrap_or_else(PoisonError::into_inner) = wish;
        self.worker.waker()();
    }
}
