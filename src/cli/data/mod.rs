//! `motionscope data`: what can be done with a data set besides training on it.

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
    /// Look for unreadable, short and missing clips, empty classes, copies, and clips shared by training and test
    #[command(after_help = check::EXAMPLES)]
    Check(Box<check::CheckArgs>),
}

pub(super) fn run(arguments: &DataArgs) -> Result<Outcome> {
    match &arguments.what {
        What::Check(arguments) => check::run(arguments),
    }
}
