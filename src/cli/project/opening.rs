//! Opens projects and reports their problems.

use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use super::super::outcome::complain;
use crate::error::{Error, Result};
use crate::labels::{Opened, Project};

/// Opens a project read-only and reports its problems.
pub(super) fn open(dir: &Path) -> Result<Project> {
    Ok(look(dir)?.project)
}

/// Opens a project for changes and reports its problems.
pub(super) fn open_to_change(dir: &Path) -> Result<Project> {
    Ok(change(dir)?.project)
}

/// Like [`open`], also returning what was reported.
pub(super) fn look(dir: &Path) -> Result<Opened> {
    let opened = Project::look(dir)?;
    opened.notes.iter().for_each(complain);
    Ok(opened)
}

/// Like [`open_to_change`], also returning what was reported.
pub(super) fn change(dir: &Path) -> Result<Opened> {
    let Opened { project, notes } = Project::open(dir)?;
    if project.is_read_only() {
        let only = || Error::file(dir, "the project cannot be changed", "Close the window that has it open");
        return Err(notes.into_iter().next().unwrap_or_else(only));
    }
    notes.iter().for_each(complain);
    Ok(Opened { project, notes })
}

/// Returns a progress bar for `count` videos.
pub(super) fn progress_bar(count: usize) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:30} {pos}/{len} videos, {eta} left").expect("the template is well-formed");
    ProgressBar::new(count as u64).with_style(style)
}
