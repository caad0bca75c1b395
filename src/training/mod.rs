//! Training: MotionNet without labels, then the streams, from clips to a finished model folder.
//!
//! In the order of the data flow: the loader prepares batches of the clips of a [data set](crate::data) ahead of the
//! step, the objective converts a batch to [`losses`], and the optimiser updates the trained parameters. [`run()`]
//! executes a complete run, with checkpoints and a history; [`validation`] evaluates other clips. A running run is
//! controlled by a [`TrainingControl`]; it can return to its [`snapshots`].

mod bare_steps;
pub(crate) mod batches;
mod config;
pub mod finetune;
mod flow;
mod held_out;
mod joint_init;
mod loader;
mod loading;
mod located_path;
mod model_export;
mod model_init;
pub(crate) mod motion_squares;
mod network_hash;
mod next_frames;
mod objective;
mod optim;
mod photometric_error;
mod probe;
mod relabelling;
mod run;
mod sampling;
mod step_times;
mod thresholds;
mod true_flow;
pub mod validation;

pub use crate::nets::FlowSource;
pub use bare_steps::{BareSteps, step_times};
pub use config::choices::FlowTeacher;
pub use config::distillation::Distillation;
pub use config::freeze::Freeze;
pub use config::plan::{ClassBalance, NO_CLIPPING, Network, OptimiserKind, ScheduleKind, TemporalMode, TrainingPlan};
pub use config::recipe::Recipe;
pub use config::run_kind::RunKind;
pub use flow::clip_flow::ClipFlow;
pub use held_out::HeldOut;
pub use loading::loading_time;
pub use model_init::random_part;
pub use objective::losses;
pub use objective::losses::{LossPreset, LossSwitches, LossTerm, SupervisedLoss};
pub use optim::gradient_shares::{GradientShare, GradientShares};
pub use probe::features::{ClipFeatures, FeatureInput};
pub use run::base_clips::trained_on_remark;
pub use run::catalog as runs;
pub(crate) use run::checkpoint;
pub use run::curves::ResumedRun;
pub use run::events::{CutCount, CutShort, EndingWork, Preparation, StepMetrics, TrainingControl, TrainingEvent};
pub use run::folder::inherited;
pub use run::sequence::run_in_turn;
pub use run::snapshots;
pub use run::snapshots::Snapshot;
pub use run::trainer::run;
pub use step_times::{Fit, StepTimes};
pub(crate) use thresholds::{DEFAULT_THRESHOLD, average_precision};
