//! The curves of a run, read from the tables in its folder.

use std::collections::BTreeMap;
use std::path::Path;

use super::checkpoint::Progress;
use crate::files;
use crate::training::config::plan::TrainingPlan;

/// Curves by name: points of step and value.
pub type RunCurves = BTreeMap<String, Vec<[f64; 2]>>;

/// The history of a run before the step that it is resumed from.
#[derive(Debug, Clone, PartialEq)]
pub struct ResumedRun {
    /// Number of steps done.
    pub step: usize,
    /// Number of steps in the plan.
    pub steps: usize,
    /// Seconds of training so far.
    pub seconds: f64,
    /// Completed fraction of the run, 0…1.
    pub done: f64,
    /// The curves so far, as read by [`curves()`].
    pub curves: RunCurves,
    /// The share of each loss term in MotionNet's gradient so far.
    pub gradient_shares: RunCurves,
}

impl ResumedRun {
    /// Returns the history of the run of `plan` that is resumed from `progress`, at which its tables end.
    pub(in crate::training) fn of(plan: &TrainingPlan, progress: &Progress) -> Self {
        let Progress { step, seconds, .. } = *progress;
        let spent = plan.budget_secs.map_or(0.0, |budget| seconds / budget);
        let done = (step as f64 / plan.steps as f64).max(spent).min(1.0);
        let (curves, gradient_shares) = (curves(&plan.run_dir), gradient_shares(&plan.run_dir));
        Self { step, steps: plan.steps, seconds, done, curves, gradient_shares }
    }
}

/// Reads the curves of the run in `dir`: loss and terms, accuracy, and validation results. Missing files and lines that
/// are not numeric are skipped.
pub fn curves(dir: &Path) -> RunCurves {
    let mut curves = columns(&dir.join("metrics.csv"));
    curves
        .extend(columns(&dir.join("validation.csv")).into_iter().map(|(name, of)| (format!("validation {name}"), of)));
    curves
}

/// Returns the share of each loss term in MotionNet's gradient, from the norms in the folder of a run.
fn gradient_shares(dir: &Path) -> RunCurves {
    let mut norms = columns(&dir.join("gradients.csv"));
    norms.remove("total");
    let mut sums = BTreeMap::<u64, f64>::new();
    for [step, norm] in norms.values().flatten() {
        *sums.entry(*step as u64).or_default() += norm;
    }
    for [step, norm] in norms.values_mut().flatten() {
        *norm /= sums[&(*step as u64)].max(f64::MIN_POSITIVE);
    }
    norms
}

/// Returns the columns of the table at `path`, whose first column is the step.
fn columns(path: &Path) -> RunCurves {
    let mut curves = RunCurves::new();
    let text = files::read_to_string(path).unwrap_or_default();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    for line in lines {
        let cells: Vec<Option<f64>> = line.split(',').map(|cell| cell.parse().ok()).collect();
        let Some(Some(step)) = cells.first().copied() else { continue };
        for (name, value) in names.iter().zip(&cells).skip(1) {
            if let Some(value) = value.filter(|value| value.is_finite()) {
                curves.entry((*name).to_owned()).or_default().push([step, value]);
            }
        }
    }
    curves
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn shares_of_the_gradient_come_from_the_norms_of_its_terms() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(gradient_shares(dir.path()), RunCurves::new());
        fs::write(dir.path().join("gradients.csv"), "step,total,pixel,ssim\n5,3.5,1,3\n10,1,0,0\n").unwrap();
        let expected = [("pixel", [[5.0, 0.25], [10.0, 0.0]]), ("ssim", [[5.0, 0.75], [10.0, 0.0]])];
        let expected: RunCurves = expected.map(|(name, points)| (name.to_owned(), points.to_vec())).into();
        assert_eq!(gradient_shares(dir.path()), expected);
    }
}
