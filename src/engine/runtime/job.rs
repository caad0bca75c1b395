//! Cancellable long-running jobs on separate threads: measurements, exports, benchmarks, evaluations.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

use super::events::EventSender;
use super::worker::STACK_BYTES;
use crate::allocator::release_freed_memory;
use crate::engine::{Message, Topic};
use crate::error::{Error, Result};
use crate::panic_guard::caught;

/// The stop flag of a job, and whether its results are abandoned.
#[derive(Clone, Default)]
pub(in crate::engine) struct JobStop {
    asked: Arc<AtomicBool>,
    abandoned: Arc<AtomicBool>,
}

impl JobStop {
    /// Returns whether the job is to end.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Acquire)
    }

    /// Returns whether the results so far are abandoned: not if the user stopped the job, but if the program ends or
    /// another job replaces it.
    pub fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Acquire)
    }
}

/// A running job; dropping it ends it.
pub(in crate::engine) struct Job {
    stop: JobStop,
    thread: Option<JoinHandle<()>>,
}

impl Job {
    /// Starts the thread `name`. When `work` ends, `end` is sent; if it failed, the error is reported before as a
    /// problem of `topic`.
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
            // The error of an abandoned job may be about a clip that is closed by now.
            if let Err(error) = result
                && !asked.is_abandoned()
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

    /// Ends the job without waiting for it: for one that leaves nothing incomplete.
    pub fn leave(mut self) {
        self.abandon();
        self.thread = None;
    }

    /// Asks the job to end, without waiting for it.
    pub fn stop(&self) {
        self.stop.asked.store(true, Ordering::Release);
    }

    /// Asks the job to end and to leave nothing behind. In this order: a job that sees the stop flag must also see the
    /// other.
    fn abandon(&self) {
        self.stop.abandoned.store(true, Ordering::Release);
        self.stop();
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.abandon();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // its panics are caught
        }
    }
}

#[cfg(test)]
mod tests {
    use crossbeam_channel::bounded;

    use super::*;

    #[test]
    fn a_job_that_a_person_stops_is_not_abandoned_and_one_that_is_dropped_is() {
        for is_stopped in [true, false] {
            let (events, _messages) = EventSender::new(Arc::new(|| ()));
            let (ended, end) = bounded(1);
            let job = Job::start("export", Topic::Export, events, Message::ExportEnded, move |stop| {
                while !stop.is_asked() {
                    std::thread::yield_now();
                }
                let _ = ended.send(stop.is_abandoned());
                Ok(())
            });
            if is_stopped {
                job.stop();
                assert_eq!(end.recv(), Ok(false));
            } else {
                drop(job);
                assert_eq!(end.recv(), Ok(true));
            }
        }
    }
}
