//! The options for bouts in predictions, shared by `summary`, `evaluate agreement` and `project export`.

use std::path::PathBuf;

use clap::Args;

use super::values::non_negative;
use crate::error::{Error, Result};
use crate::predictions::{BoutChoices, ChosenBouts, PredictionFacts, read_prediction_facts};

/// `--threshold`, `--end-threshold`, `--smoothing`, `--min-length`, `--close-gaps`: each for all classes or, repeated, for single ones.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Bouts in predictions (CLASS=… for one class, repeatable)")]
pub(super) struct BoutArgs {
    /// Probability from which a bout begins [default: that of the model, else 0.5]
    #[arg(long, value_name = "[CLASS=]P", value_parser = probability)]
    threshold: Vec<OfClass>,
    /// Hysteresis: probability below which a bout ends [default: 0.8 of the threshold]
    #[arg(long, value_name = "[CLASS=]P", value_parser = probability)]
    end_threshold: Vec<OfClass>,
    /// Width of the moving mean in seconds, 0 for none [default: 0.5]
    #[arg(long, value_name = "[CLASS=]SECONDS", value_parser = seconds)]
    smoothing: Vec<OfClass>,
    /// Drop shorter bouts [default: 0.5]
    #[arg(long, value_name = "[CLASS=]SECONDS", value_parser = seconds)]
    min_length: Vec<OfClass>,
    /// Join bouts with a shorter gap between them [default: 0.5]
    #[arg(long, value_name = "[CLASS=]SECONDS", value_parser = seconds)]
    close_gaps: Vec<OfClass>,
}

/// A number for a class, or for all of them.
#[derive(Debug, Clone, PartialEq)]
struct OfClass {
    class: Option<String>,
    number: f64,
}

impl BoutArgs {
    /// Returns the first of the options that was given.
    pub fn given(&self) -> Option<&'static str> {
        self.options().into_iter().find(|(_, given, _)| !given.is_empty()).map(|(option, ..)| option)
    }

    /// Returns the choices for the predictions in `files`.
    ///
    /// # Errors
    /// If options were given without a file, for a class that is in none, or beyond their range, and if a file cannot be read.
    pub fn choices(&self, files: &[PathBuf]) -> Result<BoutChoices> {
        let Some(first) = self.given() else { return Ok(BoutChoices::default()) };
        if files.is_empty() {
            let remedy = "Name a .parquet file of motionscope predict, or a folder of them";
            return Err(Error::usage(first, "it is for predictions only", remedy));
        }
        let mut choices = BoutChoices::default();
        for (_, given, setting) in self.options() {
            for OfClass { class, number } in given {
                let chosen = match class {
                    Some(class) => choices.classes.entry(class.clone()).or_default(),
                    None => &mut choices.common,
                };
                *setting(chosen) = Some(*number);
            }
        }
        let facts: Vec<PredictionFacts> =
            files.iter().map(|file| read_prediction_facts(file)).collect::<Result<_>>()?;
        choices.check(&facts)?;
        Ok(choices)
    }

    /// Returns the options by name, what was given, and what it sets.
    fn options(&self) -> [(&'static str, &[OfClass], Setting); 5] {
        [
            ("--threshold", &self.threshold, |chosen| &mut chosen.threshold),
            ("--end-threshold", &self.end_threshold, |chosen| &mut chosen.end_threshold),
            ("--smoothing", &self.smoothing, |chosen| &mut chosen.smoothing_secs),
            ("--min-length", &self.min_length, |chosen| &mut chosen.min_secs),
            ("--close-gaps", &self.close_gaps, |chosen| &mut chosen.gap_secs),
        ]
    }
}

/// A setting of bouts.
type Setting = fn(&mut ChosenBouts) -> &mut Option<f64>;

/// Parses `[CLASS=]P`.
fn probability(text: &str) -> std::result::Result<OfClass, String> {
    let found = seconds(text).ok().filter(|found| found.number <= 1.0);
    found.ok_or_else(|| "expected a number from 0 to 1, or CLASS= and such a number".into())
}

/// Parses `[CLASS=]SECONDS`. The name of a class may contain `=` itself.
fn seconds(text: &str) -> std::result::Result<OfClass, String> {
    let (class, number) = match text.rsplit_once('=') {
        Some((class, number)) => (Some(class.trim().to_owned()).filter(|class| !class.is_empty()), number),
        None => (None, text),
    };
    let is_sound = class.is_some() || !text.contains('=');
    let number = non_negative(number.trim()).ok().filter(|_| is_sound);
    let number = number.ok_or("expected a number of 0 or more, or CLASS= and such a number")?;
    Ok(OfClass { class, number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_for_all_classes_or_for_one() {
        let of = |class: Option<&str>, number| Ok(OfClass { class: class.map(str::to_owned), number });
        assert_eq!(seconds("1.5"), of(None, 1.5));
        assert_eq!(seconds("kick ball=2"), of(Some("kick ball"), 2.0));
        assert_eq!(probability("a=b=0.3"), of(Some("a=b"), 0.3));
        for text in ["=0.3", "walk=", "walk", "-1", "walk=NaN", "1.5", "walk=1.5"] {
            assert!(probability(text).is_err(), "{text}");
        }
    }
}
