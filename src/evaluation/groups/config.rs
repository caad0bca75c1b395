//! What an evaluation by groups is made of, kept in its folder: another one is not to go on there.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use super::{Fold, GroupsPlan, Learning};
use crate::atomic;
use crate::error::{Error, Result};
use crate::evaluation::Spread;
use crate::nets::{Backbone, ModelCard};
use crate::training::TrainingPlan;
use crate::training::dataset::{Dataset, LabelledClip};

/// The file in the folder.
const FILE: &str = "groups.json";

/// Writes what is to be evaluated to the folder of the plan, which is made if need be, or finds that the same is written there.
///
/// # Errors
/// If the folder holds another evaluation: the first thing that differs is named.
pub(super) fn claim(plan: &GroupsPlan, dataset: &Dataset, folds: &[Fold], card: &ModelCard) -> Result<()> {
    let dir = &plan.run_dir;
    fs::create_dir_all(dir).map_err(|error| Error::io(dir, &error))?;
    let path = dir.join(FILE);
    let wanted = described(plan, dataset, folds, card)?;
    let Ok(text) = fs::read_to_string(&path) else {
        return atomic::replace(&path, |writer| writeln!(writer, "{wanted:#}"));
    };
    let remedy = "Choose another run folder, or delete this one";
    let found: Value =
        serde_json::from_str(&text).map_err(|error| Error::file(&path, format!("it is damaged: {error}"), remedy))?;
    match difference(&found, &wanted) {
        Some(what) => Err(Error::file(dir, format!("it holds an evaluation with other {what}"), remedy)),
        None => Ok(()),
    }
}

/// The entries of the file; what they are called is what a person reads of a difference.
#[derive(Serialize)]
struct Config<'a> {
    /// The whole card: networks of the same folder that were trained on are others.
    model: String,
    imagenet: Option<&'a (PathBuf, Backbone)>,
    training: &'a [TrainingPlan],
    views: String,
    spread: Spread,
    seed: u64,
    classes: &'a [String],
    folds: &'a [Fold],
    clips: &'a [LabelledClip],
}

fn described(plan: &GroupsPlan, dataset: &Dataset, folds: &[Fold], card: &ModelCard) -> Result<Value> {
    let (imagenet, training): (_, &[TrainingPlan]) = match &plan.learning {
        Learning::LastLayers { imagenet } => (imagenet.as_ref(), &[]),
        Learning::Plans(plans) => (None, plans),
    };
    let config = Config {
        model: card.to_toml()?,
        imagenet,
        training,
        views: plan.protocol.to_string(),
        spread: plan.protocol.spread,
        seed: plan.seed,
        classes: &dataset.classes,
        folds,
        clips: &dataset.clips,
    };
    // By way of text, as it comes back from the file: numbers are rounded in it.
    let text = serde_json::to_string(&config);
    text.and_then(|text| serde_json::from_str(&text)).map_err(|error| {
        Error::file(
            &plan.run_dir,
            format!("the evaluation cannot be described: {error}"),
            "Rename files that are not UTF-8",
        )
    })
}

/// The first entry of `wanted` that is not in `found`.
fn difference(found: &Value, wanted: &Value) -> Option<String> {
    let entries = wanted.as_object()?;
    entries.iter().find(|(name, value)| found.get(name.as_str()) != Some(*value)).map(|(name, _)| name.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_entry_that_differs_is_named() {
        let wanted = json!({ "folds": 5, "views": "5x2" });
        assert_eq!(difference(&json!({ "folds": 5, "views": "5x2" }), &wanted), None);
        assert_eq!(difference(&json!({ "folds": 5, "views": "1x1" }), &wanted).as_deref(), Some("views"));
        assert_eq!(difference(&json!([]), &wanted).as_deref(), Some("folds"));
    }
}
