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
    /// Steps that are done.
    pub step: usize,
    /// What the NaN guard left of the learning rate: 1, halved with every skipped step.
    pub rate_factor: f64,
    /// Seconds of training so far.
    pub seconds: f64,
    /// Seconds of them before the first step.
    #[serde(default)]
    pub prepared: f64,
    /// Whether it computes on a GPU; unknown in runs of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_gpu: Option<bool>,
    /// The step after which the networks were measured last, 0 before.
    #[serde(default)]
    pub measured: usize,
    /// How often the run went back to a snapshot because it diverged.
    #[serde(default)]
    pub roll_backs: usize,
    /// The best measurement so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<Best>,
    /// What of the loss counts, where that was changed since the run began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switches: Option<LossSwitches>,
    /// The losses so far, for the divergence alarm.
    #[serde(default)]
    pub watch: Watch,
}

/// The best measurement of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// After so many steps.
    pub step: usize,
    /// The value.
    pub value: f32,
    /// Measurements since then that were no better.
    pub worse_since: usize,
}

impl Progress {
    /// Before the first step.
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
    /// Returns whether a run of `plan` ends here.
    pub fn is_last_of(&self, plan: &TrainingPlan) -> bool {
        self.step >= plan.steps || self.is_over_time(plan) || self.is_out_of_patience(plan)
    }

    /// Returns whether the time limit ended a run of `plan` here, which had steps left.
    pub fn is_cut_short(&self, plan: &TrainingPlan) -> bool {
        self.step < plan.steps && self.is_over_time(plan) && !self.is_out_of_patience(plan)
    }

    /// Returns whether a run of `plan` no longer gets better.
    pub fn is_out_of_patience(&self, plan: &TrainingPlan) -> bool {
        let worse_since = self.best.map_or(0, |best| best.worse_since);
        plan.patience.is_some_and(|patience| worse_since >= patience)
    }

    fn is_over_time(&self, plan: &TrainingPlan) -> bool {
        plan.budget_secs.is_some_and(|budget| self.seconds >= budget)
    }
}

/// Returns the checkpoint of the run in `run_dir`, if there is one. A crash between the two renames of [`write()`] leaves
/// the one before under its old name.
pub fn find(run_dir: &Path) -> Option<PathBuf> {
    ["checkpoint", "checkpoint.old"]
        .map(|name| run_dir.join(name))
        .into_iter()
        .find(|dir| dir.join("progress.toml").is_file())
}

/// Reads where the run stood.
pub fn read(checkpoint: &Path) -> Result<Progress> {
    let path = checkpoint.join("progress.toml");
    let text = files::read_to_string(&path).map_err(|error| Error::io(&path, &error))?;
    toml::from_str(&text).map_err(|error| {
        Error::file(&path, format!("not a checkpoint: {}", error.message()), "Delete the checkpoint to start over")
    })
}

/// Writes a checkpoint: `networks` fills a new folder, which then takes the place of the old one.
/// Returns its path. Whatever fails, a complete checkpoint remains.
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

/// Replaces where the run stood in a checkpoint whose networks stay.
pub fn amend(checkpoint: &Path, progress: &Progress) -> Result<()> {
    let text = toml::to_string(progress).expect("a few numbers are always valid TOML");
    atomic::replace(&checkpoint.join("progress.toml"), |writer| writer.write_all(text.as_bytes()))
}

/// Turns a failure of the operating system into an error about `path`.
fn on(path: &Path) -> impl Fn(std::io::Error) -> Error {
    move |error| Error::io(path, &error)
}

/// Removes a folder, if it is there.
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
