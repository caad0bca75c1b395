//! Playback on a separate thread: the handle for the engine.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::player_state::{Indexing, PlayerCommand, PlayerEvent, PlayerState, SharedState, Wake};
use super::player_thread::PlayerThread;
use super::{Frame, Sizes, StopFlag};
use crate::error::Error;
use crate::panic_guard::caught_at;

/// A video played by the thread `decoder`; dropping it ends the thread soon, without waiting for it.
pub struct Player {
    path: PathBuf,
    /// Unique number of this opening of a video.
    opening: u64,
    shared: Arc<SharedState>,
    commands: Option<Sender<PlayerCommand>>,
    /// Number of commands sent.
    sent: AtomicU64,
    events: Receiver<PlayerEvent>,
}

impl Player {
    /// Starts to open the video at `path` and returns at once; `wake` is called on every change.
    pub fn open(path: &Path, sizes: Sizes, wake: Wake) -> Self {
        /// Counts the players of this process.
        static OPENINGS: AtomicU64 = AtomicU64::new(0);
        // Unbounded: no command may be lost or block its sender, and there are few events.
        let (commands, commands_in) = unbounded();
        let (events_out, events) = unbounded();
        let shared = Arc::new(SharedState {
            state: Mutex::new(PlayerState { position: 0, playing: false, speed: 1.0 }),
            current: Mutex::default(),
            window: Mutex::default(),
            indexing: Mutex::default(),
            obeyed: AtomicU64::default(),
            stop: StopFlag::default(),
        });
        let (own_path, path) = (path.to_owned(), path.to_owned());
        let (thread_shared, failed) = (shared.clone(), events_out.clone());
        let (after_panic, wake_after) = (events_out.clone(), wake.clone());
        let body = move || {
            let run = || {
                PlayerThread::run(&path, sizes, thread_shared, commands_in, events_out, wake);
                Ok(())
            };
            // Reports the panic; otherwise nobody would notice that the decoder died.
            if let Err(error) = caught_at(&path, run) {
                let _ = after_panic.send(PlayerEvent::Failed(error)); // Sending fails if the handle is dropped.
                wake_after();
            }
        };
        let thread = std::thread::Builder::new().name("decoder".into()).spawn(body);
        if let Err(error) = thread {
            let error = Error::no_thread("decoder thread", &error);
            let _ = failed.send(PlayerEvent::Failed(error));
        }
        let opening = OPENINGS.fetch_add(1, Ordering::Relaxed);
        Self { path: own_path, opening, shared, commands: Some(commands), sent: AtomicU64::default(), events }
    }

    /// Returns the path of the video.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns a number that is unique to this opening of the video.
    pub fn opening(&self) -> u64 {
        self.opening
    }

    /// Sends a command.
    pub fn send(&self, command: PlayerCommand) {
        if let Some(commands) = &self.commands {
            self.sent.fetch_add(1, Ordering::AcqRel);
            let _ = commands.send(command); // A player that failed to open executes no commands.
        }
    }

    /// Returns whether a command is still pending. Call it before [`Self::state`] to know whether the state is current.
    pub fn is_behind(&self) -> bool {
        self.shared.obeyed.load(Ordering::Acquire) < self.sent.load(Ordering::Acquire)
    }

    /// Returns the events of the player, in order.
    pub fn events(&self) -> &Receiver<PlayerEvent> {
        &self.events
    }

    /// Returns the progress of indexing; `None` once it is complete. Until then the video can be played from its
    /// beginning, and commands that need the index wait.
    pub fn indexing(&self) -> Option<Indexing> {
        let indexing = self.shared.indexing();
        let (progress, claimed_secs) = indexing.as_ref()?;
        Some(Indexing { fraction: progress.fraction(), claimed_secs: *claimed_secs })
    }

    /// Closes the video: the threads end soon. Results computed from its frames are obsolete from now on.
    pub fn close(&self) {
        self.shared.stop.store(true, Ordering::Release);
    }

    /// Returns whether the video was closed.
    pub fn is_closed(&self) -> bool {
        self.shared.stop.load(Ordering::Acquire)
    }

    /// Returns the frame to show now, if one is decoded.
    pub fn current(&self) -> Option<Arc<Frame>> {
        self.shared.current().clone()
    }

    /// Returns `count` frames from `start`, `stride` apart, if all of them are decoded.
    pub fn window(&self, start: usize, count: usize, stride: usize) -> Option<Vec<Arc<Frame>>> {
        self.shared.window().run(start, count, stride)
    }

    /// Returns how many decoded frames are kept on each side of the position, on average of both.
    pub fn reach(&self) -> usize {
        self.shared.window().reach()
    }

    /// Returns the state of the player.
    pub fn state(&self) -> PlayerState {
        *self.shared.state()
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.close();
        self.commands = None; // Wakes the thread if it waits for a command.
    }
}
