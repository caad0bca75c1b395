//! Evaluation: what a trained model is worth on clips it has never seen, and a flow method on the benchmarks.

mod actions;
mod flow;
pub mod flow_benchmarks;
mod motion_net_flow;

pub use actions::{ActionsReport, ClipResult, EvaluationPlan, evaluate_actions};
pub use flow::{FlowReport, MeanResult, PairResult, evaluate_flow};
pub use motion_net_flow::MotionNetFlow;
