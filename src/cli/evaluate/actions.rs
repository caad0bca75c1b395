//! `motionscope evaluate actions`: how often a model is right about clips it was not trained on.

use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::cli::arguments::{DeviceArg, ModelArg};
use crate::cli::list_arguments::ListArgs;
use crate::cli::values::{named, non_negative};
use crate::cli::{Outcome, complain};
use crate::error::Result;
use crate::evaluation::{ActionsReport, EvaluationPlan, evaluate_actions};
use crate::nets::HiddenTwoStream;
use crate::nets::fusion::FusionRule;
use crate::training::dataset::Dataset;
use crate::training::{DataSource, Subset};

pub(super) const EXAMPLES: &str = "\
Examples:
  motionscope evaluate actions --data clips --list testlist01.txt --classes classInd.txt
  motionscope evaluate actions --data clips --list testlist01.txt --classes classInd.txt --model runs/temporal/model --json

Exit codes: 0 all clips were scored, 1 some could not be read";

/// `motionscope evaluate actions`
#[derive(Debug, Args)]
pub(super) struct ActionsArgs {
    /// Folder that the paths of the list are relative to; without a list, a folder with a sub-folder of clips for each class
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// List of clips: UCF101, with or without labels, HMDB51 (a folder), TSN, THUMOS14 (a folder), ActivityNet (JSON) or CSV
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    /// The classes, where the list does not tell them: classInd.txt
    #[arg(long, value_name = "FILE", requires = "list")]
    classes: Option<PathBuf>,
    #[command(flatten)]
    lists: ListArgs,
    /// Windows (and frames) a clip, evenly spread, each also mirrored
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    windows: u16,
    /// How the streams are joined: released, softmax or logits [default: as on the model card]
    #[arg(long, value_parser = named::<FusionRule>)]
    fusion: Option<FusionRule>,
    /// Weight of the temporal stream, that of the spatial stream being 1 [default: as on the model card]
    #[arg(long, value_name = "W", value_parser = non_negative)]
    weight: Option<f64>,
    /// Print the whole report as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    model: ModelArg,
    #[command(flatten)]
    device: DeviceArg,
}

impl ActionsArgs {
    fn source(&self) -> DataSource {
        self.lists.source(&self.data, self.list.as_deref(), self.classes.as_deref(), Subset::Test)
    }
}

pub(super) fn run(arguments: &ActionsArgs) -> Result<Outcome> {
    let dataset = Dataset::open(&arguments.source())?;
    let compute = arguments.device.open()?;
    let model = HiddenTwoStream::load(&arguments.model.folder()?, &compute.device)?;
    let mut fusion = model.card.fusion;
    fusion.rule = arguments.fusion.unwrap_or(fusion.rule);
    fusion.temporal_weight = arguments.weight.unwrap_or(fusion.temporal_weight);

    let style =
        ProgressStyle::with_template("{bar:30} {pos}/{len} clips, {eta} left").expect("the template is well-formed");
    let bar = ProgressBar::new(dataset.clips.len() as u64).with_style(style);
    let mut unreadable = 0;
    let report = evaluate_actions(
        &model,
        &dataset,
        EvaluationPlan { windows: arguments.windows.into(), fusion },
        &mut |done, _| bar.set_position(done as u64),
        &mut |error| {
            unreadable += 1;
            bar.suspend(|| complain(&error));
        },
    )?;
    bar.finish_and_clear();
    if arguments.json {
        println!("{:#}", json!(report));
    } else {
        print(&report);
    }
    Ok(if unreadable == 0 { Outcome::Done } else { Outcome::SomeFailed })
}

fn print(report: &ActionsReport) {
    println!("{} clips", report.clips);
    for (name, accuracy) in [("spatial", report.spatial), ("temporal", report.temporal), ("fused", report.fused)] {
        if let Some(top1) = accuracy.top1 {
            println!("  {name:<9} top-1 {:5.1} %", 100.0 * top1);
        }
    }
    println!("  flow leaves {:.1} % of the photometric error of zero flow", 100.0 * report.photometric_ratio);
}
