//! A trained MV + FV model: mixtures, classifier and settings.

use serde::{Deserialize, Serialize};

use super::extraction::{DescriptorSettings, extract};
use super::{
    DescriptorKind, FisherEncoder, FisherRule, LinearSvm, Mixture, MixtureSettings, SvmLoss, SvmSettings, VectorRule,
};
use crate::data::LabelledClip;
use crate::error::{Error, Result};

/// All settings that determine a model, besides its clips.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FisherSettings {
    /// Types of descriptors, each once.
    pub descriptors: Vec<DescriptorKind>,
    /// Interpretation of motion vectors.
    pub vectors: VectorRule,
    /// Formula of the Fisher vectors.
    pub fisher: FisherRule,
    /// Number of Gaussians of each type's mixture.
    pub components: usize,
    /// Steps of expectation–maximisation.
    pub em_steps: usize,
    /// Share of the training descriptors that mixtures are fitted to.
    pub sample_share: f64,
    /// Weight C of the classifier's losses.
    pub c: f64,
    /// Loss of the classifier.
    pub loss: SvmLoss,
    /// Seed of the sample, the mixtures and the classifier.
    pub seed: u64,
}

impl Default for FisherSettings {
    /// The paper's settings with the released formula: HOF and MBH, 256 Gaussians, 50 steps, 1 % of the descriptors, C
    /// = 1.
    fn default() -> Self {
        Self {
            descriptors: vec![DescriptorKind::Hof, DescriptorKind::MbhX, DescriptorKind::MbhY],
            vectors: VectorRule::Released,
            fisher: FisherRule::Released,
            components: 256,
            em_steps: 50,
            sample_share: 0.01,
            c: 1.0,
            loss: SvmLoss::Hinge,
            seed: 1,
        }
    }
}

impl FisherSettings {
    /// Returns the selection of descriptors.
    pub fn extraction(&self) -> DescriptorSettings {
        DescriptorSettings { kinds: self.descriptors.clone(), vectors: self.vectors }
    }

    pub(super) fn mixture(&self) -> MixtureSettings {
        MixtureSettings { components: self.components, steps: self.em_steps, seed: self.seed }
    }

    pub(super) fn classifier(&self) -> SvmSettings {
        SvmSettings { c: self.c, loss: self.loss, seed: self.seed, ..SvmSettings::default() }
    }

    /// Checks all values.
    ///
    /// # Errors
    /// The first invalid setting.
    pub fn check(&self) -> Result<()> {
        let wrong = |option: &str, cause: &str, remedy: &str| Err(Error::usage(option, cause, remedy));
        if self.descriptors.is_empty() {
            return wrong("--descriptors", "no descriptor is chosen", "Choose hof, mbh or both");
        }
        if self.components == 0 {
            return wrong("--components", "a mixture needs a component", "Use 1 or more; the paper has 256");
        }
        if !(self.sample_share > 0.0 && self.sample_share <= 1.0) {
            return wrong("--sample-share", "it is outside 0 to 1", "Use a share such as 0.01");
        }
        if !(self.c > 0.0 && self.c.is_finite()) {
            return wrong("--svm-c", "it is not above 0", "Use a number such as 1");
        }
        Ok(())
    }
}

/// Metadata of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FisherCard {
    /// [`FisherCard::FORMAT`].
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
    /// Training settings.
    pub settings: FisherSettings,
}

/// A trained model: mixtures and a classifier.
#[derive(Debug, Clone, PartialEq)]
pub struct FisherModel {
    /// Its metadata.
    pub card: FisherCard,
    /// One mixture per descriptor type.
    pub mixtures: Vec<Mixture>,
    /// The classifier of the concatenated vectors of all types.
    pub classifier: LinearSvm,
}

impl FisherModel {
    /// Returns the score of each class for `clip`.
    ///
    /// # Errors
    /// Same as [`extract`].
    pub fn scores(&self, clip: &LabelledClip, stop: &(dyn Fn() -> bool + Sync)) -> Result<Vec<f32>> {
        let encoders = encoders(&self.mixtures, self.card.settings.fisher);
        Ok(self.classifier.scores(&fisher_vector(clip, &encoders, &self.card.settings.extraction(), stop)?))
    }
}

/// Creates the encoder of each mixture.
pub(super) fn encoders(mixtures: &[Mixture], rule: FisherRule) -> Vec<FisherEncoder> {
    mixtures.iter().map(|mixture| FisherEncoder::new(mixture, rule)).collect()
}

/// Returns the concatenated Fisher vectors of `clip` for all descriptor types.
///
/// # Errors
/// Same as [`extract`].
pub(super) fn fisher_vector(
    clip: &LabelledClip,
    encoders: &[FisherEncoder],
    settings: &DescriptorSettings,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<f32>> {
    let mut sums: Vec<_> = encoders.iter().map(FisherEncoder::begin).collect();
    extract(clip, settings, stop, &mut |batch| {
        for ((encoder, sums), values) in encoders.iter().zip(&mut sums).zip(&batch.values) {
            encoder.add(sums, values, &batch.positions);
        }
    })?;
    Ok(encoders.iter().zip(&sums).flat_map(|(encoder, sums)| encoder.finish(sums)).collect())
}
