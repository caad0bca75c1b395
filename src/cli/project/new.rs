//! `motionscope project new`

use std::path::PathBuf;

use clap::Args;

use super::add::add_paths;
use crate::cli::outcome::Outcome;
use crate::error::Result;
use crate::labels::{Document, Project, Settings, edits};

const EXAMPLES: &str = "\
Examples:
  motionscope project new golf
  motionscope project new golf clips --name \"Golf swings\" --classes swing,putt --reviewer Ann
  motionscope project new meals videos --multi-label";

/// `motionscope project new`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct NewArgs {
    /// Project folder, created if missing
    dir: PathBuf,
    /// Videos or folders of videos
    videos: Vec<PathBuf>,
    /// Project name [default: the folder name]
    #[arg(long)]
    name: Option<String>,
    /// Classes, separated by commas
    #[arg(long, value_delimiter = ',')]
    classes: Vec<String>,
    /// Multi-label: allow overlapping segments and several classes per clip
    #[arg(long)]
    multi_label: bool,
    /// Name of the reviewer
    #[arg(long, default_value = "")]
    reviewer: String,
}

pub(super) fn run(arguments: &NewArgs) -> Result<Outcome> {
    let folder_name = || arguments.dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let settings = Settings {
        name: arguments.name.clone().unwrap_or_else(folder_name),
        multi_label: arguments.multi_label,
        reviewer: arguments.reviewer.clone(),
        folders: Vec::new(),
    };
    // Before the project is made, which would be in the way of the corrected command.
    let mut planned = Document::default();
    for name in &arguments.classes {
        let (_, step) = edits::add_class(&planned, name)?;
        planned.apply(step);
    }
    let mut project = Project::create(&arguments.dir, settings)?;
    for class in &planned.classes {
        let (_, step) = edits::add_class(project.document(), &class.name)?;
        project.perform(step)?;
    }
    let outcome = add_paths(&mut project, &arguments.videos)?;
    project.save()?;
    println!("Project {}: {}", project.document().settings.name, project.dir().display());
    Ok(outcome)
}
