//! The output options of clip evaluations.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::cli::output_arguments::ForceArg;
use crate::error::Result;
use crate::evaluation::{ActionsOutcome, ActionsReport, ClipScores};
use crate::output::{OutputGuard, Staging};

/// The files to write and the consent to replace others.
#[derive(Debug, Args)]
pub(super) struct ResultArgs {
    #[command(flatten)]
    files: ResultFiles,
    #[command(flatten)]
    force: ForceArg,
}

/// The files to write.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub(super) struct ResultFiles {
    /// Write the full report as JSON to a file or stdout
    #[arg(long, value_name = "FILE|-", num_args = 0..=1, default_missing_value = "-")]
    json: Option<PathBuf>,
    /// Write an HTML report with plots, JSON and CSV to this folder
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Write the scores of both streams as .npy, with the list of clips, to this folder
    #[arg(long, value_name = "DIR")]
    scores: Option<PathBuf>,
}

impl ResultArgs {
    /// Checks what may be written, so that it is known before hours of work and not after; `inputs` are never written over.
    /// The returned guard decides again when the files are written.
    ///
    /// # Errors
    /// If a file may not be written, or a folder cannot be.
    pub fn prepare(&self, inputs: impl IntoIterator<Item = PathBuf>) -> Result<OutputGuard> {
        let guard = self.force.guard(inputs);
        self.files.prepare(&guard)?;
        Ok(guard)
    }

    /// Writes the files, and the figures in words by `print` unless stdout has the JSON.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(&self, outcome: &ActionsOutcome, guard: &OutputGuard, print: fn(&ActionsReport)) -> Result<()> {
        self.files.write(outcome, guard, print)
    }

    /// Returns the files with absolute paths, as another process in another folder has to write them.
    pub fn absolute(&self) -> ResultFiles {
        let absolute = |path: &Option<PathBuf>| {
            let path = path.as_ref()?;
            let is_stdout = path == Path::new("-");
            Some(if is_stdout { path.clone() } else { std::path::absolute(path).unwrap_or_else(|_| path.clone()) })
        };
        let ResultFiles { json, report, scores } = &self.files;
        ResultFiles { json: absolute(json), report: absolute(report), scores: absolute(scores) }
    }
}

impl ResultFiles {
    /// Checks what may be written.
    ///
    /// # Errors
    /// If `guard` does not allow a file, or a folder cannot be written to.
    pub fn prepare(&self, guard: &OutputGuard) -> Result<()> {
        let files_in = |folder: &Option<PathBuf>, names: &[&str]| {
            let join = |folder: &PathBuf| names.iter().map(|name| folder.join(name)).collect::<Vec<_>>();
            folder.as_ref().map(join).unwrap_or_default()
        };
        let files = [files_in(&self.report, &ActionsReport::FILES), files_in(&self.scores, &ClipScores::FILES)];
        let json = self.json.clone().filter(|path| path != Path::new("-"));
        guard.check(&files.into_iter().flatten().chain(json).collect::<Vec<_>>())?;
        for folder in [&self.report, &self.scores].into_iter().flatten() {
            Staging::begin(folder)?;
        }
        Ok(())
    }

    /// Writes the files, and the figures in words by `print` unless stdout has the JSON.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(&self, outcome: &ActionsOutcome, guard: &OutputGuard, print: fn(&ActionsReport)) -> Result<()> {
        let report = &outcome.report;
        if let Some(folder) = &self.scores {
            let staging = Staging::begin(folder)?;
            outcome.scores.write(&staging.root())?;
            staging.publish(guard)?;
        }
        if let Some(folder) = &self.report {
            let staging = Staging::begin(folder)?;
            report.write_folder(&staging.root())?;
            staging.publish(guard)?;
        }
        match self.json.as_deref() {
            // As in the file: a `Value` would show numbers of 32 bits with the digits of 64.
            Some(path) if path == Path::new("-") => println!("{}", report.to_json()?),
            Some(path) => {
                guard.check(&[path.to_owned()])?;
                report.write_json(path)?;
                print(report);
            }
            None => print(report),
        }
        Ok(())
    }
}
