//! `motionscope jobs`: how far the parts of a job over several machines are.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::outcome::{Outcome, complain};
use crate::cluster::{JobState, JobsReport, PartStatus};
use crate::error::Result;
use crate::plural::counted;

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
        part.age.map(span).unwrap_or_default(),
        line.unwrap_or_default(),
    ]
}

/// Returns the number of parts in each state, and that of the merge.
fn summary(report: &JobsReport) -> String {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for state in report.parts.iter().map(|part| part.state.to_string()) {
        match counts.iter_mut().find(|(known, _)| *known == state) {
            Some((_, count)) => *count += 1,
            None => counts.push((state, 1)),
        }
    }
    let counts: Vec<String> = counts.into_iter().map(|(state, count)| format!("{count} {state}")).collect();
    let mut text = format!("{}: {}", counted(report.parts.len(), "part"), counts.join(", "));
    if let Some((number, state)) = &report.merge {
        let line = report.merge_line.as_ref().map(|line| format!(": {line}")).unwrap_or_default();
        text += &format!("\nMerge (job {number}): {state}{line}");
    }
    text
}

/// Returns a time in its largest unit: `45 s`, `12 min`, `3 h`, `2 d`.
fn span(time: Duration) -> String {
    let secs = time.as_secs();
    match secs {
        0..60 => format!("{secs} s"),
        60..3600 => format!("{} min", secs / 60),
        3600..86_400 => format!("{} h", secs / 3600),
        _ => format!("{} d", secs / 86_400),
    }
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
            last_line: None,
        };
        let report = |part_state: JobState, merge: Option<JobState>| JobsReport {
            parts: vec![PartStatus { state: part_state, ..part.clone() }],
            merge: merge.map(|state| ("12".into(), state)),
            merge_line: None,
            no_slurm: None,
        };
        assert_eq!(outcome(&report(JobState::Done, None)), Outcome::Done);
        assert_eq!(outcome(&report(JobState::Done, Some(JobState::Queued))), Outcome::Done);
        assert_eq!(outcome(&report(JobState::Done, Some(JobState::Failed(None)))), Outcome::SomeFailed);
        assert_eq!(outcome(&report(JobState::Failed(None), Some(JobState::Done))), Outcome::SomeFailed);
    }

    #[test]
    fn times_are_shown_in_their_largest_unit() {
        let spans = [5, 125, 7300, 200_000].map(|secs| span(Duration::from_secs(secs)));
        assert_eq!(spans, ["5 s", "2 min", "2 h", "2 d"]);
    }
}
