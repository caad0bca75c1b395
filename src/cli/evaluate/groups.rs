//! `motionscope evaluate groups`: cross-validation by recording.

use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

use super::result_arguments::{ResultArgs, ResultFiles};
use super::training_line::training_plan;
use super::view_arguments::ViewArgs;
use crate::cli::list_arguments::ClipsArgs;
use crate::cli::model_arguments::{DeviceArg, ModelArg};
use crate::cli::outcome::{Outcome, complain};
use crate::cli::output_arguments::ForceArg;
use crate::cli::shard_arguments::ShardArgs;
use crate::cli::shard_task::{ShardItems, ShardTask, ShardWork, outcome_of, report_failure};
use crate::cli::values::named;
use crate::command_line;
use crate::data::{Dataset, Subset};
use crate::error::{Error, Result};
use crate::evaluation::{
    ActionsReport, FoldCount, FoldResult, GroupsEvaluation, GroupsEvent, GroupsPlan, GroupsSettings, Learning,
    ReportSource, ScoredFold, evaluate_groups, interval_in_percent, interval_of_share,
};
use crate::nets::{Backbone, ModelCard};
use crate::panic_guard::caught;
use crate::plural::counted;
use crate::shards::{Job, PartFolder, Shard, ShardResults};
use crate::training::{TrainingEvent, TrainingPlan};

pub(super) const EXAMPLES: &str = "\
Examples:
  motionscope evaluate groups --data clips --report report
  motionscope evaluate groups --data clips --list all.txt --classes classInd.txt --folds 5
  motionscope evaluate groups --data clips --imagenet squeezenet.safetensors --run-dir runs/groups
  motionscope evaluate groups --data clips --folds 3 --train 'temporal --mode c --steps 800' \\
                              --train 'spatial --steps 80'
  motionscope evaluate groups --data clips --report report --parts parts --shard 2/8

A group is a recording: the group column of a CSV list, the g07 in UCF101 names, the film in HMDB51
names, otherwise each video by itself. If groups are numbered within each class, --folds all leaves
one number out at a time: 25 folds for UCF101.

Without --train, linear probes are fitted to the frozen features of the model: seconds per fold.
--train takes the arguments of motionscope train except clips and run folder. Repeat it to chain
trainings; each starts from the result of the previous one. Finished folds are kept in the run
folder; run the same command again to resume.

A shard (--parts) trains and scores some of the folds. Its run folder may be shared with the others,
which saves extracting features twice; motionscope merge writes the results of all parts. Seconds
are those that each part has measured.

Exit codes: 0 all clips scored, 1 some could not be read, 2 wrong usage; a shard: 130 stopped by
Ctrl-C, 75 by SIGTERM (start it again)";

/// `motionscope evaluate groups`
#[derive(Debug, Args)]
pub(super) struct GroupsArgs {
    #[command(flatten)]
    clips: ClipsArgs,
    /// Number of cross-validation folds, or all for leave-one-group-out
    #[arg(long, value_name = "K|all", default_value = "all")]
    folds: FoldCount,
    /// ImageNet weights to replace the spatial stream (.safetensors, .pth, .caffemodel, .onnx)
    #[arg(long, value_name = "FILE", conflicts_with = "train")]
    imagenet: Option<PathBuf>,
    /// Architecture of the ImageNet weights
    ///
    /// One of squeezenet1-0, mobilenet-v2, efficientnet-lite0, efficientnet-lite1, efficientnet-lite2, bn-inception,
    /// resnet18, resnet50 and vgg16.
    #[arg(long, value_parser = named::<Backbone>(), default_value = "squeezenet1-0", requires = "imagenet")]
    backbone: Backbone,
    /// Arguments of motionscope train to run in each fold; repeatable
    #[arg(long, value_name = "ARGS")]
    train: Vec<String>,
    #[command(flatten)]
    views: ViewArgs,
    /// Random seed of new classifier layers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Run folder; finished folds in it are reused
    #[arg(long = "run-dir", alias = "run", value_name = "DIR", default_value = "runs/groups")]
    run: PathBuf,
    #[command(flatten)]
    results: ResultArgs,
    #[command(flatten)]
    model: ModelArg,
    #[command(flatten)]
    device: DeviceArg,
    #[command(flatten)]
    shards: ShardArgs,
}

/// The name of the command in parts.
pub(in crate::cli) const COMMAND: &str = "evaluate groups";

