//! `motionscope evaluate actions`: the accuracy of a model on held-out clips.

use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::result_arguments::{ResultArgs, ResultFiles};
use super::view_arguments::ViewArgs;
use crate::cli::list_arguments::ClipsArgs;
use crate::cli::model_arguments::{DeviceArg, ModelArg, no_stream};
use crate::cli::outcome::{Outcome, complain};
use crate::cli::output_arguments::ForceArg;
use crate::cli::shard_arguments::ShardArgs;
use crate::cli::shard_task::{ShardItems, ShardTask, ShardWork, counting_bar, report_failure};
use crate::cli::values::choice;
use crate::command_line;
use crate::data::{Dataset, Subset};
use crate::error::{Error, Result};
use crate::evaluation::{
    ActionsPart, ActionsReport, ActionsSettings, EvaluationPlan, MatchedClips, ReportSource, ScoredClip, StreamReport,
    average_remark, clips_of_shard, evaluate_actions, flow_remark, inputs_of_clips, interval_in_percent, match_classes,
    score_clips_at,
};
use crate::gpu::Compute;
use crate::nets::{HiddenTwoStream, ModelCard, Stream};
use crate::output::OutputGuard;
use crate::plural::counted;
use crate::shards::{Job, PartFolder, Shard};
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

/// The clips of a shard.
struct ActionsShard<'a> {
    arguments: &'a ActionsArgs,
    work: &'a Work,
    inputs: Vec<PathBuf>,
}

pub(super) fn run(arguments: &ActionsArgs) -> Result<Outcome> {
    // First, so that SIGTERM finds it however long the clips and the model take to open.
    let task = arguments.shards.task()?;
    // A card that cannot be read is reported when the model is loaded.
    let card = ModelCard::read(&arguments.model.folder()?);
    let several = card.is_ok_and(|card| card.fusion.is_multi_label());
    let dataset = Dataset::open(&arguments.clips.source(Subset::Test).with_several(several))?;
    let inputs = arguments.clips.files(&dataset);
    match task {
        None => {
            let guard = arguments.results.prepare(inputs)?;
            run_whole(arguments, &Work::open(arguments, dataset)?, &guard)
        }
        Some(task) => run_shard(arguments, &Work::open(arguments, dataset)?, inputs, &task),
    }
}

