//! The training runs in a folder: their settings and progress, and operations on them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::checkpoint;
pub use super::curves::{RunCurves, curves};
use super::lock;
use super::under_way;
use crate::atomic;
use crate::error::{Error, Result};
use crate::files;
use crate::nets::ModelCard;
use crate::output::{DELETED, OutputGuard, Staging, move_to_deleted};
use crate::training::config::file::read_plan;
use crate::training::config::plan::TrainingPlan;
use crate::training::config::run_kind::RunKind;

/// File of notes on a run, separate so that a run can be renamed while it trains.
const NOTES: &str = "run.toml";
/// Model folders of a run, the best first.
const MODELS: [&str; 2] = ["best", "model"];

/// The progress of a run.
#[derive(Debug, Clone, PartialEq)]
pub enum RunState {
    /// A training is running in its folder.
    Running,
    /// The run is complete.
    Finished,
    /// Some steps are left.
    Unfinished,
    /// Its files cannot be read, for this reason.
    Broken(Error),
}

/// A training run in a folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Folder of the run.
    pub dir: PathBuf,
    /// Display name: the folder's name, unless renamed.
    pub name: String,
    /// Settings of the run; `None` if they cannot be read.
    pub plan: Option<TrainingPlan>,
    /// Progress of the run.
    pub state: RunState,
    /// `true` if the run was interrupted and this was not dismissed since.
    pub is_interrupted: bool,
    /// Number of steps done.
    pub step: usize,
    /// Seconds of training.
    pub seconds: f64,
    /// Step of the last validation, 0 before the first.
    pub measured: usize,
    /// Best value of the validation result that selects the networks.
    pub best: Option<f32>,
    /// Step of the best result, if known.
    pub best_step: Option<usize>,
    /// Latest validation results, by name.
    pub last: Vec<(String, f64)>,
    /// A model folder with the run's networks: the best ones if it was validated.
    pub model: Option<PathBuf>,
    /// Size on disk in bytes.
    pub bytes: u64,
    /// Time of the last write.
    pub changed: Option<SystemTime>,
}

/// The user's notes on a run.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Notes {
    name: Option<String>,
}

/// A setting in which plans differ, with the value in each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingDifference {
    /// Key of the setting in `config.toml`.
    pub key: String,
    /// The value in each plan, empty if it is absent.
    pub values: Vec<String>,
}

impl Run {
    /// Returns the run in folder `dir`; `None` if it is not a run folder. A damaged run is reported as such.
    pub fn read(dir: &Path) -> Option<Self> {
        let config = dir.join("config.toml");
        let checkpoint = checkpoint::find(dir);
        if !config.exists() && checkpoint.is_none() {
            return None;
        }
        let text = files::read_to_string(&config).map_err(|error| Error::io(&config, &error));
        let plan = text.and_then(|text| read_plan(&text, &config));
        let progress = checkpoint.map(|found| checkpoint::read(&found)).transpose();
        let broken = plan.as_ref().err().or(progress.as_ref().err()).cloned();
        let progress = progress.ok().flatten();
        let plan = plan.ok();
        let is_finished = match (&plan, &progress) {
            (Some(plan), Some(progress)) => progress.is_last_of(plan),
            _ => false,
        };
        let state = match broken {
            _ if lock::is_taken(dir) => RunState::Running,
            Some(error) => RunState::Broken(error),
            None if is_finished => RunState::Finished,
            None => RunState::Unfinished,
        };
        let is_measured = progress.as_ref().is_some_and(|progress| progress.best.is_some());
        // Older versions saved the last value of a probe as its best.
        let is_probe = plan.as_ref().is_some_and(|plan| plan.kind != RunKind::Training);
        let best_of_probe = is_probe.then(|| highest(&dir.join("validation.csv"))).flatten();
        let models = MODELS.map(|name| dir.join(name));
        let folder_name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Some(Self {
            name: notes(dir).name.unwrap_or(folder_name),
            plan,
            is_interrupted: state == RunState::Unfinished && under_way::was_interrupted(dir),
            state,
            step: progress.as_ref().map_or(0, |progress| progress.step),
            seconds: progress.as_ref().map_or(0.0, |progress| progress.seconds),
            measured: progress.as_ref().map_or(0, |progress| progress.measured),
            best_step: progress.as_ref().and_then(|progress| progress.best).map(|best| best.step),
            best: best_of_probe
                .or(progress.filter(|_| is_measured).and_then(|progress| progress.best).map(|best| best.value)),
            last: last_line(&dir.join("validation.csv")),
            model: models.into_iter().find(|model| model.join(ModelCard::FILE_NAME).is_file()),
            bytes: size(dir, &mut BTreeSet::new()),
            changed: newest(dir),
            dir: dir.to_owned(),
        })
    }

