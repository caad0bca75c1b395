//! Progress of the parts of a job, from their files, locks and logs and from Slurm's states of its tasks.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{fmt, fs};

use super::SubmissionRecord;
use super::scripts::ArrayJob;
use super::slurm::{self, Task};
use crate::error::{Error, ErrorKind, Result};
use crate::files;
use crate::plural::counted;
use crate::shards::{PartFolder, Shard};

/// Slurm's states of running and of waiting tasks; in all other states a task has ended.
const RUNNING: [&str; 6] = ["COMPLETING", "RUNNING", "SIGNALING", "STAGE_OUT", "STOPPED", "SUSPENDED"];
const WAITING: [&str; 7] =
    ["CONFIGURING", "PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT"];

/// Number of bytes read at the end of a log.
const LOG_TAIL: u64 = 1 << 16;

/// The state of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobState {
    /// The part is complete.
    Done,
    /// A process is computing it.
    Running,
    /// Slurm has not started it yet.
    Queued,
    /// It ended early; with Slurm's reason, if any.
    Failed(Option<String>),
    /// Nothing of it exists.
    Missing,
}

/// The status of a part.
#[derive(Debug, Clone)]
pub struct PartStatus {
    /// Its shard.
    pub shard: Shard,
    /// Its state.
    pub state: JobState,
    /// Number of results so far and in all, of an unfinished part.
    pub progress: Option<(usize, usize)>,
    /// The machine that Slurm assigned.
    pub node: Option<String>,
    /// Time since its last output.
    pub age: Option<Duration>,
    /// Its Slurm log, which need not exist.
    pub log: PathBuf,
    /// The last line of its log.
    pub last_line: Option<String>,
}

/// The status of all parts of a job.
#[derive(Debug, Clone)]
pub struct JobsReport {
    /// The parts in their order.
    pub parts: Vec<PartStatus>,
    /// Slurm's number and the state of the merge job, if one was submitted.
    pub merge: Option<(String, JobState)>,
    /// Path of that job's log, which may not exist.
    pub merge_log: PathBuf,
    /// The last line of its log.
    pub merge_line: Option<String>,
    /// Reason why Slurm could not be queried.
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
    /// If the folder holds no parts of a job, or cannot be read.
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
                    // Slurm forgets jobs; the log shows how it ended.
                    true => JobState::Failed(Some("ended".into())),
                    false => JobState::Missing,
                }),
            )
        });
        let merge_line = last_line(&merge_log);
        Ok(Self { parts: shards.map(of_shard).collect(), merge, merge_log, merge_line, no_slurm })
    }

    /// Returns the number of parts in each state, such as `4 parts: 3 done, 1 running`.
    pub fn summary(&self) -> String {
        let mut counts: Vec<(String, usize)> = Vec::new();
        for state in self.parts.iter().map(|part| part.state.to_string()) {
            match counts.iter_mut().find(|(known, _)| *known == state) {
                Some((_, count)) => *count += 1,
                None => counts.push((state, 1)),
            }
        }
        let counts: Vec<String> = counts.into_iter().map(|(state, count)| format!("{count} {state}")).collect();
        format!("{}: {}", counted(self.parts.len(), "part"), counts.join(", "))
    }

    /// Returns the completed share, 0 to 1; all parts have equal weight.
    pub fn done_share(&self) -> f64 {
        let total: f64 = self.parts.iter().map(PartStatus::done_share).sum();
        total / self.parts.len().max(1) as f64
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
            // Slurm has ended it without a part: the command failed, or wrote elsewhere.
            Some(JobState::Done) => JobState::Failed(Some("ended without a part".into())),
            Some(state) => state,
            None if begun => JobState::Failed(None),
            None => JobState::Missing,
        };
        let files = folder.files_of(shard).into_iter().chain([log.clone()]);
        let age = files.filter_map(|path| age(&path)).min();
        let (node, last_line) = (task.and_then(|task| task.node.clone()), last_line(&log));
        Self { shard, state, progress, node, age, log, last_line }
    }

    /// Returns the completed share of its results, 0 to 1.
    pub fn done_share(&self) -> f64 {
        match (&self.state, self.progress) {
            (JobState::Done, _) => 1.0,
            (_, Some((done, of))) if of > 0 => done as f64 / of as f64,
            _ => 0.0,
        }
    }
}

