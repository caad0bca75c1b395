//! The options of a job over several machines.

use std::env;
use std::path::PathBuf;

use clap::Args;

use super::shard_task::ShardTask;
use crate::command_line;
use crate::error::Result;
use crate::shards::{PartFolder, Shard};

/// `--parts`, `--shard`
#[derive(Debug, Args)]
#[command(next_help_heading = "Several machines")]
pub(super) struct ShardArgs {
    /// Compute one shard of the work and write it to this shared folder, for motionscope merge
    ///
    /// A shard that is complete there is skipped.
    #[arg(long, value_name = "DIR")]
    parts: Option<PathBuf>,
    /// Shard to compute, from 1/N to N/N [default: from the scheduler]
    ///
    /// Default in a Slurm array: the place of SLURM_ARRAY_TASK_ID from SLURM_ARRAY_TASK_MIN on, of
    /// SLURM_ARRAY_TASK_COUNT. In an indexed Kubernetes job: JOB_COMPLETION_INDEX + 1 of JOB_COMPLETIONS.
    #[arg(long, value_name = "I/N", requires = "parts")]
    shard: Option<Shard>,
}

impl ShardArgs {
    /// Returns the shard to compute; none where all the work is this machine's. From then on it is stopped by Ctrl-C and SIGTERM.
    ///
    /// # Errors
    /// If there is a folder but no shard.
    pub fn task(&self) -> Result<Option<ShardTask>> {
        let Some(parts) = &self.parts else { return Ok(None) };
        let shard = self.shard.map_or_else(
            || Shard::of_scheduler(&|name| env::var_os(name).map(|value| value.to_string_lossy().into_owned())),
            Ok,
        )?;
        ShardTask::new(shard, PartFolder::new(parts)).map(Some)
    }

    /// Returns the command line that does the work of all shards on one machine.
    pub fn whole_command() -> String {
        command_line::current_without(&["--shard", "--parts"])
    }
}
