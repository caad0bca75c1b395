//! The settings of a training run.

pub(super) mod choices;
pub(super) mod distillation;
pub(super) mod file;
pub(super) mod freeze;
pub(super) mod joint;
mod multi_label;
pub(super) mod plan;
mod range;
pub(super) mod recipe;
pub(super) mod run_kind;
pub(super) mod stream_checks;
pub(super) mod truth;
