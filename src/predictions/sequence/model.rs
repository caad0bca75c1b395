//! A trained sequence model: its network, and the card with its training data.

use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::tensor::{Device, activation};
use serde::{Deserialize, Serialize};

use super::figures::SequenceFigures;
use super::frames::{SequenceFrames, WindowBatch, windows_of};
use super::recordings::PredictionSource;
use super::settings::SequenceSettings;
use crate::content_hash::ContentHash;
use crate::error::{Error, Result};
use crate::files;
use crate::nets::{Precision, SequenceConfig, SequenceNet, device_of, read_back, weights};
use crate::output::{OutputGuard, Staging};
use crate::predictions::{FrameScores, PredictionFacts};

const CARD: &str = "sequence.toml";
const NUMBERS: &str = "sequence.safetensors";
/// Number of scored frames per computation.
const WINDOW: usize = 1024;

/// Metadata of a sequence model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SequenceCard {
    /// [`SequenceCard::FORMAT`].
    pub format: u32,
    /// Hash of the weights file, the classes and the model.
    pub hash: String,
    /// Version of the program that trained it.
    pub motionscope: String,
    /// Source of the labels.
    pub labels: String,
    /// Training videos.
    pub trained_on: Vec<String>,
    /// Held-out videos.
    pub held_out: Vec<String>,
    /// The selected epoch, the latest of several networks; 0 if none was better than the base model, which it then
    /// equals.
    pub epoch: usize,
    /// The predictions that it reads.
    pub source: PredictionSource,
    /// The shape of the network.
    pub network: SequenceConfig,
    /// The training settings.
    pub settings: SequenceSettings,
    /// Metrics of the base model on the held-out videos.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plain: Option<SequenceFigures>,
    /// Metrics of this model on the held-out videos.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<SequenceFigures>,
}

impl SequenceCard {
    /// Version of the file format.
    pub const FORMAT: u32 = 1;
}

/// A sequence model.
#[derive(Debug, Clone)]
pub struct SequenceModel {
    /// Its card.
    pub card: SequenceCard,
    /// One network per seed; their probabilities are averaged.
    pub(super) networks: Vec<SequenceNet>,
}

/// File format of several networks; a single one is stored without this.
#[derive(Module, Debug)]
struct SequenceNets {
    networks: Vec<SequenceNet>,
}

impl SequenceModel {
    /// Returns the files of a model in folder `dir`.
    pub fn files(dir: &Path) -> [PathBuf; 2] {
        [dir.join(CARD), dir.join(NUMBERS)]
    }

    /// Writes the model to folder `dir` atomically, and records its hash in its card.
    ///
    /// # Errors
    /// If `guard` does not allow it, or a file cannot be written.
    pub fn save(&mut self, dir: &Path, guard: &OutputGuard) -> Result<()> {
        let [card, numbers] = Self::files(dir);
        let staging = Staging::begin(dir)?;
        let staged = staging.file(&numbers)?;
        match &self.networks[..] {
            [network] => weights::save_module(network, &staged, Precision::F32)?,
            networks => {
                let networks = SequenceNets { networks: networks.to_vec() };
                weights::save_module(&networks, &staged, Precision::F32)?;
            }
        }
        self.card.hash = hash(&staged, &self.card.source)?;
        let text = toml::to_string(&self.card).map_err(|error| Error::wrap(&card, error, "Please report this"))?;
        std::fs::write(staging.file(&card)?, text).map_err(|error| Error::io(&card, &error))?;
        staging.publish(guard)
    }

