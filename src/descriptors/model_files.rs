//! Files of models and mixtures: weights as safetensors, metadata as TOML.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::de::DeserializeOwned;

use super::model::encoders;
use super::{DescriptorKind, FisherCard, FisherEncoder, FisherModel, FisherSettings, LinearSvm, Mixture};
use crate::atomic;
use crate::content_hash::ContentHash;
use crate::error::{Error, Result};
use crate::files;
use crate::output::{OutputGuard, Staging};

const CARD: &str = "fisher.toml";
const NUMBERS: &str = "fisher.safetensors";

pub(super) const DAMAGED: &str = "Copy the model again, or train it again";

/// A named tensor.
pub(super) struct NamedTensor<'a> {
    name: String,
    shape: Vec<usize>,
    values: &'a [f32],
}

impl FisherCard {
    /// Version of the file format.
    pub const FORMAT: u32 = 1;
}

impl FisherModel {
    /// Returns the paths of a model's files in the folder `dir`.
    pub fn files(dir: &Path) -> [PathBuf; 2] {
        [dir.join(CARD), dir.join(NUMBERS)]
    }

    /// Writes the model to the folder `dir` atomically, and stores the hash of its weights and classes in its card.
    ///
    /// # Errors
    /// If `guard` does not allow it, or a file cannot be written.
    pub fn save(&mut self, dir: &Path, guard: &OutputGuard) -> Result<()> {
        let mut tensors = mixture_tensors(&self.card.settings.descriptors, &self.mixtures);
        tensors.extend(classifier_tensors(&self.classifier));
        let [card, numbers] = Self::files(dir);
        let bytes = encode(&tensors, &numbers)?;
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
        let card = read_card(&card_path)?;
        let bytes = files::read(&path).map_err(|error| Error::io(&path, &error))?;
        if hash(&bytes, &card.classes) != card.hash {
            let cause = format!("it is damaged, or of another model than {CARD}: their hashes differ");
            return Err(Error::file(&path, cause, DAMAGED));
        }
        let FisherSettings { descriptors, components, fisher, .. } = &card.settings;
        let numbers = Numbers::of(&bytes, &path)?;
        let mixtures = numbers.mixtures(descriptors, *components)?;
        let length = encoders(&mixtures, *fisher).iter().map(FisherEncoder::vector_length).sum();
        let classifier = numbers.classifier(card.classes.len(), length)?;
        Ok(Self { card, mixtures, classifier })
    }
}

fn read_card(path: &Path) -> Result<FisherCard> {
    let card: FisherCard = read_toml(path, "Choose the folder that motionscope train fisher wrote")?;
    if card.format != FisherCard::FORMAT {
        let cause = format!("its format is {}, this version reads {}", card.format, FisherCard::FORMAT);
        return Err(Error::file(path, cause, "Use the version of Motionscope that trained it, or train it again"));
    }
    card.settings.check().map_err(|error| Error::file(path, format!("{error}"), DAMAGED))?;
    Ok(card)
}

/// Reads a TOML file; `remedy` is for a missing one.
pub(super) fn read_toml<T: DeserializeOwned>(path: &Path, remedy: &str) -> Result<T> {
    let text = files::read_to_string(path).map_err(|error| {
        let mut failure = Error::io(path, &error);
        if error.kind() == std::io::ErrorKind::NotFound {
            failure.remedy = remedy.into();
        }
        failure
    })?;
    toml::from_str(&text).map_err(|error| Error::wrap(path, error, DAMAGED))
}

/// Writes the files of a model to the folder `dir` atomically.
pub(super) fn publish(dir: &Path, contents: [(PathBuf, &[u8]); 2], guard: &OutputGuard) -> Result<()> {
    let staging = Staging::begin(dir)?;
    for (path, content) in contents {
        let staged = staging.file(&path)?;
        fs::write(&staged, content).map_err(|error| Error::io(&path, &error))?;
    }
    staging.publish(guard)
}

/// Returns the hash of a model's weights and class names.
pub(super) fn hash(bytes: &[u8], classes: &[String]) -> String {
    let mut hash = ContentHash::new();
    hash.field(bytes);
    classes.iter().for_each(|class| hash.field(class));
    hash.to_hex()
}

/// Writes the mixture of each of `kinds` to the file at `path`.
///
/// # Errors
/// If it cannot be written.
pub(super) fn save_mixtures(path: &Path, kinds: &[DescriptorKind], mixtures: &[Mixture]) -> Result<()> {
    let bytes = encode(&mixture_tensors(kinds, mixtures), path)?;
    atomic::replace(path, |writer| writer.write_all(&bytes))
}

