//! The folder of a run: its settings, and exclusive access for training.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use super::catalog::{Run, SettingDifference};
use super::checkpoint;
use super::lock;
use super::run_clips::RunClips;
use crate::atomic;
use crate::error::{Error, Result};
use crate::file_lock::FileLock;
use crate::files;
use crate::output::OutputGuard;
use crate::training::config::file::read_plan;
use crate::training::config::plan::{Network, TrainingPlan};
use crate::training::model_init::with_inherited;

/// Prefix of a settings file, before the version.
const WRITTEN_BY: &str = "# Motionscope ";
/// Files of a run besides its settings.
const FILES: [&str; 5] = ["metrics.csv", "validation.csv", "gradients.csv", "interventions.csv", "model/model.toml"];
/// Maximum number of differences named in an error.
const NAMED: usize = 3;

/// Creates the run folder and its `config.toml` and locks it; rejects a folder that holds another run or is already
/// being trained in.
pub(in crate::training) fn prepare_folder(plan: &TrainingPlan) -> Result<FileLock> {
    let path = plan.run_dir.join("config.toml");
    let plan = &written_out(&plan.as_carried_out(), &path)?;
    let dir: &Path = &plan.run_dir;
    fs::create_dir_all(dir).map_err(|error| Error::not_made(dir, &error))?;
    let lock = lock::take(dir)?;
    let text = toml::to_string_pretty(plan).map_err(|error| Error::wrap(&path, error, "Report this plan"))?;
    let text = format!("{WRITTEN_BY}{}\n{text}", env!("CARGO_PKG_VERSION"));
    refuse_foreign(dir, &path)?;
    if checkpoint::find(dir).is_some() {
        check_same(plan, &path)?;
    }
    atomic::replace(&path, |writer| writer.write_all(text.as_bytes()))?;
    Ok(lock)
}

/// Returns `plan` with the settings inherited from its base filled in, so that a change of the base is noticed when the
/// run is resumed. If the base of an existing run can no longer be read, the settings saved at `path` are used.
fn written_out(plan: &TrainingPlan, path: &Path) -> Result<TrainingPlan> {
    let failed = match inherited(plan) {
        Ok(plan) => return Ok(plan),
        Err(error) => error,
    };
    let before = files::read_to_string(path).ok().and_then(|text| toml::from_str::<TrainingPlan>(&text).ok());
    let Some(before) = before.filter(|_| checkpoint::find(&plan.run_dir).is_some()) else { return Err(failed) };
    Ok(TrainingPlan {
        input: plan.input.or(before.input),
        flow_resolution: plan.flow_resolution.or(before.flow_resolution),
        temporal_crop: plan.temporal_crop.or(before.temporal_crop),
        flow_mean: plan.flow_mean.or(before.flow_mean),
        spatial_crop: plan.spatial_crop.or(before.spatial_crop),
        flow_source: plan.flow_source.or(before.flow_source),
        ..plan.clone()
    })
}

/// Returns `plan` with the settings inherited from its base filled in.
///
/// # Errors
/// If the base's card cannot be read, or the clips cannot be listed.
pub fn inherited(plan: &TrainingPlan) -> Result<TrainingPlan> {
    with_inherited(plan, || Ok(RunClips::of(plan)?.dataset.classes))
}

/// Rejects a folder `dir` that contains files with the names of a run's files but from another origin; the run's
/// settings are at `path`.
fn refuse_foreign(dir: &Path, path: &Path) -> Result<()> {
    let foreign = |file: &Path| {
        Err(Error::file(file, "it belongs to another program and was not replaced", "Choose another run folder"))
    };
    match files::read(path) {
        Ok(before) => {
            let before = String::from_utf8_lossy(&before);
            let is_ours = before.starts_with(WRITTEN_BY) || toml::from_str::<TrainingPlan>(&before).is_ok();
            if is_ours { Ok(()) } else { foreign(path) }
        }
        // The settings are the first file that is written to a run folder.
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let existing = OutputGuard::default().existing(&FILES.map(|name| dir.join(name)))?;
            existing.first().map_or(Ok(()), |file| foreign(file))
        }
        Err(error) => Err(Error::io(path, &error)),
    }
}

/// Rejects a plan that differs from the one saved at `path`, for which there is a checkpoint, and names the
/// differences.
fn check_same(plan: &TrainingPlan, path: &Path) -> Result<()> {
    let Ok(before) = files::read_to_string(path) else { return Ok(()) };
    let remedy = "Choose another run folder, or delete this one";
    let before = read_plan(&before, path)?;
    // Settings that do not affect the results may differ.
    let numbers = |plan: &TrainingPlan| TrainingPlan { cache: None, snapshots: 1, ..plan.clone() };
    let mut before = before.as_carried_out();
    // Older versions subtracted the middle level from all flow.
    if before.network == Network::Temporal {
        before.flow_mean.get_or_insert_default();
    }
    // Older versions did not save the settings that a run inherited from its base.
    let before = inherited(&before).unwrap_or(before);
    let (before, now) = (numbers(&before), numbers(plan));
    if before == now {
        return Ok(());
    }
    let differences = Run::differences(&[&before, &now]);
    let cause = format!("holds a run with other settings: {}", named(&differences));
    Err(Error::file(&plan.run_dir, cause, remedy))
}

/// Describes the first of `differences`: `steps is 60 there and 61 here`.
fn named(differences: &[SettingDifference]) -> String {
    let value = |value: &String| if value.is_empty() { "not set".to_owned() } else { value.clone() };
    let one = |difference: &SettingDifference| {
        let SettingDifference { key, values } = difference;
        format!("{key} is {} there and {} here", value(&values[0]), value(&values[1]))
    };
    let words: Vec<String> = differences.iter().take(NAMED).map(one).collect();
    match (differences.len(), words.join(", ")) {
        (0, _) => "the clips differ".into(), // long lists are represented by their lengths
        (count, words) if count > NAMED => format!("{words}, and {} more", count - NAMED),
        (_, words) => words,
    }
}

