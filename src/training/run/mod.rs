//! A training run: its folder, checkpoints, history and events, and its main loop.

pub(super) mod base_clips;
pub mod catalog;
pub mod checkpoint;
pub(super) mod clock;
pub(super) mod curves;
pub(super) mod events;
pub(super) mod folder;
pub(super) mod history;
pub(super) mod lock;
pub(super) mod run_clips;
pub(super) mod sequence;
pub mod snapshots;
pub(super) mod step_table;
pub(super) mod trainer;
pub(super) mod under_way;
