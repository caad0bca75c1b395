//! `motionscope evaluate actions`: the accuracy of a model on held-out clips.

use std::io::{IsTerminal, stderr};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

use super::result_arguments::{ResultArgs, ResultFiles};
use super::view_arguments::ViewArgs;
use crate::cli::interrupt::interrupt_flag;
use crate::cli::list_arguments::ClipsArgs;
use crate::cli::model_arguments::{DeviceArg, ModelArg, no_stream};
use crate::cli::outcome::{Outcome, complain};
use crate::cli::output_arguments::ForceArg;
use crate::cli::shard_arguments::ShardArgs;
use crate::cli::values::choice;
use crate::command_line;
use crate::data::{Dataset, Subset};
use crate::error::{Error, Result};
use crate::evaluation::{
    ActionsPart, ActionsReport, ActionsSettings, ClipOutcome, EvaluationPlan, MatchedClips, ReportSource, ShardScores,
    average_remark, evaluate_actions, flow_remark, hash_of_clips, interval_in_percent, match_classes,
};
use crate::gpu::Compute;
use crate::nets::{HiddenTwoStream, Stream};
use crate::output::{OutputGuard, Staging};
use crate::plural::counted;
use crate::shards::{Job, Manifest, Part, PartFolder, Shard, ShardCheckpoint};
use crate::training::{FlowSource, trained_on_remark};

pub(super) const EXAMPLES: &str = "\
Examples:
  motionscope evaluate actions --data clips --list testlist01.txt --classes classInd.txt
  motionscope evaluate actions --data clips --list testlist01.txt --classes classInd.txt \\
                               --views 25x10 --report report
  motionscope evaluate actions --data clips --list testlist01.txt --classes classInd.txt \\
                               --model runs/temporal/model --json
  motionscope evaluate actions --data clips --list testlist01.txt --classes classInd.txt \\
                               --model runs/two-stage/model --flow-source motionnet
  motionscope evaluate actions --data clips --report report --parts parts --shard 2/8

With --parts nothing but a part is written; motionscope merge writes the results of all parts.

A report folder holds report.html, report.json, clips.csv and classes.csv. Compare two report.json
files with motionscope compare; try other fusions of score files with motionscope fuse.

A shard that is stopped by SIGTERM or Ctrl-C, or killed, continues after its finished clips when it
is started again.

Exit codes: 0 all clips were scored, 1 some could not be read or are of no class of the model,
2 wrong usage; a shard: 130 stopped by Ctrl-C, 75 by SIGTERM (start it again)";

/// `motionscope evaluate actions`
#[derive(Debug, Args)]
pub(super) struct ActionsArgs {
    #[command(flatten)]
    clips: ClipsArgs,
    #[command(flatten)]
    views: ViewArgs,
    #[command(flatten)]
    results: ResultArgs,
    /// Flow input of the temporal stream [default: the one it was trained on]
    #[arg(long, value_parser = choice::<FlowSource>())]
    flow_source: Option<FlowSource>,
    #[command(flatten)]
    model: ModelArg,
    #[command(flatten)]
    device: DeviceArg,
    #[command(flatten)]
    shards: ShardArgs,
}

/// The name of the command in parts.
pub(in crate::cli) const COMMAND: &str = "evaluate actions";

/// What all parts of an evaluation have in common.
#[derive(Debug, Serialize, Deserialize)]
struct Settings {
    #[serde(flatten)]
    evaluation: ActionsSettings,
    #[serde(flatten)]
    files: ResultFiles,
}

/// What is evaluated, checked.
struct Work {
    dir: PathBuf,
    compute: Compute,
    model: HiddenTwoStream,
    plan: EvaluationPlan,
    clips: MatchedClips,
}

pub(super) fn run(arguments: &ActionsArgs) -> Result<Outcome> {
    let shard = arguments.shards.shard()?;
    // First, so that SIGTERM finds it however long the clips and the model take to open.
    let stop = shard.is_some().then(|| interrupt_flag("Stopping; finished clips are kept")).transpose()?;
    let dataset = Dataset::open(&arguments.clips.source(Subset::Test))?;
    let inputs = arguments.clips.files(&dataset);
    match shard {
        None => {
            let guard = arguments.results.prepare(inputs)?;
            run_whole(arguments, &Work::open(arguments, dataset)?, &guard)
        }
        Some((shard, folder)) => {
            let is_stopped = || stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed));
            run_shard(arguments, &Work::open(arguments, dataset)?, shard, (&folder, inputs), &is_stopped)
        }
    }
}

