//! The tables in a run folder: `metrics.csv` (every step), `validation.csv` (validation results), `gradients.csv` (gradient
//! shares of MotionNet) and `interventions.csv` (a log of manual changes).

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::events::StepMetrics;
use super::step_table::StepTable;
use crate::error::{Error, Result};
use crate::training::optim::gradient_shares::GradientShares;

/// The open tables of a run.
pub struct History {
    metrics: StepTable,
    validation: StepTable,
    gradients: StepTable,
    interventions: PathBuf,
}

impl History {
    /// Opens the tables in `run_dir` and removes the lines after step `step`, which the resumed run writes again, and
    /// validation results after step `measured`.
    pub fn open(run_dir: &Path, step: usize, measured: usize) -> Result<Self> {
        let table = |name: &str, step: usize| StepTable::open(run_dir.join(name), step);
        Ok(Self {
            metrics: table("metrics.csv", step)?,
            validation: table("validation.csv", measured)?,
            gradients: table("gradients.csv", step)?,
            interventions: run_dir.join("interventions.csv"),
        })
    }

    /// Appends the metrics of a step.
    pub fn push(&mut self, metrics: &StepMetrics) -> Result<()> {
        let accuracy = metrics.accuracy.map(|value| value.to_string()).unwrap_or_default();
        let mut cells =
            vec![("rate", format!("{:e}", metrics.rate)), ("loss", metrics.loss.to_string()), ("accuracy", accuracy)];
        cells.extend(metrics.terms.iter().map(|(name, value)| (name.as_str(), value.to_string())));
        self.metrics.push(metrics.step, &cells)
    }

    /// Appends validation results.
    pub fn measured(&mut self, step: usize, values: &[(&str, f32)]) -> Result<()> {
        let cells: Vec<_> = values.iter().map(|(name, value)| (*name, value.to_string())).collect();
        self.validation.push(step, &cells)
    }

    /// Appends gradient shares of MotionNet.
    pub fn shares(&mut self, shares: &GradientShares) -> Result<()> {
        let norms = shares.terms.iter().map(|part| (part.term.name(), part.norm.to_string()));
        let cells: Vec<_> = std::iter::once(("total", shares.norm.to_string())).chain(norms).collect();
        self.gradients.push(shares.step, &cells)
    }

    /// Logs a manual change after step `step`, without buffering. The log is not truncated by roll-backs.
    pub fn intervened(&self, step: usize, what: &str) -> Result<()> {
        let write = || {
            let mut file = OpenOptions::new().append(true).create(true).open(&self.interventions)?;
            if file.metadata()?.len() == 0 {
                writeln!(file, "step,intervention")?;
            }
            writeln!(file, "{step},{what}")
        };
        write().map_err(|error| Error::io(&self.interventions, &error))
    }

    /// Removes the lines after step `step`, to which the run rolls back.
    pub fn roll_back(&mut self, step: usize) -> Result<()> {
        self.tables().try_for_each(|table| table.keep_until(step))
    }

    /// Writes all buffered lines to disk, before a checkpoint includes their steps.
    pub fn flush(&mut self) -> Result<()> {
        self.tables().try_for_each(StepTable::flush)
    }

    fn tables(&mut self) -> impl Iterator<Item = &mut StepTable> {
        [&mut self.metrics, &mut self.validation, &mut self.gradients].into_iter()
    }
}
