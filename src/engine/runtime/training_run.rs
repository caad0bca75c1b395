//! A training on the thread "training", and its handle to pause, resume and stop it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use burn::tensor::Device;

use super::events::EventSender;
use super::worker::STACK_BYTES;
use crate::allocator::release_freed_memory;
use crate::engine::Message;
use crate::error::Error;
use crate::panic_guard::caught;
use crate::training::{self, TrainingControl, TrainingEvent, TrainingPlan};

/// Default number of steps between measurements of MotionNet's gradient shares.
pub const SHARES_EVERY: usize = 20;

/// Time between snapshots besides those of the plan's steps, so that pinned frames and roll-back also work in a slow
/// run.
const SAVE_EVERY: Duration = Duration::from_secs(20);

/// The handle of the thread; dropping it stops the training with a checkpoint and waits for that.
pub(in crate::engine) struct TrainingRun {
    /// Pause, resume, stop.
    pub control: TrainingControl,
    /// True from just before its end is announced: another training may be requested then, while the thread still
    /// releases its memory.
    has_ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl TrainingRun {
    /// Starts trainings in sequence; their events are sent to `events`.
    pub fn start(plans: Vec<TrainingPlan>, device: Device, events: EventSender) -> Self {
        let control = TrainingControl::default();
        control.share_gradients(SHARES_EVERY);
        control.save_every(SAVE_EVERY);
        let has_ended = Arc::new(AtomicBool::new(false));
        let (in_thread, ends, unstarted) = (control.clone(), has_ended.clone(), events.clone());
        let work = move || {
            let mut tell = |event| {
                ends.fetch_or(matches!(event, TrainingEvent::Finished { .. }), Ordering::AcqRel);
                events.send(Message::Training(event));
            };
            if let Err(error) = caught("training", || training::run_in_turn(&plans, &device, &in_thread, &mut tell)) {
                ends.store(true, Ordering::Release);
                events.send(Message::TrainingFailed(error));
            }
            release_freed_memory();
        };
        let thread = Builder::new().name("training".into()).stack_size(STACK_BYTES).spawn(work);
        let thread =
            thread.map_err(|error| unstarted.send(Message::TrainingFailed(Error::no_thread("training", &error))));
        Self { control, has_ended, thread: thread.ok() }
    }

    /// Returns whether its end was or is about to be announced; the thread may take a while longer.
    pub fn is_over(&self) -> bool {
        self.has_ended.load(Ordering::Acquire) || self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for TrainingRun {
    fn drop(&mut self) {
        self.control.interrupt(); // no effect on a run that has ended
        if let Some(thread) = self.thread.take() {
            // Panics are caught inside, so the result is irrelevant.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::Network;

    #[test]
    fn another_training_may_begin_as_soon_as_the_end_of_one_is_announced() {
        let dir = tempfile::tempdir().unwrap();
        let run_dir = dir.path().join("run");
        std::fs::write(&run_dir, "in the way").unwrap();
        let plan = TrainingPlan { run_dir, ..TrainingPlan::of(Network::Flow) };
        for _ in 0..20 {
            let (events, messages) = EventSender::new(Arc::new(|| ()));
            let run = TrainingRun::start(vec![plan.clone()], Device::flex(), events);
            let last = messages.iter().find(|message| matches!(message, Message::TrainingFailed(_)));
            assert!(last.is_some() && run.is_over());
        }
    }
}