    /// Reads the model in folder `dir`.
    ///
    /// # Errors
    /// If a file is missing, damaged, of another version, or belongs to another model.
    pub fn load(dir: &Path) -> Result<Self> {
        let [path, numbers] = Self::files(dir);
        let remedy = "Choose the folder that motionscope train sequence wrote";
        let text = files::read_to_string(&path).map_err(|error| {
            let failure = Error::io(&path, &error);
            Error { remedy: remedy.into(), ..failure }
        })?;
        let card: SequenceCard = toml::from_str(&text)
            .map_err(|error| Error::file(&path, format!("it is no sequence model: {}", error.message()), remedy))?;
        if card.format != SequenceCard::FORMAT {
            let cause = format!("its format is {}, this version reads {}", card.format, SequenceCard::FORMAT);
            return Err(Error::file(&path, cause, "Use the version that trained it, or train it again"));
        }
        let damaged = |cause: &str| Error::file(&numbers, cause, "Copy the model again, or train it again");
        if hash(&numbers, &card.source)? != card.hash {
            return Err(damaged("it is damaged, or of another model than its card: their hashes differ"));
        }
        let (source, config) = (&card.source, card.network);
        let inputs = source.classes.len() + source.features.map_or(0, |counts| counts.all());
        if (config.classes, config.inputs) != (source.classes.len(), inputs) || source.stride == 0 {
            return Err(damaged("its network does not read the predictions of its card"));
        }
        let fresh = config.init(&vec![0.0; config.inputs], &vec![1.0; config.inputs], 0, &Device::flex());
        let networks = match card.settings.seeds {
            1 => vec![weights::load_module(fresh, &numbers)?],
            seeds => weights::load_module(SequenceNets { networks: vec![fresh; seeds] }, &numbers)?.networks,
        };
        Ok(Self { card, networks })
    }

    /// Returns the probabilities of every class from the predictions at `path`, and the facts stored with them.
    ///
    /// # Errors
    /// If the predictions are not of the model that this one was trained for, or the computation fails.
    pub fn apply(
        &self,
        path: &Path,
        facts: &PredictionFacts,
        scores: &FrameScores,
        features: &[f32],
    ) -> Result<(PredictionFacts, FrameScores)> {
        self.card.source.check(path, facts)?;
        let frames = SequenceFrames::of(scores, self.card.source.used(features));
        let probabilities = probabilities(&self.networks, &self.card.network, &frames)?;
        let facts = PredictionFacts {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            features: None,
            sequence: Some(self.card.hash.clone()),
            ..facts.clone()
        };
        Ok((facts, FrameScores { probabilities, ..scores.clone() }))
    }
}

/// Returns the mean class probabilities at all frames over the `networks`, `[frames, classes]`, at least one. None of
/// them may be on an autodiff device.
pub(super) fn probabilities(
    networks: &[SequenceNet],
    config: &SequenceConfig,
    frames: &SequenceFrames,
) -> Result<Vec<f32>> {
    let (device, reach) = (device_of(&networks[0]), config.reach());
    let mut all = Vec::with_capacity(frames.count * config.classes);
    for window in windows_of(frames.count, WINDOW) {
        let length = window.len();
        let batch = WindowBatch::cut(&[(frames, window.start)], length, reach, &device);
        let shares = |network: &SequenceNet| {
            let logits = network.forward(batch.input.clone(), batch.plain.clone(), &batch.is_frame, &[]);
            activation::softmax(logits.narrow(2, reach, length), 1)
        };
        let sum = networks[1..].iter().fold(shares(&networks[0]), |sum, network| sum + shares(network));
        let shares = read_back((sum / networks.len() as f32).swap_dims(1, 2))?; // [1, t, K]
        // Rounding may slightly exceed 1.
        all.extend(shares.iter().map(|share| share.clamp(0.0, 1.0)));
    }
    Ok(all)
}

/// Returns the hash of a model: of its weights file, and of the predictions it reads.
fn hash(numbers: &Path, source: &PredictionSource) -> Result<String> {
    let mut hash = ContentHash::new();
    hash.update_with_file(numbers).map_err(|error| Error::io(numbers, &error))?;
    source.classes.iter().for_each(|class| hash.field(class));
    hash.field(&source.model_hash);
    Ok(hash.to_hex())
}
