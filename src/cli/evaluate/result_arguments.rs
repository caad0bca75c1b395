//! Where the results of scored clips go.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::error::{Error, Result};
use crate::evaluation::{ActionsOutcome, ActionsReport};

/// The files to be written.
#[derive(Debug, Args)]
pub(super) struct ResultArgs {
    /// Write the whole report as JSON, to a file or to stdout
    #[arg(long, value_name = "FILE|-", num_args = 0..=1, default_missing_value = "-")]
    json: Option<PathBuf>,
    /// Write a page with plots, JSON and CSV to this folder
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Write the scores of both streams as .npy, and the list of their rows, to this folder
    #[arg(long, value_name = "DIR")]
    scores: Option<PathBuf>,
}

impl ResultArgs {
    /// Makes the folders, so that one that cannot be written is known before hours of work and not after.
    ///
    /// # Errors
    /// If a folder cannot be made.
    pub fn prepare(&self) -> Result<()> {
        for folder in [&self.report, &self.scores].into_iter().flatten() {
            std::fs::create_dir_all(folder).map_err(|error| Error::io(folder, &error))?;
        }
        Ok(())
    }

    /// Writes the files, and the figures in words by `print` unless stdout has the JSON.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(&self, outcome: &ActionsOutcome, print: fn(&ActionsReport)) -> Result<()> {
        let report = &outcome.report;
        if let Some(folder) = &self.scores {
            outcome.scores.write(folder)?;
        }
        if let Some(folder) = &self.report {
            report.write_folder(folder)?;
        }
        match self.json.as_deref() {
            Some(path) if path == Path::new("-") => println!("{:#}", json!(report)),
            Some(path) => {
                report.write_json(path)?;
                print(report);
            }
            None => print(report),
        }
        Ok(())
    }
}
