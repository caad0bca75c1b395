//! The user's settings for finding bouts, for all or some classes; unset values follow the model.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{BoutSettings, PredictionFacts};
use crate::error::{Error, Result};
use crate::names::{Alike, class_alike};

/// The chosen settings of a class. Unset values follow the predictions, since the next model has other thresholds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChosenBouts {
    /// Width of the moving mean in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smoothing_secs: Option<f64>,
    /// Threshold: the probability from which a bout starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// The probability below which a bout ends; in proportion to the threshold if only that is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_threshold: Option<f64>,
    /// Minimum duration of a bout in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_secs: Option<f64>,
    /// Minimum gap between two bouts in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap_secs: Option<f64>,
}

impl ChosenBouts {
    /// Returns the settings that differ from `default`. The start and end thresholds are set together.
    pub fn differing(settings: &BoutSettings, default: &BoutSettings) -> Self {
        let chosen = |own: f64, default: f64| (own != default).then_some(own);
        let thresholds = |settings: &BoutSettings| [settings.threshold, settings.end_threshold];
        let has_thresholds = thresholds(settings) != thresholds(default);
        Self {
            smoothing_secs: chosen(settings.smoothing_secs, default.smoothing_secs),
            threshold: has_thresholds.then_some(settings.threshold),
            end_threshold: has_thresholds.then_some(settings.end_threshold),
            min_secs: chosen(settings.min_secs, default.min_secs),
            gap_secs: chosen(settings.gap_secs, default.gap_secs),
        }
    }

    /// Returns the settings, with unset values from `default`.
    pub fn over(&self, default: &BoutSettings) -> BoutSettings {
        let at = self.threshold.map_or(*default, |threshold| default.at(threshold));
        BoutSettings {
            smoothing_secs: self.smoothing_secs.unwrap_or(default.smoothing_secs),
            threshold: at.threshold,
            end_threshold: self.end_threshold.unwrap_or(at.end_threshold),
            min_secs: self.min_secs.unwrap_or(default.min_secs),
            gap_secs: self.gap_secs.unwrap_or(default.gap_secs),
        }
    }

    /// Returns these choices, with unset values from `other`.
    fn or(&self, other: &Self) -> Self {
        Self {
            smoothing_secs: self.smoothing_secs.or(other.smoothing_secs),
            threshold: self.threshold.or(other.threshold),
            end_threshold: self.end_threshold.or(other.end_threshold),
            min_secs: self.min_secs.or(other.min_secs),
            gap_secs: self.gap_secs.or(other.gap_secs),
        }
    }
}

/// Choices for all classes, and for classes by name, which take precedence.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BoutChoices {
    /// Choices for all classes.
    pub common: ChosenBouts,
    /// Choices for classes by name, spelled as in the model or equivalently.
    pub classes: BTreeMap<String, ChosenBouts>,
}

impl BoutChoices {
    /// Returns the settings of each class of predictions with these `facts`: the choice if set, otherwise the threshold
    /// of the model, otherwise the default.
    pub fn settings(&self, facts: &PredictionFacts) -> Vec<BoutSettings> {
        let of_class = |class: usize| {
            let own = self.classes.iter().filter(|(name, _)| place(facts, name) == Some(class));
            let chosen = own.fold(ChosenBouts::default(), |chosen, (_, next)| chosen.or(next)).or(&self.common);
            chosen.over(&facts.bout_settings(class, &BoutSettings::default()))
        };
        (0..facts.classes.len()).map(of_class).collect()
    }

    /// Checks the choices for predictions with these `facts`.
    ///
    /// # Errors
    /// If the predictions lack a class, or a setting is out of range.
    pub fn check(&self, facts: &[PredictionFacts]) -> Result<()> {
        for name in self.classes.keys() {
            if !facts.iter().any(|facts| place(facts, name).is_some()) {
                let mut known: Vec<&str> = Vec::new();
                for class in facts.iter().flat_map(|facts| &facts.classes) {
                    if !known.contains(&class.as_str()) {
                        known.push(class);
                    }
                }
                let remedy = format!("Name one of {}", known.join(", "));
                return Err(Error::usage(format!("class '{name}'"), "the predictions have no such class", remedy));
            }
        }
        facts.iter().try_for_each(|facts| {
            facts.classes.iter().zip(self.settings(facts)).try_for_each(|(class, settings)| settings.check(class))
        })
    }