#[cfg(test)]
mod tests {
    use super::super::checkpoint::Progress;
    use super::*;
    use crate::nets::{Backbone, FlowMean, FlowResolution, MotionCrop};

    #[test]
    fn what_differs_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let plan = TrainingPlan { run_dir: dir.path().to_owned(), steps: 60, ..TrainingPlan::of(Network::Spatial) };
        drop(prepare_folder(&plan).unwrap());
        checkpoint::write(dir.path(), &Progress::start(), |_| Ok(())).unwrap();
        drop(prepare_folder(&TrainingPlan { snapshots: 3, ..plan.clone() }).unwrap());
        let error = prepare_folder(&TrainingPlan { steps: 61, ..plan.clone() }).err().unwrap();
        assert_eq!(error.cause, "holds a run with other settings: steps is 60 there and 61 here");
        let other = TrainingPlan { steps: 61, patience: Some(2), seed: 5, batch: 3, accumulate: 2, ..plan };
        let error = prepare_folder(&other).err().unwrap();
        assert!(error.cause.ends_with("patience is not set there and 2 here, and 2 more"), "{error}");
    }

    /// Writes the card of the shipped model with another flow crop.
    fn write_base(dir: &Path, crop: &str) {
        let card = concat!(env!("CARGO_MANIFEST_DIR"), "/models/default/model.toml");
        let card = fs::read_to_string(card).unwrap().replace("[temporal]", &format!("[temporal]\ncrop = \"{crop}\""));
        fs::create_dir_all(dir).unwrap();
        fs::write(dir.join("model.toml"), card).unwrap();
    }

    #[test]
    fn a_new_cnn_m_reads_flow_less_its_mean_and_older_runs_are_not_resumed_so() {
        let dir = tempfile::tempdir().unwrap();
        let stream =
            |backbone| TrainingPlan { backbone, run_dir: dir.path().into(), ..TrainingPlan::of(Network::Temporal) };
        assert_eq!(inherited(&stream(Backbone::Vgg16)).unwrap().flow_mean, Some(FlowMean::Middle));
        let plan = stream(Backbone::CnnM2048);
        assert_eq!(inherited(&plan).unwrap().flow_mean, Some(FlowMean::Field));
        drop(prepare_folder(&plan).unwrap());
        checkpoint::write(dir.path(), &Progress::start(), |_| Ok(())).unwrap();
        drop(prepare_folder(&plan).expect("the same"));
        let path = dir.path().join("config.toml");
        let older = fs::read_to_string(&path).unwrap().replace("flow_mean = \"field\"\n", "");
        fs::write(&path, older).unwrap();
        let error = prepare_folder(&plan).err().unwrap();
        assert_eq!(error.cause, "holds a run with other settings: flow_mean is middle there and field here");
        drop(prepare_folder(&TrainingPlan { flow_mean: Some(FlowMean::Middle), ..plan }).unwrap());
    }

    #[test]
    fn what_a_run_takes_over_from_its_base_is_written_down() {
        let dir = tempfile::tempdir().unwrap();
        let (base, run_dir) = (dir.path().join("base"), dir.path().join("run"));
        write_base(&base, "motion");
        let plan =
            TrainingPlan { run_dir: run_dir.clone(), base: Some(base.clone()), ..TrainingPlan::of(Network::Temporal) };
        drop(prepare_folder(&plan).unwrap());
        let written =
            || -> TrainingPlan { toml::from_str(&fs::read_to_string(run_dir.join("config.toml")).unwrap()).unwrap() };
        assert_eq!(
            (written().temporal_crop, written().flow_resolution),
            (Some(MotionCrop::Motion), Some(FlowResolution::Frames))
        );
        checkpoint::write(&run_dir, &Progress::start(), |_| Ok(())).unwrap();
        drop(prepare_folder(&plan).unwrap());
        let explicit = TrainingPlan { temporal_crop: Some(MotionCrop::Motion), ..plan.clone() };
        drop(prepare_folder(&explicit).expect("the same, said explicitly"));
        // As saved by a version that left it to the base.
        fs::write(run_dir.join("config.toml"), toml::to_string(&plan).unwrap()).unwrap();
        drop(prepare_folder(&explicit).unwrap());
        write_base(&base, "whole");
        let error = prepare_folder(&plan).err().unwrap();
        assert_eq!(error.cause, "holds a run with other settings: temporal_crop is motion there and whole here");
        fs::remove_dir_all(&base).unwrap();
        drop(prepare_folder(&plan).expect("a finished run needs no base"));
        assert_eq!(written().temporal_crop, Some(MotionCrop::Motion));
    }

    #[test]
    fn last_layers_of_older_versions_are_fitted_as_they_were() {
        let dir = tempfile::tempdir().unwrap();
        let old =
            TrainingPlan { run_dir: dir.path().to_owned(), kind: 3usize.into(), ..TrainingPlan::of(Network::Spatial) };
        assert_eq!(old.rate, 2e-5, "what they wrote and did not use");
        fs::write(dir.path().join("config.toml"), toml::to_string(&old).unwrap()).unwrap();
        checkpoint::write(dir.path(), &Progress::start(), |_| Ok(())).unwrap();
        for plan in [old.clone(), old.of_last_layer()] {
            drop(prepare_folder(&plan).unwrap());
            let written: TrainingPlan =
                toml::from_str(&fs::read_to_string(dir.path().join("config.toml")).unwrap()).unwrap();
            assert_eq!((written.rate, written.warm_up), (1e-2, 0), "what is used is what is written");
        }
    }
}
