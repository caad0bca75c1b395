//! `motionscope merge`: the parts of a job over several machines as one result.

use std::path::PathBuf;

use clap::Args;

use super::outcome::Outcome;
use super::output_arguments::ForceArg;
use super::{analyze, data, evaluate, flow, predict, reproduce, shard_files};
use crate::error::{Error, Result};
use crate::shards::{Job, PartFolder};

/// Writes what one machine would have written of the parts in a folder, which are of a job.
type Merge = fn(&PartFolder, &Job, ForceArg) -> Result<Outcome>;

/// The commands that work in shards.
const MERGES: [(&str, Merge); 8] = [
    (data::CHECK, data::merge_check),
    (evaluate::ACTIONS, evaluate::merge_actions),
    (evaluate::FLOW, evaluate::merge_flow),
    (evaluate::GROUPS, evaluate::merge_groups),
    (reproduce::COMMAND, reproduce::merge),
    (predict::COMMAND, shard_files::merge),
    (analyze::COMMAND, shard_files::merge),
    (flow::COMMAND, shard_files::merge),
];

/// `motionscope merge`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  motionscope evaluate actions --data clips --report report --parts parts --shard 1/3
  motionscope evaluate actions --data clips --report report --parts parts --shard 2/3
  motionscope evaluate actions --data clips --report report --parts parts --shard 3/3
  motionscope merge parts

Writes what the command would have written on one machine, to the places that its options name.
Shards of predict, analyze and flow write their files themselves: these are only checked.
Parts of different settings, versions, models or inputs are refused; missing parts are listed.

Exit codes: those of the command on one machine; 1 if parts are missing or do not belong together")]
pub(super) struct MergeArgs {
    /// Folder that --parts wrote to
    #[arg(value_name = "DIR")]
    parts: PathBuf,
    #[command(flatten)]
    force: ForceArg,
}

pub(super) fn run(arguments: &MergeArgs) -> Result<Outcome> {
    let folder = PartFolder::new(&arguments.parts);
    let job = folder.job()?;
    let own = env!("CARGO_PKG_VERSION");
    if job.version != own {
        let cause = format!("its parts are of version {}, and this is version {own}", job.version);
        return Err(Error::file(&arguments.parts, cause, "Merge with the version that made them"));
    }
    let Some((_, merge)) = MERGES.iter().find(|(command, _)| *command == job.command) else {
        let cause = format!("its parts are of the command '{}', which this version cannot merge", job.command);
        return Err(Error::file(&arguments.parts, cause, "Use the version that made them"));
    };
    merge(&folder, &job, arguments.force)
}