/// Reads the mixtures of `kinds` with this number of components.
///
/// # Errors
/// If the file cannot be read, is damaged or contains other mixtures.
pub(super) fn load_mixtures(path: &Path, kinds: &[DescriptorKind], components: usize) -> Result<Vec<Mixture>> {
    let bytes = files::read(path).map_err(|error| Error::io(path, &error))?;
    Numbers::of(&bytes, path)?.mixtures(kinds, components)
}

/// Returns the tensors of a classifier.
pub(super) fn classifier_tensors(svm: &LinearSvm) -> [NamedTensor<'_>; 2] {
    let LinearSvm { length, weights, biases } = svm;
    [
        NamedTensor { name: "svm.weight".into(), shape: vec![biases.len(), *length], values: weights },
        NamedTensor { name: "svm.bias".into(), shape: vec![biases.len()], values: biases },
    ]
}

fn mixture_tensors<'a>(kinds: &[DescriptorKind], mixtures: &'a [Mixture]) -> Vec<NamedTensor<'a>> {
    let of_kind = |(kind, mixture): (&DescriptorKind, &'a Mixture)| {
        let (key, matrix) = (kind.key(), vec![mixture.components(), mixture.length]);
        [
            NamedTensor { name: format!("{key}.weight"), shape: vec![mixture.components()], values: &mixture.weights },
            NamedTensor { name: format!("{key}.mean"), shape: matrix.clone(), values: &mixture.means },
            NamedTensor { name: format!("{key}.variance"), shape: matrix, values: &mixture.variances },
        ]
    };
    kinds.iter().zip(mixtures).flat_map(of_kind).collect()
}

pub(super) fn encode(tensors: &[NamedTensor<'_>], path: &Path) -> Result<Vec<u8>> {
    let failed = |error| Error::wrap(path, error, "Please report this");
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|tensor| tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect()).collect();
    let views = tensors.iter().zip(&bytes).map(|(tensor, bytes)| {
        let view = TensorView::new(Dtype::F32, tensor.shape.clone(), bytes).map_err(failed)?;
        Ok((tensor.name.clone(), view))
    });
    safetensors::serialize(views.collect::<Result<Vec<_>>>()?, None).map_err(failed)
}

/// The tensors of a file.
pub(super) struct Numbers<'a> {
    file: SafeTensors<'a>,
    path: &'a Path,
}

impl<'a> Numbers<'a> {
    pub(super) fn of(bytes: &'a [u8], path: &'a Path) -> Result<Self> {
        let file = SafeTensors::deserialize(bytes).map_err(|error| Error::wrap(path, error, DAMAGED))?;
        Ok(Self { file, path })
    }

    /// Returns the values of a tensor of this shape; they must be finite.
    fn read(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let refuse = |cause: String| Err(Error::file(self.path, cause, DAMAGED));
        let Ok(tensor) = self.file.tensor(name) else { return refuse(format!("tensor `{name}` is missing")) };
        if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
            return refuse(format!("tensor `{name}` is {:?} {:?}, not F32 {shape:?}", tensor.dtype(), tensor.shape()));
        }
        let values: Vec<f32> = tensor.data().as_chunks().0.iter().map(|&word| f32::from_le_bytes(word)).collect();
        if values.iter().any(|value| !value.is_finite()) {
            return refuse(format!("tensor `{name}` holds values that are not finite"));
        }
        Ok(values)
    }

    /// Returns the classifier for this number of classes and features.
    pub(super) fn classifier(&self, classes: usize, length: usize) -> Result<LinearSvm> {
        let (weights, biases) = (self.read("svm.weight", &[classes, length])?, self.read("svm.bias", &[classes])?);
        Ok(LinearSvm { length, weights, biases })
    }

    fn mixtures(&self, kinds: &[DescriptorKind], components: usize) -> Result<Vec<Mixture>> {
        let mixture = |kind: &DescriptorKind| {
            let (key, length) = (kind.key(), kind.length());
            let mixture = Mixture {
                length,
                weights: self.read(&format!("{key}.weight"), &[components])?,
                means: self.read(&format!("{key}.mean"), &[components, length])?,
                variances: self.read(&format!("{key}.variance"), &[components, length])?,
            };
            if mixture.weights.iter().chain(&mixture.variances).any(|&number| number <= 0.0) {
                let cause = format!("the mixture of {key} has a weight or variance that is not above 0");
                return Err(Error::file(self.path, cause, DAMAGED));
            }
            Ok(mixture)
        };
        kinds.iter().map(mixture).collect()
    }
}