    /// Returns the runs of `all` that are still to be executed to complete this one, in order: those whose model it
    /// joins to its own, itself, and those that join its model to theirs. Finished runs are left out.
    pub fn turn<'a>(&'a self, all: &'a [Self]) -> Vec<&'a Self> {
        let mut turn = self.training(all);
        turn.retain(|run| run.state != RunState::Finished);
        turn
    }

    /// Returns the total seconds of the finished runs of `all` that belong to the same training as this one.
    pub fn seconds_of_ended(&self, all: &[Self]) -> f64 {
        let chain = self.training(all);
        chain.iter().filter(|run| run.state == RunState::Finished).map(|run| run.seconds).sum()
    }

    /// Returns all runs of the same training, in order.
    pub fn training<'a>(&'a self, all: &'a [Self]) -> Vec<&'a Self> {
        let joins = |later: &Self, earlier: &Self| {
            let joined = later.plan.as_ref().and_then(|plan| plan.join.as_deref());
            joined.is_some_and(|joined| MODELS.iter().any(|model| *joined == earlier.dir.join(model)))
        };
        let mut turn = vec![self];
        // The number of iterations is limited, as files edited by hand may form a cycle.
        for _ in all {
            let (first, last, known) = (turn[0], turn[turn.len() - 1], turn.len());
            turn.splice(0..0, all.iter().find(|run| joins(first, run)));
            turn.extend(all.iter().find(|run| joins(run, last)));
            if turn.len() == known {
                break;
            }
        }
        let mut seen = BTreeSet::new();
        turn.retain(|run| seen.insert(&run.dir));
        turn
    }

    /// Returns the settings that differ between `plans`.
    pub fn differences(plans: &[&TrainingPlan]) -> Vec<SettingDifference> {
        let tables: Vec<BTreeMap<String, String>> = plans.iter().map(|plan| flat(plan)).collect();
        let keys: BTreeSet<&String> = tables.iter().flat_map(BTreeMap::keys).collect();
        let values = |key: &String| tables.iter().map(|table| table.get(key).cloned().unwrap_or_default()).collect();
        let rows = keys.into_iter().map(|key| SettingDifference { key: key.clone(), values: values(key) });
        rows.filter(|row| row.values.iter().any(|value| *value != row.values[0])).collect()
    }
}

/// Returns the runs in `folder`, the newest first; empty if there is no such folder.
pub fn list(folder: &Path) -> Vec<Run> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let dirs = entries.map(|entry| entry.path()).filter(|dir| dir.is_dir() && !dir.ends_with(DELETED));
    let mut runs: Vec<Run> = dirs.filter_map(|dir| Run::read(&dir)).collect();
    runs.sort_by(|a, b| b.changed.cmp(&a.changed).then_with(|| a.dir.cmp(&b.dir)));
    runs
}

