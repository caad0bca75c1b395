//! Training: MotionNet without labels, then the streams, from clips to a finished model folder.
//!
//! In the order in which data flows: a [`dataset`] lists the clips, [`clips`] decodes them and may keep them in a
//! [`clip_cache`], [`augmentation`] draws what is
//! seen of them, the loader makes batches ahead of the step, the objective turns a batch into [`losses`] and the
//! solver into an update. [`run()`] is the walk through all of it, with checkpoints and a history;
//! [`validation`] measures on other clips.

pub mod augmentation;
mod checkpoint;
pub mod clip_cache;
pub mod clips;
pub mod dataset;
mod event;
mod frozen_flow;
mod head;
mod history;
mod loader;
pub mod losses;
mod objective;
mod plan;
mod run;
mod solver;
mod start;
pub mod validation;

pub use clip_cache::CachePlan;
pub use dataset::{DataSource, ListSource, Subset};
pub use event::{StepMetrics, TrainingControl, TrainingEvent};
pub use losses::LossPreset;
pub use plan::{Network, OptimiserKind, ScheduleKind, TemporalMode, TrainingPlan};
pub use run::run;
