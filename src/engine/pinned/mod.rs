//! Pinned clips: what the networks of several model folders make of the same few windows, to be set beside each other while a
//! training goes on. The thread "pinned" works them out one at a time and rests in between.

mod desk;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use image::RgbImage;

use self::desk::Desk;
use super::outbox::Outbox;
use super::worker::Worker;
use super::{FlowView, Scores, Slot};
use crate::error::Error;
use crate::gpu::Compute;
use crate::nets::fusion::Fusion;

/// A frame of a clip that is kept in view.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pin {
    /// The clip.
    pub path: PathBuf,
    /// The frame; its window begins there, or so far before it that it lies within the clip.
    pub frame: usize,
}

/// What is to be worked out; only the newest wish matters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PinnedWish {
    /// The pins.
    pub pins: Vec<Pin>,
    /// Model folders, the most urgent first.
    pub models: Vec<PathBuf>,
    /// Whether most of the machine is for something else, a training.
    pub is_busy: bool,
}

/// What the networks of a model folder make of a pin.
#[derive(Clone)]
pub struct Outlook {
    /// The pin.
    pub pin: Pin,
    /// The model folder.
    pub model: PathBuf,
    /// Flow from the pinned frame to the next.
    pub flow: FlowView,
    /// The pinned frame.
    pub frame: Arc<RgbImage>,
    /// The next frame warped back along the flow.
    pub warped: Arc<RgbImage>,
    /// The classes of the scores.
    pub classes: Vec<String>,
    /// What the streams say about the window.
    pub scores: Scores,
    /// How the streams are fused.
    pub fusion: Fusion,
}

/// Everything that is worked out, and what cannot be.
#[derive(Clone, Default)]
pub struct PinnedOutlooks {
    outlooks: Vec<Arc<Outlook>>,
    failures: Vec<(Pin, PathBuf, Error)>,
}

impl PinnedOutlooks {
    /// What the model in folder `model` makes of `pin`.
    pub fn get(&self, pin: &Pin, model: &std::path::Path) -> Option<&Arc<Outlook>> {
        self.outlooks.iter().find(|outlook| outlook.pin == *pin && outlook.model == model)
    }

    /// Why the model in folder `model` makes nothing of `pin`.
    pub fn failure(&self, pin: &Pin, model: &std::path::Path) -> Option<&Error> {
        let failure = self.failures.iter().find(|(of, by, _)| of == pin && by == model);
        failure.map(|(.., error)| error)
    }

    /// Outlooks made elsewhere, for tests of what shows them.
    #[cfg(test)]
    pub(crate) fn of(outlooks: Vec<Outlook>) -> Self {
        Self { outlooks: outlooks.into_iter().map(Arc::new).collect(), failures: Vec::new() }
    }
}

/// Handle of the thread; dropping it ends the thread.
pub(super) struct Pinned {
    wish: Arc<Mutex<PinnedWish>>,
    worker: Worker,
}

impl Pinned {
    /// Starts the thread, which puts what it finds into `slot`.
    pub fn start(compute: Compute, slot: Arc<Slot<PinnedOutlooks>>, outbox: Outbox) -> Self {
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
