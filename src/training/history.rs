//! `metrics.csv`: every step of a run, one a line, readable by any spreadsheet.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::event::StepMetrics;
use crate::error::{Error, Result};
use crate::flow::files::atomic;

/// The open metrics file of a run.
pub struct History {
    run_dir: PathBuf,
    path: PathBuf,
    file: BufWriter<File>,
    has_header: bool,
}

impl History {
    /// Opens `metrics.csv` in `run_dir` and drops the lines after step `step`, which the resumed run writes again.
    pub fn open(run_dir: &Path, step: usize) -> Result<Self> {
        let path = run_dir.join("metrics.csv");
        let kept = match fs::read_to_string(&path) {
            Ok(text) => text.lines().filter(|line| belongs(line, step)).map(|line| format!("{line}\n")).collect(),
            Err(_) => String::new(),
        };
        atomic::replace(&path, |writer| writer.write_all(kept.as_bytes()))?;
        let file = OpenOptions::new().append(true).open(&path).map_err(|error| Error::io(&path, &error))?;
        Ok(Self { run_dir: run_dir.to_owned(), path, file: BufWriter::new(file), has_header: !kept.is_empty() })
    }

    /// Appends a step.
    pub fn push(&mut self, metrics: &StepMetrics) -> Result<()> {
        let write = || -> std::io::Result<()> {
            if !self.has_header {
                let names: String = metrics.terms.iter().map(|(name, _)| format!(",{name}")).collect();
                writeln!(self.file, "step,rate,loss,accuracy{names}")?;
                self.has_header = true;
            }
            let StepMetrics { step, rate, loss, .. } = metrics;
            let accuracy = metrics.accuracy.map(|value| value.to_string()).unwrap_or_default();
            let terms: String = metrics.terms.iter().map(|(_, value)| format!(",{value}")).collect();
            writeln!(self.file, "{step},{rate:e},{loss},{accuracy}{terms}")
        };
        let mut write = write;
        write().map_err(|error| Error::io(&self.path, &error))
    }

    /// Drops the lines after step `step`, to which the run goes back.
    pub fn roll_back(&mut self, step: usize) -> Result<()> {
        self.flush()?;
        *self = Self::open(&self.run_dir, step)?;
        Ok(())
    }

    /// Brings everything to disk, before a checkpoint claims these steps.
    pub fn flush(&mut self) -> Result<()> {
        self.file.flush().map_err(|error| Error::io(&self.path, &error))
    }
}

/// Whether a line is the header or a step up to `step`.
fn belongs(line: &str, step: usize) -> bool {
    step > 0
        && line
            .split(',')
            .next()
            .is_some_and(|first| first == "step" || first.parse().is_ok_and(|number: usize| number <= step))
}
