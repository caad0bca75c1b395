//! Distillation: a trained model as teacher of a stream.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::range::TEACHER_WEIGHTS;
use crate::error::{Error, Result};
use crate::nets::FlowSource;

/// A teacher of a stream, whose softened scores are targets in addition to the labels (Hinton et al. 2015; Zhang et al.
/// 2016).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distillation {
    /// Model folder of the teacher, which must have the same classes and the stream that is trained.
    pub model: PathBuf,
    /// The flow that a temporal teacher reads; the student's may differ.
    #[serde(default)]
    pub flow_source: FlowSource,
    /// Temperature T that the logits of both are divided by.
    pub temperature: f64,
    /// Weight of the soft loss relative to the action loss; `None` for T².
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
}

impl Distillation {
    /// Default temperature, as for EMV-CNN; our reading of Zhang et al. (2016), who do not state it.
    pub const TEMPERATURE: f64 = 2.0;

    /// Returns a teacher with the default temperature and weight.
    pub fn of(model: PathBuf) -> Self {
        Self { model, flow_source: FlowSource::MotionNet, temperature: Self::TEMPERATURE, weight: None }
    }

    /// Returns the weight of the soft loss.
    pub fn weight(&self) -> f64 {
        self.weight.unwrap_or(self.temperature * self.temperature)
    }

    /// Rejects temperatures and weights outside their ranges.
    pub(super) fn check(&self) -> Result<()> {
        if !(0.1..=100.0).contains(&self.temperature) {
            let cause = format!("{} is outside 0.1…100", self.temperature);
            return Err(Error::new("temperature", cause, "2 is usual; 1 leaves the teacher's scores as they are"));
        }
        // Up to T² of the highest temperature.
        if !(*TEACHER_WEIGHTS.start()..=1e4).contains(&self.weight()) {
            let cause = format!("{:e} is outside 1e-6 to 10000", self.weight());
            return Err(Error::new("teacher weight", cause, "The square of the temperature is usual"));
        }
        Ok(())
    }
}
