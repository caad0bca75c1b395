//! Inference: a model's networks on windows of frames, and the thread that follows the player.

pub(super) mod analysis;
pub(super) mod clip_frames;
mod flow_cache;
pub(super) mod model_folder;
pub(super) mod model_info;
pub(super) mod pipeline;
pub(super) mod playback;
pub(super) mod repeated_frame;
mod stream_flow;
mod stream_output;
pub(super) mod target;
pub(super) mod thread;
pub(super) mod whole_clip;
