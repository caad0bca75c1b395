//! `motionscope project add`

use std::path::{Path, PathBuf};

use clap::Args;

use super::opening::{open_to_change, progress_bar};
use crate::cli::outcome::{Outcome, complain};
use crate::engine::{probe, videos_in};
use crate::error::{Error, Result};
use crate::labels::media_scan::newcomers;
use crate::labels::{Project, edits};
use crate::panic_guard::caught_at;
use crate::plural::counted;
use crate::video::is_video;

const EXAMPLES: &str = "\
Examples:
  motionscope project add golf clips
  motionscope project add golf one.mp4 two.mp4";

/// `motionscope project add`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct AddArgs {
    /// Project folder
    project: PathBuf,
    /// Videos or folders of videos
    #[arg(required = true)]
    videos: Vec<PathBuf>,
}

pub(super) fn run(arguments: &AddArgs) -> Result<Outcome> {
    let mut project = open_to_change(&arguments.project)?;
    let outcome = add_paths(&mut project, &arguments.videos)?;
    project.save()?;
    Ok(outcome)
}

/// Adds the new videos at `paths` and in folders there, and reports those that cannot be read.
pub(super) fn add_paths(project: &mut Project, paths: &[PathBuf]) -> Result<Outcome> {
    let (mut files, mut outcome) = (Vec::new(), Outcome::Done);
    for path in paths {
        if path.is_dir() {
            let found = videos_in(path, &is_video, &|| true);
            found.notes.iter().for_each(complain);
            let is_empty = found.videos.is_empty();
            if is_empty && found.notes.is_empty() {
                complain(&no_video_in(path));
            }
            if is_empty || found.unread > 0 {
                outcome = Outcome::SomeFailed;
            }
            files.extend(found.videos);
        } else {
            files.push(path.clone());
        }
    }
    let (files, notes) = newcomers(project.document(), project.dir(), files);
    notes.iter().for_each(complain);
    if !notes.is_empty() {
        outcome = Outcome::SomeFailed;
    }
    let bar = progress_bar(files.len());
    let mut videos = Vec::new();
    for path in &files {
        match caught_at(path, || probe(path, project.dir())) {
            Ok(video) => videos.push(video),
            Err(error) => {
                bar.suspend(|| complain(&error));
                outcome = Outcome::SomeFailed;
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let step = edits::add_videos(project.document(), videos);
    if !paths.is_empty() {
        println!("{} added", counted(step.changes.len(), "video"));
    }
    project.perform(step)?;
    Ok(outcome)
}

fn no_video_in(folder: &Path) -> Error {
    let remedy =
        "Pass videos or a folder of videos; folders of frames work with `flow` and `analyze`, but not in projects";
    Error::file(folder, "no videos found in the folder", remedy)
}
