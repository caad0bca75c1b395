//! A linear classifier of network features, and its files.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::model_files::{DAMAGED, Numbers, classifier_tensors, encode, hash, publish, read_toml};
use super::{LinearSvm, SvmLoss, SvmSettings};
use crate::error::{Error, Result};
use crate::files;
use crate::output::OutputGuard;

const CARD: &str = "svm.toml";
const NUMBERS: &str = "svm.safetensors";

/// The model folder of a network whose features are classified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DescriptorModel {
    /// The folder.
    pub dir: PathBuf,
    /// The hash of the model in the folder; `None` if it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// Metadata of a classifier of network features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SvmCard {
    /// [`SvmCard::FORMAT`].
    pub format: u32,
    /// Hash of the file of weights and of the classes.
    pub hash: String,
    /// The data it was trained on.
    pub trained_on: String,
    /// Number of training clips.
    pub clips: usize,
    /// Version of the program that trained it.
    pub motionscope: String,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Length of a clip's feature vector, of all networks together.
    pub length: usize,
    /// Weight C of the losses.
    pub c: f64,
    /// The loss.
    pub loss: SvmLoss,
    /// Seed of the order of the clips.
    pub seed: u64,
    /// The networks, in the order of their features.
    pub models: Vec<DescriptorModel>,
}

impl SvmCard {
    /// Version of the file format.
    pub const FORMAT: u32 = 1;
}

/// A classifier of clips' network features.
#[derive(Debug, Clone, PartialEq)]
pub struct SvmModel {
    /// Its metadata.
    pub card: SvmCard,
    /// The classifier.
    pub classifier: LinearSvm,
}

impl SvmModel {
    /// Returns the paths of a model's files in the folder `dir`.
    pub fn files(dir: &Path) -> [PathBuf; 2] {
        [dir.join(CARD), dir.join(NUMBERS)]
    }

    /// Returns the parameters for fitting the classifier.
    pub fn settings(c: f64, loss: SvmLoss, seed: u64) -> SvmSettings {
        SvmSettings { c, loss, seed, ..SvmSettings::default() }
    }

    /// Writes the model to the folder `dir` atomically, and stores the hash of its weights and classes in its card.
    ///
    /// # Errors
    /// If `guard` does not allow it, or a file cannot be written.
    pub fn save(&mut self, dir: &Path, guard: &OutputGuard) -> Result<()> {
        let [card, numbers] = Self::files(dir);
        let bytes = encode(&classifier_tensors(&self.classifier), &numbers)?;
        self.card.hash = hash(&bytes, &self.card.classes);
        let text = toml::to_string(&self.card).map_err(|error| Error::wrap(&card, error, "Please report this"))?;
        publish(dir, [(card, text.as_bytes()), (numbers, &bytes)], guard)
    }

    /// Reads the model in the folder `dir`.
    ///
    /// # Errors
    /// If a file is missing, damaged, of another version, or belongs to another model.
    pub fn load(dir: &Path) -> Result<Self> {
        let [card_path, path] = Self::files(dir);
        let card: SvmCard = read_toml(&card_path, "Choose the folder that motionscope train svm wrote")?;
        if card.format != SvmCard::FORMAT {
            let cause = format!("its format is {}, this version reads {}", card.format, SvmCard::FORMAT);
            return Err(Error::file(&card_path, cause, "Train it again with this version"));
        }
        let bytes = files::read(&path).map_err(|error| Error::io(&path, &error))?;
        if hash(&bytes, &card.classes) != card.hash {
            let cause = format!("it is damaged, or of another model than {CARD}: their hashes differ");
            return Err(Error::file(&path, cause, DAMAGED));
        }
        let classifier = Numbers::of(&bytes, &path)?.classifier(card.classes.len(), card.length)?;
        Ok(Self { card, classifier })
    }
}
