//! What the window remembers from one start to the next.

use std::path::{Path, PathBuf};

use eframe::Storage;
use serde::{Deserialize, Serialize};

use super::dock::{Layout, default_layout, is_complete};
use crate::gpu::DeviceChoice;

/// How many files the welcome screen offers again.
const RECENT: usize = 8;
/// Where the settings lie in eframe's storage.
const KEY: &str = "settings";

/// Layout, theme and choices; saved by eframe at regular intervals and at the end.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Where the panels lie.
    pub layout: Layout,
    /// Dark or light theme.
    pub dark: bool,
    /// Clips and folders opened lately, the latest first.
    pub recent: Vec<PathBuf>,
    /// The device asked for.
    pub device: DeviceChoice,
    /// The model folder in use.
    pub model: Option<PathBuf>,
    /// Classes in the order of their fused score instead of the model's order.
    pub sort_scores: bool,
    /// Magnitude in px at which the flow's colours saturate, if it is locked.
    pub locked_scale_px: Option<f32>,
    /// Where the sample project lies, once it is complete.
    pub sample: Option<PathBuf>,
    /// Folder of the latest training run's clips.
    pub training_folder: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            layout: default_layout(),
            dark: true,
            recent: Vec::new(),
            device: DeviceChoice::Auto,
            model: None,
            sort_scores: true,
            locked_scale_px: None,
            sample: None,
            training_folder: None,
        }
    }
}

impl Settings {
    /// The settings of the last time; the defaults at the first start or after an incompatible update.
    pub fn load(storage: Option<&dyn Storage>) -> Self {
        let mut settings: Self = storage.and_then(|storage| eframe::get_value(storage, KEY)).unwrap_or_default();
        if !is_complete(&settings.layout) {
            settings.layout = default_layout();
        }
        settings
    }

    /// Puts the settings where [`Settings::load`] finds them.
    pub fn save(&self, storage: &mut dyn Storage) {
        eframe::set_value(storage, KEY, self);
    }

    /// Puts `path` in front of the recent files.
    pub fn remember(&mut self, path: &Path) {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        self.recent.retain(|other| *other != path);
        self.recent.insert(0, path);
        self.recent.truncate(RECENT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recent_files_are_few_and_distinct_with_the_latest_first() {
        let mut settings = Settings::default();
        for name in ["/a", "/b", "/c", "/d", "/e", "/f", "/g", "/h", "/i", "/b"] {
            settings.remember(Path::new(name));
        }
        assert_eq!(settings.recent.len(), RECENT);
        assert_eq!(settings.recent[..2], [PathBuf::from("/b"), PathBuf::from("/i")]);
        assert_eq!(settings.recent.iter().filter(|path| **path == Path::new("/b")).count(), 1);
    }
}
