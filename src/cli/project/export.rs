//! `motionscope project export`

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use clap::Args;

use super::format::format_of;
use super::opening::progress_bar;
use crate::cli::interrupt::interrupt_flag;
use crate::cli::outcome::{Outcome, complain};
use crate::cli::output_arguments::ForceArg;
use crate::engine::{LabelExport, export_labels, time_videos};
use crate::error::Result;
use crate::labels::formats::Format;
use crate::labels::{Opened, Project};
use crate::plural::counted;

const EXAMPLES: &str = "\
Examples:
  motionscope project export golf labels.csv
  motionscope project export golf labels.json --format json
  motionscope project export golf golf-ucf --format ucf --cut
  motionscope project export golf elan --format elan

UCF101 lists, ELAN, CVAT and X-AnyLabeling are exported to a folder, the others to a file.
Clips that are cut out are not taken for new videos by `project add`, unless their folder is named itself.
All files are written or none: Ctrl-C, or a video that cannot be read, leaves the folder as it was.
Exit codes: 0 all labels were written, 1 none, or without those that cannot be read, or of videos that have changed since";

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
    #[command(flatten)]
    force: ForceArg,
}

pub(super) fn run(arguments: &ExportArgs) -> Result<Outcome> {
    let Opened { project, notes: told } = Project::look(&arguments.project)?;
    told.iter().for_each(complain);
    let format = format_of(arguments.format, &arguments.target)?;
    let stop = interrupt_flag("Ending without writing anything")?;
    let mut document = project.document().clone();
    document.apply(time_videos(&document, project.dir()));
    let bar = progress_bar(0);
    let order = LabelExport {
        format,
        document: &document,
        dir: project.dir(),
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
        1 => println!("1 clip is not cut out: --cut does that"),
        clips => println!("{clips} clips are not cut out: --cut does that"),
    }
    Ok(if exported.is_doubtful { Outcome::SomeFailed } else { Outcome::Done })
}
