//! The command-line grammar: the arguments of the program and its commands.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use super::analyze::AnalyzeArgs;
use super::bench::BenchArgs;
use super::compare::CompareArgs;
use super::data::DatasetArgs;
use super::evaluate::EvaluateArgs;
use super::export::ExportArgs;
use super::flow::FlowArgs;
use super::fuse::FuseArgs;
use super::import::ImportArgs;
use super::info::InfoArgs;
use super::jobs::JobsArgs;
use super::live::LiveArgs;
use super::merge::MergeArgs;
use super::model_arguments::{DeviceArg, ModelArg};
use super::package_files::PackageFilesArgs;
use super::predict::PredictArgs;
use super::project::ProjectArgs;
use super::reproduce::ReproduceArgs;
use super::sample::SampleArgs;
use super::submit::SubmitArgs;
use super::summary::SummaryArgs;
use super::train::{TrainCommand, TuneArgs};

const EXAMPLES: &str = "\
Examples:
  motionscope                                      open the window
  motionscope clip.mp4                             open a clip in the window
  motionscope analyze clip.mp4 --out results       classify a clip and write its flow
  motionscope flow a.png b.png --out flow.flo      optical flow between two images
  motionscope live /dev/video0                     classify a camera stream in real time
  motionscope sample sample                        generate sample clips to try it on
  motionscope train flow --folder sample/clips     train MotionNet on them";

/// Explore hidden two-stream networks on video: learned optical flow and live action recognition
#[derive(Debug, Parser)]
#[command(name = "motionscope", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub window: WindowArgs,
}

/// Returns the grammar of the command line.
///
/// A negative number after an option is its value, even where it is out of range: clap would take it for an unknown option.
pub(super) fn program() -> clap::Command {
    fn with_negative_numbers(command: clap::Command) -> clap::Command {
        let takes_numbers = |argument: &clap::Arg| !argument.is_positional() && argument.get_action().takes_values();
        command
            .mut_args(|argument| {
                let allowed = takes_numbers(&argument);
                if allowed { argument.allow_negative_numbers(true) } else { argument }
            })
            .mut_subcommands(with_negative_numbers)
    }
    with_negative_numbers(Cli::command())
}

/// Parses `words`, of which the first is the program's name.
///
/// # Errors
/// What clap makes of wrong usage, and of the options that print and end.
pub(super) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut program = program();
    let matches = program.try_get_matches_from_mut(words)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut program))
}

/// The commands that need no window.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Classify clips and write their optical flow
    Analyze(AnalyzeArgs),
    /// Compute the optical flow of two images or a clip, by any method
    Flow(FlowArgs),
    /// Classify a camera, a stream or a looped video in real time
    Live(LiveArgs),
    /// Check a data set before training
    Data(DatasetArgs),
    /// Create, fill, check, export and import labelling projects
    Project(ProjectArgs),
    /// Train a network
    Train(Box<TrainCommand>),
    /// Fine-tune a model on your own classes
    Tune(Box<TuneArgs>),
    /// Evaluate a model on held-out clips, or a flow method on a benchmark
    Evaluate(Box<EvaluateArgs>),
    /// Reproduce the paper's tables and compare them with the published numbers
    Reproduce(Box<ReproduceArgs>),
    /// Predict the classes at every Nth frame of long videos
    Predict(PredictArgs),
    /// Count and measure labelled or predicted bouts
    Summary(SummaryArgs),
    /// Merge the parts of a job that several machines computed
    Merge(MergeArgs),
    /// Submit a command to a cluster, in shards
    Submit(SubmitArgs),
    /// Show how far the parts of a job over several machines are
    Jobs(JobsArgs),
    /// Compare two evaluations
    Compare(CompareArgs),
    /// Fuse score files of two streams and evaluate the result
    Fuse(FuseArgs),
    /// Import weights (PyTorch, safetensors, Caffe, ONNX)
    Import(ImportArgs),
    /// Export a model as ONNX files
    Export(ExportArgs),
    /// Show version, device and model info
    Info(InfoArgs),
    /// Generate the sample data: clips, ground-truth flow, lists
    Sample(SampleArgs),
    /// Benchmark this machine
    Bench(BenchArgs),
    /// Write man pages, shell completions and icons for packages
    #[command(hide = true)]
    PackageFiles(PackageFilesArgs),
}

/// `motionscope [FILE]`
#[derive(Debug, Args)]
pub(super) struct WindowArgs {
    /// Clip to open
    pub file: Option<PathBuf>,
    #[command(flatten)]
    pub model: ModelArg,
    #[command(flatten)]
    pub device: DeviceArg,
}
