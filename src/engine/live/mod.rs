//! Live recognition: a camera's newest frames through the networks, and what a person makes of them.
//!
//! The [`LiveInference`] takes the newest window from a [`Camera`](crate::video::Camera) and has the recogniser look at it, on the
//! thread "inference" of the engine or on the command line's own; what it says is steadied by [`Smoothing`]. Around it the
//! `session` holds what belongs to one source, the `recorder` writes what is seen to a file, and `corrections` keeps the
//! last seconds as a clip of the right class.

mod clip_file;
mod corrections;
mod inference;
mod recorder;
mod session;
mod smoothing;

pub use corrections::{CLIP_SECS, Corrections};
pub use inference::{LiveInference, LiveResult};
pub use recorder::RecordingStatus;
pub use session::LiveView;
pub(super) use session::{LiveSession, SharedLive};
pub use smoothing::{Smoothed, Smoother, Smoothing};
