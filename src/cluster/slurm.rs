//! The commands of Slurm: `sbatch`, `squeue` and `sacct`.

use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::{Error, Result};

/// Slurm's state of a task or a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Task {
    /// Its index in the array; `None` for a job without an array.
    pub index: Option<usize>,
    /// Slurm's name of the state, such as `RUNNING` or `PENDING`.
    pub state: String,
    /// The assigned machine, if any.
    pub node: Option<String>,
}

/// Returns the output of a Slurm command; the kind of the error is `NotFound` if Slurm is not installed.
fn output(program: &str, arguments: &[String]) -> Result<String> {
    let run = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let run = run.map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            let remedy = "Use a machine from which jobs are submitted, or --dry-run to see the scripts";
            Error::new(program, "this command of Slurm is not on this machine", remedy)
                .of_kind(crate::error::ErrorKind::NotFound)
        }
        _ => Error::new(program, error.to_string(), "Check the installation of Slurm"),
    })?;
    if run.status.success() {
        return Ok(String::from_utf8_lossy(&run.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&run.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
    Err(Error::new(program, format!("Slurm refuses: {said}"), "Check the options and the state of the cluster"))
}

/// Fails if `sbatch` is missing or does not run.
pub(super) fn check_installed() -> Result<()> {
    output("sbatch", &["--version".into()]).map(drop)
}

/// Submits the script at `path`, whose output goes to `log`, a path in which Slurm fills in `%` patterns, and returns the job's number.
/// The job begins when the jobs `after` have ended, successfully or not.
pub(super) fn submit(path: &Path, log: &str, after: Option<&str>) -> Result<String> {
    let words = submit_words(path, log, after);
    let printed = output(&words[0], &words[1..])?;
    // With several clusters the output is NUMBER;CLUSTER.
    let number = printed.trim().split(';').next().unwrap_or_default();
    match !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(number.to_owned()),
        false => Err(Error::new("sbatch", format!("it printed no job number: {}", printed.trim()), "Check squeue")),
    }
}

/// Returns the command line that submits a script.
pub(super) fn submit_words(path: &Path, log: &str, after: Option<&str>) -> Vec<String> {
    let dependency = after.map(|after| format!("--dependency=afterany:{after}"));
    let words = ["sbatch".to_owned(), "--parsable".to_owned(), format!("--output={log}")];
    words.into_iter().chain(dependency).chain([path.to_string_lossy().into_owned()]).collect()
}

/// Returns the tasks of the array or the job `number`; those that Slurm has forgotten are missing.
///
/// # Errors
/// If Slurm is not installed or fails.
pub(super) fn tasks(number: &str) -> Result<Vec<Task>> {
    let words = ["-h", "-r", "-t", "all", "-o", "%K|%T|%N", "-j", number].map(str::to_owned);
    let queued = match output("squeue", &words) {
        Ok(printed) => parse_queue(&printed),
        Err(error) if error.cause.contains("Invalid job id") => Vec::new(), // it ended a while ago
        Err(error) => return Err(error),
    };
    // Only clusters with an accounting database remember ended jobs.
    let words = ["-n", "-X", "-P", "-o", "JobID,State,NodeList", "-j", number].map(str::to_owned);
    let mut tasks = output("sacct", &words).map(|printed| parse_accounts(&printed)).unwrap_or_default();
    tasks.retain(|task| queued.iter().all(|queued| queued.index != task.index));
    tasks.extend(queued);
    Ok(tasks)
}

/// Parses the output of `squeue`: `3|RUNNING|node1`, `N/A|PENDING|`.
fn parse_queue(printed: &str) -> Vec<Task> {
    let task = |line: &str| {
        let mut fields = line.trim().split('|');
        Some(Task { index: fields.next()?.parse().ok(), state: fields.next()?.to_owned(), node: node(fields.next()) })
    };
    printed.lines().filter_map(task).collect()
}

/// Parses the output of `sacct`: `812_3|COMPLETED|node1`, `812|CANCELLED by 0|None assigned`; waiting tasks are
/// `812_[4-6]`.
fn parse_accounts(printed: &str) -> Vec<Task> {
    let task = |line: &str| {
        let mut fields = line.trim().split('|');
        let index = fields.next()?.split_once('_').map(|(_, index)| index.parse::<usize>());
        let state = fields.next()?.split_whitespace().next()?.to_owned();
        let index = match index {
            Some(index) => Some(index.ok()?),
            None => None,
        };
        Some(Task { index, state, node: node(fields.next()) })
    };
    printed.lines().filter_map(task).collect()
}

fn node(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|text| !text.is_empty() && *text != "None assigned").map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_read_from_both_commands() {
        let task =
            |index, state: &str, node: Option<&str>| Task { index, state: state.into(), node: node.map(Into::into) };
        let queue = "3|RUNNING|node1\n4|PENDING|\nN/A|PENDING|\n";
        let expected =
            [task(Some(3), "RUNNING", Some("node1")), task(Some(4), "PENDING", None), task(None, "PENDING", None)];
        assert_eq!(parse_queue(queue), expected);
        let accounts = "812_1|COMPLETED|node2\n812_2|CANCELLED by 0|None assigned\n812_[3-6]|PENDING|None assigned\n";
        assert_eq!(
            parse_accounts(accounts),
            [task(Some(1), "COMPLETED", Some("node2")), task(Some(2), "CANCELLED", None)]
        );
        assert_eq!(parse_accounts("813|FAILED|node1"), [task(None, "FAILED", Some("node1"))]);
    }
}
