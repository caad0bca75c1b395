//! `motionscope train` and `motionscope tune`.

mod arguments;
mod fisher;
mod held_out;
mod progress;
mod runs;
mod tune;

use clap::{Args, Subcommand};

use super::outcome::Outcome;
use crate::error::{Error, Result};
pub(super) use arguments::TrainArgs;
use runs::{RunOutput, train_in_turn};
pub(super) use tune::{TuneArgs, tune};

/// `motionscope train`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, disable_help_subcommand = true)]
pub(super) struct TrainCommand {
    #[command(subcommand)]
    method: Option<TrainMethod>,
    #[command(flatten)]
    network: Option<TrainArgs>,
}

/// What is trained besides networks.
#[derive(Debug, Subcommand)]
enum TrainMethod {
    /// Train a classifier of codec motion vectors (MV + FV), without a network
    #[command(after_help = fisher::EXAMPLES)]
    Fisher(fisher::FisherArgs),
}

pub(super) fn run(command: &TrainCommand) -> Result<Outcome> {
    match (&command.method, &command.network) {
        (Some(TrainMethod::Fisher(arguments)), _) => fisher::run(arguments),
        (None, Some(arguments)) => train_network(arguments),
        (None, None) => {
            Err(Error::usage("train", "no network is named", "Name one of those in motionscope train --help"))
        }
    }
}

fn train_network(arguments: &TrainArgs) -> Result<Outcome> {
    let plan = arguments.plan().map_err(Error::as_usage)?;
    train_in_turn(&[plan], arguments.device, arguments.solver.gradient_shares, RunOutput::Words)
}
