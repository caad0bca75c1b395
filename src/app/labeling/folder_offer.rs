//! The offer to label the clips of a new project by their folders.

use std::path::PathBuf;

use crate::labels::{Project, edits};

/// The folder names of a project that can be its classes.
#[derive(Debug, Default)]
pub struct FolderOffer {
    /// The project and its revision that they were looked for in.
    of: Option<(PathBuf, u64)>,
    folders: Vec<String>,
}

impl FolderOffer {
    /// Returns the folder names that `project` can be labelled by; none if that is not to be offered.
    pub fn folders(&mut self, project: &Project) -> &[String] {
        let is_known = self.of.as_ref().is_some_and(|(dir, at)| dir == project.dir() && *at == project.revision());
        if !is_known {
            self.of = Some((project.dir().to_owned(), project.revision()));
            let is_open = !project.is_read_only();
            self.folders = if is_open { edits::class_folders(project.document()) } else { Vec::new() };
        }
        &self.folders
    }
}
