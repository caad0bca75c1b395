//! Live recognition: inference on the newest frames of a camera, with recording and corrections.
//!
//! The [`LiveInference`] takes the newest window from a [`Camera`](crate::video::Camera) and classifies it, on the
//! thread "inference" of the engine or on the command line's own; [`Smoothing`] smooths the predictions. The `session` holds
//! the state of one source, the `recorder` writes frames to a file, with everything drawn in by the `overlay` if wanted, and
//! `corrections` saves the last seconds as a clip of the right class.

mod clip_file;
mod corrections;
mod inference;
mod overlay;
mod recorder;
mod repaint_pace;
mod scene_cut;
mod session;
mod smoothing;

pub(super) use corrections::Corrections;
pub use inference::{LiveInference, LiveResult};
pub use recorder::RecordingStatus;
pub use scene_cut::SceneChange;
pub use session::{CLIP_SECS, LiveView};
pub(super) use session::{HeldFrames, LiveSession, SharedLive};
pub use smoothing::{MOST_SECS, Smoothed, Smoother, Smoothing};
