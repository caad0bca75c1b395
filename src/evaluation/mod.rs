//! Evaluation: what a trained model is worth on clips it has never seen.

mod actions;

pub use actions::{ActionsReport, ClipResult, EvaluationPlan, evaluate_actions};
