//! `motionscope evaluate groups`: every clip scored by networks that learned from the other recordings.

use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::result_arguments::ResultArgs;
use super::training_line::training_plan;
use super::view_arguments::ViewArgs;
use crate::cli::list_arguments::ClipsArgs;
use crate::cli::model_arguments::{DeviceArg, ModelArg};
use crate::cli::outcome::{Outcome, complain};
use crate::cli::values::named;
use crate::error::Result;
use crate::evaluation::{
    ActionsReport, FoldCount, FoldResult, GroupsEvent, GroupsPlan, Learning, ReportSource, evaluate_groups,
};
use crate::gpu::panics::caught;
use crate::nets::{Backbone, ModelCard};
use crate::plural::counted;
use crate::training::dataset::Dataset;
use crate::training::{Subset, TrainingEvent, TrainingPlan};

pub(super) const EXAMPLES: &str = "\
Examples:
  motionscope evaluate groups --data clips --report report
  motionscope evaluate groups --data clips --list all.txt --classes classInd.txt --folds 5 --views 1x2
  motionscope evaluate groups --data clips --imagenet squeezenet.safetensors --run runs/groups
  motionscope evaluate groups --data clips --folds 3 --train 'temporal --mode c --steps 800' --train 'spatial --steps 80'

A group is a recording: what a CSV list calls so, the g07 of UCF101's names, the film of HMDB51's, else each video by itself.
Where groups are numbered in every class, --folds all leaves one number out at a time: 25 folds in UCF101.

Without --train new last layers are fitted to what the model's streams, as they are, see in the clips: seconds a fold. --train
takes what motionscope train takes but for clips and run folder, and may be given several times: one training goes on from the
one before. Folds that are done are kept in the run folder; the same command goes on from there after a stop.

Exit codes: 0 all clips were scored, 1 some could not be read";

/// `motionscope evaluate groups`
#[derive(Debug, Args)]
pub(super) struct GroupsArgs {
    #[command(flatten)]
    clips: ClipsArgs,
    /// Number of folds of whole groups, or all for one a group
    #[arg(long, value_name = "K|all", default_value = "all")]
    folds: FoldCount,
    /// ImageNet weights in place of the model's spatial stream (.safetensors, .pth, .caffemodel, .onnx)
    #[arg(long, value_name = "FILE", conflicts_with = "train")]
    imagenet: Option<PathBuf>,
    /// Architecture of the ImageNet weights: squeezenet1-0, mobilenet-v2, efficientnet-lite0, -lite1 or -lite2,
    /// bn-inception, resnet18, resnet50 or vgg16
    #[arg(long, value_parser = named::<Backbone>, default_value = "squeezenet1-0", requires = "imagenet")]
    backbone: Backbone,
    /// A training for every fold, in the words of motionscope train; may be given several times
    #[arg(long, value_name = "WORDS")]
    train: Vec<String>,
    #[command(flatten)]
    views: ViewArgs,
    /// Seed of new last layers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder that keeps what is done
    #[arg(long, value_name = "DIR", default_value = "runs/groups")]
    run: PathBuf,
    #[command(flatten)]
    results: ResultArgs,
    #[command(flatten)]
    model: ModelArg,
    #[command(flatten)]
    device: DeviceArg,
}

impl GroupsArgs {
    fn plan(&self) -> Result<GroupsPlan> {
        let model = self.model.folder()?;
        let learning = if self.train.is_empty() {
            Learning::LastLayers { imagenet: self.imagenet.clone().map(|path| (path, self.backbone)) }
        } else {
            Learning::Plans(self.train.iter().map(|words| training_plan(words)).collect::<Result<Vec<TrainingPlan>>>()?)
        };
        let card = ModelCard::read(&model)?;
        Ok(GroupsPlan {
            run_dir: self.run.clone(),
            data: self.clips.name(),
            model,
            folds: self.folds,
            learning,
            protocol: self.views.protocol(),
            fusion: Some(self.views.fusion(&card)),
            seed: self.seed,
        })
    }
}

pub(super) fn run(arguments: &GroupsArgs) -> Result<Outcome> {
    let plan = match arguments.plan() {
        Ok(plan) => plan,
        Err(error) => {
            complain(&error);
            return Ok(Outcome::Misused);
        }
    };
    let dataset = Dataset::open(&arguments.clips.source(Subset::Train))?;
    let guard = arguments.results.prepare(arguments.clips.files(&dataset))?;
    let compute = arguments.device.open()?;
    let mut progress = Progress::default();
    let tell = &mut |event: GroupsEvent<'_>| progress.tell(&event);
    let mut outcome = caught("evaluation", || evaluate_groups(&plan, &dataset, &compute.device, tell))?;
    progress.bar.finish_and_clear();
    let card = ModelCard::read(&plan.model)?;
    outcome.report.source = Some(ReportSource::of(&card, &plan.model, &compute.name));
    arguments.results.write(&outcome, &guard, print)?;
    Ok(if outcome.report.failures.is_empty() { Outcome::Done } else { Outcome::SomeFailed })
}

fn print(report: &ActionsReport) {
    println!("{:<24}{:>7}{:>10}{:>10}{:>10}", "held out", "clips", "spatial", "temporal", "fused");
    for fold in &report.folds {
        let FoldResult { name, clips, spatial, temporal, fused, .. } = fold;
        let cells =
            [spatial, temporal, fused].map(|share| share.map_or("–".into(), |top1| format!("{:.1}", 100.0 * top1)));
        println!("{name:<24}{clips:>7}{:>10}{:>10}{:>10}", cells[0], cells[1], cells[2]);
    }
    super::actions::print(report);
    report.remarks.iter().for_each(|remark| println!("{remark}"));
}

/// The news on a terminal.
struct Progress {
    bar: ProgressBar,
    fold: String,
}

impl Default for Progress {
    fn default() -> Self {
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}").expect("the template is well-formed");
        Self { bar: ProgressBar::no_length().with_style(style), fold: String::new() }
    }
}

impl Progress {
    fn tell(&mut self, event: &GroupsEvent<'_>) {
        match event {
            GroupsEvent::Looked { stream, done, of } => {
                self.show(*done, *of, &format!("clips seen by the {stream} stream"))
            }
            GroupsEvent::Unreadable(error) => self.bar.suspend(|| complain(error)),
            GroupsEvent::Unlearnable { fold, class } => self.bar.suspend(|| {
                eprintln!(
                    "motionscope: {fold}: all clips of class '{class}' are held out, so that none can be recognised"
                );
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
