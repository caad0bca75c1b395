//! `motionscope project import`

use std::path::PathBuf;

use clap::Args;

use super::add::add_paths;
use super::opening::{change, look};
use crate::cli::outcome::{Outcome, complain};
use crate::cli::values::choice;
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

Existing labels, groups and notes are kept unless --replace is given, and labels wherever part of
the imported labels of a video cannot be used. Empty groups and notes are always filled. Seconds
count from the start of the video file, as in players, and are converted to frames by its time
stamps.
Exit codes: 0 all labels imported, 1 some skipped (each is reported), 2 wrong usage";

/// `motionscope project import`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct LabelImportArgs {
    /// Project folder
    project: PathBuf,
    /// File or folder to import
    source: PathBuf,
    /// Format [default: from the extension or the content]
    #[arg(long, value_parser = choice::<Format>())]
    format: Option<Format>,
    /// Add classes missing from the project
    #[arg(long)]
    add_classes: bool,
    /// Add video files missing from the project; JSON of Motionscope always adds its videos
    #[arg(long)]
    add_videos: bool,
    /// Replace existing labels, groups and notes with those of the file
    #[arg(long)]
    replace: bool,
    /// Make the project multi-label
    #[arg(long)]
    allow_several: bool,
    /// Report what would change without changing anything
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(arguments: &LabelImportArgs) -> Result<Outcome> {
    let format = arguments.format.map_or_else(|| Format::of(&arguments.source), Ok)?;
    let open = if arguments.dry_run { look } else { change };
    let Opened { mut project, notes: told } = open(&arguments.project)?;
    let LabelImportArgs { add_classes, replace, allow_several, .. } = *arguments;
    let choices = Choices { add_classes, replace, allow_several };
    let read = |document: &_, dir: &_| import(format, &arguments.source, document, dir, choices);
    if !arguments.dry_run {
        let times = time_videos(project.document(), project.dir(), true);
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
        let what = if add_classes { "Classes added" } else { "Unknown classes (use --add-classes to add them)" };
        println!("{what}: {}", found.unknown_classes.join(", "));
    }
    if let [first, more @ ..] = &found.unknown_videos[..] {
        let and_more = if more.is_empty() { "" } else { ", …" };
        let what = match arguments.add_videos && arguments.dry_run {
            true => "Videos that would be added",
            false => "Videos not in the project (use --add-videos to add them)",
        };
        println!("{what}: {} ({}{and_more})", found.unknown_videos.len(), first.display());
    }
    if found.needs_several {
        println!("Some videos have several labels at a time (use --allow-several to make the project multi-label)");
    }
    let would = if arguments.dry_run { "would be " } else { "" };
    let kept = found.kept.len();
    let keep = if kept == 1 { "keeps its" } else { "keep their" };
    let mut counts = format!("{} {would}labelled, {kept} {keep} labels", counted(found.videos, "video"));
    if found.new_videos > 0 {
        counts += &format!(", {} new, {} of them not found", found.new_videos, found.new_missing);
    }
    if found.replaced > 0 {
        counts += &format!(", {} {would}replaced", counted(found.replaced, "label"));
    }
    if found.left_out > 0 {
        counts += &format!(", {} of the file skipped", counted(found.left_out, "label"));
    }
    println!("{counts}");
    let is_complete = found.notes.is_empty() && found.unknown_videos.is_empty();
    if !arguments.dry_run {
        project.perform(found.step)?;
        project.save()?;
    }
    Ok(if is_complete { Outcome::Done } else { Outcome::SomeFailed })
}
