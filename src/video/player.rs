//! Playback on a thread of its own: the handle that the engine holds, its commands and its events.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::frame_window::FrameWindow;
use super::index_progress::IndexProgress;
use super::player_thread::PlayerThread;
use super::{Frame, Sizes, StopFlag, VideoInfo};
use crate::error::{Error, caught_at};

/// Commands waiting for the decoder thread; a person cannot give more while one frame is decoded.
const MAX_COMMANDS: usize = 256;

/// Events waiting for the listener; a listener that has stopped listening loses the later ones.
const MAX_EVENTS: usize = 64;

/// Something to call, from any thread, when there is something new.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// What a player can be told.
#[derive(Debug, Clone, PartialEq)]
pub enum PlayerCommand {
    /// Play at the chosen speed; at the end, from the beginning.
    Play,
    /// Stand still.
    Pause,
    /// Video seconds per second: 1 is the video's own pace, negative is backwards, 0 pauses.
    SetSpeed(f64),
    /// Go to a frame by its index; playback goes on from there.
    SeekFrame(usize),
    /// Go to the frame shown at a time, seconds after the first frame.
    SeekSecs(f64),
    /// Pause and go so many frames on, negative is back.
    Step(i64),
    /// Go so many seconds on from the position, negative is back; playback goes on from there.
    SkipSecs(f64),
    /// Choose the pictures that frames carry.
    SetSizes(Sizes),
    /// Play from the first to the last of these frames again and again, or no longer.
    SetLoop(Option<(usize, usize)>),
}

/// What a player tells.
#[derive(Debug, Clone, PartialEq)]
pub enum PlayerEvent {
    /// The video is open and its frames are listed. The first picture may have been there before.
    Opened(VideoInfo),
    /// The video cannot be opened; nothing follows.
    Failed(Error),
    /// Something is wrong with the file, but playback goes on.
    Warning(Error),
    /// Playback reached the end (or, backwards, the beginning) and paused.
    Ended,
}

/// Where a player stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlayerState {
    /// Index of the frame to be shown; [`Player::current`] may still be an older one while it is decoded.
    pub position: usize,
    /// Whether it plays.
    pub playing: bool,
    /// Video seconds per second, negative backwards.
    pub speed: f64,
}

/// How far a player has got with listing the frames of a video, which takes one pass over the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Indexing {
    /// From 0 to 1.
    pub fraction: f64,
    /// Length that the file claims, seconds, where it does.
    pub claimed_secs: Option<f64>,
}

/// What the handle and the thread share.
pub(super) struct Shared {
    state: Mutex<PlayerState>,
    current: Mutex<Option<Arc<Frame>>>,
    window: Mutex<FrameWindow>,
    /// How far the frames are listed, while they are.
    indexing: Mutex<Option<(Arc<IndexProgress>, Option<f64>)>>,
    /// How many commands the state is the outcome of.
    pub obeyed: AtomicU64,
    /// Whether the threads are to end.
    pub stop: StopFlag,
}

impl Shared {
    /// Where the player stands.
    pub fn state(&self) -> MutexGuard<'_, PlayerState> {
        // The values are whole at any time, so a panic elsewhere does not spoil them.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The frame on the screen.
    pub fn current(&self) -> MutexGuard<'_, Option<Arc<Frame>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The listing of the frames, while it is under way: its progress, and the length that the file claims, seconds.
    pub fn indexing(&self) -> MutexGuard<'_, Option<(Arc<IndexProgress>, Option<f64>)>> {
        self.indexing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The decoded frames.
    pub fn window(&self) -> MutexGuard<'_, FrameWindow> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A video being played by the thread `decoder`; dropping it ends the thread soon, without waiting for it.
pub struct Player {
    shared: Arc<Shared>,
    commands: Option<Sender<PlayerCommand>>,
    /// How many commands were handed over.
    sent: AtomicU64,
    events: Receiver<PlayerEvent>,
}

impl Player {
    /// Begins to open the video at `path` and returns at once; `wake` is called whenever something is new.
    pub fn open(path: &Path, sizes: Sizes, wake: Wake) -> Self {
        let (commands, commands_in) = bounded(MAX_COMMANDS);
        let (events_out, events) = bounded(MAX_EVENTS);
        let shared = Arc::new(Shared {
            state: Mutex::new(PlayerState { position: 0, playing: false, speed: 1.0 }),
            current: Mutex::default(),
            window: Mutex::default(),
            indexing: Mutex::default(),
            obeyed: AtomicU64::default(),
            stop: StopFlag::default(),
        });
        let (path, thread_shared, failed) = (path.to_owned(), shared.clone(), events_out.clone());
        let (after_panic, wake_after) = (events_out.clone(), wake.clone());
        let body = move || {
            let run = || {
                PlayerThread::run(&path, sizes, thread_shared, commands_in, events_out, wake);
                Ok(())
            };
            // Without an event nobody would know that the decoder has died.
            if let Err(error) = caught_at(&path, run) {
                let _ = after_panic.try_send(PlayerEvent::Failed(error)); // Nobody listens if the handle is gone.
                wake_after();
            }
        };
        let thread = std::thread::Builder::new().name("decoder".into()).spawn(body);
        if let Err(error) = thread {
            let error = Error::new("decoder thread", error.to_string(), "Close other programs and try again");
            // The channel is empty and its receiver alive, so this is always delivered.
            let _ = failed.try_send(PlayerEvent::Failed(error));
        }
        Self { shared, commands: Some(commands), sent: AtomicU64::default(), events }
    }

    /// Hands over a command.
    pub fn send(&self, command: PlayerCommand) {
        if let Some(commands) = &self.commands {
            self.sent.fetch_add(1, Ordering::AcqRel);
            let _ = commands.send(command); // A player that failed to open obeys nothing.
        }
    }

    /// Whether a command has not been obeyed yet. Asked before [`Self::state`], it says whether that may be an old one.
    pub fn is_behind(&self) -> bool {
        self.shared.obeyed.load(Ordering::Acquire) < self.sent.load(Ordering::Acquire)
    }

    /// What the player tells, in order.
    pub fn events(&self) -> &Receiver<PlayerEvent> {
        &self.events
    }

    /// How far the frames are listed; `None` once they are. Until then the video can be played from its beginning, and commands
    /// that need the list wait.
    pub fn indexing(&self) -> Option<Indexing> {
        let indexing = self.shared.indexing();
        let (progress, claimed_secs) = indexing.as_ref()?;
        Some(Indexing { fraction: progress.fraction(), claimed_secs: *claimed_secs })
    }

    /// Lets go of the video: the threads end soon. What is computed from its frames from now on is of no use to anyone.
    pub fn close(&self) {
        self.shared.stop.store(true, Ordering::Release);
    }

    /// Whether the video was closed.
    pub fn is_closed(&self) -> bool {
        self.shared.stop.load(Ordering::Acquire)
    }

    /// The frame to show now, if one is decoded.
    pub fn current(&self) -> Option<Arc<Frame>> {
        self.shared.current().clone()
    }

    /// `count` frames from `start` on, each `stride` after the one before, if all of them are decoded.
    pub fn window(&self, start: usize, count: usize, stride: usize) -> Option<Vec<Arc<Frame>>> {
        self.shared.window().run(start, count, stride)
    }

    /// How many frames it keeps decoded on each side of its position, on average of both.
    pub fn reach(&self) -> usize {
        self.shared.window().reach()
    }

    /// Where the player stands.
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