/// What all parts of an evaluation have in common.
#[derive(Debug, Serialize, Deserialize)]
struct Settings {
    #[serde(flatten)]
    evaluation: GroupsSettings,
    #[serde(flatten)]
    files: ResultFiles,
}

/// The folds of a shard.
struct GroupsShard<'a> {
    arguments: &'a GroupsArgs,
    evaluation: GroupsEvaluation<'a>,
    inputs: Vec<PathBuf>,
    source: ReportSource,
}

impl GroupsArgs {
    fn plan(&self) -> Result<GroupsPlan> {
        let model = self.model.folder()?;
        let learning = if self.train.is_empty() {
            Learning::LastLayers { imagenet: self.imagenet.clone().map(|path| (path, self.backbone)) }
        } else {
            let plans = self.train.iter().map(|words| training_plan(words));
            Learning::Plans(plans.collect::<Result<Vec<TrainingPlan>>>().map_err(Error::as_usage)?)
        };
        let card = ModelCard::read(&model)?;
        Ok(GroupsPlan {
            run_dir: self.run.clone(),
            data: self.clips.name(),
            model,
            folds: self.folds,
            learning,
            protocol: self.views.protocol(),
            fusion: Some(self.views.fusion(&card)?),
            seed: self.seed,
        })
    }
}

pub(super) fn run(arguments: &GroupsArgs) -> Result<Outcome> {
    let task = arguments.shards.task()?;
    let plan = arguments.plan()?;
    let dataset = Dataset::open(&arguments.clips.source(Subset::Train))?;
    match task {
        None => run_whole(arguments, &plan, &dataset),
        Some(task) => run_shard(arguments, &plan, &dataset, &task),
    }
}

/// Scores all folds.
fn run_whole(arguments: &GroupsArgs, plan: &GroupsPlan, dataset: &Dataset) -> Result<Outcome> {
    let guard = arguments.results.prepare(arguments.clips.files(dataset))?;
    let compute = arguments.device.open()?;
    let mut progress = GroupsProgress::default();
    let report = &mut |event: GroupsEvent<'_>| progress.show_event(&event);
    let mut outcome = caught("evaluation", || evaluate_groups(plan, dataset, &compute.device, report))?;
    progress.bar.finish_and_clear();
    let card = ModelCard::read(&plan.model)?;
    outcome.report.source = Some(ReportSource::of(&card, &plan.model, &compute.name, command_line::current()));
    arguments.results.write(&outcome, &guard, print)?;
    Ok(outcome_of(outcome.report.failures.is_empty()))
}

/// Scores the folds of a shard and writes its part, unless it is there.
fn run_shard(arguments: &GroupsArgs, plan: &GroupsPlan, dataset: &Dataset, task: &ShardTask) -> Result<Outcome> {
    let compute = arguments.device.open()?;
    let evaluation = GroupsEvaluation::open(plan, dataset, &compute.device)?;
    let settings = Settings { evaluation: evaluation.settings().clone(), files: arguments.results.absolute() };
    let job = Job::new(COMMAND, &settings, evaluation.inputs())?;
    let card = ModelCard::read(&plan.model)?;
    let source = ReportSource::of(&card, &plan.model, &compute.name, ShardArgs::whole_command());
    let inputs = arguments.clips.files(dataset);
    task.run(job, &compute.name, &mut GroupsShard { arguments, evaluation, inputs, source })
}

impl ShardWork for GroupsShard<'_> {
    type Item = ScoredFold;
    type Source = ReportSource;
    const DONE: &'static str = "scored";

    fn positions(&self, shard: Shard) -> Vec<usize> {
        self.evaluation.folds_of_shard(shard)
    }

    fn prepare(&mut self, task: &ShardTask, _positions: &[usize], _is_begun: bool) -> Result<()> {
        self.arguments.results.prepare(self.inputs.iter().cloned().chain([task.part()]))?;
        self.evaluation.claim(task.shard())
    }

    /// The folds have a bar of their own.
    fn bar(&self, _items: usize, _kind: &str) -> ProgressBar {
        ProgressBar::hidden()
    }

    /// A fold that cannot be trained ends the work, as on one machine.
    fn compute(&mut self, items: ShardItems<'_, ScoredFold>) -> Result<()> {
        let stop = items.stop;
        let mut progress = GroupsProgress::default();
        let computed = items.each(|fold| {
            let report = &mut |event: GroupsEvent<'_>| progress.show_event(&event);
            let scored = caught("evaluation", || self.evaluation.score(fold, stop, report))?;
            Ok(Some(Ok(scored.with_names())))
        });
        progress.bar.finish_and_clear();
        computed
    }

    fn source(&self) -> ReportSource {
        self.source.clone()
    }

    fn failures(fold: &ScoredFold) -> Vec<String> {
        fold.failures().to_vec()
    }
}

