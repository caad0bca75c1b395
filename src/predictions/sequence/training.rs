//! Training of a sequence model, which takes a minute or two on a CPU.
//!
//! An update reads windows around labelled frames; only labelled frames enter the loss. The class of a window's central
//! frame is drawn first, so that rare classes are sampled as often as common ones. After every epoch, the held-out
//! recordings are evaluated and a checkpoint is written; the model is that of the epoch with the lowest held-out loss.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::store::{ModuleRecord, RecordError};
use burn::tensor::{Device, Tensor, TensorData, activation};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::figures::{SequenceFigures, target};
use super::frames::{WindowBatch, statistics};
use super::hold_out::Split;
use super::model::{SequenceCard, SequenceModel, probabilities};
use super::recordings::{FrameLabel, SequenceData, SequenceRecording};
use super::settings::{LENGTH, SequenceSettings, UPDATES, WEIGHT_DECAY, WINDOWS};
use crate::content_hash::ContentHash;
use crate::error::{Error, Result};
use crate::file_lock::FileLock;
use crate::files;
use crate::nets::{Precision, SequenceConfig, SequenceNet, read_back, weights};
use crate::output::OutputGuard;
use crate::training::checkpoint::{self, Best, Progress};

/// The checkpoint folder within that of the model, which exists until the model is written.
const WORK: &str = "training";
const LOCK: &str = "run.lock";
/// Files of the checkpoint.
const KEY: &str = "key.txt";
const NETWORK: &str = "network.bpk";
const OPTIMISER: &str = "optimiser.bpk";
const BEST: &str = "best.safetensors";

/// The plan of a training.
#[derive(Debug, Clone, PartialEq)]
pub struct SequencePlan {
    /// The training settings.
    pub settings: SequenceSettings,
    /// Videos to hold out; if empty, those of the settings.
    pub held_out: Vec<String>,
    /// Whether classes of the model may have no labels.
    pub allows_missing_classes: bool,
    /// The name of the labels in the model card.
    pub labels: String,
    /// Folder of the model.
    pub out: PathBuf,
}

/// A progress event of a training.
#[derive(Debug)]
pub enum SequenceEvent<'a> {
    /// The training starts.
    Begun {
        /// Training recordings.
        training: Vec<&'a SequenceRecording>,
        /// Validation recordings.
        held_out: Vec<&'a SequenceRecording>,
        /// Receptive field: seconds before and after a frame that affect its scores.
        reach_secs: f64,
        /// Epochs that an earlier run completed, of all networks.
        resumed: usize,
        /// Metrics of the base model on the validation recordings.
        plain: Option<SequenceFigures>,
    },
    /// An epoch is complete.
    Epoch {
        /// Completed epochs, of all networks.
        done: usize,
        /// Mean training loss of its updates.
        loss: f64,
        /// Metrics on the validation recordings.
        held_out: Option<SequenceFigures>,
    },
}

