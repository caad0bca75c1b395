//! The commands, events and state of a player, and the state shared by its handle and threads.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::frame_window::FrameWindow;
use super::index_progress::IndexProgress;
use super::{Frame, Sizes, StopFlag, VideoInfo};
use crate::error::Error;

/// A callback on changes; called from any thread.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// A command to a player.
#[derive(Debug, Clone, PartialEq)]
pub enum PlayerCommand {
    /// Play at the chosen speed; at the end, from the beginning.
    Play,
    /// Pause.
    Pause,
    /// Set the speed in video seconds per second: 1 is the video's own pace, negative is backwards, 0 pauses.
    SetSpeed(f64),
    /// Seek to a frame by its index; playback continues from there.
    SeekFrame(usize),
    /// Seek to the frame shown at a time, seconds after the first frame.
    SeekSecs(f64),
    /// Pause and move by a number of frames, negative for back.
    Step(i64),
    /// Move by a number of seconds, negative for back; playback continues from there.
    SkipSecs(f64),
    /// Play the sound of the video, or not; off at first.
    SetSound(bool),
    /// Choose the pictures that frames carry.
    SetSizes(Sizes),
    /// Loop from the first to the last of these frames; `None` ends the loop.
    SetLoop(Option<(usize, usize)>),
}

/// An event of a player.
#[derive(Debug, Clone, PartialEq)]
pub enum PlayerEvent {
    /// The video is open and its frames are listed. The first picture may have appeared earlier.
    Opened(VideoInfo),
    /// The video cannot be opened; no further events follow.
    Failed(Error),
    /// The file is faulty, but playback continues.
    Warning(Error),
    /// Playback reached the end (or, backwards, the beginning) and paused.
    Ended,
}

/// The state of a player.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlayerState {
    /// Index of the frame to be shown; `Player::current` may still return an earlier one while it is being decoded.
    pub position: usize,
    /// True while it plays.
    pub playing: bool,
    /// Video seconds per second, negative backwards.
    pub speed: f64,
}

/// The progress of indexing the frames of a video, which takes one pass over the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Indexing {
    /// Progress from 0 to 1.
    pub fraction: f64,
    /// Duration that the file claims, seconds, if any.
    pub claimed_secs: Option<f64>,
}

/// The state shared by the handle and the threads.
pub(super) struct SharedState {
    pub state: Mutex<PlayerState>,
    pub current: Mutex<Option<Arc<Frame>>>,
    pub window: Mutex<FrameWindow>,
    /// Progress of the frame index while it is built.
    pub indexing: Mutex<Option<(Arc<IndexProgress>, Option<f64>)>>,
    /// Number of commands executed so far.
    pub obeyed: AtomicU64,
    /// Stop flag of the threads.
    pub stop: StopFlag,
}

impl SharedState {
    /// Locks the state of the player.
    pub fn state(&self) -> MutexGuard<'_, PlayerState> {
        // The values are consistent at any time, so a poisoned lock is usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the current frame.
    pub fn current(&self) -> MutexGuard<'_, Option<Arc<Frame>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the progress of indexing, and the duration that the file claims, seconds; `None` when indexing is
    /// complete.
    pub fn indexing(&self) -> MutexGuard<'_, Option<(Arc<IndexProgress>, Option<f64>)>> {
        self.indexing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the decoded frames.
    pub fn window(&self) -> MutexGuard<'_, FrameWindow> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