/// Writes what one machine would have written of the parts in `folder`, which are of this `job`. Seconds are those of the parts.
///
/// # Errors
/// If parts are missing or do not belong together, no clip could be read, or a file cannot be written.
pub(in crate::cli) fn merge(folder: &PartFolder, job: &Job, force: ForceArg) -> Result<Outcome> {
    let parts = folder.parts::<ShardResults<ScoredFold, ReportSource>>()?;
    let Settings { evaluation, files } = job.settings_as(folder.dir())?;
    let guard = force.guard(folder.files()?);
    files.prepare(&guard)?;
    let source = ReportSource::merged(parts.iter().map(|part| &part.results.source));
    let folds: std::result::Result<Vec<ScoredFold>, String> = folder.outcomes(parts)?.into_iter().collect();
    let damaged = |failure| Error::file(folder.dir(), failure, "Delete the parts and run all shards again");
    let folds = folds.map_err(damaged)?;
    folds.iter().flat_map(ScoredFold::failures).for_each(|failure| report_failure(failure));
    let mut outcome = evaluation.outcome(folds)?;
    outcome.report.source = source;
    files.write(&outcome, &guard, print)?;
    Ok(outcome_of(outcome.report.failures.is_empty()))
}

fn print(report: &ActionsReport) {
    println!("{:<24}{:>7}{:>19}{:>19}{:>19}", "held out", "clips", "spatial", "temporal", "fused");
    for fold in &report.folds {
        let FoldResult { name, clips, spatial, temporal, fused, .. } = fold;
        let cell =
            |top1: f64| format!("{:.1} ({})", 100.0 * top1, interval_in_percent(interval_of_share(top1, *clips)));
        let cells = [spatial, temporal, fused].map(|share| share.map_or("–".into(), cell));
        println!("{name:<24}{clips:>7}{:>19}{:>19}{:>19}", cells[0], cells[1], cells[2]);
    }
    super::actions::print(report);
}

/// Progress on the terminal.
struct GroupsProgress {
    bar: ProgressBar,
    fold: String,
}

impl Default for GroupsProgress {
    fn default() -> Self {
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}").expect("the template is well-formed");
        Self { bar: ProgressBar::no_length().with_style(style), fold: String::new() }
    }
}

impl GroupsProgress {
    fn show_event(&mut self, event: &GroupsEvent<'_>) {
        match event {
            GroupsEvent::Extracted { stream, done, of } => {
                self.show(*done, *of, &format!("clips through the {stream} stream"))
            }
            GroupsEvent::Unreadable(error) => self.bar.suspend(|| complain(error)),
            GroupsEvent::Unlearnable { fold, class } => self.bar.suspend(|| {
                eprintln!("motionscope: {fold}: all clips of class '{class}' are held out, so it cannot be learned");
            }),
            GroupsEvent::FoldBegins { fold, number, of } => self.fold = format!("{fold} ({number} of {of})"),
            GroupsEvent::Training(TrainingEvent::Step(step)) => {
                self.show(step.step, step.steps, &format!("steps, {}, loss {:.3}", self.fold, step.loss));
            }
            GroupsEvent::Training(TrainingEvent::Warning(error)) => self.bar.suspend(|| complain(error)),
            GroupsEvent::Training(_) => {}
            GroupsEvent::Scored { done, of } => self.show(*done, *of, &format!("clips, {}", self.fold)),
            GroupsEvent::FoldDone(result) => {
                let best = result.fused.or(result.temporal).or(result.spatial).unwrap_or_default();
                self.bar.suspend(|| {
                    eprintln!("{}: {}, top-1 {:.1} %", self.fold, counted(result.clips, "clip"), 100.0 * best);
                });
            }
        }
    }

    fn show(&self, done: usize, of: usize, what: &str) {
        self.bar.set_length(of as u64);
        self.bar.set_position(done as u64);
        self.bar.set_message(what.to_owned());
    }
}
