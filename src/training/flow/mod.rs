//! The flow that a temporal stream is trained on.

pub(super) mod clip_flow;
pub(super) mod frozen_flow;
pub(super) mod source;
