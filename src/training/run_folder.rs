//! The folder of a run: its settings, and the right to train in it.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::checkpoint;
use super::plan::TrainingPlan;
use super::run_lock::RunLock;
use super::runs::{Difference, Run};
use crate::atomic;
use crate::error::{Error, Result};

/// Differences that are named.
const NAMED: usize = 3;

/// Creates the run folder and its `config.toml` and locks it; refuses one that holds another run or is trained in already.
pub(super) fn prepare_folder(plan: &TrainingPlan) -> Result<RunLock> {
    let dir: &Path = &plan.run_dir;
    fs::create_dir_all(dir).map_err(|error| Error::io(dir, &error))?;
    let lock = RunLock::take(dir)?;
    let path = dir.join("config.toml");
    let text =
        toml::to_string_pretty(plan).map_err(|error| Error::file(&path, error.to_string(), "Report this plan"))?;
    let text = format!("# Motionscope {}\n{text}", env!("CARGO_PKG_VERSION"));
    if checkpoint::find(dir).is_some() {
        check_same(plan, &path)?;
    }
    atomic::replace(&path, |writer| writer.write_all(text.as_bytes()))?;
    Ok(lock)
}

/// Refuses a plan other than that at `path`, of which there is a checkpoint, and names what differs.
fn check_same(plan: &TrainingPlan, path: &Path) -> Result<()> {
    let Ok(before) = fs::read_to_string(path) else { return Ok(()) };
    let remedy = "Choose another run folder, or delete this one";
    let before: TrainingPlan = toml::from_str(&before).map_err(|error| {
        let cause = format!("holds a run whose settings cannot be read: {}", error.message().trim_end());
        Error::file(&plan.run_dir, cause, remedy)
    })?;
    // What has no part in the numbers may differ.
    let numbers = |plan: &TrainingPlan| TrainingPlan { cache: None, snapshots: 1, ..plan.clone() };
    let (before, now) = (numbers(&before), numbers(plan));
    if before == now {
        return Ok(());
    }
    let differences = Run::differences(&[&before, &now]);
    let cause = format!("holds a run with other settings: {}", named(&differences));
    Err(Error::file(&plan.run_dir, cause, remedy))
}

/// The first of `differences` in words: `steps is 60 there and 61 here`.
fn named(differences: &[Difference]) -> String {
    let value = |value: &String| if value.is_empty() { "not set".to_owned() } else { value.clone() };
    let one = |difference: &Difference| {
        let Difference { key, values } = difference;
        format!("{key} is {} there and {} here", value(&values[0]), value(&values[1]))
    };
    let words: Vec<String> = differences.iter().take(NAMED).map(one).collect();
    match (differences.len(), words.join(", ")) {
        (0, _) => "the clips are others".into(), // long lists are compared by their lengths
        (count, words) if count > NAMED => format!("{words}, and {} more", count - NAMED),
        (_, words) => words,
    }
}
