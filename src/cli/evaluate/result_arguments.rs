//! The output options of clip evaluations.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::atomic::resolve;
use crate::cli::outcome::complain;
use crate::cli::output_arguments::ForceArg;
use crate::cli::shard_files::absolute;
use crate::error::Result;
use crate::evaluation::{ActionsOutcome, ActionsReport, ClipScores};
use crate::output::{Hidden, OutputGuard, Staging};

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
        let named = |path: &Option<PathBuf>| {
            let path = path.as_ref()?;
            let is_stdout = path == Path::new("-");
            Some(if is_stdout { path.clone() } else { absolute(path) })
        };
        let ResultFiles { json, report, scores } = &self.files;
        ResultFiles { json: named(json), report: named(report), scores: named(scores) }
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
        guard.check(&files.into_iter().flatten().chain(json.clone()).collect::<Vec<_>>())?;
        let folders = [&self.report, &self.scores].into_iter().flatten();
        for folder in folders.clone() {
            Staging::begin(folder)?;
        }
        // Folders of results are made, with those above them, before the JSON is written.
        let will_be_made = |json: &PathBuf| {
            resolve(json)
                .parent()
                .is_some_and(|parent| folders.clone().any(|folder| resolve(folder).starts_with(parent)))
        };
        if let Some(json) = json.filter(|json| !will_be_made(json)) {
            Hidden::beside(&json)?;
        }
        Ok(())
    }

    /// Prints the figures in words by `print`, or as JSON where that is to be on stdout, and writes the files. One that cannot be written
    /// keeps none of the others from being so.
    ///
    /// # Errors
    /// The first file that cannot be written; the others are reported.
    pub fn write(&self, outcome: &ActionsOutcome, guard: &OutputGuard, print: fn(&ActionsReport)) -> Result<()> {
        let report = &outcome.report;
        let json = self.json.as_deref();
        let is_stdout = json == Some(Path::new("-"));
        let shown = match is_stdout {
            // As in the file: a `Value` would show numbers of 32 bits with the digits of 64.
            true => report.to_json().map(|text| println!("{text}")),
            false => {
                print(report);
                Ok(())
            }
        };
        let write_scores = |folder: &PathBuf| {
            let staging = Staging::begin(folder)?;
            outcome.scores.write(&staging.root())?;
            staging.publish(guard)
        };
        let write_report = |folder: &PathBuf| {
            let staging = Staging::begin(folder)?;
            report.write_folder(&staging.root())?;
            staging.publish(guard)
        };
        let write_json = |path: &Path| {
            guard.check(&[path.to_owned()])?;
            report.write_json(path)
        };
        let written = [
            shown,
            self.scores.as_ref().map_or(Ok(()), write_scores),
            self.report.as_ref().map_or(Ok(()), write_report),
            json.filter(|_| !is_stdout).map_or(Ok(()), write_json),
        ];
        let mut errors = written.into_iter().filter_map(Result::err);
        let first = errors.next();
        errors.for_each(|error| complain(&error));
        first.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::LabelledClip;
    use crate::evaluation::{EvaluationPlan, Protocol, ScoredClip};
    use crate::nets::FlowSource;
    use crate::nets::fusion::Fusion;
    use crate::training::validation::PhotometricError;

    fn outcome() -> ActionsOutcome {
        let plan = EvaluationPlan {
            data: "list.txt".into(),
            protocol: Protocol::PAPER,
            fusion: Fusion::default(),
            flow_source: FlowSource::MotionNet,
        };
        let mut scores = ClipScores::new(2);
        scores.push(ScoredClip {
            clip: LabelledClip { path: "a.avi".into(), label: 0, segment_secs: None, group: None, also: Vec::new() },
            spatial: Some(vec![1.0, 0.0]),
            temporal: Some(vec![1.0, 0.0]),
            photometric: PhotometricError::default(),
        });
        ActionsOutcome { report: scores.report("own", &["clap", "wave"].map(str::to_owned), &plan), scores }
    }

    #[test]
    fn a_folder_that_does_not_exist_is_known_before_hours_of_work() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| Some(dir.path().join(name));
        let prepare = |json, report| ResultFiles { json, report, scores: None }.prepare(&OutputGuard::default());
        let error = prepare(at("missing/x.json"), None).unwrap_err();
        assert!(error.subject.ends_with("x.json"), "{error}");
        assert!(prepare(at("x.json"), None).is_ok());
        assert!(prepare(at("new/x.json"), at("new")).is_ok(), "the report makes the folder");
        assert!(prepare(at("new/x.json"), at("new/report")).is_ok(), "the report makes the folder above it too");
        assert!(prepare(Some("-".into()), None).is_ok());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left behind");
    }

    #[test]
    fn a_file_that_cannot_be_written_keeps_no_other_from_being_so() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("file"), "in the way").unwrap();
        let files =
            ResultFiles { json: Some(at("x.json")), report: Some(at("report")), scores: Some(at("file/scores")) };
        let error = files.write(&outcome(), &OutputGuard::default(), |_| {}).unwrap_err();
        assert!(error.subject.contains("file"), "{error}");
        assert!(at("x.json").is_file() && at("report/report.json").is_file());
    }
}
