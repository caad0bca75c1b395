//! The known entries of `model.toml`, to report misspelt or misplaced ones instead of ignoring them.

use super::fusion::FusionRule;
use super::{
    Architecture, Backbone, Enlargement, FlowMean, FlowResolution, FlowSource, JointArchitecture, MeanColour,
    MotionCrop, MotionCue, Precision, WarpBorder,
};
use crate::named::file_names;
use crate::names::nearest;

/// Every section with its entries and subsections.
const SECTIONS: [(&str, &[&str]); 13] = [
    (
        "",
        &[
            "format",
            "name",
            "hash",
            "licence",
            "precision",
            "classes",
            "thresholds",
            "motion",
            "joint",
            "temporal",
            "spatial",
            "preprocessing",
            "fusion",
            "origin",
        ],
    ),
    (
        "motion",
        &["weights", "untrained", "architecture", "frames", "width", "small_displacement", "cdc", "conventions"],
    ),
    ("motion.conventions", &["mean", "border", "enlargement"]),
    ("joint", &["weights", "architecture", "width", "hidden", "map", "dropout", "conventions"]),
    ("joint.conventions", &["mean", "border", "enlargement"]),
    ("temporal", &["weights", "backbone", "input", "dropout", "frames", "resolution", "crop", "mean", "flow_source"]),
    ("spatial", &["weights", "backbone", "dropout", "frames"]),
    ("preprocessing", &["motion", "spatial"]),
    ("preprocessing.motion", &["width", "height"]),
    ("preprocessing.spatial", &["width", "height", "crop"]),
    ("fusion", &["rule", "temporal_weight", "unsure_below"]),
    ("origin", &["trained_on", "commands", "date", "motionscope_version", "base"]),
    ("origin.base", &["name", "hash", "trained_on"]),
];

/// A fault in a card and its remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CardFault {
    pub cause: String,
    pub remedy: String,
}

/// Returns the first unknown entry of `card`.
pub(super) fn unknown_entry(card: &toml::Table) -> Option<CardFault> {
    unknown_in("", card)
}

/// Returns the first entry of `card` whose value is not one of its choices.
pub(super) fn unknown_choice(card: &toml::Table) -> Option<CardFault> {
    choices().into_iter().find_map(|(section, entry, known)| {
        let mut parts = section.split('.').filter(|part| !part.is_empty());
        let table = parts.try_fold(card, |table, part| table.get(part)?.as_table())?;
        let value = table.get(entry)?;
        if value.as_str().is_some_and(|value| known.contains(&value)) {
            return None;
        }
        let place = if section.is_empty() { String::new() } else { format!(" under [{section}]") };
        let cause = format!("`{entry}`{place} is {value}, not one of {}", known.join(", "));
        let remedy = match value.as_str().and_then(|value| nearest(value, known)) {
            Some(meant) => format!("Did you mean \"{meant}\"? Otherwise write one of these"),
            None => "Write one of these".into(),
        };
        Some(CardFault { cause, remedy })
    })
}

/// Returns the entries with a fixed set of values: section, entry and values.
fn choices() -> [(&'static str, &'static str, &'static [&'static str]); 18] {
    [
        ("", "precision", file_names::<Precision>()),
        ("motion", "architecture", file_names::<Architecture>()),
        ("motion.conventions", "mean", file_names::<MeanColour>()),
        ("motion.conventions", "border", file_names::<WarpBorder>()),
        ("motion.conventions", "enlargement", file_names::<Enlargement>()),
        ("joint", "architecture", file_names::<JointArchitecture>()),
        ("joint.conventions", "mean", file_names::<MeanColour>()),
        ("joint.conventions", "border", file_names::<WarpBorder>()),
        ("joint.conventions", "enlargement", file_names::<Enlargement>()),
        ("temporal", "backbone", file_names::<Backbone>()),
        ("temporal", "input", file_names::<MotionCue>()),
        ("temporal", "resolution", file_names::<FlowResolution>()),
        ("temporal", "crop", file_names::<MotionCrop>()),
        ("temporal", "mean", file_names::<FlowMean>()),
        ("temporal", "flow_source", file_names::<FlowSource>()),
        ("spatial", "backbone", file_names::<Backbone>()),
        ("preprocessing.spatial", "crop", file_names::<MotionCrop>()),
        ("fusion", "rule", file_names::<FusionRule>()),
    ]
}

