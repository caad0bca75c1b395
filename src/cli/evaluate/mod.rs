//! `motionscope evaluate`: evaluation of models and flow methods on held-out data.

mod actions;
mod agreement;
mod fisher;
mod flow;
mod groups;
mod result_arguments;
mod segments;
mod svm;
mod svm_results;
mod training_line;
mod view_arguments;

use clap::{Args, Subcommand};

pub(super) use actions::{COMMAND as ACTIONS, merge as merge_actions};
pub(super) use flow::{COMMAND as FLOW, merge as merge_flow};
pub(super) use groups::{COMMAND as GROUPS, merge as merge_groups};

use super::outcome::Outcome;
use crate::error::Result;

/// `motionscope evaluate`
#[derive(Debug, Args)]
pub(super) struct EvaluateArgs {
    #[command(subcommand)]
    what: EvaluateCommand,
}

#[derive(Debug, Subcommand)]
enum EvaluateCommand {
    /// Accuracy of both streams and their fusion, with the photometric ratio of the flow
    #[command(after_help = actions::EXAMPLES)]
    Actions(actions::ActionsArgs),
    /// Accuracy of a model of motion vectors and Fisher vectors (MV + FV)
    #[command(after_help = fisher::EXAMPLES)]
    Fisher(fisher::FisherArgs),
    /// Cross-validation by recording (leave one group out)
    #[command(after_help = groups::EXAMPLES)]
    Groups(Box<groups::GroupsArgs>),
    /// Errors of a flow method on a standard benchmark
    #[command(after_help = flow::EXAMPLES)]
    Flow(flow::FlowBenchmarkArgs),
    /// Accuracy of a linear SVM on C3D's descriptors of clips (fc6)
    #[command(after_help = svm::EXAMPLES)]
    Svm(svm::SvmArgs),
    /// Mean average precision of detections in untrimmed video
    #[command(after_help = segments::EXAMPLES)]
    Segments(segments::SegmentsArgs),
    /// Agreement of two labellings, by frame and by bout
    #[command(after_help = agreement::EXAMPLES)]
    Agreement(agreement::AgreementArgs),
}

pub(super) fn run(arguments: &EvaluateArgs) -> Result<Outcome> {
    match &arguments.what {
        EvaluateCommand::Actions(arguments) => actions::run(arguments),
        EvaluateCommand::Fisher(arguments) => fisher::run(arguments),
        EvaluateCommand::Groups(arguments) => groups::run(arguments),
        EvaluateCommand::Flow(arguments) => flow::run(arguments),
        EvaluateCommand::Svm(arguments) => svm::run(arguments),
        EvaluateCommand::Segments(arguments) => segments::run(arguments),
        EvaluateCommand::Agreement(arguments) => agreement::run(arguments),
    }
}
