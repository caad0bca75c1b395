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
use crate::cli::values::choice;
use crate::engine::{LabelExport, export_labels, time_videos};
use crate::error::{Error, Result};
use crate::labels::formats::Format;
use crate::labels::{Opened, Project};
use crate::plural::counted;

const EXAMPLES: &str = "\
Examples:
  motionscope project export golf labels.csv
  motionscope project export golf labels.json --format json
  motionscope project export golf golf-ucf --format ucf --cut
  motionscope project export golf elan --format elan

UCF101 lists, ELAN, CVAT and X-AnyLabeling are exported to a folder, other formats to a file,
compressed where its name ends in .gz. Tables of BORIS are for import only.
`project add` ignores exported clips, unless their folder is passed directly.
All files are written or none: Ctrl-C or an unreadable video leaves the folder unchanged.
Exit codes: 0 all labels written, 1 none written, some skipped, or videos changed since labelling,
2 wrong usage, 75 stopped by SIGTERM, 130 by Ctrl-C";

/// `motionscope project export`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ExportArgs {
    /// Project folder
    project: PathBuf,
    /// Output file or folder
    target: PathBuf,
    /// Format [default: from the extension .csv or .boris]
    #[arg(long, value_parser = choice::<Format>())]
    format: Option<Format>,
    /// Also cut out the clips named in UCF101 lists
    #[arg(long)]
    cut: bool,
    #[command(flatten)]
    force: ForceArg,
}

pub(super) fn run(arguments: &ExportArgs) -> Result<Outcome> {
    let Opened { project, notes: told } = Project::look(&arguments.project)?;
    told.iter().for_each(complain);
    let format = format_of(arguments.format, &arguments.target)?;
    if arguments.cut && format != Format::UcfLists {
        let cause = format!("{} names no clips to cut out", format.name());
        return Err(Error::usage("--cut", cause, "Leave it out, or choose --format ucf"));
    }
    let stop = interrupt_flag("Stopping; nothing is written")?;
    let mut document = project.document().clone();
    document.apply(time_videos(&document, project.dir(), false));
    if stop.load(Ordering::Relaxed) {
        return Ok(Outcome::Interrupted);
    }
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
        clips => println!("{} not cut out (use --cut)", counted(clips, "clip")),
    }
    Ok(if exported.is_doubtful { Outcome::SomeFailed } else { Outcome::Done })
}
