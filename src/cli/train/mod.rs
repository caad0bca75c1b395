//! `motionscope train` and `motionscope tune`.

mod architecture;
mod arguments;
mod fisher;
mod held_out;
mod progress;
mod runs;
mod sequence;
mod svm;
mod svm_arguments;
mod tune;

use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand};

use super::outcome::Outcome;
use crate::error::{Error, Result};
pub(super) use arguments::TrainArgs;
use runs::{RunOutput, train_in_turn};
pub(super) use tune::{TuneArgs, tune};

/// `motionscope train`
#[derive(Debug)]
pub(super) enum TrainCommand {
    /// A network.
    Network(Box<TrainArgs>),
    /// A method without the training of a network.
    Method(Box<TrainMethod>),
}

/// What is trained besides networks.
#[derive(Debug, Subcommand)]
pub(super) enum TrainMethod {
    /// Train a classifier of codec motion vectors (MV + FV), without a network
    #[command(after_help = fisher::EXAMPLES)]
    Fisher(fisher::FisherArgs),
    /// Train a linear SVM on C3D's descriptors of clips (fc6), without fine-tuning
    #[command(after_help = svm::EXAMPLES)]
    Svm(svm::SvmArgs),
    /// Train a sequence model, which corrects predictions by the seconds around each frame
    #[command(after_help = sequence::EXAMPLES)]
    Sequence(sequence::SequenceArgs),
}

// By hand: the macros make no choice between arguments, some of which are required, and a subcommand.
impl Args for TrainCommand {
    fn augment_args(command: Command) -> Command {
        let command = TrainMethod::augment_subcommands(TrainArgs::augment_args(command));
        command.args_conflicts_with_subcommands(true).subcommand_negates_reqs(true).disable_help_subcommand(true)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for TrainCommand {
    fn from_arg_matches(matches: &ArgMatches) -> std::result::Result<Self, clap::Error> {
        match matches.subcommand_name() {
            Some(_) => TrainMethod::from_arg_matches(matches).map(|method| Self::Method(Box::new(method))),
            None => TrainArgs::from_arg_matches(matches).map(|arguments| Self::Network(Box::new(arguments))),
        }
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> std::result::Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

pub(super) fn run(command: &TrainCommand) -> Result<Outcome> {
    match command {
        TrainCommand::Method(method) => match &**method {
            TrainMethod::Fisher(arguments) => fisher::run(arguments),
            TrainMethod::Svm(arguments) => svm::run(arguments),
            TrainMethod::Sequence(arguments) => sequence::run(arguments),
        },
        TrainCommand::Network(arguments) => train_network(arguments),
    }
}

fn train_network(arguments: &TrainArgs) -> Result<Outcome> {
    let plan = arguments.plan().map_err(Error::as_usage)?;
    train_in_turn(&[plan], arguments.device, arguments.solver.gradient_shares, RunOutput::Words)
}
