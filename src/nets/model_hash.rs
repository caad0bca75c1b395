//! The hash that identifies a model: over its weights and classes, and over the settings that affect its scores.

use std::path::Path;

use super::ModelCard;
use crate::content_hash::ContentHash;
use crate::error::{Error, Result};

/// Entries of a card that do not affect scores: descriptions, training-only settings, and those covered by the first
/// part of the hash. All others are hashed, including those of later versions, provided that they are written only if
/// they differ from the default.
const DESCRIPTIVE: [&str; 8] = ["format", "name", "hash", "licence", "precision", "classes", "thresholds", "origin"];
/// Entries of a network's section that do not affect scores.
const DESCRIPTIVE_OF_NETWORK: [&str; 3] = ["weights", "untrained", "dropout"];
/// Number of hexadecimal digits of the second part.
const SETTINGS_DIGITS: usize = 8;
/// Separator of the two parts.
const BETWEEN: char = '-';

/// Returns the hash of the model described by `card`, in folder `dir`.
///
/// # Errors
/// If a weights file cannot be read.
pub(super) fn hash_of_files(card: &ModelCard, dir: &Path) -> Result<String> {
    let mut hash = ContentHash::new();
    for name in card.weights() {
        let path = dir.join(name);
        hash.update_with_file(&path).map_err(|error| Error::io(&path, &error))?;
    }
    with_card(hash, card)
}

/// Returns the hash of a model, given the hash over the bytes of its weights files in the order of
/// [`ModelCard::weights`].
///
/// # Errors
/// If an entry of the card cannot be written as TOML.
pub(super) fn with_card(mut hash: ContentHash, card: &ModelCard) -> Result<String> {
    for class in &card.classes {
        hash.update(class.as_bytes());
        hash.update(b"\n");
    }
    Ok(format!("{}{BETWEEN}{}", hash.to_hex(), &settings_hash(card)?[..SETTINGS_DIGITS]))
}

/// Returns the part of a model's hash over its weights and classes. Old cards have only this part.
pub(super) fn weights_part(hash: &str) -> &str {
    hash.split(BETWEEN).next().unwrap_or(hash)
}

/// Returns the hash over the settings that affect scores besides weights and classes: architectures, input sizes and
/// crops, and the fusion.
fn settings_hash(card: &ModelCard) -> Result<String> {
    let defect =
        |error: toml::ser::Error| Error::new(ModelCard::FILE_NAME, error.to_string(), "Report this as a defect");
    let mut table = toml::Table::try_from(card).map_err(defect)?;
    table.retain(|name, _| !DESCRIPTIVE.contains(&name));
    for section in ["motion", "joint", "temporal", "spatial"] {
        if let Some(toml::Value::Table(network)) = table.get_mut(section) {
            network.retain(|name, _| !DESCRIPTIVE_OF_NETWORK.contains(&name));
        }
    }
    let mut hash = ContentHash::new();
    add(&mut hash, &toml::Value::Table(table));
    Ok(hash.to_hex())
}

/// Adds `value` to the hash, the entries of tables sorted by name.
fn add(hash: &mut ContentHash, value: &toml::Value) {
    match value {
        toml::Value::Table(table) => {
            let mut entries: Vec<_> = table.iter().collect();
            entries.sort_unstable_by_key(|(name, _)| *name);
            hash.number(entries.len() as u64);
            for (name, value) in entries {
                hash.field(name);
                add(hash, value);
            }
        }
        other => hash.field(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::fusion::FusionRule;
    use crate::nets::{FlowMean, FlowResolution, FlowSource, FrameSize, MotionCrop, Origin, Precision};

    fn shipped() -> ModelCard {
        ModelCard::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/models/default"))).unwrap()
    }

    fn hash(change: impl FnOnce(&mut ModelCard)) -> String {
        let mut card = shipped();
        change(&mut card);
        with_card(ContentHash::new(), &card).unwrap()
    }

    #[test]
    fn whatever_decides_scores_changes_the_hash() {
        let before = hash(|_| ());
        let changed = [
            ("temporal crop", hash(|card| card.temporal.as_mut().unwrap().crop = MotionCrop::Both)),
            ("resolution", hash(|card| card.temporal.as_mut().unwrap().resolution = FlowResolution::Flow)),
            ("flow mean", hash(|card| card.temporal.as_mut().unwrap().mean = FlowMean::Field)),
            ("flow", hash(|card| card.temporal.as_mut().unwrap().flow_source = FlowSource::Tvl1)),
            ("clip", hash(|card| card.temporal.as_mut().unwrap().frames = Some(32))),
            ("spatial crop", hash(|card| card.preprocessing.spatial.crop = MotionCrop::Motion)),
            ("spatial size", hash(|card| card.preprocessing.spatial.width += 1)),
            ("motion size", hash(|card| card.preprocessing.motion = FrameSize { width: 256, height: 192 })),
            ("rule", hash(|card| card.fusion.rule = FusionRule::Softmax)),
            ("weight", hash(|card| card.fusion.temporal_weight = 1.0)),
            ("unsure", hash(|card| card.fusion.unsure_below = Some(0.4))),
            ("network", hash(|card| card.motion.as_mut().unwrap().config.cdc = false)),
            ("a stream", hash(|card| card.spatial = None)),
        ];
        for (what, after) in &changed {
            assert_ne!(*after, before, "{what}");
            assert_eq!(weights_part(after), weights_part(&before), "{what}: the weights are the same");
        }
        let mut all: Vec<&String> = changed.iter().map(|(_, hash)| hash).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), changed.len(), "and no two alike");
    }

    #[test]
    fn names_and_origins_are_no_part_of_it() {
        let before = hash(|_| ());
        assert_eq!(before, hash(|card| card.name = "another".into()));
        assert_eq!(before, hash(|card| card.origin = Origin::default()));
        assert_eq!(before, hash(|card| card.precision = Precision::F32));
        assert_eq!(before, hash(|card| card.spatial.as_mut().unwrap().dropout = Some(0.2)));
        assert_eq!(before, hash(|card| card.hash = None));
        assert_ne!(before, hash(|card| card.classes.reverse()));
        assert_eq!(weights_part("49593e725e56dee6"), "49593e725e56dee6", "that of an older card is all of weights");
    }
}
