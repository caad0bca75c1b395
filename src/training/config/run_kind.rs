//! Kinds of runs.

use serde::{Deserialize, Serialize};

use crate::training::probe::views::ProbeViews;

/// Kind of a run. In files it is the number of windows of a probe, 0 for training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "usize", into = "usize")]
pub enum RunKind {
    /// Trains the networks; clips are processed in every step.
    #[default]
    Training,
    /// Extracts features of `windows` windows of each clip once and fits only the last layer of a stream to them, which
    /// takes seconds. It is full-batch training with Adam; of the plan's numbers it uses the learning rate and its
    /// schedule, the weight decay, the steps and the seed.
    LinearProbe {
        /// Number of windows of each clip, at least one.
        windows: usize,
    },
}

impl From<usize> for RunKind {
    fn from(windows: usize) -> Self {
        if windows == 0 { Self::Training } else { Self::LinearProbe { windows } }
    }
}

impl From<RunKind> for usize {
    fn from(kind: RunKind) -> Self {
        match kind {
            RunKind::Training => 0,
            RunKind::LinearProbe { windows } => windows,
        }
    }
}

impl RunKind {
    /// Returns the views of a clip whose features a linear probe extracts; `None` for training.
    pub(in crate::training) fn views(self) -> Option<ProbeViews> {
        match self {
            Self::Training => None,
            Self::LinearProbe { windows } => Some(ProbeViews { windows, ..ProbeViews::FIT }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::TrainingPlan;

    #[test]
    fn settings_of_earlier_versions_name_the_kind_by_its_windows() {
        for (text, kind) in [
            ("", RunKind::Training),
            ("feature_windows = 0\n", RunKind::Training),
            ("feature_windows = 3\n", RunKind::LinearProbe { windows: 3 }),
        ] {
            let plan: TrainingPlan = toml::from_str(text).unwrap();
            assert_eq!(plan.kind, kind);
            assert!(toml::to_string(&plan).unwrap().contains(&format!("\nfeature_windows = {}\n", usize::from(kind))));
        }
    }
}
