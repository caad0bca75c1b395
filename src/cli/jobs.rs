//! `motionscope jobs`: how far the parts of a job over several machines are.

use std::path::PathBuf;

use clap::Args;

use super::outcome::{Outcome, complain};
use crate::cluster::{JobState, JobsReport, PartStatus, age_text};
use crate::error::Result;

/// Characters of a log line that are shown.
const LONGEST: usize = 80;

/// `motionscope jobs`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  motionscope jobs parts
  watch -n 10 motionscope jobs parts

A part is done, running, queued, missing, or stopped: begun and not running. The state of others is
that of Slurm, such as timeout or node fail. Without Slurm, running parts are found by their locks,
on shared disks with locks. AGE is the time since something of the part or its log was written.

Exit codes: 0 nothing has failed, 1 a part has stopped or failed, or the merge has, 2 wrong usage")]
pub(super) struct JobsArgs {
    /// Folder that --parts writes to
    #[arg(value_name = "DIR")]
    parts: PathBuf,
}

pub(super) fn run(arguments: &JobsArgs) -> Result<Outcome> {
    let report = JobsReport::of(&arguments.parts)?;
    report.no_slurm.iter().for_each(complain);
    let rows: Vec<[String; 6]> = report.parts.iter().map(row).collect();
    let head = ["PART", "STATE", "DONE", "MACHINE", "AGE", "LAST LOG LINE"].map(str::to_owned);
    let widths: [usize; 5] =
        std::array::from_fn(|i| [&head].into_iter().chain(&rows).map(|row| row[i].chars().count()).max().unwrap_or(0));
    for row in [&head].into_iter().chain(&rows) {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        println!("{}", format!("{}  {}", cells.join("  "), row[5]).trim_end());
    }
    println!("{}", summary(&report));
    Ok(outcome(&report))
}

/// Returns whether a part or the merge has failed.
fn outcome(report: &JobsReport) -> Outcome {
    let mut states = report.parts.iter().map(|part| &part.state).chain(report.merge.iter().map(|(_, state)| state));
    match states.any(|state| matches!(state, JobState::Failed(_))) {
        true => Outcome::SomeFailed,
        false => Outcome::Done,
    }
}

fn row(part: &PartStatus) -> [String; 6] {
    let progress = part.progress.map(|(done, of)| format!("{done}/{of}"));
    let line = part.last_line.as_ref().map(|line| line.chars().take(LONGEST).collect());
    [
        part.shard.to_string(),
        part.state.to_string(),
        progress.unwrap_or_default(),
        part.node.clone().unwrap_or_default(),
        part.age.map(age_text).unwrap_or_default(),
        line.unwrap_or_default(),
    ]
}

/// Returns the number of parts in each state, and the state of the merge.
fn summary(report: &JobsReport) -> String {
    let mut text = report.summary();
    if let Some((number, state)) = &report.merge {
        let line = report.merge_line.as_ref().map(|line| format!(": {line}")).unwrap_or_default();
        text += &format!("\nMerge (job {number}): {state}{line}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_that_failed_is_a_failure_although_all_parts_are_there() {
        let part = PartStatus {
            shard: "1/1".parse().unwrap(),
            state: JobState::Done,
            progress: None,
            node: None,
            age: None,
            log: PathBuf::new(),
            last_line: None,
        };
        let report = |part_state: JobState, merge: Option<JobState>| JobsReport {
            parts: vec![PartStatus { state: part_state, ..part.clone() }],
            merge: merge.map(|state| ("12".into(), state)),
            merge_log: PathBuf::new(),
            merge_line: None,
            no_slurm: None,
        };
        assert_eq!(outcome(&report(JobState::Done, None)), Outcome::Done);
        assert_eq!(outcome(&report(JobState::Done, Some(JobState::Queued))), Outcome::Done);
        assert_eq!(outcome(&report(JobState::Done, Some(JobState::Failed(None)))), Outcome::SomeFailed);
        assert_eq!(outcome(&report(JobState::Failed(None), Some(JobState::Done))), Outcome::SomeFailed);
    }
}
