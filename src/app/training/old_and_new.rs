//! The comparison of the flow of a run's model with that of the model it started from.

use std::path::{Path, PathBuf};

use crate::training::TrainingPlan;

/// The folders of the models whose flows are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldAndNew {
    /// The model that the run started from.
    pub old: PathBuf,
    /// The model of the run, which the comparison loads.
    pub new: PathBuf,
}

impl OldAndNew {
    /// What the comparison does, as a tooltip has it: it replaces the model in use.
    pub const TOOLTIP: &'static str = "Load the new model and swipe between both flows";

    /// Returns the models to compare, where `made_by` are the runs that `new` is the result of; the reason if there is nothing to
    /// compare.
    pub fn of<'a>(
        old: Option<&Path>,
        new: Option<&Path>,
        made_by: impl IntoIterator<Item = &'a TrainingPlan>,
    ) -> Result<Self, &'static str> {
        let new = new.ok_or("There is no trained model yet")?.to_owned();
        let old = old.ok_or("Training did not start from a model")?.to_owned();
        let mut plans = made_by.into_iter().peekable();
        let is_known = plans.peek().is_some();
        match is_known && !plans.any(TrainingPlan::trains_motion) {
            true => Err("The training left MotionNet as it was: both flows are the same"),
            false => Ok(Self { old, new }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{Network, TemporalMode};

    #[test]
    fn flows_are_compared_where_a_run_has_changed_motion_net() {
        let [old, new] = ["/models/base", "/runs/a/model"].map(Path::new);
        let temporal = |mode| TrainingPlan { mode, ..TrainingPlan::of(Network::Temporal) };
        let runs = |mode| [TrainingPlan::of(Network::Spatial), temporal(mode)];
        let both = OldAndNew { old: old.into(), new: new.into() };
        assert_eq!(OldAndNew::of(Some(old), Some(new), &runs(TemporalMode::C)), Ok(both.clone()));
        assert_eq!(OldAndNew::of(Some(old), Some(new), &[]), Ok(both), "nothing is known of the runs");
        let same = OldAndNew::of(Some(old), Some(new), &runs(TemporalMode::A)).unwrap_err();
        assert!(same.contains("both flows are the same"));
        let spatial = &runs(TemporalMode::C)[..1];
        assert!(OldAndNew::of(Some(old), Some(new), spatial).is_err(), "it was stopped before MotionNet's turn");
        for [old, new] in [[None, Some(new)], [Some(old), None]] {
            assert!(OldAndNew::of(old, new, &runs(TemporalMode::C)).is_err());
        }
    }
}
