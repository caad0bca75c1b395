//! What is measured, and how.

use super::Protocol;
use crate::nets::fusion::Fusion;
use crate::training::FlowSource;

/// How a model is measured.
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
