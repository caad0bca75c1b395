//! `motionscope data`: data set tools.

mod check;

use clap::{Args, Subcommand};

use super::outcome::Outcome;
use crate::error::Result;

/// `motionscope data`
#[derive(Debug, Args)]
pub(super) struct DataArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Find missing, unreadable and short clips, empty classes, duplicates and train–test leaks
    #[command(after_help = check::EXAMPLES)]
    Check(Box<check::CheckArgs>),
}

pub(super) fn run(arguments: &DataArgs) -> Result<Outcome> {
    match &arguments.what {
        What::Check(arguments) => check::run(arguments),
    }
}
