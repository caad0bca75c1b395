//! Checks of multi-label plans.

use super::plan::{Network, TrainingPlan};
use super::run_kind::RunKind;
use crate::error::{Error, Result};

impl TrainingPlan {
    /// Rejects multi-label plans with settings that assume mutually exclusive classes.
    pub(super) fn check_multi_label(&self) -> Result<()> {
        if !self.multi_label {
            return Ok(());
        }
        let refuse = |cause: &str, remedy| Err(Error::new("multi-label", cause, remedy));
        match self {
            Self { network: Network::Flow, .. } => refuse("MotionNet predicts no classes", "Train a stream"),
            Self { kind, .. } if *kind != RunKind::Training => {
                refuse("a linear probe has exclusive classes", "Fine-tune more layers")
            }
            Self { distillation: Some(_), .. } => {
                refuse("a teacher's classes exclude each other", "Train without --teacher")
            }
            Self { label_smoothing, .. } if *label_smoothing > 0.0 => {
                refuse("label smoothing shares a target among exclusive classes", "Use a label smoothing of 0")
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_exclusive_classes_is_refused() {
        let plan = TrainingPlan { multi_label: true, ..TrainingPlan::of(Network::Spatial) };
        assert!(plan.check().is_ok());
        let cause = |plan: TrainingPlan| plan.check_multi_label().unwrap_err().cause;
        assert_eq!(cause(TrainingPlan { network: Network::Flow, ..plan.clone() }), "MotionNet predicts no classes");
        let smoothed = TrainingPlan { label_smoothing: 0.1, ..plan };
        assert_eq!(cause(smoothed), "label smoothing shares a target among exclusive classes");
    }
}