/// Trains a sequence model, or resumes its training, and writes it to the folder of the plan.
///
/// # Errors
/// If the data cannot be split or lacks a class, the folder contains another training, `guard` does not allow the
/// files, or `stop` returns true; the checkpoint is then kept.
pub fn train_sequence(
    plan: &SequencePlan,
    data: &SequenceData,
    guard: &OutputGuard,
    stop: &dyn Fn() -> bool,
    report: &mut dyn FnMut(SequenceEvent<'_>),
) -> Result<SequenceModel> {
    plan.settings.check()?;
    guard.check(&SequenceModel::files(&plan.out))?;
    let split = Split::of(data, &plan.held_out, &plan.settings)?;
    refuse_missing_classes(plan, data, &split)?;
    let work = plan.out.join(WORK);
    fs::create_dir_all(&work).map_err(|error| Error::io(&work, &error))?;
    let lock = FileLock::take(&work.join(LOCK)).map_err(|error| Error::io(&work, &error))?;
    let remedy = "Wait until it finishes, or choose another folder";
    let lock = lock.ok_or_else(|| Error::file(&plan.out, "a training is already running in it", remedy))?;
    let works = folders(&work, plan.settings.seeds);
    let seeds = (0..).map(|member| plan.settings.seed.wrapping_add(member));
    let mut runs = works
        .iter()
        .zip(seeds)
        .map(|(work, seed)| SequenceRun::begin(plan, data, &split, seed, work))
        .collect::<Result<Vec<_>>>()?;
    let config = runs[0].config;
    let reach_secs = config.reach() as f64 * data.recordings[0].frame_secs;
    let plain = runs[0].measured(&[runs[0].fresh.valid()])?;
    report(SequenceEvent::Begun {
        training: split.training.clone(),
        held_out: split.held_out.clone(),
        reach_secs,
        resumed: runs.iter().map(|run| run.progress.step).sum(),
        plain,
    });
    for (number, (run, work)) in runs.iter_mut().zip(&works).enumerate() {
        if run.progress.step == 0 {
            run.progress.best = plain.map(|plain| Best { step: 0, value: plain.loss as f32, worse_since: 0 });
        }
        while run.progress.step < plan.settings.epochs {
            let loss = run.epoch(stop)?;
            let network = run.network.valid();
            let held_out = run.measured(std::slice::from_ref(&network))?;
            run.note(held_out, network);
            run.write(work)?;
            let done = number * plan.settings.epochs + run.progress.step;
            report(SequenceEvent::Epoch { done, loss, held_out });
        }
    }
    let networks: Vec<SequenceNet> =
        runs.iter().map(|run| run.best.clone().unwrap_or_else(|| run.fresh.valid())).collect();
    let sequence = runs[0].measured(&networks)?;
    let epoch = runs.iter().map(|run| run.progress.best.map_or(run.progress.step, |best| best.step)).max();
    let names = |recordings: &[&SequenceRecording]| recordings.iter().map(|each| each.video.clone()).collect();
    let card = SequenceCard {
        format: SequenceCard::FORMAT,
        hash: String::new(),
        motionscope: env!("CARGO_PKG_VERSION").to_owned(),
        labels: plan.labels.clone(),
        trained_on: names(&split.training),
        held_out: names(&split.held_out),
        epoch: epoch.unwrap_or_default(),
        source: data.source.clone(),
        network: config,
        settings: plan.settings.clone(),
        plain,
        sequence,
    };
    let mut model = SequenceModel { card, networks };
    model.save(&plan.out, guard)?;
    drop(runs);
    remove(&work, &works, lock);
    Ok(model)
}

/// Returns the checkpoint folders of this many networks: `work` itself for a single one.
fn folders(work: &Path, seeds: usize) -> Vec<PathBuf> {
    match seeds {
        1 => vec![work.to_owned()],
        _ => (1..=seeds).map(|number| work.join(format!("network-{number}"))).collect(),
    }
}

/// Removes the checkpoints, and their folders if these are empty then.
fn remove(work: &Path, works: &[PathBuf], lock: FileLock) {
    for own in works {
        if let Some(checkpoint) = checkpoint::find(own) {
            let _ = fs::remove_dir_all(checkpoint);
        }
        if own != work {
            let _ = fs::remove_dir(own);
        }
    }
    drop(lock);
    let _ = fs::remove_file(work.join(LOCK));
    let _ = fs::remove_dir(work);
}

fn refuse_missing_classes(plan: &SequencePlan, data: &SequenceData, split: &Split<'_>) -> Result<()> {
    let missing = data.missing_classes(&split.training);
    if missing.is_empty() || plan.allows_missing_classes {
        return Ok(());
    }
    let cause = format!("no frame of the training recordings is labelled {}", missing.join(", "));
    let remedy = "Label some of each, or pass --allow-missing-classes: the model will hardly ever predict them";
    Err(Error::new(&*plan.labels, cause, remedy))
}

/// The state of a training in progress.
struct SequenceRun<'a> {
    settings: &'a SequenceSettings,
    /// Seed of this network.
    seed: u64,
    config: SequenceConfig,
    split: &'a Split<'a>,
    /// Labelled frames of the training recordings by label: the recording and the frame.
    places: Vec<Vec<(usize, usize)>>,
    key: String,
    device: Device,
    fresh: SequenceNet,
    network: SequenceNet,
    optimiser: ModuleOptimizer,
    progress: Progress,
    /// The network with the lowest held-out loss, or the last one without a hold-out; `None` while the base model is
    /// better.
    best: Option<SequenceNet>,
}

