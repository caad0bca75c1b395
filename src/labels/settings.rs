//! The settings of a project.

use serde::{Deserialize, Serialize};

/// The settings of a project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What the project is called.
    pub name: String,
    /// Whether classes may overlap in time and a clip may show several.
    pub multi_label: bool,
    /// Who labels; noted on every video that is labelled.
    pub reviewer: String,
    /// Folders whose videos belong to the project.
    pub folders: Vec<String>,
}
