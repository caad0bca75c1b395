//! `motionscope evaluate segments`: mAP of temporal detections in untrimmed video.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::cli::outcome::{Outcome, complain};
use crate::cli::output_arguments::ForceArg;
use crate::cli::values::named;
use crate::error::{Error, Result};
use crate::evaluation::segments::{Averaging, SegmentReport, TimeSegment};
use crate::evaluation::{SegmentTruth, detect, find_scores, read_detections, write_detections};
use crate::names::{Alike, class_alike};
use crate::plural::counted;
use crate::predictions::{predicted_segments, prediction_files, read_predictions};

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
Both count detections in videos without annotations as false positives, and none of classes without
annotations. Class names may differ in capitals, spaces, hyphens and underscores.

Exit codes: 0 success, 1 some scores could not be read, 2 wrong usage";

/// Maximum number of classes named one by one.
const MOST_NAMED: usize = 5;

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
    /// Output folder of motionscope analyze or predict, whose scores are joined into detections
    #[arg(long, value_name = "DIR")]
    scores: Option<PathBuf>,
    /// Probability thresholds for joining windows or frames; each yields its own detections
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
    print_unannotated(&name_as_annotated(&mut detections, &truth.segments), detections.len());
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
    for path in score_files(folder)? {
        let (thresholds, iou) = (&arguments.thresholds, arguments.suppress);
        let segments = match path.extension().is_some_and(|ending| ending == "json") {
            true => detect(&path, thresholds, iou),
            false => read_predictions(&path).map(|(_, scores)| predicted_segments(&scores, thresholds, iou)),
        };
        match segments {
            Ok(segments) => found.extend(segments),
            Err(error) => {
                complain(&error);
                outcome = Outcome::SomeFailed;
            }
        }
    }
    Ok((found, outcome))
}

/// Returns the files of scores in `folder`: of windows or of frames.
fn score_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let frames = prediction_files(folder)?;
    match find_scores(folder) {
        Ok(_) if !frames.is_empty() => {
            let cause = "it holds scores of windows (scores.json) and of frames (.parquet)";
            Err(Error::file(folder, cause, "Name a folder of one of them"))
        }
        Err(_) if !frames.is_empty() => Ok(frames),
        windows => windows,
    }
}

/// Gives `detections` the names that their classes have in `truths`, which may differ in capitals and in what is between words.
/// Returns how many detections there are of each class that is not annotated, or may be one of several.
fn name_as_annotated(detections: &mut [TimeSegment], truths: &[TimeSegment]) -> BTreeMap<String, usize> {
    let annotated: BTreeSet<&str> = truths.iter().map(|truth| truth.class.as_str()).collect();
    let annotated: Vec<&str> = annotated.into_iter().collect();
    let mut names: BTreeMap<String, Option<&str>> = BTreeMap::new();
    let mut others = BTreeMap::new();
    for detection in detections {
        let name = *names.entry(detection.class.clone()).or_insert_with_key(|class| {
            match class_alike(annotated.iter().copied(), class) {
                Alike::One(place) => Some(annotated[place]),
                Alike::Several(_) | Alike::None => None,
            }
        });
        match name {
            Some(name) => name.clone_into(&mut detection.class),
            None => *others.entry(detection.class.clone()).or_insert(0) += 1,
        }
    }
    others
}

/// Prints how many of so many detections are of classes that are not annotated.
fn print_unannotated(others: &BTreeMap<String, usize>, of: usize) {
    let count: usize = others.values().sum();
    if count == 0 {
        return;
    }
    let mut named = others.keys().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
    if others.len() > MOST_NAMED {
        named += &format!(" and {} more", others.len() - MOST_NAMED);
    }
    eprintln!(
        "motionscope: detections of no annotated class: {count} of {of}. They do not count, as in the official kits. If a class \
         should count, give it the annotated name: {named}"
    );
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
pub(super) fn share(text: &str) -> std::result::Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(share) if share > 0.0 && share <= 1.0 => Ok(share),
        _ => Err("expected a number above 0 and up to 1".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_detections_are_those_that_are_annotated() {
        let segment = |class: &str| TimeSegment {
            video: "a".into(),
            class: class.into(),
            start_secs: 0.0,
            end_secs: 1.0,
            score: 1.0,
        };
        let truths = ["Kick Ball", "wave", "Wave"].map(segment);
        let mut detections = ["kick_ball", "wave", "WAVE", "jump", "jump"].map(segment);
        let others = name_as_annotated(&mut detections, &truths);
        let classes = detections.map(|detection| detection.class);
        assert_eq!(classes, ["Kick Ball", "wave", "WAVE", "jump", "jump"]);
        assert_eq!(others, BTreeMap::from([("WAVE".to_owned(), 1), ("jump".to_owned(), 2)]));
    }
}