/// Returns a time in its largest unit: `45 s`, `12 min`, `3 h`, `2 d`.
pub fn age_text(time: Duration) -> String {
    let secs = time.as_secs();
    match secs {
        0..60 => format!("{secs} s"),
        60..3600 => format!("{} min", secs / 60),
        3600..86_400 => format!("{} h", secs / 3600),
        _ => format!("{} d", secs / 86_400),
    }
}

/// Returns the tasks of job `number`, or the error of querying Slurm; a missing Slurm is no error.
fn asked(number: Option<&str>) -> (Vec<Task>, Option<Error>) {
    match number.map(slurm::tasks) {
        None => (Vec::new(), None),
        Some(Ok(tasks)) => (tasks, None),
        Some(Err(error)) if error.kind == ErrorKind::NotFound => (Vec::new(), None),
        Some(Err(error)) => (Vec::new(), Some(error)),
    }
}

/// Returns `true` if a task of this state neither waits nor runs.
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

/// Returns the last lines of the log at `path`, at most 64 KiB, without control characters. If a progress bar has
/// overwritten a line, only its last state is returned.
///
/// # Errors
/// If the file cannot be read.
pub fn log_tail(path: &Path) -> Result<String> {
    let tail = tail(path).map_err(|error| Error::io(path, &error))?;
    let text = String::from_utf8_lossy(&tail);
    let visible = |line: &str| -> Option<String> {
        let last = line.rsplit('\r').map(str::trim_end).find(|state| !state.is_empty())?;
        Some(last.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| !c.is_control()).collect())
    };
    Ok(text.lines().filter_map(visible).collect::<Vec<_>>().join("\n"))
}

/// Returns the last bytes of the file at `path`, starting at a line if it is longer.
fn tail(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = files::open(path)?;
    let start = file.metadata()?.len().saturating_sub(LOG_TAIL);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(LOG_TAIL).read_to_end(&mut bytes)?;
    if start > 0
        && let Some(end) = bytes.iter().position(|&byte| byte == b'\n')
    {
        bytes.drain(..=end);
    }
    Ok(bytes)
}

/// Returns the last non-empty line of the log at `path`.
fn last_line(path: &Path) -> Option<String> {
    let tail = log_tail(path).ok()?;
    let line = tail.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.to_owned())
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
        let report = JobsReport::of(dir.path()).unwrap();
        assert_eq!(report.summary(), "4 parts: 1 done, 1 stopped, 1 running, 1 missing");
        assert!((report.done_share() - (1.0 + 0.4) / 4.0).abs() < 1e-9, "{}", report.done_share());
        let parts = report.parts;
        let states: Vec<String> = parts.iter().map(|part| part.state.to_string()).collect();
        assert_eq!(states, ["done", "stopped", "running", "missing"]);
        assert_eq!((parts[1].progress, parts[1].last_line.as_deref()), (Some((2, 5)), Some("[31mlast")));
        assert!(parts[0].age.is_some() && parts[3].age.is_none());
    }

    #[test]
    fn the_end_of_a_long_log_begins_with_a_whole_line_and_has_the_last_state_of_a_bar() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("task-1.log");
        let lines: Vec<String> = (0..20_000).map(|line| format!("line {line}")).collect();
        fs::write(&path, format!("{}\n 1/9 clips\r 2/9 clips\r\nend\n\n", lines.join("\n"))).unwrap();
        let tail = log_tail(&path).unwrap();
        assert!(tail.len() < 1 << 16 && tail.starts_with("line "), "{}", &tail[..40]);
        assert!(tail.ends_with("line 19999\n 2/9 clips\nend"), "{}", &tail[tail.len() - 40..]);
        assert_eq!(last_line(&path).as_deref(), Some("end"));
        assert!(log_tail(&dir.path().join("none.log")).is_err());
    }

    #[test]
    fn times_are_shown_in_their_largest_unit() {
        let spans = [5, 125, 7300, 200_000].map(|secs| age_text(Duration::from_secs(secs)));
        assert_eq!(spans, ["5 s", "2 min", "2 h", "2 d"]);
    }

    #[test]
    fn states_of_slurm_are_sorted_into_ours() {
        assert_eq!(state_of("COMPLETING"), JobState::Running);
        assert_eq!(state_of("PENDING"), JobState::Queued);
        assert_eq!(state_of("NODE_FAIL").to_string(), "node fail");
        assert!(is_over("TIMEOUT") && is_over("COMPLETED") && !is_over("REQUEUE_HOLD"));
    }
}
