//! Something that takes a while on a thread of its own and can be ended: measuring a clip, exporting it, a benchmark,
//! an evaluation.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

use super::events::EventSender;
use super::worker::STACK_BYTES;
use crate::allocator::release_freed_memory;
use crate::engine::{Message, Topic};
use crate::error::{Error, Result};
use crate::panic_guard::caught;

/// The stop flag of a job, and whether nobody waits for its end.
#[derive(Clone, Default)]
pub(in crate::engine) struct JobStop(Arc<AtomicBool>, Arc<AtomicBool>);

impl JobStop {
    /// Returns whether the job is to end.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A job under way; dropping it ends it.
pub(in crate::engine) struct Job {
    stop: JobStop,
    thread: Option<JoinHandle<()>>,
}

impl Job {
    /// Starts the thread `name`. When `work` is over, `end` is sent, after the reason if it failed, which is a problem of `topic`.
    pub fn start(
        name: &'static str,
        topic: Topic,
        events: EventSender,
        end: Message,
        work: impl FnOnce(&JobStop) -> Result<()> + Send + 'static,
    ) -> Self {
        let stop = JobStop::default();
        let asked = stop.clone();
        let unstarted = (events.clone(), end.clone());
        let body = move || {
            let result = caught(name, || work(&asked));
            // What is left may be about a clip that is not open any more.
            if let Err(error) = result
                && !asked.1.load(Ordering::Acquire)
            {
                events.problem(topic, error);
            }
            events.send(end);
            release_freed_memory();
        };
        let thread = Builder::new().name(name.into()).stack_size(STACK_BYTES).spawn(body);
        let thread = thread.map_err(|error| {
            let (events, end) = unstarted;
            events.problem(topic, Error::no_thread(name, &error));
            events.send(end);
        });
        Self { stop, thread: thread.ok() }
    }

    /// Ends the job without ever waiting for it: for one that leaves nothing half done.
    pub fn leave(mut self) {
        self.stop.1.store(true, Ordering::Release);
        self.stop();
        self.thread = None;
    }

    /// Asks the job to end, without waiting for it.
    pub fn stop(&self) {
        self.stop.0.store(true, Ordering::Release);
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // its panics are caught
        }
    }
}
