//! `motionscope evaluate actions`: the accuracy of a model on held-out clips.

use std::ops::ControlFlow;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::result_arguments::ResultArgs;
use super::view_arguments::ViewArgs;
use crate::cli::list_arguments::ClipsArgs;
use crate::cli::model_arguments::{DeviceArg, ModelArg, no_stream};
use crate::cli::outcome::{Outcome, complain};
use crate::cli::values::choice;
use crate::command_line;
use crate::data::{Dataset, Subset};
use crate::error::{Error, Result};
use crate::evaluation::{
    ActionsOutcome, ActionsReport, EvaluationPlan, MatchedClips, ReportSource, average_remark, evaluate_actions,
    flow_remark, interval_in_percent, match_classes,
};
use crate::nets::{HiddenTwoStream, Stream};
use crate::plural::counted;
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

A report folder holds report.html, report.json, clips.csv and classes.csv. Compare two report.json
files with motionscope compare; try other fusions of score files with motionscope fuse.

Exit codes: 0 all clips were scored, 1 some could not be read or are of no class of the model,
2 wrong usage";

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
}

pub(super) fn run(arguments: &ActionsArgs) -> Result<Outcome> {
    let dataset = Dataset::open(&arguments.clips.source(Subset::Test))?;
    let guard = arguments.results.prepare(arguments.clips.files(&dataset))?;
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
    let MatchedClips { dataset, remarks, left_out } = match_classes(&model, dataset)?;
    let mut outcome = evaluate(&model, &dataset, &plan)?;
    let known = trained_on_remark(&dir, &dataset.clips);
    let of_flow = flow_remark(&model.card, plan.flow_source);
    let of_mean = average_remark(&model.card, plan.protocol.average);
    outcome.report.remarks.extend(remarks.into_iter().chain(known).chain(of_flow).chain(of_mean));
    outcome.report.source = Some(ReportSource::of(&model.card, &dir, &compute.name, command_line::current()));
    arguments.results.write(&outcome, &guard, print)?;
    let is_whole = outcome.report.failures.is_empty() && left_out == 0;
    Ok(if is_whole { Outcome::Done } else { Outcome::SomeFailed })
}

/// Scores the clips with a progress bar.
fn evaluate(model: &HiddenTwoStream, dataset: &Dataset, plan: &EvaluationPlan) -> Result<ActionsOutcome> {
    let style =
        ProgressStyle::with_template("{bar:30} {pos}/{len} clips, {eta} left").expect("the template is well-formed");
    let bar = ProgressBar::new(dataset.clips.len() as u64).with_style(style);
    let mut progress = |done, _| {
        bar.set_position(done as u64);
        ControlFlow::Continue(())
    };
    let outcome = evaluate_actions(model, dataset, plan, &mut progress, &mut |error| {
        bar.suspend(|| complain(error));
    })?;
    bar.finish_and_clear();
    Ok(outcome)
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
