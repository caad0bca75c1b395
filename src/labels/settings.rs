//! The settings of a project.

use serde::{Deserialize, Serialize};

/// The settings of a project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Name of the project.
    pub name: String,
    /// `true` if the project is multi-label: classes may overlap in time and a clip may have several.
    pub multi_label: bool,
    /// Name of the person who labels; stored with every labelled video.
    pub reviewer: String,
    /// Folders whose videos belong to the project.
    pub folders: Vec<String>,
}
