//! Training: MotionNet without labels, then the streams, from clips to a finished model folder.
//!
//! In the order in which data flows: a [`dataset`] lists the clips, of which some may be held out to measure on;
//! [`clips`] decodes them and may keep them in a [`clip_cache`], [`augmentation`] draws what is seen of them, the loader makes batches ahead of the step, the
//! objective turns a batch into [`losses`] and the solver into an update of the parts that are trained. [`run()`] is the
//! walk through all of it, with checkpoints and a history; [`validation`] measures on other clips. While it runs it is steered by
//! a [`TrainingControl`]; what it can go back to are its [`snapshots`].

pub mod augmentation;
mod average;
pub(crate) mod batches;
mod checkpoint;
pub mod clip_cache;
mod clip_features;
mod clip_flow;
pub mod clips;
mod clock;
pub mod dataset;
mod date;
mod divergence;
mod event;
mod feature_store;
mod feature_taker;
mod flow_source;
mod freeze;
mod frozen_flow;
mod gradient_shares;
mod head;
mod head_run;
mod history;
pub mod hold_out;
mod last_layer;
mod left_out;
mod loader;
mod loading;
pub mod losses;
mod memory;
pub mod memory_budget;
mod network_hash;
mod objective;
mod pace;
mod parts;
mod plan;
mod recipe;
mod run;
mod run_clips;
mod run_folder;
mod run_lock;
pub mod runs;
mod session;
pub mod snapshots;
mod solver;
mod start;
mod step_table;
mod step_times;
pub mod tuning;
pub mod validation;
mod views;

pub use clip_cache::CachePlan;
pub use clip_features::ClipFeatures;
pub use clip_flow::ClipFlow;
pub use dataset::{DataSource, ListSource, Pieces, Subset};
pub use date::today;
pub use event::{StepMetrics, TrainingControl, TrainingEvent};
pub use flow_source::FlowSource;
pub use freeze::Freeze;
pub use gradient_shares::{GradientShare, GradientShares};
pub use loading::loading_time;
pub use losses::{LossPreset, LossSwitches, LossTerm};
pub use plan::{ClassBalance, NO_CLIPPING, Network, OptimiserKind, ScheduleKind, TemporalMode, TrainingPlan};
pub use recipe::Recipe;
pub use run::run;
pub use session::run_in_turn;
pub use snapshots::Snapshot;
pub use step_times::{Fit, StepTimes};
