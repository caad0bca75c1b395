//! The thread that syncs the journal to disk.

use std::fs::File;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

/// A thread that syncs a file soon after each call, and once more at its end.
pub(super) struct Syncer {
    /// Holds one call: several that arrive while the disk is busy are handled together.
    calls: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    trouble: Arc<Mutex<Option<io::Error>>>,
}

impl Syncer {
    /// Starts the thread.
    pub fn start(file: File) -> io::Result<Self> {
        let (calls, received) = sync_channel(1);
        let trouble = Arc::new(Mutex::new(None));
        let told = trouble.clone();
        let thread = Builder::new().name("journal".into()).spawn(move || sync_when_called(&file, &received, &told))?;
        Ok(Self { calls: Some(calls), thread: Some(thread), trouble })
    }

    /// Requests that everything written so far is flushed soon.
    pub fn wake(&self) {
        if let Some(calls) = &self.calls {
            let _ = calls.try_send(()); // Full: the pending call includes this one.
        }
    }

    /// Returns the error since the last call, if any.
    pub fn trouble(&self) -> Option<io::Error> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.calls = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn sync_when_called(file: &File, calls: &Receiver<()>, trouble: &Mutex<Option<io::Error>>) {
    while calls.recv().is_ok() {
        if let Err(error) = file.sync_data() {
            *trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
    }
}
