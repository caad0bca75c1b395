//! `motionscope summary`: figures of the labelled segments of a project, or of the bouts in predictions.

use std::path::{Path, PathBuf};

use clap::Args;
use tempfile::TempDir;

use super::bout_arguments::BoutArgs;
use super::outcome::{Outcome, complain};
use super::output_arguments::ForceArg;
use super::prediction_sources::predictions_at;
use crate::engine::time_videos;
use crate::error::{Error, Result};
use crate::labels::formats::guard;
use crate::labels::{Opened, Project};
use crate::output::{OutputGuard, Staging};
use crate::plural::counted;
use crate::predictions::{
    ClassSummary, Ethogram, LabelledVideos, SummaryScope, predicted_labels, raster_svg, transitions_svg,
};

const EXAMPLES: &str = "\
Examples:
  motionscope summary golf
  motionscope summary golf --out summary
  motionscope summary golf --csv > summary.csv
  motionscope summary predictions --out summary
  motionscope summary predictions --threshold 0.4 --threshold putt=0.6 --min-length 1

A bout is a labelled segment or, in predictions, a stretch where a class is likely (the manual,
Long videos, has the rules). For each class: the bouts, their total, mean and median length, the
time from the start of the video to the first (latency), bouts per minute and the share of the time
of the videos. Videos without segments are left out. --out writes summary.csv (also by video),
bouts.csv, transitions.csv, transitions.svg and raster.svg.

Exit codes: 0 success, 1 videos whose length, frame times or labels are not known, 2 wrong usage";

/// The files in the folder of `--out`.
const FILES: [&str; 5] = ["summary.csv", "bouts.csv", "transitions.csv", "transitions.svg", "raster.svg"];

/// `motionscope summary`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SummaryArgs {
    /// Project folder, or predictions: a .parquet file or a folder of them
    #[arg(value_name = "PROJECT")]
    source: PathBuf,
    /// Write tables as CSV and pictures as SVG to this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the table as CSV, also by video
    #[arg(long)]
    csv: bool,
    #[command(flatten)]
    force: ForceArg,
    #[command(flatten)]
    bouts: BoutArgs,
}

pub(super) fn run(arguments: &SummaryArgs) -> Result<Outcome> {
    let predictions = predictions_at(&arguments.source)?;
    let choices = arguments.bouts.choices(predictions.as_deref().unwrap_or_default())?;
    let (labelled, guard) = match predictions {
        None => labelled(arguments)?,
        Some(files) => {
            let scratch = TempDir::new().map_err(|error| Error::io(&std::env::temp_dir(), &error))?;
            let document = predicted_labels(&files, scratch.path(), &choices)?;
            (LabelledVideos::of(&document, scratch.path()), arguments.force.guard(&files))
        }
    };
    if let Some(folder) = &arguments.out {
        guard.check(&FILES.map(|name| folder.join(name)))?;
    }
    let ethogram = Ethogram::of(&labelled);
    labelled.doubts().for_each(|doubt| complain(&doubt));
    if let Some(folder) = &arguments.out {
        write(folder, &ethogram, &labelled, &guard)?;
    }
    if arguments.csv {
        print!("{}", ethogram.summary_csv());
    } else {
        print_table(&ethogram);
    }
    Ok(if labelled.doubts().next().is_none() { Outcome::Done } else { Outcome::SomeFailed })
}

/// Returns the labels of a project, and a guard of its files.
fn labelled(arguments: &SummaryArgs) -> Result<(LabelledVideos, OutputGuard)> {
    let Opened { project, notes } = Project::look(&arguments.source)?;
    notes.iter().for_each(complain);
    let mut document = project.document().clone();
    let guard = guard(&document, project.dir(), arguments.force.existing());
    document.apply(time_videos(&document, project.dir(), false));
    Ok((LabelledVideos::of(&document, project.dir()), guard))
}

fn write(folder: &Path, ethogram: &Ethogram, labelled: &LabelledVideos, guard: &OutputGuard) -> Result<()> {
    let texts = [
        ethogram.summary_csv(),
        ethogram.bouts_csv(),
        ethogram.transitions_csv(),
        transitions_svg(ethogram),
        raster_svg(labelled),
    ];
    let staging = Staging::begin(folder)?;
    for (name, text) in FILES.into_iter().zip(texts) {
        let target = folder.join(name);
        std::fs::write(staging.file(&target)?, text).map_err(|error| Error::io(&target, &error))?;
    }
    staging.publish(guard)
}

/// Prints the table of each group and of all videos.
fn print_table(ethogram: &Ethogram) {
    let rows = ethogram.rows.iter().filter(|row| !matches!(row.scope, SummaryScope::Video(_))).collect::<Vec<_>>();
    for table in rows.chunk_by(|row, next| row.scope == next.scope) {
        let videos = counted(table[0].videos, "video");
        let time = format!("{:.1} s, {:.1} s of them labelled", table[0].video_secs, table[0].labelled_secs);
        match &table[0].scope {
            SummaryScope::Group(name) => println!("Group {name}: {videos}, {time}"),
            _ => println!("All: {videos} with segments, {time}"),
        }
        println!(
            "{:>6} {:>10} {:>9} {:>9} {:>10} {:>8} {:>8}  class",
            "bouts", "total s", "mean s", "median s", "latency s", "per min", "time %"
        );
        table.iter().for_each(|row| print_row(row));
    }
    let missing: Vec<_> = ethogram.overall().filter(|row| row.count == 0).map(|row| row.class.as_str()).collect();
    if !missing.is_empty() {
        println!("No segments of: {}", missing.join(", "));
    }
    if ethogram.without_segments > 0 {
        println!("Left out: {} without segments", counted(ethogram.without_segments, "video"));
    }
}

fn print_row(row: &ClassSummary) {
    let optional = |value: Option<f64>| value.map_or("–".into(), |value| format!("{value:.2}"));
    println!(
        "{:>6} {:>10.2} {:>9} {:>9} {:>10} {:>8} {:>8}  {}",
        row.count,
        row.total_secs,
        optional(row.mean_secs),
        optional(row.median_secs),
        optional(row.latency_secs),
        optional(row.per_minute),
        optional(row.share.map(|share| 100.0 * share)),
        row.class
    );
}
