//! Pinned clips: what the networks of several model folders make of the same few windows, to be set beside each other while a
//! training goes on. The thread "pinned" works them out one at a time and rests in between.

mod desk;
mod results;

use std::sync::{Arc, Mutex, PoisonError};

use self::desk::Desk;
pub use self::results::{Outlook, Pin, PinnedOutlooks, PinnedWish};
use super::Latest;
use super::runtime::events::EventSender;
use super::runtime::worker::Worker;
use crate::gpu::Compute;

/// Handle of the thread; dropping it ends the thread.
pub(super) struct Pinned {
    wish: Arc<Mutex<PinnedWish>>,
    worker: Worker,
}

impl Pinned {
    /// Starts the thread, which puts what it finds into `slot`.
    pub fn start(compute: Compute, slot: Arc<Latest<PinnedOutlooks>>, outbox: EventSender) -> Self {
        let wish = Arc::<Mutex<PinnedWish>>::default();
        let mut desk = Desk::new(compute, wish.clone(), slot, outbox);
        Self { wish, worker: Worker::start("pinned", move || desk.step()) }
    }

    /// Works on another wish.
    pub fn wish(&self, wish: PinnedWish) {
        *self.wish.lock().unwrap_or_else(PoisonError::into_inner) = wish;
        self.worker.waker()();
    }
}