/// Evaluates all clips.
fn run_whole(arguments: &ActionsArgs, work: &Work, guard: &OutputGuard) -> Result<Outcome> {
    let Work { dir, compute, model, plan, clips } = work;
    let bar = counting_bar(clips.dataset.clips.len(), "clip");
    let mut progress = |done, _| {
        bar.set_position(done as u64);
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

/// Scores the clips of a shard and writes its part, unless it is there.
fn run_shard(arguments: &ActionsArgs, work: &Work, inputs: Vec<PathBuf>, task: &ShardTask) -> Result<Outcome> {
    let evaluation = ActionsSettings::new(&work.model.card, &work.clips, &work.plan, work.remarks());
    let is_whole = evaluation.is_whole();
    let settings = Settings { evaluation, files: arguments.results.absolute() };
    let job = Job::new(COMMAND, &settings, inputs_of_clips(&work.clips.dataset))?;
    let outcome = task.run(job, &work.compute.name, &mut ActionsShard { arguments, work, inputs })?;
    Ok(if outcome == Outcome::Done && !is_whole { Outcome::SomeFailed } else { outcome })
}

impl ShardWork for ActionsShard<'_> {
    type Item = ScoredClip;
    type Source = ReportSource;
    const DONE: &'static str = "scored";

    fn positions(&self, shard: Shard) -> Vec<usize> {
        clips_of_shard(&self.work.clips.dataset, shard)
    }

    fn prepare(&mut self, task: &ShardTask, _positions: &[usize], _is_begun: bool) -> Result<()> {
        self.arguments.results.prepare(self.inputs.iter().cloned().chain([task.part()])).map(drop)
    }

    fn compute(&mut self, items: ShardItems<'_, ScoredClip>) -> Result<()> {
        let Work { model, plan, clips, .. } = self.work;
        score_clips_at(items.positions, (model, &clips.dataset, plan), items.stop, items.done)
    }

    fn source(&self) -> ReportSource {
        let Work { dir, compute, model, .. } = self.work;
        ReportSource::of(&model.card, dir, &compute.name, ShardArgs::whole_command())
    }
}

/// Writes what one machine would have written of the parts in `folder`, which are of this `job`.
///
/// # Errors
/// If parts are missing or do not belong together, or a file cannot be written.
pub(in crate::cli) fn merge(folder: &PartFolder, job: &Job, force: ForceArg) -> Result<Outcome> {
    let parts = folder.parts::<ActionsPart>()?;
    let Settings { evaluation, files } = job.settings_as(folder.dir())?;
    let guard = force.guard(folder.files()?);
    files.prepare(&guard)?;
    let outcome = evaluation.merged(folder, parts, &mut report_failure)?;
    files.write(&outcome, &guard, print)?;
    Ok(outcome_of(&outcome.report, evaluation.is_whole()))
}

fn outcome_of(report: &ActionsReport, is_whole: bool) -> Outcome {
    if report.failures.is_empty() && is_whole { Outcome::Done } else { Outcome::SomeFailed }
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

/// Prints the figures of each class of a model that answers each by itself, at its threshold.
fn print_classes(report: &ActionsReport, name: &str, stream: &StreamReport) {
    let Some(several) = &stream.multi_label else { return };
    println!("Classes, {name}, in percent:");
    println!("{:>6} {:>9} {:>6} {:>6} {:>6} {:>6}  class", "clips", "threshold", "AP", "prec.", "recall", "F1");
    for (place, class) in report.classes.iter().enumerate() {
        let figures = &stream.classes[place];
        let shares = [several.average_precision[place], figures.precision, figures.recall, figures.f1];
        let [precision_mean, precision, recall, f1] = shares.map(percent_or_dash);
        let threshold = percent_or_dash(Some(several.thresholds[place]));
        let clips = figures.clips;
        println!("{clips:>6} {threshold:>9} {precision_mean:>6} {precision:>6} {recall:>6} {f1:>6}  {class}");
    }
}

fn percent_or_dash(share: Option<f64>) -> String {
    share.map_or("–".into(), |share| format!("{:.1}", 100.0 * share))
}

/// Prints the accuracies; of a model that answers each class by itself the average precisions and the figures at its thresholds.
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
        if let Some(several) = &stream.multi_label {
            let [map, macro_f1, micro_f1] = [several.map, several.macro_f1, several.micro_f1].map(percent_or_dash);
            println!("  {name:<9} mAP {map:>5} %  macro F1 {macro_f1:>5} %  micro F1 {micro_f1:>5} %");
            continue;
        }
        let top5 = stream.top5.map(|top5| format!("  top-5 {:5.1} %", 100.0 * top5)).unwrap_or_default();
        println!(
            "  {name:<9} top-1 {:5.1} % ({}){top5}  mean class {:5.1} %  ECE {:.3}",
            100.0 * stream.top1,
            interval_in_percent(stream.interval),
            100.0 * stream.mean_class.unwrap_or_default(),
            stream.calibration.ece
        );
    }
    if let Some((name, stream)) = report.streams().last().filter(|(_, stream)| stream.multi_label.is_some()) {
        print_classes(report, name, stream);
    } else if report.streams().next().is_some() {
        println!("  in parentheses: 95 % Wilson interval");
    } else {
        println!("  no accuracy: the model has no stream and predicts flow only");
    }
    if let Some(ratio) = report.photometric_ratio {
        println!("  photometric ratio {:.1} % (photometric error relative to zero flow)", 100.0 * ratio);
    }
    report.remarks.iter().for_each(|remark| println!("{remark}"));
}
