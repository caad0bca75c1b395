//! Training of an MV + FV model: mixtures on a sample of the descriptors, Fisher vectors of all clips, the classifier.
//!
//! Descriptors are computed twice, for the sample and for the vectors, and not stored: computing them is faster than
//! reading them from disk. The mixtures and the vector of each clip are stored in a folder `training` until the model
//! is complete, so that the same command resumes.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::extraction::extract;
use super::model::{encoders, fisher_vector};
use super::model_files::{load_mixtures, save_mixtures};
use super::parallel::for_each_clip;
use super::vector_store::VectorStore;
use super::work_folder::WorkFolder;
use super::{DescriptorKind, FisherCard, FisherEncoder, FisherModel, FisherSettings, LinearSvm, Mixture};
use crate::atomic;
use crate::content_hash::ContentHash;
use crate::data::{Dataset, LabelledClip, clip_identity};
use crate::error::{Error, Result};
use crate::files;
use crate::output::OutputGuard;

/// The plan of a training.
#[derive(Debug, Clone, PartialEq)]
pub struct FisherPlan {
    /// The name of the data in the model's card.
    pub data: String,
    /// Training settings.
    pub settings: FisherSettings,
    /// Output folder of the model.
    pub out: PathBuf,
}

/// Progress of a training.
#[derive(Debug, Clone, Copy)]
pub enum FisherEvent<'a> {
    /// An earlier run computed part of the vectors.
    Resumed {
        /// Number of clips with vectors.
        vectors: usize,
        /// Number of all clips.
        of: usize,
    },
    /// A clip is unusable.
    LeftOut(&'a Error),
    /// Descriptors of clips were sampled.
    Sampled {
        /// Number of clips done.
        done: usize,
        /// Number of all clips.
        of: usize,
    },
    /// A step of fitting a mixture is complete.
    Mixture {
        /// Its descriptor type.
        kind: DescriptorKind,
        /// Number of steps done.
        done: usize,
        /// Number of all steps.
        of: usize,
    },
    /// Fisher vectors of clips were computed.
    Encoded {
        /// Number of clips done.
        done: usize,
        /// Number of all clips.
        of: usize,
    },
    /// A step of fitting the classifier is complete.
    Classifier {
        /// Number of steps done.
        done: usize,
        /// Number of all steps.
        of: usize,
    },
}

/// A trained model, which is on disk.
#[derive(Debug)]
pub struct TrainedFisher {
    /// The model.
    pub model: FisherModel,
    /// The errors of the clips that were skipped.
    pub left_out: Vec<Error>,
}

/// The input of a training in progress, to detect a resume with other settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Beginning {
    /// Hash of the clips and their classes.
    clips: String,
    settings: FisherSettings,
}

