//! `motionscope project`: labelling projects without a window.

mod add;
mod check;
mod export;
mod format;
mod import;
mod labels;
mod new;
mod opening;
mod predicted;

use clap::{Args, Subcommand};

use super::outcome::Outcome;
use crate::error::Result;

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
    what: ProjectCommand,
}

#[derive(Debug, Subcommand)]
enum ProjectCommand {
    /// Create a project in a folder
    New(new::NewArgs),
    /// Add videos or folders of videos
    Add(add::AddArgs),
    /// Find missing and changed videos, and relink moved ones
    Check(check::ProjectCheckArgs),
    /// Count the labels of each class
    Labels(labels::LabelsArgs),
    /// Export labels or predictions in the format of another program, or cut out clips
    Export(export::ExportArgs),
    /// Import labels from another program
    Import(import::LabelImportArgs),
}

pub(super) fn run(arguments: &ProjectArgs) -> Result<Outcome> {
    match &arguments.what {
        ProjectCommand::New(arguments) => new::run(arguments),
        ProjectCommand::Add(arguments) => add::run(arguments),
        ProjectCommand::Check(arguments) => check::run(arguments),
        ProjectCommand::Labels(arguments) => labels::run(arguments),
        ProjectCommand::Export(arguments) => export::run(arguments),
        ProjectCommand::Import(arguments) => import::run(arguments),
    }
}