/// Renames the run in `dir`; an empty `name` restores the folder's name. The folder itself is not renamed.
///
/// # Errors
/// If the folder does not exist or cannot be written to.
pub fn rename(dir: &Path, name: &str) -> Result<()> {
    let name = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
    let path = dir.join(NOTES);
    let text = toml::to_string(&Notes { name }).map_err(|error| Error::wrap(&path, error, "Choose another name"))?;
    atomic::replace(&path, |writer| writer.write_all(text.as_bytes()))
}

/// Moves the run in `dir` to `.deleted` next to it, from where it can be restored, and returns its new path.
///
/// # Errors
/// If a training is running in it, or the folder cannot be moved.
pub fn delete(dir: &Path) -> Result<PathBuf> {
    if lock::is_taken(dir) {
        return Err(Error::file(dir, "training is already running in it", "Stop the training first"));
    }
    move_to_deleted(dir)
}

/// Clears the mark that the run in `dir` was interrupted. It can still be resumed.
///
/// # Errors
/// If the mark cannot be deleted.
pub fn dismiss(dir: &Path) -> Result<()> {
    under_way::forget(dir)
}

/// Copies the model in folder `model` to `target`, or to a folder `name` in it if it is not empty, and returns the
/// path: card and weights only.
///
/// # Errors
/// If the model cannot be read, or the target is not empty or cannot be written to; partial copies are removed.
pub fn export(model: &Path, target: &Path, name: &str) -> Result<PathBuf> {
    let card = ModelCard::read(model)?;
    let is_free = |dir: &Path| fs::read_dir(dir).map_or(true, |mut entries| entries.next().is_none());
    let file_name: String =
        name.chars().map(|c| if c.is_alphanumeric() || "-_ .".contains(c) { c } else { '-' }).collect();
    let inside = target.join(if file_name.trim_matches('.').is_empty() { "model" } else { file_name.trim() });
    let place = [target.to_owned(), inside].into_iter().find(|dir| is_free(dir)).ok_or_else(|| {
        Error::file(target, "the folder and its sub-folder for the model are not empty", "Choose an empty folder")
    })?;
    let staging = Staging::begin(&place)?;
    for file in card.weights() {
        let from = model.join(file);
        // `fs::copy` would also copy the permissions, and a read-only file cannot be opened to sync it to disk.
        let copied = files::open(&from)
            .and_then(|mut from| io::copy(&mut from, &mut fs::File::create(staging.root().join(file))?));
        copied.map_err(|error| Error::io(&from, &error))?;
    }
    let text = ModelCard { name: name.to_owned(), ..card }.to_toml()?;
    let path = staging.root().join(ModelCard::FILE_NAME);
    fs::write(&path, text).map_err(|error| Error::io(&path, &error))?;
    staging.publish(&OutputGuard::default())?;
    Ok(place)
}

fn notes(dir: &Path) -> Notes {
    files::read_to_string(dir.join(NOTES)).ok().and_then(|text| toml::from_str(&text).ok()).unwrap_or_default()
}

/// Returns the last line of a table by column, without the step.
fn last_line(path: &Path) -> Vec<(String, f64)> {
    let text = files::read_to_string(path).unwrap_or_default();
    let (Some(names), Some(values)) = (text.lines().next(), text.lines().skip(1).last()) else { return Vec::new() };
    let cells = names.split(',').zip(values.split(',')).skip(1);
    cells.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect()
}

/// Returns the highest value in the last column of a table, which selects the best linear probe; `None` without any.
fn highest(path: &Path) -> Option<f32> {
    let text = files::read_to_string(path).ok()?;
    let last = |line: &str| line.rsplit(',').next().and_then(|cell| cell.parse().ok());
    text.lines().skip(1).filter_map(last).max_by(f32::total_cmp)
}

/// Returns the settings of a plan as flat keys such as `loss.preset`.
fn flat(plan: &TrainingPlan) -> BTreeMap<String, String> {
    let mut rows = BTreeMap::new();
    if let Ok(value) = toml::Value::try_from(plan) {
        flatten(&value, String::new(), &mut rows);
    }
    rows
}

