//! The curves of a run, read from the tables in its folder.

use std::collections::BTreeMap;
use std::path::Path;

use super::checkpoint::Progress;
use crate::files;
use crate::training::config::plan::TrainingPlan;

/// Curves by name: points of step and value.
pub type RunCurves = BTreeMap<String, Vec<[f64; 2]>>;

/// What is known of a run before the step that it is resumed from.
#[derive(Debug, Clone, PartialEq)]
pub struct ResumedRun {
    /// Steps that are done.
    pub step: usize,
    /// Steps of the plan.
    pub steps: usize,
    /// Seconds of training so far.
    pub seconds: f64,
    /// The share of the run that is done, 0…1.
    pub done: f64,
    /// The curves so far, as [`curves()`] reads them.
    pub curves: RunCurves,
}

impl ResumedRun {
    /// Returns what is known of the run of `plan` that is resumed from `progress`: its tables end there.
    pub(in crate::training) fn of(plan: &TrainingPlan, progress: &Progress) -> Self {
        let Progress { step, seconds, .. } = *progress;
        let spent = plan.budget_secs.map_or(0.0, |budget| seconds / budget);
        let done = (step as f64 / plan.steps as f64).max(spent).min(1.0);
        Self { step, steps: plan.steps, seconds, done, curves: curves(&plan.run_dir) }
    }
}

/// Returns the curves of the run in `dir`: loss and terms, accuracy, and what was measured on other clips. Nothing of files that
/// are not there; lines that are no numbers are passed over.
pub fn curves(dir: &Path) -> RunCurves {
    let mut curves = RunCurves::new();
    for (file, prefix) in [("metrics.csv", ""), ("validation.csv", "validation ")] {
        let text = files::read_to_string(dir.join(file)).unwrap_or_default();
        let mut lines = text.lines();
        let names: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
        for line in lines {
            let cells: Vec<Option<f64>> = line.split(',').map(|cell| cell.parse().ok()).collect();
            let Some(Some(step)) = cells.first().copied() else { continue };
            for (name, value) in names.iter().zip(&cells).skip(1) {
                if let Some(value) = value.filter(|value| value.is_finite()) {
                    curves.entry(format!("{prefix}{name}")).or_default().push([step, value]);
                }
            }
        }
    }
    curves
}
