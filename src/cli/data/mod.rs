//! `motionscope data`: data set tools.

mod check;

use clap::{Args, Subcommand};

use super::outcome::Outcome;
use crate::error::Result;
pub(super) use check::{COMMAND as CHECK, merge as merge_check};

/// `motionscope data`
#[derive(Debug, Args)]
pub(super) struct DatasetArgs {
    #[command(subcommand)]
    what: DataCommand,
}

#[derive(Debug, Subcommand)]
enum DataCommand {
    /// Find missing, unreadable and short clips, empty classes, duplicates and train–test leaks
    #[command(after_help = check::EXAMPLES)]
    Check(Box<check::DataCheckArgs>),
}

pub(super) fn run(arguments: &DatasetArgs) -> Result<Outcome> {
    match &arguments.what {
        DataCommand::Check(arguments) => check::run(arguments),
    }
}
