//! `motionscope project import`

use std::path::PathBuf;

use clap::Args;

use super::add::add_paths;
use super::opening::{change, look};
use crate::cli::outcome::{Outcome, complain};
use crate::engine::time_videos;
use crate::error::Result;
use crate::labels::Opened;
use crate::labels::formats::{Choices, Format, import};
use crate::plural::counted;

const EXAMPLES: &str = "\
Examples:
  motionscope project import golf labels.csv --add-classes --add-videos
  motionscope project import golf observations.boris --dry-run
  motionscope project import golf lists --format ucf --replace

Videos that are labelled already keep their labels unless --replace is given, and where a part of the file's cannot be used.
Seconds count from where a video's file begins, as in players, and become frames by the video's time stamps.
Exit codes: 0 all labels were read, 1 some were left out, and it was said which";

/// `motionscope project import`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ImportArgs {
    /// Folder of the project
    project: PathBuf,
    /// File to read, or folder of such files
    source: PathBuf,
    /// Format [default: by the ending or the content]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Add classes that the project does not have
    #[arg(long)]
    add_classes: bool,
    /// Add videos that the project does not have
    #[arg(long)]
    add_videos: bool,
    /// Let the labels of the file take the place of the project's
    #[arg(long)]
    replace: bool,
    /// Have the project allow several labels at a time
    #[arg(long)]
    allow_several: bool,
    /// Only tell what would happen
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(arguments: &ImportArgs) -> Result<Outcome> {
    let format = arguments.format.map_or_else(|| Format::of(&arguments.source), Ok)?;
    let open = if arguments.dry_run { look } else { change };
    let Opened { mut project, notes: told } = open(&arguments.project)?;
    let ImportArgs { add_classes, replace, allow_several, .. } = *arguments;
    let choices = Choices { add_classes, replace, allow_several };
    let read = |document: &_, dir: &_| import(format, &arguments.source, document, dir, choices);
    if !arguments.dry_run {
        let times = time_videos(project.document(), project.dir());
        if !times.changes.is_empty() {
            project.perform(times)?;
        }
    }
    let mut found = read(project.document(), project.dir())?;
    if arguments.add_videos && !arguments.dry_run && !found.unknown_videos.is_empty() {
        add_paths(&mut project, &found.unknown_videos)?;
        found = read(project.document(), project.dir())?;
    }
    found.notes.iter().chain(&found.remarks).filter(|note| !told.contains(note)).for_each(complain);
    if !found.unknown_classes.is_empty() {
        let what = if add_classes { "Classes added" } else { "Unknown classes (--add-classes adds them)" };
        println!("{what}: {}", found.unknown_classes.join(", "));
    }
    if !found.unknown_videos.is_empty() {
        println!("Videos that are not in the project (--add-videos adds them): {}", found.unknown_videos.len());
    }
    if found.needs_several {
        println!("Some videos have several labels at a time (--allow-several lets the project have them)");
    }
    let would = if arguments.dry_run { "would be " } else { "" };
    let keep = if found.kept == 1 { "keeps" } else { "keep" };
    let mut counts = format!("{} {would}labelled, {} {keep} other labels", counted(found.videos, "video"), found.kept);
    if found.replaced > 0 {
        counts += &format!(", {} {would}replaced", counted(found.replaced, "label"));
    }
    if found.left_out > 0 {
        counts += &format!(", {} of the file left out", counted(found.left_out, "label"));
    }
    println!("{counts}");
    let is_complete = found.notes.is_empty() && found.unknown_videos.is_empty();
    if !arguments.dry_run {
        project.perform(found.step)?;
        project.save()?;
    }
    Ok(if is_complete { Outcome::Done } else { Outcome::SomeFailed })
}