/// Evaluates all clips.
fn run_whole(arguments: &ActionsArgs, work: &Work, guard: &OutputGuard) -> Result<Outcome> {
    let Work { dir, compute, model, plan, clips } = work;
    let bar = progress_bar(clips.dataset.clips.len());
    let mut progress = |done, _| {
        advance(&bar, done);
        ControlFlow::Continue(())
    };
    let mut outcome = evaluate_actions(model, &clips.dataset, plan, &mut progress, &mut |error| {
        bar.suspend(|| complain(error));
    })?;
    bar.finish_and_clear();
    outcome.report.remarks.extend(work.remarks());
    outcome.report.source = Some(ReportSource::of(&model.card, dir, &compute.name, command_line::current()));
    arguments.results.write(&outcome, guard, print)?;
    Ok(outcome_of(&outcome.report, clips.left_out == 0))
}

/// Scores the clips of `shard` and writes its part to `folder`, unless it is there. When it is stopped, what is done is kept there.
fn run_shard(
    arguments: &ActionsArgs,
    work: &Work,
    shard: Shard,
    (folder, mut inputs): (&PartFolder, Vec<PathBuf>),
    is_stopped: &(dyn Fn() -> bool + Sync),
) -> Result<Outcome> {
    let Work { dir, compute, model, plan, clips } = work;
    let evaluation = ActionsSettings::new(&model.card, clips, plan, work.remarks());
    let settings = Settings { evaluation, files: arguments.results.absolute() };
    let job = Job::new(COMMAND, &settings, hash_of_clips(&clips.dataset))?;
    let manifest = Manifest::new(job, shard, &compute.name);
    if let Some(part) = folder.find::<ActionsPart>(&manifest)? {
        println!("Shard {shard} is complete: {}", folder.path(shard).display());
        part.failures().for_each(name_failure);
        return Ok(outcome_of_part(&part, &settings.evaluation));
    }
    inputs.push(folder.path(shard));
    arguments.results.prepare(inputs)?;
    // Better now than after hours of work; it also removes what a killed process left.
    Staging::begin(folder.dir())?;
    std::fs::create_dir_all(folder.dir()).map_err(|error| Error::io(folder.dir(), &error))?;
    let (mut checkpoint, before) = ShardCheckpoint::begin(folder, &manifest)?;
    let mut scores = ShardScores::new(&clips.dataset, shard, before);
    let (of, continued) = (scores.of(), scores.clips().len());
    if continued > 0 {
        eprintln!("Shard {shard} continues after {continued} of {}", counted(of, "clip"));
    }
    let bar = progress_bar(of);
    let mut progress = |done: &[ClipOutcome]| {
        advance(&bar, done.len());
        if checkpoint.keep_at_times(done, of) && !stderr().is_terminal() {
            eprintln!("{} of {}", done.len(), counted(of, "clip")); // a log has no bar
        }
    };
    let mut on_unreadable = |error: &Error| bar.suspend(|| complain(error));
    let scored = scores.score(model, plan, is_stopped, &mut progress, &mut on_unreadable);
    bar.finish_and_clear();
    match scored {
        Err(error) if error.is_cancelled() => {
            checkpoint.keep(scores.clips(), of)?;
            println!(
                "Shard {shard}: {} of {} kept; start it again to continue",
                scores.clips().len(),
                counted(of, "clip")
            );
            return Ok(Outcome::Interrupted);
        }
        scored => scored?,
    }
    let source = ReportSource::of(&model.card, dir, &compute.name, ShardArgs::whole_command());
    let results = scores.into_part(source);
    let part = Part { manifest, results };
    let path = folder.write(&part)?;
    checkpoint.finish();
    let unread = match part.results.failures().count() {
        0 => String::new(),
        unread => format!(", {unread} could not be read"),
    };
    println!("Shard {shard}: {} scored{unread}, written to {}", counted(part.results.scored(), "clip"), path.display());
    Ok(outcome_of_part(&part.results, &settings.evaluation))
}

/// Writes what one machine would have written of the parts in `folder`, which are of this `job`.
///
/// # Errors
/// If parts are missing or do not belong together, or a file cannot be written.
pub(in crate::cli) fn merge(folder: &PartFolder, job: &Job, force: ForceArg) -> Result<Outcome> {
    let parts = folder.parts::<ActionsPart>()?;
    let settings = serde_json::to_value(&job.settings).and_then(serde_json::from_value);
    let refuse =
        |error| Error::file(folder.dir(), format!("its settings are damaged: {error}"), "Run all shards again");
    let Settings { evaluation, files } = settings.map_err(refuse)?;
    let guard = force.guard(folder.files()?);
    files.prepare(&guard)?;
    let outcome = evaluation.merged(folder, parts, &mut name_failure)?;
    files.write(&outcome, &guard, print)?;
    Ok(outcome_of(&outcome.report, evaluation.is_whole()))
}

