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

/// The handle of the thread; dropping it ends the thread.
pub(super) struct Pinned {
    request: Arc<Mutex<PinnedRequest>>,
    worker: Worker,
}

impl Pinned {
    /// Starts the thread, which stores its results in `results`.
    pub fn start(compute: Compute, results: Arc<Latest<PinnedResults>>, events: EventSender) -> Self {
        let request = Arc::<Mutex<PinnedRequest>>::default();
        let mut state = PinnedWorker::new(compute, request.clone(), results, events);
        Self { request, worker: Worker::start("pinned", move || state.step()) }
    }

    /// Replaces the request.
    pub fn request(&self, request: PinnedRequest) {
        *self.request.lock().unwrap_or_else(PoisonError::into_inner) = request;
        self.worker.waker()();
    }
}
