//! How far the parts of a job are: by their files, their locks and their logs, and by what Slurm says of its tasks.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{fmt, fs};

use super::SubmissionRecord;
use super::scripts::ArrayJob;
use super::slurm::{self, Task};
use crate::error::{Error, ErrorKind, Result};
use crate::files;
use crate::shards::{PartFolder, Shard};

/// States of Slurm in which a task runs or ends, and in which it waits; in all others it is over.
const RUNNING: [&str; 6] = ["COMPLETING", "RUNNING", "SIGNALING", "STAGE_OUT", "STOPPED", "SUSPENDED"];
const WAITING: [&str; 7] =
    ["CONFIGURING", "PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT"];

/// The state of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobState {
    /// It is there.
    Done,
    /// A process computes it.
    Running,
    /// Slurm has not started it yet.
    Queued,
    /// It was begun and ended early, in the words of Slurm if it has any.
    Failed(Option<String>),
    /// Nothing is there of it.
    Missing,
}

/// What is known of a part.
#[derive(Debug, Clone)]
pub struct PartStatus {
    /// Its shard.
    pub shard: Shard,
    /// Its state.
    pub state: JobState,
    /// Results so far, and of how many, of an unfinished one.
    pub progress: Option<(usize, usize)>,
    /// The machine that Slurm gave it.
    pub node: Option<String>,
    /// Time since something of it was written.
    pub age: Option<Duration>,
    /// The last line of its log.
    pub last_line: Option<String>,
}

/// All parts of a job.
#[derive(Debug, Clone)]
pub struct JobsReport {
    /// The parts in their order.
    pub parts: Vec<PartStatus>,
    /// The number and the state of the job that merges, if one was submitted.
    pub merge: Option<(String, JobState)>,
    /// The last line of its log.
    pub merge_line: Option<String>,
    /// Why Slurm could not be asked.
    pub no_slurm: Option<Error>,
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "done",
            Self::Running => "running",
            Self::Queued => "queued",
            Self::Failed(None) => "stopped",
            Self::Failed(Some(state)) => return f.write_str(&state.to_lowercase().replace('_', " ")),
            Self::Missing => "missing",
        })
    }
}

impl JobsReport {
    /// Returns the state of the parts in the folder `parts`.
    ///
    /// # Errors
    /// If there is nothing of a job in the folder, or it cannot be read.
    pub fn of(parts: &Path) -> Result<Self> {
        let folder = PartFolder::new(parts);
        let record = SubmissionRecord::read(parts)?;
        let count = match &record {
            Some(record) => Some(record.shards),
            None => folder.count()?,
        };
        let none = || Error::file(parts, "there is nothing of a job in it", "Name the folder that --parts wrote to");
        let count = count.ok_or_else(none)?;
        let (tasks, no_slurm) = asked(record.as_ref().map(|record| record.array.as_str()));
        let done = folder.shards()?;
        let shards = (1..=count).filter_map(|index| Shard::new(index, count));
        let of_shard = |shard: Shard| {
            let task = tasks.iter().find(|task| task.index == Some(shard.index()));
            PartStatus::of(&folder, shard, done.contains(&shard), task)
        };
        let merge_log = ArrayJob::merge_log(parts);
        let merge = record.and_then(|record| record.merge);
        let merge = merge.map(|number| {
            let (tasks, _) = if no_slurm.is_some() { (Vec::new(), None) } else { asked(Some(&number)) };
            let state = tasks.first().map(|task| state_of(&task.state));
            (
                number,
                state.unwrap_or_else(|| match merge_log.exists() {
                    // Slurm forgets jobs; the log says how it ended.
                    true => JobState::Failed(Some("ended".into())),
                    false => JobState::Missing,
                }),
            )
        });
        Ok(Self { parts: shards.map(of_shard).collect(), merge, merge_line: last_line(&merge_log), no_slurm })
    }
}