    /// Returns choices that assign every scored frame to its most probable class, after the smoothing of these choices.
    pub fn likeliest(&self) -> Self {
        let all = |own: &ChosenBouts| ChosenBouts { smoothing_secs: own.smoothing_secs, ..ChosenBouts::default() };
        let common = ChosenBouts {
            threshold: Some(0.0),
            end_threshold: Some(0.0),
            min_secs: Some(0.0),
            gap_secs: Some(0.0),
            ..all(&self.common)
        };
        Self { common, classes: self.classes.iter().map(|(name, own)| (name.clone(), all(own))).collect() }
    }
}

/// Returns the class named `name`, if any.
fn place(facts: &PredictionFacts, name: &str) -> Option<usize> {
    match class_alike(facts.classes.iter().map(String::as_str), name) {
        Alike::One(place) => Some(place),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(classes: &[&str], thresholds: &[f64]) -> PredictionFacts {
        let classes = classes.iter().map(|&name| name.to_owned()).collect();
        PredictionFacts { classes, thresholds: thresholds.to_vec(), ..PredictionFacts::default() }
    }

    fn of_class(name: &str, chosen: ChosenBouts) -> BoutChoices {
        BoutChoices { classes: BTreeMap::from([(name.to_owned(), chosen)]), ..BoutChoices::default() }
    }

    fn thresholds(choices: &BoutChoices, facts: &PredictionFacts) -> Vec<[f64; 2]> {
        let rounded = |share: f64| (share * 1e6).round() / 1e6;
        let of = |own: &BoutSettings| [own.threshold, own.end_threshold].map(rounded);
        choices.settings(facts).iter().map(of).collect()
    }

    /// By default, a bout ends at 0.8 of the threshold.
    #[test]
    fn a_choice_for_a_class_goes_before_one_for_all_and_that_before_the_model() {
        let (plain, model) = (facts(&["walk", "kick ball"], &[]), facts(&["walk", "kick ball"], &[0.3, 0.7]));
        let mut choices = BoutChoices::default();
        assert_eq!(thresholds(&choices, &plain), [[0.5, 0.4]; 2]);
        assert_eq!(thresholds(&choices, &model), [[0.3, 0.24], [0.7, 0.56]]);
        choices = of_class("Kick_Ball", ChosenBouts { threshold: Some(0.2), ..ChosenBouts::default() });
        assert_eq!(thresholds(&choices, &model), [[0.3, 0.24], [0.2, 0.16]], "names may be spelled alike");
        choices.common.threshold = Some(0.6);
        choices.common.smoothing_secs = Some(2.0);
        assert_eq!(thresholds(&choices, &model), [[0.6, 0.48], [0.2, 0.16]]);
        choices.common.end_threshold = Some(0.1);
        assert_eq!(thresholds(&choices, &model), [[0.6, 0.1], [0.2, 0.1]]);
        assert!(choices.settings(&model).iter().all(|own| own.smoothing_secs == 2.0 && own.gap_secs == 0.5));
    }

    #[test]
    fn unknown_classes_and_settings_out_of_range_are_refused() {
        let known = [facts(&["walk"], &[]), facts(&["rear", "walk"], &[])];
        let high = ChosenBouts { end_threshold: Some(0.6), ..ChosenBouts::default() };
        let error = of_class("groom", high).check(&known).unwrap_err();
        assert!(error.subject.contains("groom") && error.remedy.ends_with("walk, rear"), "{error}");
        let error = of_class("rear", high).check(&known).unwrap_err();
        assert!(error.subject.contains("rear") && error.cause.contains("0.6 is above the threshold 0.5"), "{error}");
        let both = ChosenBouts { threshold: Some(0.7), ..high };
        assert_eq!(of_class("rear", both).check(&known), Ok(()));
    }

    #[test]
    fn the_likeliest_class_keeps_the_smoothing_alone() {
        let own = ChosenBouts { threshold: Some(0.9), smoothing_secs: Some(3.0), ..ChosenBouts::default() };
        let found = of_class("walk", own).likeliest().settings(&facts(&["walk", "rear"], &[0.8, 0.8]));
        let expected =
            |smoothing_secs| BoutSettings { threshold: 0.0, end_threshold: 0.0, smoothing_secs, ..BoutSettings::PLAIN };
        assert_eq!(found, [expected(3.0), expected(0.5)]);
    }
}