/// Trains a model on the clips of `dataset` and writes it to the folder of `plan`; resumes a training that was stopped
/// or killed. Unusable clips are reported and skipped.
///
/// # Errors
/// If settings are invalid, there are fewer than two classes with usable clips or more components than sampled
/// descriptors, the folder contains a training with other settings, files cannot be written, or `stop` returns true.
pub fn train_fisher(
    plan: &FisherPlan,
    dataset: &Dataset,
    guard: &OutputGuard,
    stop: &(dyn Fn() -> bool + Sync),
    report: &mut (dyn FnMut(FisherEvent<'_>) + Send),
) -> Result<TrainedFisher> {
    plan.settings.check()?;
    check_classes(dataset.clips.iter().map(|clip| clip.label))?;
    let identities: Vec<Option<String>> = dataset.clips.par_iter().map(clip_identity).collect();
    let work = WorkFolder::open(&plan.out)?;
    Beginning::of(plan, dataset, &identities).match_or_write(&work.settings())?;
    let trained =
        Training { plan, dataset, identities, work: &work, stop, report, left_out: LeftOut::default() }.run(guard);
    match &trained {
        Ok(_) => work.remove(&work.vectors()),
        Err(_) if !work.mixtures().exists() => work.remove(&work.vectors()), // nothing was kept yet
        Err(_) => {}
    }
    trained
}

/// Fails for fewer than two classes.
fn check_classes(labels: impl Iterator<Item = usize>) -> Result<()> {
    if labels.collect::<BTreeSet<_>>().len() < 2 {
        let remedy = "Add clips of another class; clips that cannot be used are named above";
        return Err(Error::new("clips", "a classifier needs usable clips of two classes", remedy));
    }
    Ok(())
}

impl Beginning {
    fn of(plan: &FisherPlan, dataset: &Dataset, identities: &[Option<String>]) -> Self {
        let mut clips = ContentHash::new();
        dataset.classes.iter().for_each(|class| clips.field(class));
        for (clip, identity) in dataset.clips.iter().zip(identities) {
            clips.number(clip.label as u64);
            clips.field(identity.as_deref().unwrap_or_default());
        }
        Self { clips: clips.to_hex(), settings: plan.settings.clone() }
    }

    /// Writes it to a new file at `path`, or fails if an existing one differs.
    fn match_or_write(&self, path: &Path) -> Result<()> {
        let text = toml::to_string(self).map_err(|error| Error::wrap(path, error, "Please report this"))?;
        let Ok(before) = files::read_to_string(path) else {
            return atomic::replace(path, |writer| writer.write_all(text.as_bytes()));
        };
        if before == text {
            return Ok(());
        }
        let table = |text: &str| toml::from_str::<toml::Table>(text).unwrap_or_default();
        let cause = match first_difference(&table(&before), &table(&text)) {
            Some(difference) => format!("a training was begun here with other settings: {difference}"),
            None => "a training was begun here by another version".into(),
        };
        let remedy = "Run the command that began it, choose another folder, or delete this one";
        Err(Error::file(path.parent().unwrap_or(path), cause, remedy))
    }
}

/// Returns the first entry of `now` whose value changed.
fn first_difference(before: &toml::Table, now: &toml::Table) -> Option<String> {
    now.iter().find_map(|(key, value)| match (before.get(key), value) {
        (Some(was), is) if was == is => None,
        (Some(toml::Value::Table(was)), toml::Value::Table(is)) => first_difference(was, is),
        _ if key == "clips" => Some("other clips".into()),
        (Some(was), is) => Some(format!("{key} {was} instead of {is}")),
        (None, is) => Some(format!("no {key} instead of {is}")),
    })
}

/// Unusable clips, each reported once.
#[derive(Default)]
struct LeftOut {
    errors: Vec<Error>,
    clips: BTreeSet<usize>,
}

/// A training in progress.
struct Training<'a> {
    plan: &'a FisherPlan,
    dataset: &'a Dataset,
    /// Content hash of each clip; `None` if it cannot be read.
    identities: Vec<Option<String>>,
    work: &'a WorkFolder,
    stop: &'a (dyn Fn() -> bool + Sync),
    report: &'a mut (dyn FnMut(FisherEvent<'_>) + Send),
    left_out: LeftOut,
}

