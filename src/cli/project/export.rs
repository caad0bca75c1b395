//! `motionscope project export`

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;

use super::format::format_of;
use super::opening::progress_bar;
use super::predicted::{export_detections, export_frames, predicted_document, video_folder};
use crate::cli::bout_arguments::BoutArgs;
use crate::cli::interrupt::interrupt_flag;
use crate::cli::outcome::{Outcome, complain};
use crate::cli::output_arguments::ForceArg;
use crate::cli::prediction_sources::predictions_at;
use crate::cli::values::choice;
use crate::engine::{LabelExport, export_labels, time_videos};
use crate::error::{Error, Result};
use crate::labels::formats::Format;
use crate::labels::{Document, Opened, Project};
use crate::output::OutputGuard;
use crate::plural::counted;

const EXAMPLES: &str = "\
Examples:
  motionscope project export golf labels.csv
  motionscope project export golf labels.json --format json
  motionscope project export golf golf-ucf --format ucf --cut
  motionscope project export golf elan --format elan
  motionscope project export golf/predictions/MODEL bouts.csv
  motionscope project export predictions detections.json --detections

UCF101 lists, ELAN, CVAT and X-AnyLabeling are exported to a folder, other formats to a file,
compressed where its name ends in .gz. Tables of BORIS are for import only.
`project add` ignores exported clips, unless their folder is passed directly.

Of predictions the bouts are exported, with background between them (the manual, Long videos, has
the rules). --detections joins frames as `evaluate segments` does and keeps their scores.

All files are written or none: Ctrl-C or an unreadable video leaves the folder unchanged.
Exit codes: 0 all labels written, 1 none written, some skipped, or videos changed since labelling,
2 wrong usage, 75 stopped by SIGTERM, 130 by Ctrl-C";

/// What is said when it is to end.
const STOPPING: &str = "Stopping; nothing is written";

/// `motionscope project export`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ExportArgs {
    /// Project folder, or predictions: a .parquet file or a folder of them
    project: PathBuf,
    /// Output file or folder
    target: PathBuf,
    /// Format [default: from the extension .csv or .boris]
    #[arg(long, value_parser = choice::<Format>())]
    format: Option<Format>,
    /// Also cut out the clips named in UCF101 lists
    #[arg(long)]
    cut: bool,
    /// Export predictions as ActivityNet result JSON with scores, for `evaluate segments`
    #[arg(long, conflicts_with_all = ["format", "cut", "frames", "videos"])]
    detections: bool,
    /// Export predictions as CSV with the probabilities of every scored frame, to a folder
    #[arg(long, conflicts_with_all = ["format", "cut", "videos"])]
    frames: bool,
    /// Folder of the videos that were predicted [default: the project, else the current folder]
    #[arg(long, value_name = "DIR")]
    videos: Option<PathBuf>,
    #[command(flatten)]
    force: ForceArg,
    #[command(flatten)]
    bouts: BoutArgs,
}

pub(super) fn run(arguments: &ExportArgs) -> Result<Outcome> {
    match predictions_at(&arguments.project)? {
        None => export_project(arguments),
        Some(files) => export_predictions(arguments, &files),
    }
}

fn export_project(arguments: &ExportArgs) -> Result<Outcome> {
    for (option, is_given) in [
        ("--detections", arguments.detections),
        ("--frames", arguments.frames),
        ("--videos", arguments.videos.is_some()),
        (arguments.bouts.given().unwrap_or_default(), arguments.bouts.given().is_some()),
    ] {
        if is_given {
            let remedy = "Name a .parquet file of motionscope predict, or a folder of them";
            return Err(Error::usage(option, "it is for predictions only", remedy));
        }
    }
    let Opened { project, notes: told } = Project::look(&arguments.project)?;
    told.iter().for_each(complain);
    let format = format(arguments)?;
    let stop = interrupt_flag(STOPPING)?;
    let mut document = project.document().clone();
    document.apply(time_videos(&document, project.dir(), false));
    if stop.load(Ordering::Relaxed) {
        return Ok(Outcome::Interrupted);
    }
    export(arguments, format, &document, project.dir(), &told, &stop)
}

fn export_predictions(arguments: &ExportArgs, files: &[PathBuf]) -> Result<Outcome> {
    let target = &arguments.target;
    let guard = arguments.force.guard(files);
    if let Some(option) = arguments.bouts.given().filter(|_| arguments.detections || arguments.frames) {
        let cause = "--detections and --frames export no bouts";
        return Err(Error::usage(option, cause, "Leave it out"));
    }
    if arguments.detections {
        let found = export_detections(files, target, &guard)?;
        println!("{} of {}: {}", counted(found, "detection"), counted(files.len(), "video"), target.display());
        return Ok(Outcome::Done);
    }
    if arguments.frames {
        export_frames(&arguments.project, files, target, &guard)?;
        println!("{} in {}", counted(files.len(), "table"), target.display());
        return Ok(Outcome::Done);
    }
    let format = format(arguments)?;
    if !format.is_folder() {
        OutputGuard::default().protecting(files).existing(std::slice::from_ref(target))?;
    }
    let choices = arguments.bouts.choices(files)?;
    let stop = interrupt_flag(STOPPING)?;
    let dir = video_folder(arguments.videos.as_deref(), &arguments.project)?;
    // It has no times, but boxes as large as the pictures.
    let (document, doubts) = predicted_document(files, &choices, &dir, format == Format::Cvat)?;
    doubts.iter().for_each(complain);
    let outcome = export(arguments, format, &document, &dir, &[], &stop)?;
    Ok(if outcome == Outcome::Done && !doubts.is_empty() { Outcome::SomeFailed } else { outcome })
}

/// Returns the format of the labels.
fn format(arguments: &ExportArgs) -> Result<Format> {
    let format = format_of(arguments.format, &arguments.target)?;
    if arguments.cut && format != Format::UcfLists {
        let cause = format!("{} names no clips to cut out", format.name());
        return Err(Error::usage("--cut", cause, "Leave it out, or choose --format ucf"));
    }
    Ok(format)
}

/// Writes the labels of `document`, whose videos are in `dir`; notes that were `told` before are left out.
fn export(
    arguments: &ExportArgs,
    format: Format,
    document: &Document,
    dir: &Path,
    told: &[Error],
    stop: &AtomicBool,
) -> Result<Outcome> {
    let bar = progress_bar(0);
    let order = LabelExport {
        format,
        document,
        dir,
        target: &arguments.target,
        with_clips: arguments.cut,
        existing: arguments.force.existing(),
    };
    let exported = export_labels(&order, &mut |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
        if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    bar.finish_and_clear();
    let Some(exported) = exported? else { return Ok(Outcome::Interrupted) };
    exported.notes.iter().filter(|note| !told.contains(note)).for_each(complain);
    match exported.files.as_slice() {
        [file] => println!("{}: {}", format.name(), file.display()),
        files => println!("{}: {} in {}", format.name(), counted(files.len(), "file"), arguments.target.display()),
    }
    match exported.cuts.len() {
        0 => {}
        clips if arguments.cut => println!("{} cut out", counted(clips, "clip")),
        clips => println!("{} not cut out (use --cut)", counted(clips, "clip")),
    }
    Ok(if exported.is_doubtful { Outcome::SomeFailed } else { Outcome::Done })
}
