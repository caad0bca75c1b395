//! The plan of an evaluation.

use super::Protocol;
use crate::nets::fusion::Fusion;
use crate::training::FlowSource;

/// The plan of an evaluation of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationPlan {
    /// Name of the data in reports: the path of their list.
    pub data: String,
    /// Views of a clip.
    pub protocol: Protocol,
    /// Fusion of the streams.
    pub fusion: Fusion,
    /// The flow source of the temporal stream.
    pub flow_source: FlowSource,
}
