//! Cross-validation by group: clips of each recording are scored by networks trained on all others.
//!
//! [`folds()`] assigns clips to folds. [`evaluate_groups`] trains networks for each fold, scores its held-out clips and
//! pools all scores into one [`ActionsReport`](super::ActionsReport). Scores are stored by fold, so that an interrupted
//! evaluation resumes with the next one. [`GroupsEvaluation`] scores the folds one by one, for several machines.

mod config;
mod folds;
mod learning;
mod plan;
mod run;
mod scored_fold;
mod settings;
mod stored_scores;

pub use folds::{Fold, FoldCount, folds};
pub use plan::{GroupsEvent, GroupsPlan, Learning};
pub use run::{GroupsEvaluation, GroupsOutcome, evaluate_groups};
pub use scored_fold::ScoredFold;
pub use settings::GroupsSettings;