impl<'a> SequenceRun<'a> {
    /// Starts a training, or resumes from the checkpoint in `work`.
    fn begin(
        plan: &'a SequencePlan,
        data: &SequenceData,
        split: &'a Split<'a>,
        seed: u64,
        work: &Path,
    ) -> Result<Self> {
        let settings = &plan.settings;
        fs::create_dir_all(work).map_err(|error| Error::io(work, &error))?;
        let device = Device::flex().autodiff();
        let videos = split.training.iter().map(|recording| &recording.frames);
        let (mean, deviation) = statistics(videos);
        let config = SequenceConfig {
            inputs: mean.len(),
            classes: data.source.classes.len(),
            channels: settings.channels,
            blocks: settings.blocks,
        };
        let fresh = config.init(&mean, &deviation, seed, &device);
        let mut places = BTreeMap::<FrameLabel, Vec<(usize, usize)>>::new();
        for (number, recording) in split.training.iter().enumerate() {
            for (frame, label) in recording.labels.iter().enumerate() {
                label.iter().for_each(|&label| places.entry(label).or_default().push((number, frame)));
            }
        }
        let optimiser = || AdamWConfig::new().with_weight_decay(WEIGHT_DECAY).init();
        let mut run = Self {
            settings,
            seed,
            config,
            split,
            places: places.into_values().collect(),
            key: key_of(plan, data, split)?,
            device,
            network: fresh.clone(),
            fresh,
            optimiser: optimiser(),
            progress: Progress::start(),
            best: None,
        };
        if let Some(checkpoint) = checkpoint::find(work) {
            run.read(&checkpoint, &plan.out, optimiser())?;
        }
        Ok(run)
    }

    /// Performs the updates of an epoch and returns their mean loss.
    fn epoch(&mut self, stop: &dyn Fn() -> bool) -> Result<f64> {
        let mut sum = 0.0;
        for update in self.progress.step * UPDATES..(self.progress.step + 1) * UPDATES {
            if stop() {
                return Err(Error::cancelled("training", "it was stopped", "Start it again to resume"));
            }
            sum += self.update(update)?;
        }
        self.progress.step += 1;
        Ok(sum / UPDATES as f64)
    }

    /// Performs one update and returns the loss before it. The random draws depend only on its number, so that a
    /// resumed training is the same.
    fn update(&mut self, update: usize) -> Result<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(update as u64 + 1);
        let windows: Vec<(&SequenceRecording, usize)> = (0..WINDOWS).map(|_| self.window(&mut rng)).collect();
        let reach = self.config.reach();
        let frames: Vec<_> = windows.iter().map(|(recording, start)| (&recording.frames, *start)).collect();
        let batch = WindowBatch::cut(&frames, LENGTH, reach, &self.device);
        let kept: Vec<Tensor<3>> = (0..self.config.blocks).map(|_| self.kept(&mut rng)).collect();
        let logits = self.network.forward(batch.input, batch.plain, &batch.is_frame, &kept).narrow(2, reach, LENGTH);
        let loss = loss_of(logits, &windows, &self.device);
        let value = read_back(loss.clone().inner())?[0];
        if !value.is_finite() {
            let remedy = "Use a lower --lr";
            return Err(Error::new("training", format!("the loss of update {update} is {value}"), remedy));
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &self.network);
        let rate = self.settings.rate * (1.0 - update as f64 / (self.settings.epochs * UPDATES) as f64);
        self.network = self.optimiser.step(rate, self.network.clone(), gradients);
        Ok(f64::from(value))
    }

    /// Draws a window around a labelled frame.
    fn window(&self, rng: &mut ChaCha8Rng) -> (&'a SequenceRecording, usize) {
        let places = &self.places[rng.random_range(0..self.places.len())];
        let (recording, frame) = places[rng.random_range(0..places.len())];
        let recording = self.split.training[recording];
        (recording, frame.saturating_sub(rng.random_range(0..LENGTH)))
    }

    /// Draws the dropout mask of a block's feature maps.
    fn kept(&self, rng: &mut ChaCha8Rng) -> Tensor<3> {
        let share = 1.0 - self.settings.dropout;
        let mut keep = || if rng.random::<f64>() < share { (1.0 / share) as f32 } else { 0.0 };
        let values: Vec<f32> = (0..WINDOWS * self.config.channels).map(|_| keep()).collect();
        Tensor::from_data(TensorData::new(values, [WINDOWS, self.config.channels, 1]), &self.device)
    }

    /// Returns the metrics of the mean of `networks` on the validation recordings.
    fn measured(&self, networks: &[SequenceNet]) -> Result<Option<SequenceFigures>> {
        let recordings = &self.split.held_out;
        let probabilities: Result<Vec<_>> =
            recordings.iter().map(|recording| probabilities(networks, &self.config, &recording.frames)).collect();
        Ok(SequenceFigures::of(recordings, &probabilities?, self.config.classes))
    }

    /// Records the network of an epoch if it is the best so far.
    fn note(&mut self, held_out: Option<SequenceFigures>, network: SequenceNet) {
        let (step, value) = (self.progress.step, held_out.map(|figures| figures.loss as f32));
        match (&mut self.progress.best, value) {
            (Some(best), Some(value)) if value >= best.value => best.worse_since += 1,
            (best, value) => {
                *best = value.map(|value| Best { step, value, worse_since: 0 });
                self.best = Some(network);
            }
        }
    }

    /// Writes a checkpoint.
    fn write(&self, work: &Path) -> Result<()> {
        let failed = |path: PathBuf| {
            move |error: RecordError| {
                Error::file(
                    &path,
                    format!("cannot write the checkpoint: {error}"),
                    "Free some space and start it again",
                )
            }
        };
        let fill = |dir: &Path| {
            let at = |name: &str| dir.join(name);
            fs::write(at(KEY), &self.key).map_err(|error| Error::io(&at(KEY), &error))?;
            self.network.clone().into_record().save(at(NETWORK)).map_err(failed(at(NETWORK)))?;
            self.optimiser.save(at(OPTIMISER)).map_err(failed(at(OPTIMISER)))?;
            self.best.as_ref().map_or(Ok(()), |best| weights::save_module(best, &at(BEST), Precision::F32))
        };
        checkpoint::write(work, &self.progress, fill).map(drop)
    }

    /// Resumes from `checkpoint`, whose model goes to `out`.
    fn read(&mut self, checkpoint: &Path, out: &Path, optimiser: ModuleOptimizer) -> Result<()> {
        let at = |name: &str| checkpoint.join(name);
        let key = files::read_to_string(at(KEY)).map_err(|error| Error::io(&at(KEY), &error))?;
        if key != self.key {
            let cause = "it holds an unfinished training with other settings, predictions or labels";
            let remedy = format!("Choose another --out, or delete the folder {WORK} in it to start over");
            return Err(Error::file(out, cause, remedy));
        }
        let damaged = |path: PathBuf| {
            move |error: RecordError| {
                Error::file(&path, format!("the checkpoint is damaged: {error}"), "Delete its folder to start over")
            }
        };
        let record = ModuleRecord::load(at(NETWORK)).map_err(damaged(at(NETWORK)))?;
        self.network = self.network.clone().try_load_record(record).map_err(damaged(at(NETWORK)))?;
        self.optimiser = optimiser.load(at(OPTIMISER)).map_err(damaged(at(OPTIMISER)))?;
        if at(BEST).is_file() {
            self.best = Some(weights::load_module(self.fresh.valid(), &at(BEST))?);
        }
        self.progress = checkpoint::read(checkpoint)?;
        Ok(())
    }
}

