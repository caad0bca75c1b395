//! The plan of an evaluation.

use super::Protocol;
use crate::nets::fusion::Fusion;
use crate::training::FlowSource;

/// The plan of an evaluation of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationPlan {
    /// What the data are called in reports: the path of their list.
    pub data: String,
    /// How clips are seen.
    pub protocol: Protocol,
    /// How the streams are joined.
    pub fusion: Fusion,
    /// What the temporal stream reads the flow of.
    pub flow_source: FlowSource,
}
