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

    /// Returns what the comparison does to the model in `in_use`.
    pub fn in_words(&self, in_use: Option<&Path>) -> String {
        match in_use {
            Some(dir) if dir == self.new => "Swipe between the old flow and that of the model in use".into(),
            Some(dir) => format!("Load {} in place of {} and swipe between both flows", named(&self.new), named(dir)),
            None => format!("Load {} and swipe between both flows", named(&self.new)),
        }
    }

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

/// Returns what people call the model in a folder: its run, for `<run>/model`, with the step for `<run>/snapshots/step-…`.
fn named(dir: &Path) -> String {
    let name = |dir: &Path| dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let run = |levels| dir.ancestors().nth(levels).map(name).filter(|name| !name.is_empty());
    let is_in = |folder: &str| dir.parent().is_some_and(|parent| parent.ends_with(folder));
    match dir {
        _ if dir.ends_with("model") => run(1).unwrap_or_else(|| name(dir)),
        _ if is_in("snapshots") => run(2).map_or_else(|| name(dir), |run| format!("{run} {}", name(dir))),
        _ => name(dir),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{Network, TemporalMode};

    #[test]
    fn the_model_that_is_loaded_and_the_one_that_makes_way_are_named() {
        let both = |new: &str| OldAndNew { old: "/models/base".into(), new: new.into() };
        let in_words = |new: &str, in_use: &str| both(new).in_words(Some(Path::new(in_use)));
        let words = in_words("/runs/tune-01/model", "/models/default");
        assert_eq!(words, "Load tune-01 in place of default and swipe between both flows");
        assert!(in_words("/runs/a/snapshots/step-00020", "/models/b").starts_with("Load a step-00020 in place of b"));
        assert!(!in_words("/runs/a/model", "/runs/a/model").contains("Load"), "it is in use");
    }

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