/// Names a clip that could not be read, as the machine did that tried to.
fn name_failure(failure: &str) {
    eprintln!("motionscope: {failure}");
}

fn outcome_of(report: &ActionsReport, is_whole: bool) -> Outcome {
    if report.failures.is_empty() && is_whole { Outcome::Done } else { Outcome::SomeFailed }
}

fn outcome_of_part(part: &ActionsPart, evaluation: &ActionsSettings) -> Outcome {
    if part.is_whole() && evaluation.is_whole() { Outcome::Done } else { Outcome::SomeFailed }
}

impl Work {
    /// Loads the model and checks the options against it.
    fn open(arguments: &ActionsArgs, dataset: Dataset) -> Result<Self> {
        let compute = arguments.device.open()?;
        let dir = arguments.model.folder()?;
        let model = HiddenTwoStream::load(&dir, &compute.device)?;
        let remedy =
            "Only the photometric ratio is measured; for accuracies, choose a model with a spatial or temporal stream";
        if let Some(error) = no_stream(&model, &dir, remedy) {
            complain(&error);
        }
        let reads_frames = |stream: &Stream| stream.input().modality.is_of_frames();
        if arguments.flow_source.is_some_and(|source| source != FlowSource::MotionNet)
            && model.temporal.as_ref().is_some_and(reads_frames)
        {
            let cause = "the temporal stream of this model reads RGB differences, without flow";
            return Err(Error::usage("--flow-source", cause, "Leave it out"));
        }
        let plan = EvaluationPlan {
            data: arguments.clips.name(),
            protocol: arguments.views.protocol(),
            fusion: arguments.views.fusion(&model.card)?,
            flow_source: arguments.flow_source.unwrap_or_else(|| model.card.flow_source()),
        };
        let clips = match_classes(&model, dataset)?;
        Ok(Self { dir, compute, model, plan, clips })
    }

    /// Returns the remarks of the report that do not follow from the scores.
    fn remarks(&self) -> Vec<String> {
        let Self { dir, model, plan, clips, .. } = self;
        let known = trained_on_remark(dir, &clips.dataset.clips);
        let of_flow = flow_remark(&model.card, plan.flow_source);
        let of_mean = average_remark(&model.card, plan.protocol.average);
        clips.remarks.iter().cloned().chain(known).chain(of_flow).chain(of_mean).collect()
    }
}

fn progress_bar(clips: usize) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:30} {pos}/{len} clips, {eta} left").expect("the template is well-formed");
    ProgressBar::new(clips as u64).with_style(style)
}

/// Shows how many clips are done.
fn advance(bar: &ProgressBar, done: usize) {
    bar.set_position(done as u64);
}

/// Prints the accuracies.
pub(super) fn print(report: &ActionsReport) {
    // Without a stream the classes are those of the clips.
    let classes = report.streams().next().map(|_| format!(" ({})", counted(report.classes.len(), "class")));
    println!("{}{}", report.model, classes.unwrap_or_default());
    if let Some(source) = &report.source {
        let hash = source.model_hash.as_ref().map(|hash| format!(", hash {hash}")).unwrap_or_default();
        println!("  {}{hash}", source.model_dir.display());
    }
    println!("{}, {} views each", counted(report.clips, "clip"), report.views);
    for (name, stream) in report.streams() {
        let top5 = stream.top5.map(|top5| format!("  top-5 {:5.1} %", 100.0 * top5)).unwrap_or_default();
        println!(
            "  {name:<9} top-1 {:5.1} % ({}){top5}  mean class {:5.1} %  ECE {:.3}",
            100.0 * stream.top1,
            interval_in_percent(stream.interval),
            100.0 * stream.mean_class.unwrap_or_default(),
            stream.calibration.ece
        );
    }
    if report.streams().next().is_some() {
        println!("  in parentheses: 95 % Wilson interval");
    } else {
        println!("  no accuracy: the model has no stream and predicts flow only");
    }
    if let Some(ratio) = report.photometric_ratio {
        println!("  photometric ratio {:.1} % (photometric error relative to zero flow)", 100.0 * ratio);
    }
    report.remarks.iter().for_each(|remark| println!("{remark}"));
}
