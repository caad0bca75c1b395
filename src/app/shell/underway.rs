//! Items being opened or loaded.

use std::path::{Path, PathBuf};

use crate::app::session::Session;

/// An item being opened or loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Underway {
    /// A clip, whose frames may be being listed.
    Clip(PathBuf),
    /// A path of which it is not known yet what it is: a folder of clips may be large, and a disk far away.
    Path(PathBuf),
    /// A project.
    Project(PathBuf),
    /// Labels of another program.
    Import(PathBuf),
    /// A model.
    Model(PathBuf),
}

impl Underway {
    /// Returns what is done with it, and its name.
    pub fn in_words(&self, session: &Session) -> (&'static str, String) {
        let name = |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        match self {
            Self::Clip(path) => ("Opening", session.clip_title(path)),
            Self::Path(path) => ("Opening", name(path)),
            Self::Project(path) => ("Opening project", name(path)),
            Self::Import(path) => ("Importing", name(path)),
            Self::Model(path) => ("Loading", name(path)),
        }
    }
}

impl Session {
    /// Returns the item being opened or loaded; of several, the most important one.
    pub fn underway(&self) -> Option<Underway> {
        let clip = self.opening.clone().map(Underway::Clip);
        let path = || self.looking.clone().map(Underway::Path);
        let project = || self.labeling.opening.clone().map(Underway::Project);
        let import = || self.labeling.interchange.reading().map(|path| Underway::Import(path.to_owned()));
        let model = || self.loading_model.clone().map(Underway::Model);
        clip.or_else(path).or_else(project).or_else(import).or_else(model)
    }
}