/// Returns the mean cross-entropy of the labelled frames of windows of `LENGTH` frames, `[1]`; other frames are
/// excluded.
fn loss_of(logits: Tensor<3>, windows: &[(&SequenceRecording, usize)], device: &Device) -> Tensor<1> {
    let classes = logits.dims()[1];
    let (mut targets, mut labelled) = (Vec::new(), 0usize);
    for (recording, start) in windows {
        for frame in *start..start + LENGTH {
            match recording.labels.get(frame).copied().flatten() {
                Some(label) => {
                    labelled += 1;
                    targets.extend(target(label, classes));
                }
                None => targets.resize(targets.len() + classes, 0.0),
            }
        }
    }
    let data = TensorData::new(targets, [windows.len(), LENGTH, classes]);
    let targets = Tensor::<3>::from_data(data, device).swap_dims(1, 2);
    -(activation::log_softmax(logits, 1) * targets).sum() / labelled.max(1) as f32
}

/// Returns the identity that a checkpoint must match to be resumed: the settings, the recordings and their labels.
fn key_of(plan: &SequencePlan, data: &SequenceData, split: &Split<'_>) -> Result<String> {
    let json = serde_json::to_string(&(env!("CARGO_PKG_VERSION"), &plan.settings, &data.source))
        .map_err(|error| Error::wrap(&plan.out, error, "Please report this"))?;
    let mut hash = ContentHash::new();
    hash.field(json);
    for (place, recordings) in [&split.training, &split.held_out].into_iter().enumerate() {
        for recording in recordings {
            hash.number(place as u64);
            hash.field(&recording.content);
            hash.field(format!("{:?}", recording.labels));
        }
    }
    Ok(hash.to_hex())
}

#[cfg(test)]
pub(super) fn loss_for_tests(logits: Tensor<3>, recording: &SequenceRecording, device: &Device) -> Tensor<1> {
    loss_of(logits, &[(recording, 0)], device)
}
