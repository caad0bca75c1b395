//! The settings of an evaluation by groups, stored in its folder, so that a different evaluation cannot resume there.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::{Fold, GroupsPlan, GroupsSettings};
use crate::atomic;
use crate::content_hash::ContentHash;
use crate::data::{Dataset, LabelledClip, clip_identity};
use crate::error::{Error, Result};
use crate::evaluation::{Spread, ViewAverage};
use crate::files;
use crate::nets::Backbone;
use crate::training::TrainingPlan;

/// The file in the run folder.
const FILE: &str = "groups.json";
/// The file in the folder of a trained fold.
const BASIS_FILE: &str = "clips.txt";

/// Writes the settings to the folder of the plan, which is created if needed, or checks that the same ones are already
/// there.
///
/// # Errors
/// If the folder contains another evaluation; the message names the first difference.
pub(super) fn claim(plan: &GroupsPlan, dataset: &Dataset, folds: &[Fold], settings: &GroupsSettings) -> Result<()> {
    let dir = &plan.run_dir;
    fs::create_dir_all(dir).map_err(|error| Error::io(dir, &error))?;
    let path = dir.join(FILE);
    let wanted = described(plan, dataset, folds, settings)?;
    let text = match files::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return atomic::replace(&path, |writer| writeln!(writer, "{wanted:#}"));
        }
        Err(error) => return Err(Error::io(&path, &error)),
    };
    let remedy = "Choose another run folder, or delete this one";
    let found: Value =
        serde_json::from_str(&text).map_err(|error| Error::file(&path, format!("it is damaged: {error}"), remedy))?;
    match difference(&found, &wanted) {
        Some(what) => Err(Error::file(dir, format!("it holds an evaluation with other {what}"), remedy)),
        None => Ok(()),
    }
}

/// Returns the identity of the clips of `dataset`: their contents, and which of them are missing. Scores of other
/// contents or by another version are not comparable.
pub(super) fn basis(dataset: &Dataset) -> String {
    let mut hash = ContentHash::new();
    hash.field(env!("CARGO_PKG_VERSION"));
    for clip in &dataset.clips {
        hash.field(clip_identity(clip).unwrap_or_default());
    }
    hash.to_hex()
}

/// Creates the folder `dir` of a fold trained on clips of this `basis`, or checks that it has the same basis.
///
/// # Errors
/// If the clips have changed since networks were trained there.
pub(super) fn claim_fold(dir: &Path, basis: &str) -> Result<()> {
    fs::create_dir_all(dir).map_err(|error| Error::io(dir, &error))?;
    let path = dir.join(BASIS_FILE);
    match files::read_to_string(&path) {
        Ok(found) if found.trim() == basis => Ok(()),
        Ok(_) => Err(Error::file(
            dir,
            "its networks were trained on clips that have changed since, or by another version",
            "Delete this folder to train them again, or choose another run folder",
        )),
        Err(_) => atomic::replace(&path, |writer| writeln!(writer, "{basis}")),
    }
}

/// The entries of the file; their names appear in messages about differences.
#[derive(Serialize)]
struct Config<'a> {
    /// The whole card: it changes when the networks in the folder are trained further.
    model: String,
    imagenet: Option<&'a (PathBuf, Backbone)>,
    /// Hashes of the further files that the networks are loaded from.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    weights: &'a [String],
    training: &'a [TrainingPlan],
    views: String,
    spread: Spread,
    #[serde(skip_serializing_if = "Option::is_none")]
    average: Option<ViewAverage>,
    seed: u64,
    classes: &'a [String],
    folds: &'a [Fold],
    clips: &'a [LabelledClip],
}

fn described(plan: &GroupsPlan, dataset: &Dataset, folds: &[Fold], settings: &GroupsSettings) -> Result<Value> {
    let config = Config {
        model: settings.model.to_toml()?,
        imagenet: settings.imagenet.as_ref(),
        weights: &settings.weights,
        training: &settings.training,
        views: plan.protocol.to_string(),
        spread: plan.protocol.spread,
        average: plan.protocol.average,
        seed: plan.seed,
        classes: &dataset.classes,
        folds,
        clips: &dataset.clips,
    };
    // Through text, as it is read back from the file, in which numbers are rounded.
    let text = serde_json::to_string(&config);
    text.and_then(|text| serde_json::from_str(&text)).map_err(|error| {
        Error::file(
            &plan.run_dir,
            format!("the evaluation cannot be described: {error}"),
            "Rename files that are not UTF-8",
        )
    })
}

/// Returns the first entry that differs; a missing entry counts as null.
fn difference(found: &Value, wanted: &Value) -> Option<String> {
    let names = [wanted, found].into_iter().filter_map(Value::as_object).flat_map(|entries| entries.keys());
    let entry = |of: &Value, name: &str| of.get(name).cloned().unwrap_or_default();
    names.into_iter().find(|name| entry(found, name.as_str()) != entry(wanted, name.as_str())).cloned()
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
        let averaged = json!({ "folds": 5, "views": "5x2", "average": "softmax" });
        assert_eq!(difference(&averaged, &wanted).as_deref(), Some("average"), "an entry that is left out now");
    }
}