impl PartStatus {
    fn of(folder: &PartFolder, shard: Shard, is_done: bool, task: Option<&Task>) -> Self {
        let log = ArrayJob::log(folder.dir(), shard);
        let progress = if is_done { None } else { folder.progress(shard) };
        let begun = progress.is_some() || log.exists();
        let state = match task.map(|task| state_of(&task.state)) {
            _ if is_done => JobState::Done,
            _ if folder.is_computed(shard) => JobState::Running,
            // Slurm knows of no part: the command failed, or wrote elsewhere.
            Some(JobState::Done) => JobState::Failed(Some("ended without a part".into())),
            Some(state) => state,
            None if begun => JobState::Failed(None),
            None => JobState::Missing,
        };
        let files = folder.files_of(shard).into_iter().chain([log.clone()]);
        let age = files.filter_map(|path| age(&path)).min();
        Self { shard, state, progress, node: task.and_then(|task| task.node.clone()), age, last_line: last_line(&log) }
    }
}

/// Returns the tasks of the job `number`, or why Slurm could not be asked; its absence is no fault.
fn asked(number: Option<&str>) -> (Vec<Task>, Option<Error>) {
    match number.map(slurm::tasks) {
        None => (Vec::new(), None),
        Some(Ok(tasks)) => (tasks, None),
        Some(Err(error)) if error.kind == ErrorKind::NotFound => (Vec::new(), None),
        Some(Err(error)) => (Vec::new(), Some(error)),
    }
}

/// Returns whether a task of this state neither waits nor runs.
pub(super) fn is_over(state: &str) -> bool {
    !RUNNING.contains(&state) && !WAITING.contains(&state)
}

fn state_of(state: &str) -> JobState {
    match state {
        "COMPLETED" => JobState::Done,
        state if RUNNING.contains(&state) => JobState::Running,
        state if WAITING.contains(&state) => JobState::Queued,
        state => JobState::Failed(Some(state.to_owned())),
    }
}

/// Returns the time since the file at `path` was written.
fn age(path: &PathBuf) -> Option<Duration> {
    let written = fs::metadata(path).ok()?.modified().ok()?;
    // Clocks of other machines may be ahead.
    Some(SystemTime::now().duration_since(written).unwrap_or_default())
}

/// Returns the last line of a log with something in it, without what terminals take for commands.
fn last_line(path: &Path) -> Option<String> {
    let bytes = files::read(path).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.rsplit(['\n', '\r']).map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().filter(|c| !c.is_control()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shards::{Job, JobInputs, Manifest, Part, ShardCheckpoint};

    #[test]
    fn parts_are_listed_by_what_is_there_of_them() {
        let dir = tempfile::tempdir().unwrap();
        let folder = PartFolder::new(dir.path());
        assert!(JobsReport::of(dir.path()).unwrap_err().cause.contains("nothing of a job"));
        let manifest = |shard: &str| {
            let settings = std::collections::BTreeMap::from([("views", "5x2")]);
            Manifest::new(
                Job::new("count", &settings, JobInputs::new("clip", 3, "hash".into())).unwrap(),
                shard.parse().unwrap(),
                "cpu",
            )
        };
        folder.write(&Part { manifest: manifest("1/4"), results: 7 }).unwrap();
        let (mut stopped, _) = ShardCheckpoint::begin::<u32>(&folder, &manifest("2/4")).unwrap();
        stopped.keep(&[1, 2], 5).unwrap();
        drop(stopped);
        let _running = ShardCheckpoint::begin::<u32>(&folder, &manifest("3/4")).unwrap();
        fs::create_dir(dir.path().join("slurm")).unwrap();
        let log = "first\n\u{1b}[31mlast\r\n\n";
        fs::write(ArrayJob::log(dir.path(), "2/4".parse().unwrap()), log).unwrap();
        let parts = JobsReport::of(dir.path()).unwrap().parts;
        let states: Vec<String> = parts.iter().map(|part| part.state.to_string()).collect();
        assert_eq!(states, ["done", "stopped", "running", "missing"]);
        assert_eq!((parts[1].progress, parts[1].last_line.as_deref()), (Some((2, 5)), Some("[31mlast")));
        assert!(parts[0].age.is_some() && parts[3].age.is_none());
    }

    #[test]
    fn states_of_slurm_are_sorted_into_ours() {
        assert_eq!(state_of("COMPLETING"), JobState::Running);
        assert_eq!(state_of("PENDING"), JobState::Queued);
        assert_eq!(state_of("NODE_FAIL").to_string(), "node fail");
        assert!(is_over("TIMEOUT") && is_over("COMPLETED") && !is_over("REQUEUE_HOLD"));
    }
}