fn flatten(value: &toml::Value, key: String, rows: &mut BTreeMap<String, String>) {
    match value {
        toml::Value::Table(table) => {
            for (name, value) in table {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                flatten(value, key, rows);
            }
        }
        // Long lists of clips are represented by their length.
        toml::Value::Array(list) if list.iter().any(toml::Value::is_table) => {
            rows.insert(key, format!("{} entries", list.len()));
        }
        toml::Value::String(text) => _ = rows.insert(key, text.clone()),
        other => _ = rows.insert(key, other.to_string()),
    }
}

/// Returns the total size of the files below `dir` in bytes. Hard links count once: snapshots share files with
/// checkpoints.
fn size(dir: &Path, seen: &mut BTreeSet<[u64; 2]>) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let bytes = entries.map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => size(&entry.path(), seen),
        Ok(found) if is_new(&found, seen) => found.len(),
        _ => 0,
    });
    bytes.sum()
}

#[cfg(unix)]
fn is_new(file: &fs::Metadata, seen: &mut BTreeSet<[u64; 2]>) -> bool {
    use std::os::unix::fs::MetadataExt;
    seen.insert([file.dev(), file.ino()])
}

#[cfg(not(unix))]
fn is_new(_file: &fs::Metadata, _seen: &mut BTreeSet<[u64; 2]>) -> bool {
    true
}

/// Returns the latest modification time of the files in `dir`.
fn newest(dir: &Path) -> Option<SystemTime> {
    let entries = fs::read_dir(dir).ok()?.flatten();
    entries.filter_map(|entry| entry.metadata().ok()?.modified().ok()).max()
}

#[cfg(test)]
mod tests {
    use super::super::checkpoint::{Best, Progress};
    use super::*;
    use crate::training::config::plan::Network;

    /// Creates a run of ten steps that has done `step` of them.
    fn run(folder: &Path, name: &str, step: usize) -> PathBuf {
        let dir = folder.join(name);
        fs::create_dir_all(&dir).unwrap();
        let plan = TrainingPlan { steps: 10, run_dir: dir.clone(), ..TrainingPlan::of(Network::Temporal) };
        fs::write(dir.join("config.toml"), toml::to_string(&plan).unwrap()).unwrap();
        let best = Some(Best { step: 5, value: 0.75, worse_since: 1 });
        let progress = Progress { step, seconds: 60.0, best, ..Progress::start() };
        checkpoint::write(&dir, &progress, |_| Ok(())).unwrap();
        fs::write(dir.join("metrics.csv"), "step,rate,loss,accuracy,action\n1,1e-4,2.5,,2.5\n2,1e-4,nan,0.5,2\n3,1e")
            .unwrap();
        fs::write(dir.join("validation.csv"), "step,photometric ratio,top-1\n5,0.9,0.75\n10,0.8,0.5\n").unwrap();
        dir
    }

