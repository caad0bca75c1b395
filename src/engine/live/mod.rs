//! Live recognition: a camera's newest frames through the networks, and what a person makes of them.
//!
//! The [`Watcher`] takes the newest window from a [`Camera`](crate::video::Camera) and has the recogniser look at it, on the
//! thread "inference" of the engine or on the command line's own; what it says is steadied by [`Smoothing`]. Around it the
//! `session` holds what belongs to one source, the `recorder` writes what is seen to a file, and `corrections` keeps the
//! last seconds as a clip of the right class.

mod clip_file;
mod corrections;
mod recorder;
mod session;
mod smoothing;
mod watcher;

pub use corrections::{CLIP_SECS, Corrections};
pub use recorder::{RecordingOrder, RecordingStatus};
pub use session::{LiveOrder, LiveSettings, LiveView};
pub(super) use session::{LiveSession, SharedLive};
pub use smoothing::{Smoothed, Smoother, Smoothing};
pub use watcher::{LiveResult, Watcher};

use std::path::PathBuf;

use crate::error::Error;

/// What happens around a live source.
#[derive(Debug, Clone)]
pub enum LiveEvent {
    /// It delivers; in words what.
    Connected(String),
    /// It broke off and is tried again.
    Interrupted(Error),
    /// It cannot work, and is not tried again.
    Failed(Error),
    /// A recording is complete.
    Recorded {
        /// The file.
        path: PathBuf,
        /// Its length in seconds.
        secs: f64,
    },
    /// The last seconds are saved as a clip of a class.
    Corrected {
        /// The clip.
        path: PathBuf,
        /// The class.
        class: String,
        /// Its frames.
        frames: usize,
    },
    /// How many clips of each class lie in a folder of corrections.
    Corrections {
        /// The folder.
        folder: PathBuf,
        /// Classes by name, each with its number of clips.
        counts: Vec<(String, usize)>,
    },
}