impl Training<'_> {
    fn run(mut self, guard: &OutputGuard) -> Result<TrainedFisher> {
        let settings = &self.plan.settings;
        let mixtures = self.mixtures()?;
        let encoders = encoders(&mixtures, settings.fisher);
        let store = self.encode(&encoders)?;
        let used = (0..self.dataset.clips.len()).filter(|clip| !self.left_out.clips.contains(clip));
        let used = used.filter_map(|clip| Some((self.dataset.clips[clip].label, self.identities[clip].as_deref()?)));
        let (labels, identities): (Vec<usize>, Vec<&str>) = used.unzip();
        check_classes(labels.iter().copied())?;
        let classes = self.dataset.classes.len();
        let (stop, report) = (self.stop, &mut self.report);
        let mut progress = |done, of| {
            report(FisherEvent::Classifier { done, of });
            !stop()
        };
        let classifier =
            LinearSvm::fit(&store.rows(&identities), &labels, classes, &settings.classifier(), &mut progress)?;
        let card = FisherCard {
            format: FisherCard::FORMAT,
            hash: String::new(), // set when it is saved
            trained_on: self.plan.data.clone(),
            clips: labels.len(),
            motionscope: env!("CARGO_PKG_VERSION").into(),
            classes: self.dataset.classes.clone(),
            settings: settings.clone(),
        };
        let mut model = FisherModel { card, mixtures, classifier };
        model.save(&self.plan.out, guard)?;
        Ok(TrainedFisher { model, left_out: self.left_out.errors })
    }

    /// Returns the mixtures fitted by an earlier run, or fits them.
    fn mixtures(&mut self) -> Result<Vec<Mixture>> {
        let (settings, path) = (&self.plan.settings, self.work.mixtures());
        if path.exists() {
            return load_mixtures(&path, &settings.descriptors, settings.components);
        }
        let samples = self.sample()?;
        let mut mixtures = Vec::new();
        for (&kind, sample) in settings.descriptors.iter().zip(&samples) {
            let (stop, report) = (self.stop, &mut self.report);
            let mut progress = |done, of| {
                report(FisherEvent::Mixture { kind, done, of });
                !stop()
            };
            mixtures.push(Mixture::fit(sample, kind.length(), &settings.mixture(), &mut progress)?);
        }
        save_mixtures(&path, &settings.descriptors, &mixtures)?;
        Ok(mixtures)
    }

    /// Returns a sample of the descriptors of all clips, one list per type.
    fn sample(&mut self) -> Result<Vec<Vec<f32>>> {
        let (settings, stop) = (&self.plan.settings, self.stop);
        let clips: Vec<&LabelledClip> = self.dataset.clips.iter().collect();
        let report = &mut self.report;
        let results = for_each_clip(&clips, stop, |clip| sample_of(clip, settings, stop), &mut |done, of, failure| {
            failure.into_iter().for_each(|error| report(FisherEvent::LeftOut(error)));
            report(FisherEvent::Sampled { done, of });
        })?;
        let mut samples = vec![Vec::new(); settings.descriptors.len()];
        for (clip, result) in results.into_iter().enumerate() {
            match result {
                Ok(values) => samples.iter_mut().zip(values).for_each(|(all, more)| all.extend(more)),
                Err(error) => self.left_out.add(clip, error),
            }
        }
        if self.left_out.clips.len() == self.dataset.clips.len() {
            return Err(Error::new("vocabulary", "no clip has descriptors to fit it to", "See the errors above"));
        }
        Ok(samples)
    }

    /// Computes the vectors of all clips without one.
    fn encode(&mut self, encoders: &[FisherEncoder]) -> Result<VectorStore> {
        let length = encoders.iter().map(FisherEncoder::vector_length).sum();
        let store = VectorStore::open(self.work.vectors(), length)?;
        let is_stored = |clip: usize| self.identities[clip].as_ref().is_some_and(|identity| store.has(identity));
        let all = self.dataset.clips.len();
        let missing: Vec<usize> =
            (0..all).filter(|clip| !self.left_out.clips.contains(clip) && !is_stored(*clip)).collect();
        let kept = all - self.left_out.clips.len() - missing.len();
        if kept > 0 {
            (self.report)(FisherEvent::Resumed { vectors: kept, of: all });
        }
        let clips: Vec<&LabelledClip> = missing.iter().map(|&clip| &self.dataset.clips[clip]).collect();
        let (extraction, stop, report) = (self.plan.settings.extraction(), self.stop, &mut self.report);
        let results = for_each_clip(
            &clips,
            stop,
            |clip| {
                let identity = clip_identity(clip).ok_or_else(|| {
                    Error::file(&clip.path, "it can no longer be read", "Check the disk and the path")
                })?;
                // A full disk is not the clip's fault.
                let written = store.write(&identity, &fisher_vector(clip, encoders, &extraction, stop)?);
                Ok(written.map(|()| identity))
            },
            &mut |done, of, failure| {
                failure.into_iter().for_each(|error| report(FisherEvent::LeftOut(error)));
                report(FisherEvent::Encoded { done, of });
            },
        )?;
        for (clip, result) in missing.into_iter().zip(results) {
            match result {
                // It may have been unreadable, or a different file, when the training began.
                Ok(written) => self.identities[clip] = Some(written?),
                Err(error) => self.left_out.add(clip, error),
            }
        }
        Ok(store)
    }
}

impl LeftOut {
    fn add(&mut self, clip: usize, error: Error) {
        if self.clips.insert(clip) {
            self.errors.push(error);
        }
    }
}

/// Returns a sample of the descriptors of `clip`, one list per type; the choice depends on the seed and the clip's
/// content.
fn sample_of(
    clip: &LabelledClip,
    settings: &FisherSettings,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<Vec<f32>>> {
    let mut key = ContentHash::new();
    key.number(settings.seed);
    key.field(clip_identity(clip).unwrap_or_default());
    let mut random = ChaCha8Rng::seed_from_u64(key.value());
    let mut sample = vec![Vec::new(); settings.descriptors.len()];
    extract(clip, &settings.extraction(), stop, &mut |batch| {
        for patch in 0..batch.positions.len() {
            if random.random_range(0.0..1.0) >= settings.sample_share {
                continue;
            }
            for ((kind, values), sample) in settings.descriptors.iter().zip(&batch.values).zip(&mut sample) {
                sample.extend_from_slice(&values[patch * kind.length()..][..kind.length()]);
            }
        }
    })?;
    Ok(sample)
}
