//! Cross-validation by group: clips of each recording are scored by networks trained on all others.
//!
//! [`folds()`] assigns clips to folds. [`evaluate_groups`] trains networks for each fold, scores its held-out clips and
//! pools all scores into one [`ActionsReport`](super::ActionsReport). Scores are stored by fold, so that an interrupted
//! evaluation resumes with the next one.

mod config;
mod folds;
mod learning;
mod plan;
mod run;
mod stored_scores;

pub use folds::{Fold, FoldCount, folds};
pub use plan::{GroupsEvent, GroupsPlan, Learning};
pub use run::{GroupsOutcome, evaluate_groups};