    #[test]
    fn runs_are_listed_with_what_became_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        run(folder, "done", 10);
        let half = run(folder, "half", 5);
        fs::write(run(folder, "torn", 5).join("config.toml"), "network = 7").unwrap();
        fs::write(run(folder, "torn too", 5).join("checkpoint/progress.toml"), "step = ").unwrap();
        fs::create_dir(folder.join("no run")).unwrap();
        fs::write(folder.join("a file"), "").unwrap();
        let held = lock::take(&half).unwrap();
        let state = |name: &str| list(folder).into_iter().find(|run| run.name == name).map(|run| run.state);
        assert_eq!(list(folder).len(), 4);
        assert_eq!((state("done"), state("half")), (Some(RunState::Finished), Some(RunState::Running)));
        assert!(matches!(state("torn"), Some(RunState::Broken(error)) if error.subject.ends_with("config.toml")));
        assert!(matches!(state("torn too"), Some(RunState::Broken(error)) if error.subject.ends_with("progress.toml")));
        drop(held);
        let half = Run::read(&half).unwrap();
        assert_eq!((half.state, half.step, half.seconds, half.best), (RunState::Unfinished, 5, 60.0, Some(0.75)));
        assert_eq!(half.last, [("photometric ratio".to_owned(), 0.8), ("top-1".to_owned(), 0.5)]);
        assert!(half.model.is_none() && half.bytes > 0);
        assert_eq!(list(&folder.join("nowhere")), []);
    }

    #[test]
    fn runs_that_belong_together_are_gone_on_with_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let joined = |name: &str, step: usize, other: &str| {
            let dir = run(folder, name, step);
            let join = Some(folder.join(other).join("model"));
            let plan = TrainingPlan { steps: 10, run_dir: dir.clone(), join, ..TrainingPlan::of(Network::Temporal) };
            fs::write(dir.join("config.toml"), toml::to_string(&plan).unwrap()).unwrap();
        };
        let turn = |name: &str| -> Vec<String> {
            let all = list(folder);
            let run = all.iter().find(|run| run.name == name).unwrap();
            run.turn(&all).into_iter().map(|run| run.name.clone()).collect()
        };
        run(folder, "alone", 5);
        run(folder, "tune-spatial", 5);
        joined("tune", 0, "tune-spatial");
        assert_eq!(turn("alone"), ["alone"]);
        assert_eq!((turn("tune"), turn("tune-spatial")), (vec!["tune-spatial".into(), "tune".into()], turn("tune")));
        run(folder, "tune-spatial", 10);
        assert_eq!((turn("tune"), turn("tune-spatial")), (vec!["tune".into()], vec!["tune".into()]));
        let seconds = |name: &str| {
            let all = list(folder);
            all.iter().find(|run| run.name == name).unwrap().seconds_of_ended(&all)
        };
        assert_eq!((seconds("tune"), seconds("alone")), (60.0, 0.0), "the spatial run has ended");
        joined("tune", 10, "tune-spatial");
        assert!(turn("tune").is_empty());
        joined("round", 5, "and round");
        joined("and round", 5, "round");
        assert_eq!(turn("round").len(), 2);
    }

    #[test]
    fn the_best_of_a_probe_is_its_highest_value() {
        let folder = tempfile::tempdir().unwrap();
        let dir = run(folder.path(), "a", 10);
        let plan = TrainingPlan { steps: 10, run_dir: dir.clone(), ..TrainingPlan::of(Network::Temporal) };
        assert_eq!(Run::read(&dir).unwrap().best, Some(0.75), "of a training as its checkpoint has it");
        let plan = TrainingPlan { kind: RunKind::LinearProbe { windows: 3 }, ..plan };
        let table = "step,cross-validated top-1,fused cross-validated top-1\n15,0.9,0.5\n30,0.8,0.625\n45,0.7,0.5\n";
        fs::write(dir.join("validation.csv"), table).unwrap();
        fs::write(dir.join("config.toml"), toml::to_string(&plan).unwrap()).unwrap();
        assert_eq!(Run::read(&dir).unwrap().best, Some(0.625));
    }

    #[test]
    fn an_interrupted_run_is_told_until_it_is_dismissed() {
        let folder = tempfile::tempdir().unwrap();
        let dir = run(folder.path(), "a", 5);
        assert!(!Run::read(&dir).unwrap().is_interrupted, "it was stopped");
        fs::write(dir.join("under-way"), "").unwrap();
        let held = lock::take(&dir).unwrap();
        assert!(!Run::read(&dir).unwrap().is_interrupted, "it is under way");
        drop(held);
        assert!(Run::read(&dir).unwrap().is_interrupted);
        dismiss(&dir).unwrap();
        assert!(!Run::read(&dir).unwrap().is_interrupted);
    }

    #[test]
    fn a_run_is_renamed_and_its_folder_stays() {
        let folder = tempfile::tempdir().unwrap();
        let dir = run(folder.path(), "tune-01", 10);
        rename(&dir, " my \"best\" 🙂 ").unwrap();
        assert_eq!(Run::read(&dir).unwrap().name, "my \"best\" 🙂");
        rename(&dir, "").unwrap();
        assert_eq!(Run::read(&dir).unwrap().name, "tune-01");
        fs::remove_dir_all(&dir).unwrap();
        assert!(rename(&dir, "gone").is_err());
    }

    #[test]
    fn deleted_runs_are_put_aside_and_running_ones_are_not_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let first = delete(&run(folder.path(), "a", 10)).unwrap();
        let dir = run(folder.path(), "a", 5);
        let held = lock::take(&dir).unwrap();
        assert!(delete(&dir).is_err_and(|error| error.cause.contains("already running")) && dir.exists());
        drop(held);
        let second = delete(&dir).unwrap();
        assert!(first != second && first.join("config.toml").exists() && second.join("config.toml").exists());
        assert_eq!(list(folder.path()), []);
        assert!(delete(&dir).is_err(), "it is gone");
    }

    #[test]
    fn curves_are_read_line_by_line() {
        let folder = tempfile::tempdir().unwrap();
        let curves = curves(&run(folder.path(), "a", 10));
        assert_eq!(curves["loss"], [[1.0, 2.5]], "what is no number is passed over");
        assert_eq!(curves["accuracy"], [[2.0, 0.5]]);
        assert_eq!(curves["validation top-1"], [[5.0, 0.75], [10.0, 0.5]]);
    }

    #[test]
    fn only_settings_that_differ_are_compared() {
        let one = TrainingPlan::of(Network::Temporal);
        let mut other = TrainingPlan { rate: 2e-4, keep_classes: true, ..one.clone() };
        other.loss.preset = crate::training::LossPreset::Paper;
        let differences = Run::differences(&[&one, &other, &one]);
        let keys: Vec<&str> = differences.iter().map(|row| row.key.as_str()).collect();
        assert_eq!(keys, ["keep_classes", "loss.preset", "rate"], "{differences:?}");
        assert_eq!(differences[0].values, ["false", "true", "false"]);
        assert!(Run::differences(&[&one]).is_empty() && Run::differences(&[]).is_empty());
    }

    #[test]
    fn an_exported_model_is_card_and_weights() {
        let folder = tempfile::tempdir().unwrap();
        let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/flow");
        let target = folder.path().join("out");
        let place = export(&model, &target, "mine").unwrap();
        assert_eq!((place.as_path(), ModelCard::read(&place).unwrap().name.as_str()), (target.as_path(), "mine"));
        assert!(place.join("motion.safetensors").is_file());
        let beside = export(&model, &target, "a/b").unwrap();
        assert_eq!(beside, target.join("a-b"), "the folder held something already");
        assert!(export(&model, &target, "a/b").is_err_and(|error| error.cause.contains("are not empty")));
        assert!(export(&folder.path().join("nowhere"), &target.join("x"), "mine").is_err());
        assert!(!target.join("x").exists());
    }

    #[test]
    fn a_model_of_read_only_files_is_exported_as_files_that_can_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let model =
            export(&Path::new(env!("CARGO_MANIFEST_DIR")).join("models/flow"), folder.path(), "archive").unwrap();
        let is_read_only = |dir: &Path| fs::metadata(dir.join("motion.safetensors")).unwrap().permissions().readonly();
        for file in fs::read_dir(&model).unwrap().flatten() {
            let mut rights = file.metadata().unwrap().permissions();
            rights.set_readonly(true);
            fs::set_permissions(file.path(), rights).unwrap();
        }
        assert!(is_read_only(&model));
        assert!(!is_read_only(&export(&model, folder.path(), "mine").unwrap()));
    }
}
