//! The choices of the training panel that are remembered.

use serde::{Deserialize, Serialize};

use crate::training::TrainingPlan;
use crate::training::finetune::FineTune;

/// What a person is after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Aim {
    /// A recogniser of their own classes, from the networks in use.
    #[default]
    Tune,
    /// One network, in any way.
    Train,
}

/// Where clips come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ClipOrigin {
    /// The labels of the project.
    Labels,
    /// A folder with one sub-folder per class.
    #[default]
    Folder,
    /// A list.
    List,
}

/// The choices of the training panel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainingSettings {
    /// What a person is after.
    pub aim: Aim,
    /// Where clips come from.
    pub origin: ClipOrigin,
    /// Folder of the clips, list and class index as typed.
    pub list: [String; 3],
    /// The fine-tuning.
    pub tuning: FineTune,
    /// The run of a single network.
    pub plan: TrainingPlan,
    /// Whether that starts from the networks in use.
    pub from_viewer: bool,
}

impl Default for TrainingSettings {
    fn default() -> Self {
        Self {
            aim: Aim::default(),
            origin: ClipOrigin::default(),
            list: Default::default(),
            tuning: FineTune::default(),
            plan: TrainingPlan::default(),
            from_viewer: true,
        }
    }
}
