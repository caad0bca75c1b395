//! `motionscope evaluate segments`: mAP of temporal detections in untrimmed video.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::outcome::{Outcome, complain};
use crate::cli::output_arguments::ForceArg;
use crate::cli::values::named;
use crate::error::{Error, Result};
use crate::evaluation::segments::{Averaging, SegmentReport, TimeSegment};
use crate::evaluation::{SegmentTruth, detect, find_scores, read_detections, write_detections};
use crate::plural::counted;

pub(super) const EXAMPLES: &str = "\
Examples:
  motionscope analyze videos --out results --stride 5
  motionscope evaluate segments --truth activity_net.v1-2.min.json --subset validation \\
                                --scores results
  motionscope evaluate segments --truth TH14_annotation --subset test \\
                                --detections detections.json --averaging thumos

Each --averaging matches the official evaluation kit of that data set:
  activitynet  detections, in order of score, match the unmatched annotation of highest IoU, if the
               IoU reaches the threshold
  thumos       annotations match the unmatched detection of highest IoU above the threshold,
               whatever its score; false positives in ambiguous segments (Ambiguous_test.txt, or
               the label Ambiguous) are ignored
Both count detections in videos without annotations as false positives.

Exit codes: 0 success, 1 some scores could not be read, 2 wrong usage";

/// `motionscope evaluate segments`
#[derive(Debug, Args)]
pub(super) struct SegmentsArgs {
    /// Annotations: ActivityNet JSON, or the folder of THUMOS CLASS_val.txt and CLASS_test.txt
    #[arg(long, value_name = "PATH")]
    truth: PathBuf,
    /// Subset of the annotations, such as validation (ActivityNet) or test (THUMOS)
    #[arg(long, value_name = "NAME")]
    subset: Option<String>,
    /// Detections from any tool, as ActivityNet result JSON
    #[arg(long, value_name = "FILE", required_unless_present = "scores", conflicts_with = "scores")]
    detections: Option<PathBuf>,
    /// Output folder of motionscope analyze; its windows are joined into detections
    #[arg(long, value_name = "DIR")]
    scores: Option<PathBuf>,
    /// Probability thresholds for joining windows; each yields its own detections
    #[arg(
        long,
        value_name = "P,P…",
        value_delimiter = ',',
        value_parser = share,
        default_value = "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9",
        conflicts_with = "detections"
    )]
    thresholds: Vec<f64>,
    /// IoU threshold of non-maximum suppression within a class
    #[arg(long, value_name = "IOU", value_parser = share, default_value = "0.5", conflicts_with = "detections")]
    suppress: f64,
    /// Evaluation kit: activitynet (interpolated precision) or thumos (precision at hits)
    #[arg(long, value_parser = named::<Averaging>(), default_value = "activitynet")]
    averaging: Averaging,
    /// Temporal IoU thresholds [default: 0.5, 0.55 … 0.95; thumos: 0.1, 0.2 … 0.5]
    #[arg(long, value_name = "IOU,IOU…", value_delimiter = ',', value_parser = share)]
    ious: Vec<f64>,
    /// Write the detections as ActivityNet result JSON
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    #[command(flatten)]
    force: ForceArg,
    /// Print the full report as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &SegmentsArgs) -> Result<Outcome> {
    let truth = SegmentTruth::read(&arguments.truth, arguments.subset.as_deref())?;
    let inputs = [Some(&arguments.truth), arguments.detections.as_ref(), arguments.scores.as_ref()];
    let guard = arguments.force.guard(inputs.into_iter().flatten());
    guard.check(arguments.write.as_slice())?;
    let (mut detections, outcome) = detections(arguments)?;
    if let Some(path) = &arguments.write {
        guard.check(arguments.write.as_slice())?;
        write_detections(path, &detections)?;
    }
    let mut elsewhere = 0;
    for detection in &mut detections {
        match truth.video_of(&detection.video) {
            Some(video) => detection.video.clone_from(video),
            None => elsewhere += 1,
        }
    }
    if elsewhere > 0 {
        eprintln!(
            "motionscope: detections in videos without annotations: {elsewhere} of {}. They count as false positives, as in \
             the official kits. Remove them, or choose the right --subset",
            detections.len()
        );
    }
    let report =
        SegmentReport::of(&detections, &truth.segments, &truth.ambiguous, &ious(arguments), arguments.averaging);
    if arguments.json {
        println!("{:#}", json!(report));
    } else {
        print(&report);
    }
    Ok(outcome)
}

/// Returns the detections and whether all files could be read.
fn detections(arguments: &SegmentsArgs) -> Result<(Vec<TimeSegment>, Outcome)> {
    if let Some(path) = &arguments.detections {
        return Ok((read_detections(path)?, Outcome::Done));
    }
    let folder =
        arguments.scores.as_ref().ok_or_else(|| Error::new("--scores", "missing", "Pass it or --detections"))?;
    let (mut found, mut outcome) = (Vec::new(), Outcome::Done);
    for path in find_scores(folder)? {
        match detect(&path, &arguments.thresholds, arguments.suppress) {
            Ok(segments) => found.extend(segments),
            Err(error) => {
                complain(&error);
                outcome = Outcome::SomeFailed;
            }
        }
    }
    Ok((found, outcome))
}

fn ious(arguments: &SegmentsArgs) -> Vec<f64> {
    match (&arguments.ious[..], arguments.averaging) {
        ([], Averaging::Activitynet) => (10..20).map(|i| f64::from(i) / 20.0).collect(),
        ([], Averaging::Thumos) => (1..6).map(|i| f64::from(i) / 10.0).collect(),
        (given, _) => given.to_vec(),
    }
}

fn print(report: &SegmentReport) {
    let (detections, truths) = (counted(report.detections, "detection"), counted(report.truths, "annotated segment"));
    println!("{detections}, {truths} of {}", counted(report.classes.len(), "class"));
    if report.ambiguous > 0 && report.averaging == Averaging::Thumos {
        println!("{}, in which false positives are ignored", counted(report.ambiguous, "ambiguous segment"));
    }
    println!("  IoU     mAP %");
    for (iou, map) in report.ious.iter().zip(&report.map) {
        println!("  {iou:4.2}   {:6.2}", 100.0 * map);
    }
    println!("  mean   {:6.2}", 100.0 * report.mean_map);
}

/// Parses a number above 0 and up to 1.
fn share(text: &str) -> std::result::Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(share) if share > 0.0 && share <= 1.0 => Ok(share),
        _ => Err("expected a number above 0 and up to 1".into()),
    }
}
