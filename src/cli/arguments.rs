//! What can be typed: the raw arguments of the program and of its commands.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::analyze::AnalyzeArgs;
use super::bench::BenchArgs;
use super::compare::CompareArgs;
use super::data::DataArgs;
use super::evaluate::EvaluateArgs;
use super::flow::FlowArgs;
use super::fuse::FuseArgs;
use super::import::ImportArgs;
use super::info::InfoArgs;
use super::live::LiveArgs;
use super::model_arguments::{DeviceArg, ModelArg};
use super::project::ProjectArgs;
use super::reproduce::ReproduceArgs;
use super::sample::SampleArgs;
use super::train::{TrainArgs, TuneArgs};

const EXAMPLES: &str = "\
Examples:
  motionscope                                      open the window
  motionscope clip.mp4                             open a clip in the window
  motionscope analyze clip.mp4 --out results       the same without a window
  motionscope flow a.png b.png --out flow.flo      optical flow of two pictures
  motionscope live /dev/video0                     recognise what a camera shows
  motionscope sample sample                        write generated clips to try it on
  motionscope train flow --folder sample/clips     train MotionNet on them";

/// See what hidden two-stream networks see in video: learned optical flow and live action scores.
#[derive(Debug, Parser)]
#[command(name = "motionscope", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub window: WindowArgs,
}

/// Everything that needs no window.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Score clips and write their flow, without a window
    Analyze(AnalyzeArgs),
    /// Write the optical flow of two pictures or of a clip, by any method
    Flow(FlowArgs),
    /// Recognise what a camera, a stream or a looped video shows, without a window
    Live(LiveArgs),
    /// Check a data set before training on it
    Data(DataArgs),
    /// Make, fill, check, export and import a project of labels
    Project(ProjectArgs),
    /// Train a network
    Train(Box<TrainArgs>),
    /// Make a model recognise classes of your own
    Tune(Box<TuneArgs>),
    /// Measure a model on clips it was not trained on, or a flow method on a benchmark
    Evaluate(Box<EvaluateArgs>),
    /// Run the comparisons of the paper's tables and set them beside the published numbers
    Reproduce(Box<ReproduceArgs>),
    /// Set two evaluations side by side
    Compare(CompareArgs),
    /// Fuse score files of two streams, of any origin, and measure them
    Fuse(FuseArgs),
    /// Take weights over from PyTorch
    Import(ImportArgs),
    /// Tell about the program, the device and a model
    Info(InfoArgs),
    /// Write the generated sample project: clips, ground-truth flow, lists
    Sample(SampleArgs),
    /// Measure the speed of this machine
    Bench(BenchArgs),
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
