//! The thread "inference": the only one on which networks run while a person watches.
//!
//! It always works on the newest wishes: what nobody waits for any more is never begun. What is shown of a clip is up
//! to the [`Follower`].

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::follower::{Clip, Follower};
use super::outbox::Outbox;
use super::panics::caught;
use super::{Analysis, FlowSelection, Message, Recogniser, Slot, WINDOW_PAIRS};
use crate::gpu::{Compute, ComputeKind};
use crate::nets::HiddenTwoStream;
use crate::video::Sizes;

/// What the thread should do; only the newest of each matters.
#[derive(Default)]
struct Wishes {
    clip: Option<Clip>,
    selection: FlowSelection,
    load: Option<PathBuf>,
    stop: bool,
}

/// Handle of the thread; dropping it ends the thread.
pub(super) struct Inference {
    wishes: Arc<Mutex<Wishes>>,
    ping: Sender<()>,
    thread: Option<JoinHandle<()>>,
}

impl Inference {
    /// Starts the thread. It reports the frame sizes of each loaded model to `on_model`.
    pub fn start(
        compute: Compute,
        analysis: Arc<Slot<Analysis>>,
        outbox: Outbox,
        on_model: impl Fn(Sizes) + Send + 'static,
    ) -> Self {
        let wishes = Arc::<Mutex<Wishes>>::default();
        let (ping, pinged) = bounded(1);
        let worker =
            Worker { compute, wishes: wishes.clone(), analysis, outbox, on_model: Box::new(on_model), follower: None };
        let thread = Builder::new().name("inference".into()).spawn(move || worker.run(&pinged));
        Self { wishes, ping, thread: Some(thread.expect("the system can start a thread")) }
    }

    /// Follows another clip, or none.
    pub fn follow(&self, clip: Option<Clip>) {
        self.wish(|wishes| wishes.clip = clip);
    }

    /// Shows another flow.
    pub fn select(&self, selection: FlowSelection) {
        self.wish(|wishes| wishes.selection = selection);
    }

    /// Loads another model.
    pub fn load(&self, dir: PathBuf) {
        self.wish(|wishes| wishes.load = Some(dir));
    }

    /// Makes the thread look at the player again; callable from any thread.
    pub fn waker(&self) -> impl Fn() + Send + Sync + Clone + use<> {
        let ping = self.ping.clone();
        // A full channel means that a look is already due.
        move || _ = ping.try_send(())
    }

    fn wish(&self, change: impl FnOnce(&mut Wishes)) {
        change(&mut locked(&self.wishes));
        self.waker()();
    }
}

impl Drop for Inference {
    fn drop(&mut self) {
        self.wish(|wishes| wishes.stop = true);
        if let Some(thread) = self.thread.take() {
            // Its panics are caught inside; there is nothing left to learn from the result.
            let _ = thread.join();
        }
    }
}

fn locked(wishes: &Mutex<Wishes>) -> MutexGuard<'_, Wishes> {
    wishes.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The state of the thread.
struct Worker {
    compute: Compute,
    wishes: Arc<Mutex<Wishes>>,
    analysis: Arc<Slot<Analysis>>,
    outbox: Outbox,
    on_model: Box<dyn Fn(Sizes) + Send>,
    follower: Option<Follower>,
}

impl Worker {
    fn run(mut self, pinged: &Receiver<()>) {
        while pinged.recv().is_ok() {
            while !locked(&self.wishes).stop && self.step() {}
            if locked(&self.wishes).stop {
                return;
            }
        }
    }

    /// Does the most urgent thing; false when there is nothing to do until something changes.
    fn step(&mut self) -> bool {
        let (load, clip, selection) = {
            let mut wishes = locked(&self.wishes);
            (wishes.load.take(), wishes.clip.clone(), wishes.selection)
        };
        if let Some(dir) = load {
            self.load(&dir);
            return true;
        }
        let Some(follower) = &mut self.follower else { return false };
        caught("networks", || follower.step(clip, selection)).unwrap_or_else(|error| {
            // What the networks left behind is not to be trusted; the picture goes on without them.
            self.follower = None;
            self.analysis.clear();
            self.outbox.problem(error);
            false
        })
    }

    /// Replaces the model; if that fails the present one stays.
    fn load(&mut self, dir: &Path) {
        match caught("model", || HiddenTwoStream::load(dir, &self.compute.device)) {
            Ok(model) => {
                let recogniser = Recogniser::new(model, &self.compute);
                (self.on_model)(recogniser.sizes());
                self.outbox.send(Message::ModelLoaded(recogniser.info(dir)));
                self.analysis.clear();
                let pairs_at_once = match self.compute.kind {
                    ComputeKind::Gpu => WINDOW_PAIRS,
                    ComputeKind::Cpu => 1,
                };
                self.follower =
                    Some(Follower::new(recogniser, pairs_at_once, self.analysis.clone(), self.outbox.clone()));
            }
            Err(error) => self.outbox.problem(error),
        }
    }
}
