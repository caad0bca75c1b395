//! The runs of a folder in list order: those of one training together.

use std::collections::HashSet;
use std::path::Path;

use crate::training::runs::{self, Run};

/// Runs with their titles.
#[derive(Debug, Default)]
pub(super) struct RunList {
    runs: Vec<Run>,
    titles: Vec<String>,
}

impl RunList {
    /// Returns the runs in `folder`, the newest training first.
    pub fn read(folder: &Path) -> Self {
        Self::of(runs::list(folder))
    }

    fn of(listed: Vec<Run>) -> Self {
        let (mut runs, mut titles, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
        for run in &listed {
            let training = run.training(&listed);
            let last = training[training.len() - 1];
            for (place, run) in training.iter().copied().enumerate() {
                if seen.insert(run.dir.clone()) {
                    titles.push(title(run, last, place, training.len()));
                    runs.push(run.clone());
                }
            }
        }
        Self { runs, titles }
    }

    /// Returns the runs.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Returns the title of the run at this place.
    pub fn title(&self, place: usize) -> &str {
        self.titles.get(place).map_or("", String::as_str)
    }
}

/// Returns the title of a run, the one at `place` of the `count` of a training whose result is that of `last`.
fn title(run: &Run, last: &Run, place: usize, count: usize) -> String {
    let Some(plan) = run.plan.as_ref().filter(|_| count > 1) else { return run.name.clone() };
    let is_renamed = run.dir.file_name().is_none_or(|folder| folder.to_string_lossy() != run.name);
    let name = if is_renamed { &run.name } else { &last.name };
    format!("{name} · {} stream, {} of {count}", plan.network.name().to_lowercase(), place + 1)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::training::{Network, TrainingPlan};

    #[test]
    fn the_streams_of_a_training_are_listed_together_and_named() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, network, join: Option<&str>| {
            let run_dir = dir.path().join(name);
            fs::create_dir_all(&run_dir).unwrap();
            let join = join.map(|join| dir.path().join(join).join("model"));
            let plan = TrainingPlan { run_dir: run_dir.clone(), join, ..TrainingPlan::of(network) };
            fs::write(run_dir.join("config.toml"), toml::to_string(&plan).unwrap()).unwrap();
        };
        write("tune-01-spatial", Network::Spatial, None);
        write("alone", Network::Temporal, None);
        write("tune-01", Network::Temporal, Some("tune-01-spatial"));
        let titles = |list: &RunList| -> Vec<String> { list.titles.clone() };
        let listed = titles(&RunList::read(dir.path()));
        let streams = ["tune-01 · spatial stream, 1 of 2", "tune-01 · temporal stream, 2 of 2"];
        assert!(listed.windows(2).any(|pair| pair == streams), "{listed:?}");
        assert!(listed.contains(&"alone".to_owned()) && listed.len() == 3);
        runs::rename(&dir.path().join("tune-01-spatial"), "frames only").unwrap();
        assert!(titles(&RunList::read(dir.path())).contains(&"frames only · spatial stream, 1 of 2".to_owned()));
    }
}
