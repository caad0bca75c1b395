//! `motionscope evaluate groups`: every clip scored by networks that learned from the other recordings.

use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::training_line::training_plan;
use crate::cli::arguments::{DeviceArg, ModelArg};
use crate::cli::list_arguments::ListArgs;
use crate::cli::values::{named, non_negative};
use crate::cli::{Outcome, complain};
use crate::error::{Error, Result};
use crate::evaluation::{
    ActionsReport, FoldCount, FoldResult, GroupsEvent, GroupsPlan, Learning, Protocol, Spread, evaluate_groups,
};
use crate::gpu::panics::caught;
use crate::nets::Backbone;
use crate::nets::fusion::{Fusion, FusionRule};
use crate::training::dataset::Dataset;
use crate::training::{DataSource, Subset, TrainingEvent, TrainingPlan};

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
    /// Folder that the paths of the list are relative to; without a list, a folder with a sub-folder of clips for each class
    #[arg(long, value_name = "DIR", visible_alias = "folder")]
    data: PathBuf,
    /// List of all clips: UCF101, HMDB51 (a folder), TSN, THUMOS14 (a folder), ActivityNet (JSON) or CSV
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    /// The classes, where the list does not tell them: classInd.txt
    #[arg(long, value_name = "FILE", requires = "list")]
    classes: Option<PathBuf>,
    #[command(flatten)]
    lists: ListArgs,
    /// Number of folds of whole groups, or all for one a group
    #[arg(long, value_name = "K|all", default_value = "all")]
    folds: FoldCount,
    /// ImageNet weights in place of the model's spatial stream (.safetensors, .pth, .caffemodel, .onnx)
    #[arg(long, value_name = "FILE", conflicts_with = "train")]
    imagenet: Option<PathBuf>,
    /// Architecture of the ImageNet weights: squeezenet1-0, mobilenet-v2, bn-inception, resnet18, resnet50 or vgg16
    #[arg(long, value_parser = named::<Backbone>, default_value = "squeezenet1-0", requires = "imagenet")]
    backbone: Backbone,
    /// A training for every fold, in the words of motionscope train; may be given several times
    #[arg(long, value_name = "WORDS")]
    train: Vec<String>,
    /// Views of a clip: samples × crops, as in evaluate actions
    #[arg(long, value_name = "NxM", default_value = "5x2")]
    views: Protocol,
    /// Where the samples lie: paper (whole steps from the first frame) or even (up to the last frame, for short clips)
    #[arg(long, value_parser = named::<Spread>, default_value = "paper")]
    spread: Spread,
    /// How the streams are joined: released, softmax or logits [default: as on the model card]
    #[arg(long, value_parser = named::<FusionRule>)]
    fusion: Option<FusionRule>,
    /// Weight of the temporal stream, that of the spatial stream being 1 [default: as on the model card]
    #[arg(long, value_name = "W", value_parser = non_negative)]
    weight: Option<f64>,
    /// Seed of new last layers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder that keeps what is done
    #[arg(long, value_name = "DIR", default_value = "runs/groups")]
    run: PathBuf,
    /// Write the whole report as JSON, to a file or to stdout
    #[arg(long, value_name = "FILE|-", num_args = 0..=1, default_missing_value = "-")]
    json: Option<PathBuf>,
    /// Write a page with plots, JSON and CSV to this folder
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Write the scores of both streams as .npy, and the list of their rows, to this folder
    #[arg(long, value_name = "DIR")]
    scores: Option<PathBuf>,
    #[command(flatten)]
    model: ModelArg,
    #[command(flatten)]
    device: DeviceArg,
}

impl GroupsArgs {
    fn source(&self) -> DataSource {
        self.lists.source(&self.data, self.list.as_deref(), self.classes.as_deref(), Subset::Train)
    }

    fn plan(&self) -> Result<GroupsPlan> {
        let model = self.model.folder()?;
        let learning = if self.train.is_empty() {
            Learning::LastLayers { imagenet: self.imagenet.clone().map(|path| (path, self.backbone)) }
        } else {
            Learning::Plans(self.train.iter().map(|words| training_plan(words)).collect::<Result<Vec<TrainingPlan>>>()?)
        };
        let card = crate::nets::ModelCard::read(&model)?;
        let fusion = Fusion {
            rule: self.fusion.unwrap_or(card.fusion.rule),
            temporal_weight: self.weight.unwrap_or(card.fusion.temporal_weight),
        };
        Ok(GroupsPlan {
            run_dir: self.run.clone(),
            data: self.list.as_ref().unwrap_or(&self.data).display().to_string(),
            model,
            folds: self.folds,
            learning,
            protocol: Protocol { spread: self.spread, ..self.views },
            fusion: Some(fusion),
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
    let dataset = Dataset::open(&arguments.source())?;
    for folder in [&arguments.report, &arguments.scores].into_iter().flatten() {
        std::fs::create_dir_all(folder).map_err(|error| Error::io(folder, &error))?; // not after hours of work
    }
    let compute = arguments.device.open()?;
    let mut progress = Progress::default();
    let tell = &mut |event: GroupsEvent<'_>| progress.tell(&event);
    let outcome = caught("evaluation", || evaluate_groups(&plan, &dataset, &compute.device, tell))?;
    progress.bar.finish_and_clear();
    let report = &outcome.report;
    if let Some(folder) = &arguments.scores {
        outcome.scores.write(folder)?;
    }
    if let Some(folder) = &arguments.report {
        report.write_folder(folder)?;
    }
    match arguments.json.as_deref() {
        Some(path) if path == Path::new("-") => println!("{:#}", json!(report)),
        Some(path) => {
            report.write_json(path)?;
            print(report);
        }
        None => print(report),
    }
    Ok(if report.failures.is_empty() { Outcome::Done } else { Outcome::SomeFailed })
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
                    eprintln!("{}: {} clips, top-1 {:.1} %", self.fold, result.clips, 100.0 * best);
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
