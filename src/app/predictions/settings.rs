//! How predictions become bouts, by project and class, from one start to the next.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::predictions::{BoutSettings, ChosenBouts};

/// For how many projects it is remembered.
const PROJECTS: usize = 32;

/// The choices of the predictions panel.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PredictionSettings {
    /// Projects with the settings of their classes by name, the latest first.
    projects: Vec<(PathBuf, BTreeMap<String, ChosenBouts>)>,
}

impl PredictionSettings {
    /// Returns the settings of a class of the project in `dir`: what was chosen, else the `default`, which also replaces settings
    /// that cannot be.
    pub fn of(&self, dir: &Path, class: &str, default: &BoutSettings) -> BoutSettings {
        let known = self.projects.iter().find(|(project, _)| project == dir).and_then(|(_, own)| own.get(class));
        known.map(|own| own.over(default)).filter(|own| own.check(class).is_ok()).unwrap_or(*default)
    }

    /// Changes the settings of a class of the project in `dir` to `settings`. What is as the `default` counts as not chosen.
    pub fn set(&mut self, dir: &Path, class: &str, settings: &BoutSettings, default: &BoutSettings) {
        let place = self.projects.iter().position(|(project, _)| project == dir);
        let (_, mut own) = place.map_or_else(|| (dir.to_owned(), BTreeMap::new()), |place| self.projects.remove(place));
        own.insert(class.to_owned(), ChosenBouts::differing(settings, default));
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
        let default = BoutSettings::default();
        let of = |settings: &PredictionSettings, dir: &str, class: &str| settings.of(Path::new(dir), class, &default);
        let strict = BoutSettings { threshold: 0.9, ..default };
        settings.set(Path::new("/a"), "walk", &strict, &default);
        settings.set(Path::new("/b"), "walk", &BoutSettings { threshold: 2.0, ..strict }, &default);
        assert_eq!(of(&settings, "/a", "walk"), strict);
        assert_eq!(of(&settings, "/a", "rear"), default);
        assert_eq!(of(&settings, "/b", "walk"), default);
        for place in 0..PROJECTS {
            settings.set(Path::new(&format!("/{place}")), "walk", &strict, &default);
        }
        assert_eq!(of(&settings, "/a", "walk"), default, "the earliest one is forgotten");
    }

    #[test]
    fn what_was_not_chosen_follows_the_thresholds_of_the_model() {
        let mut settings = PredictionSettings::default();
        let (dir, common) = (Path::new("/a"), BoutSettings::default());
        let [first, second] = [0.8, 0.25].map(|threshold| common.at(threshold));
        assert_eq!(settings.of(dir, "walk", &first), first);
        settings.set(dir, "walk", &BoutSettings { gap_secs: 3.0, ..first }, &first);
        assert_eq!(settings.of(dir, "walk", &second), BoutSettings { gap_secs: 3.0, ..second });
        let chosen = BoutSettings { threshold: 0.6, end_threshold: 0.5, ..second };
        settings.set(dir, "walk", &chosen, &second);
        assert_eq!([&first, &second].map(|model| settings.of(dir, "walk", model)), [chosen; 2], "as it was chosen");
        let ends_later = BoutSettings { end_threshold: 0.5, ..first };
        settings.set(dir, "walk", &ends_later, &first);
        assert_eq!(settings.of(dir, "walk", &second), ends_later, "both thresholds");
    }

    #[test]
    fn settings_that_were_stored_whole_are_read() {
        let stored = r#"{"projects":[["/a",{"walk":{"smoothing_secs":0.5,"threshold":0.7,"end_threshold":0.6,"min_secs":1.0,"gap_secs":0.5}}]]}"#;
        let settings: PredictionSettings = serde_json::from_str(stored).unwrap();
        let expected = BoutSettings { threshold: 0.7, end_threshold: 0.6, min_secs: 1.0, ..BoutSettings::default() };
        assert_eq!(settings.of(Path::new("/a"), "walk", &BoutSettings::default()), expected);
    }
}
