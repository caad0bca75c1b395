//! The provenance of a report: the model by folder and hash, the device, the date and the command.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::calendar::today;
use crate::nets::ModelCard;

/// The evaluated model, the device and the date.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReportSource {
    /// The model folder.
    pub model_dir: PathBuf,
    /// [`ModelCard::hash`].
    pub model_hash: Option<String>,
    /// Name of the model it was trained from.
    pub model_base: Option<String>,
    /// The training data.
    pub trained_on: String,
    /// The device that computed the scores.
    pub device: String,
    /// Date of the evaluation, YYYY-MM-DD.
    pub date: String,
    /// The program's version.
    pub motionscope_version: String,
    /// The command that repeats this evaluation; `None` in reports of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

impl ReportSource {
    /// Returns the source for today and the model in folder `dir` with this `card`, on the device of this name, run by
    /// this `command` if given.
    pub fn of(card: &ModelCard, dir: &Path, device: &str, command: impl Into<Option<String>>) -> Self {
        Self {
            model_dir: std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned()),
            model_hash: card.hash.clone(),
            model_base: card.origin.base.as_ref().map(|base| base.name.clone()),
            trained_on: card.origin.trained_on.clone(),
            device: device.to_owned(),
            date: today(),
            motionscope_version: env!("CARGO_PKG_VERSION").into(),
            command: command.into(),
        }
    }

    /// Returns the source of a report of parts with these `sources`: all devices, and the latest date; `None` without
    /// parts.
    pub fn merged<'a>(sources: impl Iterator<Item = &'a Self> + Clone) -> Option<Self> {
        let devices: BTreeSet<&str> = sources.clone().map(|source| source.device.as_str()).collect();
        let date = sources.clone().map(|source| &source.date).max()?.clone();
        let device = devices.into_iter().collect::<Vec<_>>().join(", ");
        let mut sources = sources;
        let first = sources.next()?;
        Some(Self { device, date, ..first.clone() })
    }

    /// Returns the label and the value of each known entry, as in reports.
    pub fn rows(&self) -> Vec<[String; 2]> {
        let hash = self.model_hash.as_ref().map(|hash| format!(" (hash {hash})")).unwrap_or_default();
        let rows = [
            ("Model folder", format!("{}{hash}", self.model_dir.display())),
            ("Trained from", self.model_base.clone().unwrap_or_default()),
            ("Trained on", self.trained_on.clone()),
            ("Device", self.device.clone()),
            ("Date", self.date.clone()),
            ("Motionscope", self.motionscope_version.clone()),
            ("Command", self.command.clone().unwrap_or_default()),
        ];
        rows.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| [name.into(), text]).collect()
    }
}
