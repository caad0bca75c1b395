//! The training clips of a run's base model and teacher, on which validation results would be too optimistic.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::run_clips::listed;
use crate::data::LabelledClip;
use crate::error::Error;
use crate::files;
use crate::training::config::plan::TrainingPlan;
use crate::training::config::run_kind::RunKind;
use crate::training::located_path::located;

/// File name of a run's plan.
const CONFIG: &str = "config.toml";

/// Maximum length of a chain of base models that is followed.
const MOST_RUNS: usize = 20;

/// The training clips of the runs that produced a base model and a teacher, as far as their folders still exist.
#[derive(Debug, Default)]
pub(in crate::training) struct BaseClips {
    learned: BTreeSet<PathBuf>,
    /// `true` if one of the runs was not a linear probe.
    changed_features: bool,
}

impl BaseClips {
    /// Returns the training clips of the base and the teacher of `plan`, and of the models that these were trained
    /// from.
    pub fn of(plan: &TrainingPlan) -> Self {
        Self::behind(models_of(plan))
    }

    /// Returns the training clips of the models in the folders `models`, and of the models that these were trained
    /// from.
    fn behind(mut models: Vec<PathBuf>) -> Self {
        let (mut clips, mut runs) = (Self::default(), BTreeSet::new());
        while let Some(model) = models.pop().filter(|_| runs.len() < MOST_RUNS) {
            let Some(run) = run_of(&model).filter(|run| runs.insert(run.clone())) else { continue };
            let (Some(listed), Some(plan)) = (listed(&run), plan_of(&run)) else { continue };
            let folder = listed.folder.unwrap_or_default();
            clips.learned.extend(listed.training.into_iter().map(|clip| located(&folder.join(clip.path))));
            clips.changed_features |= plan.kind == RunKind::Training;
            models.extend(models_named(&plan).map(|model| located(&folder.join(model))));
        }
        clips
    }

    /// Returns the number of `clips` that these models were trained on, regardless of how paths are written.
    pub fn count<'a>(&self, clips: impl IntoIterator<Item = &'a LabelledClip>) -> usize {
        clips.into_iter().filter(|clip| self.learned.contains(&located(&clip.path))).count()
    }

    /// Returns a warning about the accuracy on `measured` clips if the base or the teacher was trained on some of them.
    /// There is none if only last layers were trained and this one starts `afresh`, as nothing about the clips is
    /// retained.
    pub fn warning(&self, measured: &[LabelledClip], afresh: bool, plan: &TrainingPlan) -> Option<Error> {
        let known = self.count(measured);
        if known == 0 || afresh && !self.changed_features {
            return None;
        }
        let name = |model: &Path| {
            run_of(model).as_deref().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned()
        };
        let teacher = plan.distillation.as_ref().map(|distillation| name(&distillation.model));
        let (models, remedy) = match (plan.base.as_deref().map(name), teacher) {
            (Some(base), Some(teacher)) if base != teacher => {
                (format!("base model '{base}' or the teacher '{teacher}'"), "Use models that were not trained on them")
            }
            (None, Some(teacher)) => (format!("teacher '{teacher}'"), "Use a teacher that was not trained on them"),
            (base, _) => {
                let base = base.unwrap_or_default();
                (format!("base model '{base}'"), "Start from the model that the base was trained from")
            }
        };
        let cause = format!(
            "the {models} was trained on {known} of the {} clips that it is measured on, so it will be too high",
            measured.len()
        );
        Some(Error::new("accuracy", cause, remedy))
    }
}

/// Returns a remark on an evaluation of the model in the folder `model` on `clips`, if it was trained on some of them.
pub fn trained_on_remark(model: &Path, clips: &[LabelledClip]) -> Option<String> {
    // A relative path to a model folder may not contain its parent.
    let known = BaseClips::behind(vec![located(model)]).count(clips);
    (known > 0).then(|| {
        format!(
            "The model was trained on {known} of these {} clips: its accuracy on new clips will be lower.",
            clips.len()
        )
    })
}

/// Returns the models that a run depends on: its base and its teacher.
fn models_of(plan: &TrainingPlan) -> Vec<PathBuf> {
    models_named(plan).map(|model| located(model)).collect()
}

/// Like [`models_of`], with the paths as written in the plan.
fn models_named(plan: &TrainingPlan) -> impl Iterator<Item = &PathBuf> {
    plan.base.iter().chain(plan.distillation.as_ref().map(|teacher| &teacher.model))
}

/// Returns the folder of the run that produced the model in `model`, which is inside it or among its snapshots.
fn run_of(model: &Path) -> Option<PathBuf> {
    let model = located(model);
    let folders = model.ancestors().skip(1).take(2);
    folders.map(Path::to_owned).find(|folder| folder.join(CONFIG).is_file())
}

fn plan_of(run: &Path) -> Option<TrainingPlan> {
    toml::from_str(&files::read_to_string(run.join(CONFIG)).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::super::run_clips::keep_for_test;
    use super::*;
    use crate::training::config::distillation::Distillation;

    fn clip(name: &str) -> LabelledClip {
        LabelledClip { path: name.into(), label: 0, segment_secs: None, group: None, also: Vec::new() }
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
        assert_eq!(trained_on_remark(&second.join("snapshots/step-00000400"), &clips), Some(remark));
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

    #[test]
    fn clips_of_a_run_that_began_in_another_folder_are_known() {
        let dir = tempfile::tempdir().unwrap();
        let [first, second] = ["tune-01", "tune-02"].map(|name| dir.path().join("work").join(name));
        write(&first, &TrainingPlan::default(), &[clip("../data/a.avi")]);
        let base = Some("tune-01/model".into());
        write(&second, &TrainingPlan { base, ..TrainingPlan::default() }, &[clip("../data/b.avi")]);
        for run in [&first, &second] {
            let kept = run.join("clips.toml");
            let text = std::fs::read_to_string(&kept).unwrap();
            let here = std::env::current_dir().unwrap().display().to_string();
            let there = dir.path().join("work").display().to_string();
            assert!(text.contains(&here), "{text}");
            std::fs::write(&kept, text.replace(&here, &there)).unwrap();
        }
        let at = |name: &str| clip(dir.path().join("data").join(name).to_str().unwrap());
        let remark = trained_on_remark(&second.join("model"), &[at("a.avi"), at("b.avi"), at("c.avi")]).unwrap();
        assert!(remark.contains("on 2 of these 3 clips"), "{remark}");
        assert_eq!(trained_on_remark(&second.join("model"), &[clip("../data/a.avi")]), None, "another clip, of here");
    }

    #[test]
    fn clips_of_a_teacher_are_known_however_they_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let [teacher, student] = ["teacher", "student"].map(|name| dir.path().join(name));
        write(&teacher, &TrainingPlan::default(), &[clip("clips/a.avi")]);
        let distillation = Some(Distillation::of(teacher.join("model")));
        let plan = TrainingPlan { distillation, ..TrainingPlan::default() };
        let whole = std::path::absolute("clips/a.avi").unwrap();
        let clips = [clip("./clips/a.avi"), clip(whole.to_str().unwrap()), clip("clips/b.avi")];
        let warning = BaseClips::of(&plan).warning(&clips, false, &plan).unwrap();
        assert!(warning.cause.contains("teacher 'teacher' was trained on 2 of the 3"), "{warning}");
        write(&student, &plan, &[clip("clips/c.avi")]);
        assert!(trained_on_remark(&student.join("model"), &clips).unwrap().contains("on 2 of these 3 clips"));
    }
}
