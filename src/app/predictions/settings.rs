//! How predictions become bouts, by project and class, from one start to the next.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::predictions::BoutSettings;

/// For how many projects it is remembered.
const PROJECTS: usize = 32;

/// The choices of the predictions panel.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PredictionSettings {
    /// Projects with the settings of their classes by name, the latest first.
    projects: Vec<(PathBuf, BTreeMap<String, BoutSettings>)>,
}

impl PredictionSettings {
    /// Returns the settings of a class of the project in `dir`; the defaults where nobody has chosen any, or they cannot be.
    pub fn of(&self, dir: &Path, class: &str) -> BoutSettings {
        let known = self.projects.iter().find(|(project, _)| project == dir).and_then(|(_, own)| own.get(class));
        known.copied().filter(|own| own.check(class).is_ok()).unwrap_or_default()
    }

    /// Changes the settings of a class of the project in `dir`.
    pub fn set(&mut self, dir: &Path, class: &str, settings: BoutSettings) {
        let place = self.projects.iter().position(|(project, _)| project == dir);
        let (_, mut own) = place.map_or_else(|| (dir.to_owned(), BTreeMap::new()), |place| self.projects.remove(place));
        own.insert(class.to_owned(), settings);
        self.projects.insert(0, (dir.to_owned(), own));
        self.projects.truncate(PROJECTS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_project_has_its_own_settings_of_a_class_and_impossible_ones_are_replaced() {
        let mut settings = PredictionSettings::default();
        let strict = BoutSettings { threshold: 0.9, ..BoutSettings::default() };
        settings.set(Path::new("/a"), "walk", strict);
        settings.set(Path::new("/b"), "walk", BoutSettings { threshold: 2.0, ..strict });
        assert_eq!(settings.of(Path::new("/a"), "walk"), strict);
        assert_eq!(settings.of(Path::new("/a"), "rear"), BoutSettings::default());
        assert_eq!(settings.of(Path::new("/b"), "walk"), BoutSettings::default());
        for place in 0..PROJECTS {
            settings.set(Path::new(&format!("/{place}")), "walk", strict);
        }
        assert_eq!(settings.of(Path::new("/a"), "walk"), BoutSettings::default(), "the earliest one is forgotten");
    }
}
