//! Live recognition: inference on the newest frames of a camera, with recording and corrections.
//!
//! [`LiveInference`] classifies the newest window from a [`Camera`](crate::video::Camera), on the thread "inference" of
//! the engine or on that of the command line; [`Smoothing`] smooths the predictions. `session` is the state of one
//! source, `recorder` writes frames to a file, optionally with the `overlay`, and `corrections` saves the last seconds
//! as a clip of the correct class.

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
