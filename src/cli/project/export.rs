//! `motionscope project export`

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use clap::Args;

use super::format::format_of;
use super::{open, progress_bar};
use crate::cli::interrupt::interrupt_flag;
use crate::cli::{Outcome, complain};
use crate::engine::cut_clips;
use crate::error::Result;
use crate::labels::formats::{Cut, Format, export};

const EXAMPLES: &str = "\
Examples:
  motionscope project export golf labels.csv
  motionscope project export golf labels.json --format json
  motionscope project export golf golf-ucf --format ucf --cut
  motionscope project export golf elan --format elan

UCF101 lists, ELAN, CVAT and X-AnyLabeling are exported to a folder, the others to a file.";

/// `motionscope project export`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ExportArgs {
    /// Folder of the project
    project: PathBuf,
    /// File or folder to write
    target: PathBuf,
    /// Format [default: by the ending, of .csv, .eaf, .boris and .xml]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Cut out the clips that UCF101's lists name
    #[arg(long)]
    cut: bool,
}

pub(super) fn run(arguments: &ExportArgs) -> Result<Outcome> {
    let project = open(&arguments.project)?;
    let format = format_of(arguments.format, &arguments.target)?;
    let exported = export(format, project.document(), project.dir(), &arguments.target)?;
    exported.notes.iter().for_each(complain);
    match exported.files.as_slice() {
        [file] => println!("{}: {}", format.name(), file.display()),
        files => println!("{}: {} files in {}", format.name(), files.len(), arguments.target.display()),
    }
    match exported.cuts.as_slice() {
        [] => Ok(Outcome::Done),
        cuts if arguments.cut => cut(cuts),
        cuts => {
            println!("{} clips are yet to be cut out: --cut does that", cuts.len());
            Ok(Outcome::Done)
        }
    }
}

fn cut(cuts: &[Cut]) -> Result<Outcome> {
    let stop = interrupt_flag("Ending before this clip")?;
    let bar = progress_bar(cuts.len());
    let (written, errors) = cut_clips(cuts, &mut |done, _| {
        bar.set_position(done as u64);
        if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    bar.finish_and_clear();
    errors.iter().for_each(complain);
    println!("{written} clips cut out");
    Ok(match (stop.load(Ordering::Relaxed), errors.is_empty()) {
        (true, _) => Outcome::Interrupted,
        (_, true) => Outcome::Done,
        _ => Outcome::SomeFailed,
    })
}
