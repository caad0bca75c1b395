//! Crash-safe checkpoints: written to a temporary file, then renamed over the previous one.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::atomic;
use crate::error::{Error, Result};
use crate::files;
use crate::training::config::plan::TrainingPlan;
use crate::training::objective::losses::LossSwitches;
use crate::training::optim::divergence::Watch;

/// The state of a run besides its networks. Random draws and the learning rate follow from the step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Number of steps done.
    pub step: usize,
    /// Factor of the NaN guard on the learning rate: 1, halved with every skipped step.
    pub rate_factor: f64,
    /// Seconds of training so far.
    pub seconds: f64,
    /// Part of `seconds` before the first step.
    #[serde(default)]
    pub prepared: f64,
    /// `true` if it computes on a GPU; unknown in runs of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_gpu: Option<bool>,
    /// Step of the last validation, 0 before the first.
    #[serde(default)]
    pub measured: usize,
    /// Number of roll-backs because of divergence.
    #[serde(default)]
    pub roll_backs: usize,
    /// The best validation result so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<Best>,
    /// The loss switches, if changed since the run began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switches: Option<LossSwitches>,
    /// State of the divergence detector.
    #[serde(default)]
    pub watch: Watch,
}

/// The best validation result of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Step of the result.
    pub step: usize,
    /// The value.
    pub value: f32,
    /// Number of validations since then without improvement.
    pub worse_since: usize,
}

impl Progress {
    /// Returns the state before the first step.
    pub fn start() -> Self {
        Self {
            step: 0,
            rate_factor: 1.0,
            seconds: 0.0,
            prepared: 0.0,
            on_gpu: None,
            measured: 0,
            roll_backs: 0,
            best: None,
            switches: None,
            watch: Watch::default(),
        }
    }
}

impl Progress {
    /// Returns `true` if a run of `plan` ends here.
    pub fn is_last_of(&self, plan: &TrainingPlan) -> bool {
        self.step >= plan.steps || self.is_over_time(plan) || self.is_out_of_patience(plan)
    }

    /// Returns `true` if the time limit ended a run of `plan` here although steps were left.
    pub fn is_cut_short(&self, plan: &TrainingPlan) -> bool {
        self.step < plan.steps && self.is_over_time(plan) && !self.is_out_of_patience(plan)
    }

    /// Returns `true` if the validation result has not improved for the plan's patience.
    pub fn is_out_of_patience(&self, plan: &TrainingPlan) -> bool {
        let worse_since = self.best.map_or(0, |best| best.worse_since);
        plan.patience.is_some_and(|patience| worse_since >= patience)
    }

    fn is_over_time(&self, plan: &TrainingPlan) -> bool {
        plan.budget_secs.is_some_and(|budget| self.seconds >= budget)
    }
}

/// Returns the checkpoint of the run in `run_dir`, if there is one. A crash between the two renames of [`write()`]
/// leaves the previous checkpoint as `checkpoint.old`, which is found as well.
pub fn find(run_dir: &Path) -> Option<PathBuf> {
    ["checkpoint", "checkpoint.old"]
        .map(|name| run_dir.join(name))
        .into_iter()
        .find(|dir| dir.join("progress.toml").is_file())
}

/// Reads the progress stored in a checkpoint.
pub fn read(checkpoint: &Path) -> Result<Progress> {
    let path = checkpoint.join("progress.toml");
    let text = files::read_to_string(&path).map_err(|error| Error::io(&path, &error))?;
    toml::from_str(&text).map_err(|error| {
        Error::file(&path, format!("not a checkpoint: {}", error.message()), "Delete the checkpoint to start over")
    })
}

/// Writes a checkpoint and returns its path: `networks` fills a new folder, which then replaces the old one. After any
/// failure, a complete checkpoint remains.
pub fn write(run_dir: &Path, progress: &Progress, networks: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let [current, new, old] = ["checkpoint", "checkpoint.new", "checkpoint.old"].map(|name| run_dir.join(name));
    remove(&new)?;
    fs::create_dir_all(&new).map_err(on(&new))?;
    networks(&new)?;
    let text = toml::to_string(progress).expect("a few numbers are always valid TOML");
    let path = new.join("progress.toml");
    fs::write(&path, text).map_err(on(&path))?;
    for entry in fs::read_dir(&new).map_err(on(&new))?.flatten() {
        let path = entry.path();
        fs::File::open(&path).and_then(|file| file.sync_all()).map_err(on(&path))?;
    }
    if current.exists() {
        remove(&old)?;
        fs::rename(&current, &old).map_err(on(&current))?;
    }
    fs::rename(&new, &current).map_err(on(&new))?;
    remove(&old)?;
    Ok(current)
}

/// Replaces the progress in a checkpoint and keeps its networks.
pub fn amend(checkpoint: &Path, progress: &Progress) -> Result<()> {
    let text = toml::to_string(progress).expect("a few numbers are always valid TOML");
    atomic::replace(&checkpoint.join("progress.toml"), |writer| writer.write_all(text.as_bytes()))
}

/// Converts an I/O error to an error about `path`.
fn on(path: &Path) -> impl Fn(std::io::Error) -> Error {
    move |error| Error::io(path, &error)
}

/// Removes a folder, if it exists.
pub(in crate::training) fn remove(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io(dir, &error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_checkpoint_before() {
        let dir = tempfile::tempdir().unwrap();
        let best = Some(Best { step: 1, value: 0.25, worse_since: 2 });
        let progress = |step| Progress { step, seconds: 2.5, best, ..Progress::start() };
        write(dir.path(), &progress(1), |_| Ok(())).unwrap();
        let full_disk = || Error::new("disk", "full", "Free some space");
        write(dir.path(), &progress(2), |_| Err(full_disk())).unwrap_err();
        assert_eq!(read(&find(dir.path()).unwrap()).unwrap(), progress(1));
        write(dir.path(), &progress(3), |_| Ok(())).unwrap();
        assert_eq!(read(&find(dir.path()).unwrap()).unwrap(), progress(3));
    }

    #[test]
    fn a_crash_between_the_renames_is_survived() {
        let dir = tempfile::tempdir().unwrap();
        let progress = Progress { step: 7, rate_factor: 0.5, ..Progress::start() };
        let written = write(dir.path(), &progress, |_| Ok(())).unwrap();
        fs::rename(&written, dir.path().join("checkpoint.old")).unwrap();
        assert_eq!(read(&find(dir.path()).unwrap()).unwrap(), progress);
    }

    #[test]
    fn checkpoints_without_measurements_are_read() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("progress.toml"), "step = 7\nrate_factor = 0.5\nseconds = 2.0\n").unwrap();
        let progress = Progress { step: 7, rate_factor: 0.5, seconds: 2.0, ..Progress::start() };
        assert_eq!(read(dir.path()).unwrap(), progress);
    }
}
