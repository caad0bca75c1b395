//! A training on the thread "training", and the handle to hold it, to continue, and to stop it.

use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use burn::tensor::Device;

use super::events::EventSender;
use super::worker::STACK_BYTES;
use crate::allocator::release_freed_memory;
use crate::engine::Message;
use crate::error::Error;
use crate::panic_guard::caught;
use crate::training::{self, TrainingControl, TrainingPlan};

/// Default number of steps between measurements of MotionNet's gradient shares.
pub const SHARES_EVERY: usize = 20;

/// Time between snapshots besides those of the plan's steps: pinned frames and roll-back follow a slow run as well.
const SAVE_EVERY: Duration = Duration::from_secs(20);

/// Handle of the thread; dropping it stops the training with a checkpoint and waits for that.
pub(in crate::engine) struct TrainingRun {
    /// Pause, resume, stop.
    pub control: TrainingControl,
    thread: Option<JoinHandle<()>>,
}

impl TrainingRun {
    /// Starts trainings in turn; their news go to `events`.
    pub fn start(plans: Vec<TrainingPlan>, device: Device, events: EventSender) -> Self {
        let control = TrainingControl::default();
        control.share_gradients(SHARES_EVERY);
        control.save_every(SAVE_EVERY);
        let (in_thread, unstarted) = (control.clone(), events.clone());
        let work = move || {
            let mut tell = |event| events.send(Message::Training(event));
            if let Err(error) = caught("training", || training::run_in_turn(&plans, &device, &in_thread, &mut tell)) {
                events.send(Message::TrainingFailed(error));
            }
            release_freed_memory();
        };
        let thread = Builder::new().name("training".into()).stack_size(STACK_BYTES).spawn(work);
        let thread =
            thread.map_err(|error| unstarted.send(Message::TrainingFailed(Error::no_thread("training", &error))));
        Self { control, thread: thread.ok() }
    }

    /// Returns whether the thread has ended.
    pub fn is_over(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for TrainingRun {
    fn drop(&mut self) {
        self.control.interrupt(); // without effect on a run that has ended
        if let Some(thread) = self.thread.take() {
            // Its panics are caught inside; there is nothing left to learn from the result.
            let _ = thread.join();
        }
    }
}