fn unknown_in(section: &str, table: &toml::Table) -> Option<CardFault> {
    let known = entries(section);
    table.iter().find_map(|(name, value)| {
        let path = if section.is_empty() { name.clone() } else { format!("{section}.{name}") };
        if !known.contains(&name.as_str()) {
            return Some(CardFault { cause: cause(section, name, value), remedy: remedy(section, name, value) });
        }
        let has_entries = SECTIONS.iter().any(|(known, _)| *known == path);
        value.as_table().filter(|_| has_entries).and_then(|table| unknown_in(&path, table))
    })
}

fn entries(section: &str) -> &'static [&'static str] {
    SECTIONS.iter().find(|(known, _)| *known == section).map_or(&[], |(_, entries)| entries)
}

fn cause(section: &str, name: &str, value: &toml::Value) -> String {
    match (value.is_table(), section) {
        (true, "") => format!("unknown section [{name}]"),
        (true, section) => format!("unknown section [{section}.{name}]"),
        (false, "") => format!("unknown entry `{name}`"),
        (false, section) => format!("unknown entry `{name}` under [{section}]"),
    }
}

/// Suggests the closest entry of the section, else the sections that have an entry of this name, else the closest entry
/// anywhere.
fn remedy(section: &str, name: &str, value: &toml::Value) -> String {
    let meant = |entry: &str| format!("Did you mean {entry}? Otherwise remove it");
    let shown = |section: &str, entry: &str| match section {
        "" if value.is_table() => format!("[{entry}]"),
        section if value.is_table() => format!("[{section}.{entry}]"),
        "" => format!("`{entry}` above all sections"),
        section => format!("`{entry}` under [{section}]"),
    };
    if let Some(entry) = nearest(name, entries(section)) {
        return meant(&if value.is_table() { shown(section, entry) } else { format!("`{entry}`") });
    }
    let elsewhere: Vec<String> = SECTIONS
        .iter()
        .filter(|(_, entries)| entries.contains(&name))
        .map(|(section, _)| shown(section, name))
        .collect();
    if !elsewhere.is_empty() {
        return meant(&elsewhere.join(" or "));
    }
    let near = SECTIONS.iter().find_map(|(section, entries)| Some(shown(section, nearest(name, entries)?)));
    near.map_or_else(|| "Remove it".into(), |entry| meant(&entry))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::nets::fusion::Fusion;
    use crate::nets::{
        Backbone, BaseModel, FlowMean, FlowNetConventions, FlowResolution, FlowSource, FrameSize, JointConfig,
        JointEntry, ModelCard, MotionConfig, MotionCrop, MotionCue, MotionEntry, Origin, Precision, Preprocessing,
        SpatialFrames, StreamEntry,
    };

    fn fault(text: &str) -> Option<[String; 2]> {
        let found = unknown_entry(&toml::from_str(text).unwrap())?;
        Some([found.cause, found.remedy])
    }

    #[test]
    fn misspelt_and_misplaced_entries_are_named_with_what_was_meant() {
        for (text, cause, remedy) in [
            (
                "[fusion]\ntemporal_wieght = 1.0",
                "unknown entry `temporal_wieght` under [fusion]",
                "Did you mean `temporal_weight`? Otherwise remove it",
            ),
            (
                "[preprocessing.motion]\ncrop = \"both\"",
                "unknown entry `crop` under [preprocessing.motion]",
                "Did you mean `crop` under [temporal] or `crop` under [preprocessing.spatial]? Otherwise remove it",
            ),
            ("clases = []", "unknown entry `clases`", "Did you mean `classes`? Otherwise remove it"),
            (
                "unsure_below = 0.3",
                "unknown entry `unsure_below`",
                "Did you mean `unsure_below` under [fusion]? Otherwise remove it",
            ),
            ("[tempral]\ncrop = 1", "unknown section [tempral]", "Did you mean [temporal]? Otherwise remove it"),
            (
                "[preprocessing.temporal]",
                "unknown section [preprocessing.temporal]",
                "Did you mean [temporal]? Otherwise remove it",
            ),
            ("[fusion]\nzzz = 1", "unknown entry `zzz` under [fusion]", "Remove it"),
        ] {
            assert_eq!(fault(text), Some([cause.to_owned(), remedy.to_owned()]), "{text}");
        }
        assert_eq!(fault("format = 1\n[temporal]\ncrop = \"both\"\n[origin.base]\nname = \"a\""), None);
    }

    #[test]
    fn a_value_that_there_is_not_is_named_with_those_that_there_are() {
        let fault =
            |text: &str| unknown_choice(&toml::from_str(text).unwrap()).map(|found| [found.cause, found.remedy]);
        for (text, cause, remedy) in [
            (
                "[temporal]\ncrop = \"square\"",
                "`crop` under [temporal] is \"square\", not one of whole, motion, both",
                "Write one of these",
            ),
            ("precision = 16", "`precision` is 16, not one of f32, f16", "Write one of these"),
            (
                "[fusion]\nrule = \"logit\"",
                "`rule` under [fusion] is \"logit\", not one of released, softmax, logits, sigmoid",
                "Did you mean \"logits\"? Otherwise write one of these",
            ),
        ] {
            assert_eq!(fault(text), Some([cause.to_owned(), remedy.to_owned()]), "{text}");
        }
        for (section, entry, known) in choices() {
            assert!(entries(section).contains(&entry) && known.len() > 1, "{entry} under [{section}]");
        }
    }

    /// Every entry the program writes can be read back.
    #[test]
    fn every_entry_of_a_full_card_is_known() {
        let entry =
            StreamEntry { dropout: Some(0.5), frames: Some(32), ..StreamEntry::new("a.safetensors", Backbone::I3d) };
        let temporal = StreamEntry {
            resolution: FlowResolution::Flow,
            crop: MotionCrop::Both,
            mean: FlowMean::Field,
            input: MotionCue::RgbDifference,
            flow_source: FlowSource::Tvl1,
            ..entry.clone()
        };
        let size = FrameSize { width: 64, height: 64 };
        let spatial = SpatialFrames { crop: MotionCrop::Both, ..size.into() };
        let base = BaseModel { hash: Some("1".into()), ..BaseModel::default() };
        let motion = MotionConfig { conventions: FlowNetConventions::NVIDIA, ..MotionConfig::default() };
        let joint = JointConfig {
            hidden: Some(8),
            map: Some([2, 3]),
            dropout: Some(0.5),
            conventions: FlowNetConventions::NVIDIA,
            ..JointConfig::default()
        };
        let card = ModelCard {
            format: ModelCard::FORMAT,
            name: "full".into(),
            hash: Some("1".into()),
            licence: String::new(),
            precision: Precision::F16,
            classes: vec!["a".into()],
            thresholds: vec![0.5],
            motion: Some(MotionEntry { untrained: true, ..MotionEntry::new("m.safetensors", motion) }),
            joint: Some(JointEntry { weights: "j.safetensors".into(), config: joint }),
            temporal: Some(temporal),
            spatial: Some(entry),
            preprocessing: Preprocessing { motion: size, spatial },
            fusion: Fusion { unsure_below: Some(0.5), ..Fusion::default() },
            origin: Origin { base: Some(base), ..Origin::default() },
        };
        let table: toml::Table = toml::from_str(&card.to_toml().unwrap()).unwrap();
        assert_eq!((unknown_entry(&table), unknown_choice(&table)), (None, None));
        let mut written = BTreeSet::new();
        list("", &table, &mut written);
        let known =
            SECTIONS.iter().flat_map(|(section, names)| names.iter().map(move |name| format!("{section}.{name}")));
        assert_eq!(written, known.collect(), "and no other");
    }

    fn list(section: &str, table: &toml::Table, found: &mut BTreeSet<String>) {
        for (name, value) in table {
            found.insert(format!("{section}.{name}"));
            if let toml::Value::Table(inner) = value {
                list(format!("{section}.{name}").trim_start_matches('.'), inner, found);
            }
        }
    }
}
