//! A named thread that works whenever it is pinged; all work that follows the player runs on one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Sender, bounded};

/// Stack size of threads that run networks: these are moved by value, and the deepest take a hundred kilobytes each.
pub(in crate::engine) const STACK_BYTES: usize = 16 << 20;

/// The handle of the thread; dropping it ends the thread after the current step.
pub(in crate::engine) struct Worker {
    ping: Sender<()>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the thread `name`. It calls `step` after each ping for as long as that returns true: each step does the
    /// most urgent work, so that obsolete work is never started.
    pub fn start(name: &str, mut step: impl FnMut() -> bool + Send + 'static) -> Self {
        let (ping, pinged) = bounded(1);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let body = move || {
            while pinged.recv().is_ok() {
                while !stopped.load(Ordering::Acquire) && step() {}
                if stopped.load(Ordering::Acquire) {
                    return;
                }
            }
        };
        let thread = Builder::new().name(name.into()).stack_size(STACK_BYTES).spawn(body);
        Self { ping, stop, thread: Some(thread.expect("the system can start a thread")) }
    }

    /// Returns a function that pings the thread; callable from any thread.
    pub fn waker(&self) -> impl Fn() + Send + Sync + Clone + use<> {
        let ping = self.ping.clone();
        // A full channel means that a ping is already pending.
        move || _ = ping.try_send(())
    }

    /// Ends the thread after the current step, without waiting for it: for steps that leave nothing incomplete.
    pub fn leave(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.waker()();
        self.thread = None;
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.waker()();
        if let Some(thread) = self.thread.take() {
            // Panics of the work are caught inside, so the result is irrelevant.
            let _ = thread.join();
        }
    }
}
