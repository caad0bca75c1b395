//! `motionscope fuse`: the accuracy of two score files and their fusion.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::outcome::Outcome;
use super::values::{named, weight};
use crate::error::{Error, Result};
use crate::evaluation::{
    LabelList, LabelOrigin, Scale, ScoreTable, StreamReport, SweepPoint, interval_in_percent, weight_sweep,
    wilson_interval,
};
use crate::nets::fusion::{Fusion, FusionRule};
use crate::plural::counted;

/// `motionscope fuse`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  motionscope fuse --spatial spatial.npy --temporal temporal.npy --labels testlist01.txt \\
                   --classes classInd.txt
  motionscope fuse --spatial scores/spatial.npy --temporal scores/temporal.npy \\
                   --labels scores/labels.txt --rule softmax --sweep

Score files are float32 or float64 arrays of logits, shape [videos, classes], written by numpy.save.
Their rows are in the order of the list.")]
pub(super) struct FuseArgs {
    /// Logits of the spatial stream, .npy
    #[arg(long, value_name = "FILE")]
    spatial: PathBuf,
    /// Logits of the temporal stream, .npy
    #[arg(long, value_name = "FILE")]
    temporal: PathBuf,
    /// List of the videos in row order, in UCF101 format, with or without class numbers
    #[arg(long, value_name = "LIST")]
    labels: PathBuf,
    /// Class index (classInd.txt) for lists without class numbers
    ///
    /// Default: classInd.txt beside the list, otherwise its folders in alphabetical order.
    #[arg(long, value_name = "FILE")]
    classes: Option<PathBuf>,
    /// Weight of the temporal stream relative to the spatial one
    #[arg(long, value_name = "W", value_parser = weight, default_value = "1.5")]
    weight: f64,
    /// Fusion rule: released, softmax or logits
    ///
    /// Applied to the logits before averaging: released clips at 0 and divides by the sum, logits leaves them unchanged.
    #[arg(long, value_parser = named::<FusionRule>(), default_value = "released")]
    rule: FusionRule,
    /// Also print the accuracy at other weights
    #[arg(long)]
    sweep: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &FuseArgs) -> Result<Outcome> {
    let spatial = ScoreTable::read(&arguments.spatial)?;
    let temporal = ScoreTable::read(&arguments.temporal)?;
    let labels = LabelList::read(&arguments.labels, arguments.classes.as_deref(), spatial.classes())?;
    check(arguments, &spatial, &temporal, &labels.labels)?;
    check_rule(arguments, [&spatial, &temporal])?;
    if labels.origin == LabelOrigin::Alphabet {
        eprintln!(
            "motionscope: class numbers follow the folders of the list in alphabetical order; pass --classes to override"
        );
    }
    let fusion = Fusion { rule: arguments.rule, temporal_weight: arguments.weight, ..Fusion::default() };
    let fused = ScoreTable::fused(&spatial, &temporal, fusion);
    let report = |table, scale| StreamReport::of(table, &labels.labels, scale);
    let streams = [
        ("spatial", report(&spatial, Scale::Logits)),
        ("temporal", report(&temporal, Scale::Logits)),
        ("fused", report(&fused, Scale::of(arguments.rule))),
    ];
    let sweep = if arguments.sweep {
        let shown: Vec<[usize; 1]> = labels.labels.iter().map(|&label| [label]).collect();
        weight_sweep(&spatial, &temporal, &shown, arguments.rule, arguments.weight)
    } else {
        Vec::new()
    };
    if arguments.json {
        let [spatial, temporal, fused] = streams.map(|(_, report)| report);
        let clips = labels.labels.len();
        let document = json!({ "clips": clips, "fusion": fusion, "spatial": spatial, "temporal": temporal, "fused": fused, "sweep": sweep });
        println!("{document:#}");
    } else {
        print(arguments, labels.labels.len(), spatial.classes(), &streams, &sweep);
    }
    Ok(Outcome::Done)
}

/// Checks that tables and list match.
fn check(arguments: &FuseArgs, spatial: &ScoreTable, temporal: &ScoreTable, labels: &[usize]) -> Result<()> {
    let shape = |table: &ScoreTable| (table.rows().len(), table.classes());
    if shape(spatial) != shape(temporal) {
        let cause =
            format!("its shape is {:?}, that of {} {:?}", shape(temporal), arguments.spatial.display(), shape(spatial));
        return Err(Error::file(&arguments.temporal, cause, "Pass scores of the same videos and classes"));
    }
    if labels.len() != spatial.rows().len() {
        let rows = spatial.rows().len();
        let cause = format!(
            "it names {}, {} has {}",
            counted(labels.len(), "video"),
            arguments.spatial.display(),
            counted(rows, "row")
        );
        return Err(Error::file(&arguments.labels, cause, "Pass the list used to compute the scores"));
    }
    Ok(())
}

/// Refuses the released rule for scores of which it would leave nothing, such as means of softmax: all clips would be alike.
fn check_rule(arguments: &FuseArgs, tables: [&ScoreTable; 2]) -> Result<()> {
    let is_erased = |table: &&ScoreTable| {
        let values = || table.rows().flatten();
        values().all(|score| *score <= 0.0) && values().any(|score| *score < 0.0)
    };
    match tables.into_iter().zip([&arguments.spatial, &arguments.temporal]).find(|(table, _)| is_erased(table)) {
        Some((_, path)) if arguments.rule == FusionRule::Released => {
            let cause = "it has no score above 0, and the rule released keeps no others";
            Err(Error::file(path, cause, "Use --rule softmax").as_usage())
        }
        _ => Ok(()),
    }
}

fn print(
    arguments: &FuseArgs,
    videos: usize,
    classes: usize,
    streams: &[(&str, StreamReport); 3],
    sweep: &[SweepPoint],
) {
    let rule = format!("{:?}", arguments.rule).to_lowercase();
    let (counted_videos, classes) = (counted(videos, "video"), counted(classes, "class"));
    println!("{counted_videos}, {classes}; {rule} rule, weight {}", arguments.weight);
    for (name, report) in streams {
        let interval = interval_in_percent(report.interval);
        let StreamReport { top1, correct, .. } = report;
        println!("  {name:<9} top-1 {:6.2} % ({interval})  {correct} of {videos} correct", 100.0 * top1);
    }
    println!("  in parentheses: 95 % Wilson interval");
    if !sweep.is_empty() {
        println!("  weight   top-1 %   correct   95 % interval");
    }
    for SweepPoint { weight, correct, top1 } in sweep {
        let mark = if *weight == arguments.weight { "  ←" } else { "" };
        let interval = interval_in_percent(wilson_interval(*correct, videos));
        println!("  {weight:6.2}   {:7.2}   {correct:7}   {interval}{mark}", 100.0 * top1);
    }
}
