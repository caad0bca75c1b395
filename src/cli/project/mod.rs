//! `motionscope project`: a project of labels without a window.

mod add;
mod check;
mod export;
mod format;
mod import;
mod labels;
mod new;

use std::path::Path;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use super::{Outcome, complain};
use crate::error::{Error, Result};
use crate::labels::{Opened, Project};

const EXAMPLES: &str = "\
Examples:
  motionscope project new golf --name Golf --classes swing,putt clips
  motionscope project add golf more/clips one.mp4
  motionscope project check golf --relink /media/disk
  motionscope project labels golf
  motionscope project export golf labels.csv
  motionscope project export golf golf-ucf --format ucf --cut
  motionscope project import golf observations.boris --add-classes";

/// `motionscope project`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ProjectArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a folder a project
    New(new::NewArgs),
    /// Add videos, or folders of them
    Add(add::AddArgs),
    /// Look for videos that are missing or have changed, and for where they have gone
    Check(check::CheckArgs),
    /// Tell how much of each class is labelled
    Labels(labels::LabelsArgs),
    /// Write the labels in a format of another program, or cut out the clips
    Export(export::ExportArgs),
    /// Read labels of another program
    Import(import::ImportArgs),
}

pub(super) fn run(arguments: &ProjectArgs) -> Result<Outcome> {
    match &arguments.what {
        What::New(arguments) => new::run(arguments),
        What::Add(arguments) => add::run(arguments),
        What::Check(arguments) => check::run(arguments),
        What::Labels(arguments) => labels::run(arguments),
        What::Export(arguments) => export::run(arguments),
        What::Import(arguments) => import::run(arguments),
    }
}

/// Opens a project to look at it and reports what is wrong with it; nothing in its folder changes.
fn open(dir: &Path) -> Result<Project> {
    Ok(look(dir)?.project)
}

/// Opens a project that is to be changed and reports what is wrong with it.
fn open_to_change(dir: &Path) -> Result<Project> {
    Ok(change(dir)?.project)
}

/// As [`open`], with what was reported.
fn look(dir: &Path) -> Result<Opened> {
    let opened = Project::look(dir)?;
    opened.notes.iter().for_each(complain);
    Ok(opened)
}

/// As [`open_to_change`], with what was reported.
fn change(dir: &Path) -> Result<Opened> {
    let Opened { project, notes } = Project::open(dir)?;
    if project.is_read_only() {
        let only = || Error::file(dir, "the project cannot be changed", "Close the window that has it open");
        return Err(notes.into_iter().next().unwrap_or_else(only));
    }
    notes.iter().for_each(complain);
    Ok(Opened { project, notes })
}

/// A bar of so many videos.
fn progress_bar(count: usize) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:30} {pos}/{len} videos, {eta} left").expect("the template is well-formed");
    ProgressBar::new(count as u64).with_style(style)
}
