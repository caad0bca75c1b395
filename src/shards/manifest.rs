//! The description of a part: its job, shard and device.

use std::collections::BTreeMap;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{JobInputs, Shard};
use crate::error::{Error, Result};
use crate::plural::counted;

/// Maximum length of values in messages.
const MOST_SHOWN: usize = 60;

/// The common properties of all parts of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The command: `evaluate actions`.
    pub command: String,
    /// The program's version.
    pub version: String,
    /// The settings by name.
    pub settings: BTreeMap<String, Value>,
    /// The list of inputs.
    pub inputs: JobInputs,
}

/// The description of a part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`Manifest::SCHEMA`].
    pub schema: String,
    /// The shard.
    pub shard: Shard,
    /// The device that computed it.
    pub device: String,
    /// The complete job.
    pub job: Job,
}

impl Job {
    /// Creates the job of this program version with these `settings`, a struct whose field names are the settings'
    /// names.
    ///
    /// # Errors
    /// If they cannot be serialised as JSON.
    pub fn new(command: &str, settings: &impl Serialize, inputs: JobInputs) -> Result<Self> {
        // Converted through text, as they are read later: 32-bit floats have different digits as JSON values.
        let settings = serde_json::to_string(settings).and_then(|text| serde_json::from_str(&text));
        let refuse = |error: serde_json::Error| {
            let cause = format!("its options cannot be stored in a part ({error})");
            Error::new(command, cause, "Choose paths that are valid Unicode").caused_by(error)
        };
        Ok(Self {
            command: command.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            settings: settings.map_err(refuse)?,
            inputs,
        })
    }

    /// Returns the settings passed to [`Self::new`]. `subject` is their source, for the error.
    ///
    /// # Errors
    /// If they do not match `T`.
    pub fn settings_as<T: DeserializeOwned>(&self, subject: &Path) -> Result<T> {
        let settings = serde_json::to_value(&self.settings).and_then(serde_json::from_value);
        let cause = |error| format!("its settings are damaged: {error}");
        settings.map_err(|error| Error::file(subject, cause(error), "Run all shards again"))
    }

    /// Describes the first difference to `other`; `None` for equal jobs.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let text = |text: &String| Some(Value::from(text.as_str()));
        let differing = |name: &str, own: Option<Value>, others: Option<Value>| {
            (own != others).then(|| in_words(name, own, others))
        };
        differing("command", text(&self.command), text(&other.command))
            .or_else(|| differing("version", text(&self.version), text(&other.version)))
            .or_else(|| {
                self.settings.keys().chain(other.settings.keys()).find_map(|name| {
                    differing(name, self.settings.get(name).cloned(), other.settings.get(name).cloned())
                })
            })
            .or_else(|| self.inputs.difference(&other.inputs))
    }
}

impl JobInputs {
    /// Describes the difference to `other`; `None` for equal lists.
    fn difference(&self, other: &Self) -> Option<String> {
        let [own, others] = [self, other].map(|inputs| counted(inputs.count, &inputs.kind));
        match (self == other, own == others) {
            (true, _) => None,
            (false, false) => Some(format!("{own} instead of {others}")),
            (false, true) => Some(format!("the list of {}s, or the size of a file, is not the same", self.kind)),
        }
    }
}

impl Manifest {
    /// The schema name of its JSON, with the version.
    pub const SCHEMA: &str = "motionscope-part 1";

    /// Creates the manifest of `shard` of `job`, computed on `device`.
    pub fn new(job: Job, shard: Shard, device: &str) -> Self {
        Self { schema: Self::SCHEMA.into(), shard, device: device.into(), job }
    }
}

/// Describes the difference in setting `name`, with both values if they are short.
fn in_words(name: &str, own: Option<Value>, other: Option<Value>) -> String {
    let text = |value: Option<Value>| match value {
        None | Some(Value::Null) => "not set".to_owned(),
        Some(Value::String(text)) => text,
        Some(value) => value.to_string(),
    };
    let name = name.replace('_', " ");
    let [own, other] = [own, other].map(text);
    match own.chars().count().max(other.chars().count()) > MOST_SHOWN {
        true => format!("{name}: not the same"),
        false => format!("{name}: {own} instead of {other}"),
    }
}
