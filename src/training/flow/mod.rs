//! The flow that a temporal stream is trained on, and the flow of MotionNet's teacher.

pub(super) mod clip_flow;
pub(super) mod frozen_flow;
pub(super) mod source;
pub(super) mod teacher;
