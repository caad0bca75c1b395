//! Submission of an array job and of its merge job.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::jobs::is_over;
use super::scripts::ArrayJob;
use super::{SubmissionRecord, slurm};
use crate::atomic;
use crate::command_line::quoted;
use crate::error::{Error, Result};
use crate::file_lock::FileLock;
use crate::shards::{PartFolder, Shard};

/// The scripts of the tasks and of the merge.
const SCRIPTS: [&str; 2] = ["array.sh", "merge.sh"];

/// The submitted jobs.
#[derive(Debug, Clone)]
pub struct Submitted {
    /// The record of the submission.
    pub record: SubmissionRecord,
    /// Error of submitting the merge.
    pub no_merge: Option<Error>,
}

impl ArrayJob {
    /// Returns the scripts and the commands that submit them, in shell syntax.
    pub fn dry_run(&self) -> String {
        let [array, merge] = self.submissions("ARRAY").map(quoted);
        let folder = Self::folder(&self.parts);
        let [tasks, last] = SCRIPTS.map(|name| folder.join(name).display().to_string());
        format!(
            "# {tasks}\n{}\n# {last}\n{}\n# Submission\n{array}\n{merge}\n",
            self.task_script(),
            self.merge_script()
        )
    }

    fn submissions(&self, array: &str) -> [Vec<String>; 2] {
        let paths = SCRIPTS.map(|name| Self::folder(&self.parts).join(name));
        [
            slurm::submit_words(&paths[0], &self.log_pattern(), None),
            slurm::submit_words(&paths[1], &self.merge_pattern(), Some(array)),
        ]
    }

    /// Returns the log of each task, as Slurm has it written.
    fn log_pattern(&self) -> String {
        format!("{}/task-%a.log", escaped(&Self::folder(&self.parts)))
    }

    fn merge_pattern(&self) -> String {
        escaped(&Self::merge_log(&self.parts))
    }
}

/// Returns a path with Slurm's pattern characters escaped.
fn escaped(path: &Path) -> String {
    path.to_string_lossy().replace('%', "%%")
}

/// Writes the scripts of `job` and submits them.
///
/// # Errors
/// If Slurm is not installed, another submission to the folder is unfinished, or Slurm rejects it.
pub fn submit(job: &ArrayJob) -> Result<Submitted> {
    slurm::check_installed()?;
    let folder = ArrayJob::folder(&job.parts);
    fs::create_dir_all(&folder).map_err(|error| Error::not_made(&folder, &error))?;
    let lock = folder.join("submission.lock");
    let busy = || Error::file(&job.parts, "another submission to this folder is under way", "Wait until it is done");
    let _lock = FileLock::take(&lock).map_err(|error| Error::io(&lock, &error))?.ok_or_else(busy)?;
    check_idle(job)?;
    let paths = SCRIPTS.map(|name| folder.join(name));
    for (path, script) in paths.iter().zip([job.task_script(), job.merge_script()]) {
        atomic::replace(path, |file| file.write_all(script.as_bytes()))?;
    }
    let array = slurm::submit(&paths[0], &job.log_pattern(), None)?;
    let mut record = SubmissionRecord {
        schema: SubmissionRecord::SCHEMA.into(),
        array: array.clone(),
        merge: None,
        shards: job.shards,
        command: job.command.clone(),
    };
    record.write(&job.parts)?;
    let merge = slurm::submit(&paths[1], &job.merge_pattern(), Some(&array));
    record.merge = merge.as_ref().ok().cloned();
    record.write(&job.parts)?;
    Ok(Submitted { record, no_merge: merge.err() })
}

/// Refuses a folder of whose parts some are being computed or are queued.
fn check_idle(job: &ArrayJob) -> Result<()> {
    let folder = PartFolder::new(&job.parts);
    let computed = |shard: &Shard| folder.is_computed(*shard);
    if let Some(shard) = job.missing.iter().find(|shard| computed(shard)) {
        let cause = format!("shard {shard} is being computed");
        return Err(Error::file(&job.parts, cause, "Wait until it is done, or choose another folder"));
    }
    let Some(record) = SubmissionRecord::read(&job.parts)? else { return Ok(()) };
    for number in record.jobs() {
        if slurm::tasks(number)?.iter().any(|task| !is_over(&task.state)) {
            let jobs: Vec<&str> = record.jobs().collect();
            let cause = format!("its last submission is unfinished, job {number}");
            let remedy = format!("Wait, or end it with: scancel {}", jobs.join(" "));
            return Err(Error::file(&job.parts, cause, remedy));
        }
    }
    Ok(())
}
