//! A trained model that a stream learns from beside the labels.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::range::TEACHER_WEIGHTS;
use crate::error::{Error, Result};
use crate::nets::FlowSource;

/// A teacher of a stream: its softened scores are targets beside the labels (Hinton et al. 2015; Zhang et al. 2016).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distillation {
    /// The folder of the teacher, a model of the same classes with the stream that is trained.
    pub model: PathBuf,
    /// The flow that a temporal teacher reads; the student may read another.
    #[serde(default)]
    pub flow_source: FlowSource,
    /// Temperature T by which the logits of both are divided.
    pub temperature: f64,
    /// Weight of the soft loss beside the action loss; `None` is T².
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
}

impl Distillation {
    /// The temperature of enhanced motion vectors: a reading of Zhang et al. (2016), who do not state it.
    pub const TEMPERATURE: f64 = 2.0;

    /// Returns a teacher at the usual temperature and weight.
    pub fn of(model: PathBuf) -> Self {
        Self { model, flow_source: FlowSource::MotionNet, temperature: Self::TEMPERATURE, weight: None }
    }

    /// Returns the weight of the soft loss.
    pub fn weight(&self) -> f64 {
        self.weight.unwrap_or(self.temperature * self.temperature)
    }

    /// Refuses temperatures and weights that cannot be.
    pub(super) fn check(&self) -> Result<()> {
        if !(0.1..=100.0).contains(&self.temperature) {
            let cause = format!("{} is outside 0.1…100", self.temperature);
            return Err(Error::new("temperature", cause, "2 is usual; 1 leaves the teacher's scores as they are"));
        }
        // T² reaches the upper end.
        if !(*TEACHER_WEIGHTS.start()..=1e4).contains(&self.weight()) {
            let cause = format!("{:e} is outside 1e-6 to 10000", self.weight());
            return Err(Error::new("teacher weight", cause, "The square of the temperature is usual"));
        }
        Ok(())
    }
}
