//! The clips that the base model of a run was itself trained on: what is measured on them is too good.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::run_clips::listed;
use crate::data::LabelledClip;
use crate::error::Error;
use crate::files;
use crate::training::config::plan::TrainingPlan;
use crate::training::config::run_kind::RunKind;

/// Longest chain of models, each trained from the one before, that is followed.
const MOST_RUNS: usize = 20;

/// What the runs behind a base model learned from, as far as their folders are still there.
#[derive(Debug, Default)]
pub(in crate::training) struct BaseClips {
    learned: BTreeSet<PathBuf>,
    /// Whether one of the runs changed more than a last layer.
    changed_features: bool,
}

impl BaseClips {
    /// Returns those of the base of `plan`, and of the models that it was trained from.
    pub fn of(plan: &TrainingPlan) -> Self {
        Self::behind(plan.base.clone())
    }

    /// Returns those of the model in the folder `base`, and of the models that it was trained from.
    fn behind(mut base: Option<PathBuf>) -> Self {
        let mut clips = Self::default();
        for _ in 0..MOST_RUNS {
            let Some(run) = base.as_deref().and_then(Path::parent) else { break };
            let (Some(listed), Some(plan)) = (listed(run), plan_of(run)) else { break };
            clips.learned.extend(listed.training.into_iter().map(|clip| clip.path));
            clips.changed_features |= plan.kind == RunKind::Training;
            base = plan.base;
        }
        clips
    }

    /// Returns how many of `clips` the base learned from.
    pub fn count<'a>(&self, clips: impl IntoIterator<Item = &'a LabelledClip>) -> usize {
        clips.into_iter().filter(|clip| self.learned.contains(&clip.path)).count()
    }

    /// Returns what to say of an accuracy on `measured` clips, if the base learned from some of them: where only last layers were
    /// trained and this one starts `afresh`, nothing is known about them.
    pub fn warning(&self, measured: &[LabelledClip], afresh: bool, plan: &TrainingPlan) -> Option<Error> {
        let known = self.count(measured);
        if known == 0 || afresh && !self.changed_features {
            return None;
        }
        let base = plan.base.as_deref().and_then(Path::parent).and_then(Path::file_name).unwrap_or_default();
        let cause = format!(
            "the base model '{}' was trained on {known} of the {} clips that it is measured on, so it will be too high",
            base.to_string_lossy(),
            measured.len()
        );
        Some(Error::new("accuracy", cause, "Start from the model that the base was trained from"))
    }
}

/// Returns what to say of an evaluation of the model in the folder `model` on `clips`, if it was trained on some of them.
pub fn trained_on_remark(model: &Path, clips: &[LabelledClip]) -> Option<String> {
    // A model folder named relative to the working folder may have no parent in its name.
    let model = std::path::absolute(model).ok()?;
    let known = BaseClips::behind(Some(model)).count(clips);
    (known > 0).then(|| {
        format!(
            "The model was trained on {known} of these {} clips: its accuracy on new clips will be lower.",
            clips.len()
        )
    })
}

fn plan_of(run: &Path) -> Option<TrainingPlan> {
    toml::from_str(&files::read_to_string(run.join("config.toml")).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::super::run_clips::keep_for_test;
    use super::*;

    fn clip(name: &str) -> LabelledClip {
        LabelledClip { path: name.into(), label: 0, segment_secs: None, group: None }
    }

    fn write(run: &Path, plan: &TrainingPlan, clips: &[LabelledClip]) {
        std::fs::create_dir_all(run).unwrap();
        std::fs::write(run.join("config.toml"), toml::to_string(plan).unwrap()).unwrap();
        keep_for_test(run, &["a"], clips, &[]);
    }

    #[test]
    fn clips_of_all_models_behind_the_base_are_known() {
        let dir = tempfile::tempdir().unwrap();
        let [first, second] = ["tune-01", "tune-02"].map(|name| dir.path().join(name));
        let probe = RunKind::LinearProbe { windows: 3 };
        write(
            &first,
            &TrainingPlan { kind: probe, base: Some("models/default".into()), ..TrainingPlan::default() },
            &[clip("a.avi")],
        );
        let of_first = Some(first.join("model"));
        write(&second, &TrainingPlan { kind: probe, base: of_first, ..TrainingPlan::default() }, &[clip("b.avi")]);
        let plan = TrainingPlan { base: Some(second.join("model")), ..TrainingPlan::default() };
        let known = BaseClips::of(&plan);
        let clips = ["a.avi", "b.avi", "c.avi"].map(clip);
        assert_eq!(known.count(&clips), 2);
        let remark = trained_on_remark(&second.join("model"), &clips).unwrap();
        assert!(remark.contains("on 2 of these 3 clips"), "{remark}");
        assert!(known.warning(&clips, true, &plan).is_none(), "last layers that start afresh know nothing");
        let warning = known.warning(&clips, false, &plan).unwrap();
        assert!(warning.cause.contains("'tune-02'") && warning.cause.contains("2 of the 3 clips"), "{warning}");

        write(&first, &TrainingPlan { kind: RunKind::Training, ..TrainingPlan::default() }, &[clip("a.avi")]);
        assert!(
            BaseClips::of(&plan).warning(&clips, true, &plan).is_some(),
            "features that learned the clips know them"
        );
        assert!(BaseClips::of(&TrainingPlan::default()).warning(&clips, false, &plan).is_none());
    }
}
