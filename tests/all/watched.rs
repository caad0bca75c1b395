//! An engine, and how tests wait for what it does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use motionscope::engine::{Engine, Message};
use motionscope::gpu::Compute;

const PATIENCE: Duration = Duration::from_secs(120);

/// An engine that nudges whoever waits for it.
pub struct Watched {
    pub engine: Engine,
    woken: Receiver<()>,
}

impl Watched {
    pub fn new(compute: Compute) -> Self {
        let (wake, woken) = bounded(1);
        Self { engine: Engine::new(compute, Arc::new(move || _ = wake.try_send(()))), woken }
    }

    /// Looks again and again until there is something.
    pub fn until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(started.elapsed() < PATIENCE, "nothing came: {what}");
            let _ = self.woken.recv_timeout(Duration::from_millis(20));
        }
    }

    /// Waits for a message; those before it are gone.
    pub fn message<T>(&self, mut wanted: impl FnMut(&Message) -> Option<T>) -> T {
        self.until("message", || self.engine.messages().try_iter().find_map(|message| wanted(&message)))
    }
}
