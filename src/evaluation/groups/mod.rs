//! Leave one group out: clips of each recording are scored by networks that were made from all others.
//!
//! [`folds()`] says which clips are held out together, [`evaluate_groups`] makes networks for each fold, scores what it
//! holds out and pools all scores into one [`ActionsReport`](super::ActionsReport). What a fold has scored lies in its folder, so
//! that an evaluation that was killed goes on with the next.

mod config;
mod folds;
mod learning;
mod plan;
mod run;
mod stored_scores;

pub use folds::{Fold, FoldCount, folds};
pub use plan::{GroupsEvent, GroupsPlan, Learning};
pub use run::{GroupsOutcome, evaluate_groups};
