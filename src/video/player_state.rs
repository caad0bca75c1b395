//! The commands, events and state of a player, and the state shared by its handle and threads.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::frame_window::FrameWindow;
use super::index_progress::IndexProgress;
use super::{Frame, Sizes, StopFlag, VideoInfo};
use crate::error::Error;

/// Something to call, from any thread, when there is something new.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// A command to a player.
#[derive(Debug, Clone, PartialEq)]
pub enum PlayerCommand {
    /// Play at the chosen speed; at the end, from the beginning.
    Play,
    /// Stand still.
    Pause,
    /// Video seconds per second: 1 is the video's own pace, negative is backwards, 0 pauses.
    SetSpeed(f64),
    /// Go to a frame by its index; playback continues from there.
    SeekFrame(usize),
    /// Go to the frame shown at a time, seconds after the first frame.
    SeekSecs(f64),
    /// Pause and go so many frames on, negative is back.
    Step(i64),
    /// Go so many seconds on from the position, negative is back; playback continues from there.
    SkipSecs(f64),
    /// Play the sound of the video, or not; off at first.
    SetSound(bool),
    /// Choose the pictures that frames carry.
    SetSizes(Sizes),
    /// Play from the first to the last of these frames again and again, or no longer.
    SetLoop(Option<(usize, usize)>),
}

/// An event of a player.
#[derive(Debug, Clone, PartialEq)]
pub enum PlayerEvent {
    /// The video is open and its frames are listed. The first picture may have been there before.
    Opened(VideoInfo),
    /// The video cannot be opened; nothing follows.
    Failed(Error),
    /// Something is wrong with the file, but playback continues.
    Warning(Error),
    /// Playback reached the end (or, backwards, the beginning) and paused.
    Ended,
}

/// The state of a player.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlayerState {
    /// Index of the frame to be shown; `Player::current` may still be an older one while it is decoded.
    pub position: usize,
    /// True while it plays.
    pub playing: bool,
    /// Video seconds per second, negative backwards.
    pub speed: f64,
}

/// The progress of a player in indexing the frames of a video, which takes one pass over the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Indexing {
    /// From 0 to 1.
    pub fraction: f64,
    /// Length that the file claims, seconds, where it does.
    pub claimed_secs: Option<f64>,
}

/// The state shared by the handle and the thread.
pub(super) struct SharedState {
    pub state: Mutex<PlayerState>,
    pub current: Mutex<Option<Arc<Frame>>>,
    pub window: Mutex<FrameWindow>,
    /// Progress of the frame index while it is built.
    pub indexing: Mutex<Option<(Arc<IndexProgress>, Option<f64>)>>,
    /// Number of commands that this state reflects.
    pub obeyed: AtomicU64,
    /// Asks the threads to end.
    pub stop: StopFlag,
}

impl SharedState {
    /// Returns the state of the player.
    pub fn state(&self) -> MutexGuard<'_, PlayerState> {
        // The values are whole at any time, so a panic elsewhere does not spoil them.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the frame on the screen.
    pub fn current(&self) -> MutexGuard<'_, Option<Arc<Frame>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the listing of the frames, while it is under way: its progress, and the length that the file claims, seconds.
    pub fn indexing(&self) -> MutexGuard<'_, Option<(Arc<IndexProgress>, Option<f64>)>> {
        self.indexing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the decoded frames.
    pub fn window(&self) -> MutexGuard<'_, FrameWindow> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
