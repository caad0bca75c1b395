//! A training run from plan to finished model: build or resume, step, measure, save, report.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use burn::tensor::Device;

use super::augmentation::Sampler;
use super::checkpoint::{self, Best, Progress};
use super::clip_cache::ClipCache;
use super::clips::Clips;
use super::dataset::Dataset;
use super::event::{StepMetrics, TrainingControl, TrainingEvent};
use super::history::History;
use super::hold_out;
use super::loader::{Batch, Loader};
use super::objective::{Objective, Outcome};
use super::plan::{ClassBalance, Network, TrainingPlan};
use super::snapshots::{self, Snapshot};
use super::solver::rate_at;
use super::start::Start;
use super::validation::Validator;
use crate::error::{Error, Result};
use crate::flow::files::atomic;

/// Threads that decode and augment ahead of the step.
const LOADERS: usize = 2;
/// Steps over which the speed is averaged.
const SPEED_WINDOW: usize = 20;
/// The NaN guard gives up when the rate has been halved this often.
const MAX_HALVINGS: i32 = 10;

/// Trains as `plan` says until its last step, until it no longer gets better, or until `control` stops it, and reports to
/// `on_event`. Blocks.
///
/// The run folder holds `config.toml`, `metrics.csv`, the checkpoint and, in the end, the model; with clips to measure on,
/// `best` is the model that did best on them so far. A checkpoint found there is resumed and leads to the same numbers as
/// a run that was never interrupted.
///
/// # Errors
/// A plan that cannot train, unreadable data or weights, a run folder of another plan, a full disk, a diverged run. What was
/// saved before remains and the same call resumes it.
pub fn run(
    plan: &TrainingPlan,
    device: &Device,
    control: &TrainingControl,
    on_event: &mut dyn FnMut(TrainingEvent),
) -> Result<()> {
    plan.check()?;
    let mut run = Run::prepare(plan, device.clone().autodiff(), control, on_event)?;
    run.train()?;
    run.finish()
}

/// A run in progress.
struct Run<'a> {
    plan: &'a TrainingPlan,
    device: Device,
    control: &'a TrainingControl,
    on_event: &'a mut dyn FnMut(TrainingEvent),
    clips: Arc<Clips>,
    start: Start,
    objective: Objective,
    validator: Validator,
    history: History,
    progress: Progress,
    /// Makes batches from the present step on; none before the first and after the run went back.
    loader: Option<Loader>,
    pace: Pace,
}

impl<'a> Run<'a> {
    /// Reads the clips and builds the networks, or resumes them from the checkpoint.
    fn prepare(
        plan: &'a TrainingPlan,
        device: Device,
        control: &'a TrainingControl,
        on_event: &'a mut dyn FnMut(TrainingEvent),
    ) -> Result<Self> {
        let mut dataset = Dataset::open(&plan.data)?;
        let held = hold_out::take(&mut dataset, plan.hold_out, plan.seed)?;
        let cache = plan.cache.clone().map(ClipCache::open).transpose()?.map(Arc::new);
        let validator = Validator::new(plan, held, &dataset.classes, cache.clone())?;
        let clips = Arc::new(Clips::new(dataset.clips, plan.frame).with_cache(cache));
        prepare_folder(plan)?;

        let start = Start::build(plan, &dataset.classes, &device)?;
        let (motion, stream) = (start.motion.clone(), start.stream.clone());
        let mut objective = Objective::new(plan, motion, stream, start.classes(), &clips, &device)?;
        let mut progress = Progress::START;
        let found = checkpoint::find(&plan.run_dir);
        if let Some(found) = &found {
            progress = checkpoint::read(found)?;
            objective.load(found)?;
        }
        let history = History::open(&plan.run_dir, progress.step)?;
        on_event(TrainingEvent::Started {
            run_dir: plan.run_dir.clone(),
            clips: clips.len(),
            classes: if plan.network == Network::Flow { Vec::new() } else { dataset.classes },
            parameters: objective.parameters(),
            resumed_at: progress.step,
        });
        let mut run = Self {
            plan,
            device,
            control,
            on_event,
            clips,
            start,
            objective,
            validator,
            history,
            progress,
            loader: None,
            pace: Pace::default(),
        };
        match found {
            Some(found) => run.keep_snapshot(&found)?, // the run may have ended between checkpoint and snapshot
            None => run.fit_head()?,
        }
        Ok(run)
    }

    /// Fits a new last layer to the clips, where one is needed, and keeps what the run starts from.
    fn fit_head(&mut self) -> Result<()> {
        if self.start.new_head {
            self.objective.fit_head(self.start.classes(), &self.clips, self.control, self.on_event)?;
            if self.control.is_stopped() {
                // Without its last layer the stream is not a network for these classes: there is nothing to save.
                return Err(Error::new(
                    &*self.plan.run_dir.to_string_lossy(),
                    "stopped before the first step",
                    "Start the run again",
                ));
            }
        }
        self.save()
    }

    /// Makes steps until there is a reason to end.
    fn train(&mut self) -> Result<()> {
        while !self.is_complete() && !self.control.is_stopped() {
            while let Some(step) = self.control.take_roll_back() {
                self.roll_back_to(step)?;
            }
            if self.control.is_paused() {
                self.pause()?;
                continue;
            }
            self.step()?;
            if self.is_checkpoint() {
                self.measure()?;
                self.save()?;
            }
        }
        self.loader = None;
        Ok(())
    }

    /// The next batch.
    fn batch(&mut self) -> Result<Batch> {
        let loader = match &mut self.loader {
            Some(loader) => loader,
            none => {
                let first = self.progress.step * self.plan.accumulate;
                let sampler = sampler(self.plan, &self.clips, self.objective.window(&self.start.motion));
                let pixels = self.objective.pixels();
                none.insert(Loader::start(self.clips.clone(), sampler, pixels, first, LOADERS)?)
            }
        };
        let batch = loader.next()?;
        for warning in &batch.warnings {
            (self.on_event)(TrainingEvent::Warning(warning.clone()));
        }
        Ok(batch)
    }

    /// One step: its batches, the update, what is reported of it.
    fn step(&mut self) -> Result<()> {
        let began = Instant::now();
        let mut waited = Duration::ZERO;
        for part in 0..self.plan.accumulate {
            let asked = Instant::now();
            let batch = self.batch()?;
            waited += asked.elapsed();
            // Dropout, the same after a resume.
            let drawn = self.progress.step * self.plan.accumulate + part;
            self.device.seed(self.plan.seed.wrapping_add(drawn as u64));
            self.objective.accumulate(&batch)?;
        }
        let rate = rate_at(self.plan, self.progress.step) * self.progress.rate_factor;
        let outcome = self.objective.step(rate, self.progress.step);
        self.progress.step += 1;
        if outcome.skipped {
            self.progress.rate_factor /= 2.0;
            (self.on_event)(TrainingEvent::Warning(diverging(&self.progress)));
            if self.progress.rate_factor < 0.5f64.powi(MAX_HALVINGS) {
                return Err(diverging(&self.progress));
            }
        }
        self.pace.push(began.elapsed(), waited);
        self.report(outcome, rate, began.elapsed().as_secs_f64())
    }

    /// Tells and writes down what a step measured.
    fn report(&mut self, outcome: Outcome, rate: f64, seconds: f64) -> Result<()> {
        self.progress.seconds += seconds;
        let steps_per_sec = self.pace.steps_per_sec();
        let metrics = StepMetrics {
            step: self.progress.step,
            steps: self.plan.steps,
            loss: outcome.loss,
            terms: outcome.terms,
            accuracy: outcome.accuracy,
            rate,
            steps_per_sec,
            stall: self.pace.stall(),
            eta_secs: (self.plan.steps - self.progress.step) as f64 / steps_per_sec,
        };
        self.history.push(&metrics)?;
        (self.on_event)(TrainingEvent::Step(metrics));
        Ok(())
    }

    /// Measures the networks and keeps them if they are the best so far.
    ///
    /// The checkpoint comes after this: a run that dies in between measures again and finds the same.
    fn measure(&mut self) -> Result<()> {
        let step = self.progress.step;
        let Some(measured) = self.validator.measure(&self.objective, &self.start.motion, step, self.on_event)? else {
            return Ok(());
        };
        self.progress.measured = step;
        if measured.beats(self.progress.best.map(|best| best.value)) {
            let model_dir = self.plan.run_dir.join("best");
            self.export(&model_dir)?;
            self.progress.best = Some(Best { step, value: measured.value, worse_since: 0 });
            let name = measured.name.into();
            (self.on_event)(TrainingEvent::Best { step, name, value: measured.value, model_dir });
        } else if let Some(best) = &mut self.progress.best {
            best.worse_since += 1;
        }
        Ok(())
    }

    /// Saves, and waits until the run is to go on. Goes back to a snapshot meanwhile, if asked to.
    fn pause(&mut self) -> Result<()> {
        self.save()?;
        (self.on_event)(TrainingEvent::Paused);
        while self.control.is_paused() {
            self.control.wait_for_wishes();
            if let Some(step) = self.control.take_roll_back() {
                self.roll_back_to(step)?;
            }
        }
        (self.on_event)(TrainingEvent::Resumed);
        self.pace = Pace::default();
        Ok(())
    }

    /// Goes back to the snapshot of `step`, if there is one that can be read.
    fn roll_back_to(&mut self, step: usize) -> Result<()> {
        let found = snapshots::list(&self.plan.run_dir).into_iter().find(|snapshot| snapshot.step == step);
        let unknown = || {
            let cause = format!("there is no snapshot of step {step}");
            Error::file(&self.plan.run_dir, cause, "Choose one of those that there are")
        };
        let restored = found.ok_or_else(unknown).and_then(|snapshot| self.restore(&snapshot));
        match restored {
            Ok(from) => self.rolled_back(from, None),
            Err(error) => {
                (self.on_event)(TrainingEvent::Warning(error));
                Ok(())
            }
        }
    }

    /// Takes networks, optimisers and position from a snapshot and returns the step that the run had reached. What was measured
    /// best remains, and so does a rate that was lowered.
    fn restore(&mut self, snapshot: &Snapshot) -> Result<usize> {
        let checkpoint = snapshot.checkpoint();
        let found = checkpoint::read(&checkpoint)?;
        self.objective.load(&checkpoint)?;
        let now = self.progress.clone();
        let best = now.best.map(|best| Best { worse_since: 0, ..best });
        let (rate_factor, roll_backs, seconds) = (now.rate_factor, now.roll_backs, now.seconds);
        self.progress = Progress { rate_factor, roll_backs, seconds, best, ..found };
        self.loader = None;
        Ok(now.step)
    }

    /// Makes it last that the run went back from step `from`.
    fn rolled_back(&mut self, from: usize, diverged: Option<Error>) -> Result<()> {
        let Progress { step: to, rate_factor, .. } = self.progress;
        self.write_checkpoint()?; // first: what is resumed drops the later metrics as well
        self.history.roll_back(to)?;
        (self.on_event)(TrainingEvent::RolledBack { from, to, rate_factor, diverged });
        Ok(())
    }

    /// Saves where the run stands; at every checkpoint of the plan, and at the beginning and the end, as a snapshot too.
    fn save(&mut self) -> Result<()> {
        let written = self.write_checkpoint()?;
        self.keep_snapshot(&written)
    }

    fn write_checkpoint(&mut self) -> Result<PathBuf> {
        self.history.flush()?;
        let objective = &self.objective;
        let written = checkpoint::write(&self.plan.run_dir, &self.progress, |dir| objective.save(dir))?;
        (self.on_event)(TrainingEvent::Checkpoint(written.clone()));
        Ok(written)
    }

    /// Keeps the networks as `checkpoint` has them, if its step is one to be kept. Which steps are does not hang on when a run
    /// was interrupted.
    fn keep_snapshot(&mut self, checkpoint: &Path) -> Result<()> {
        let Progress { step, best, .. } = self.progress;
        if self.is_checkpoint() || self.is_complete() {
            let cherished: Vec<usize> = best.map(|best| best.step).into_iter().collect();
            let (run_dir, keep) = (&self.plan.run_dir, self.plan.snapshots);
            snapshots::write(run_dir, step, checkpoint, keep, &cherished, |dir| self.export(dir))?;
        }
        (self.on_event)(TrainingEvent::Snapshots(snapshots::list(&self.plan.run_dir)));
        Ok(())
    }

    /// Saves what there is and makes a model of it.
    fn finish(mut self) -> Result<()> {
        if self.is_complete() && self.progress.measured < self.progress.step {
            self.measure()?;
        }
        self.save()?;
        let model_dir = self.plan.run_dir.join("model");
        self.export(&model_dir)?;
        if let Some(best) = self.progress.best.filter(|_| self.is_out_of_patience()) {
            (self.on_event)(TrainingEvent::OutOfPatience { best_step: best.step });
        }
        let stopped_early = !self.is_complete();
        (self.on_event)(TrainingEvent::Finished { model_dir, stopped_early });
        Ok(())
    }

    /// Writes the networks as they stand as a model folder.
    fn export(&self, dir: &Path) -> Result<()> {
        let Progress { step, seconds, .. } = self.progress;
        self.start.finish(&self.objective, self.plan, step, seconds)?.save(dir)
    }

    fn is_checkpoint(&self) -> bool {
        self.progress.step.is_multiple_of(self.plan.checkpoint_every)
    }

    fn is_complete(&self) -> bool {
        self.progress.step >= self.plan.steps || self.is_out_of_patience()
    }

    fn is_out_of_patience(&self) -> bool {
        let worse_since = self.progress.best.map_or(0, |best| best.worse_since);
        self.plan.patience.is_some_and(|patience| worse_since >= patience)
    }
}

/// What `plan` draws of `clips`, windows of `window` frames.
pub(super) fn sampler(plan: &TrainingPlan, clips: &Clips, window: usize) -> Sampler {
    let balanced = plan.balance == ClassBalance::Sampling;
    Sampler {
        seed: plan.seed,
        batch: plan.batch,
        clips: clips.len(),
        window,
        segments: plan.segments,
        max_stride: plan.max_stride,
        frame: plan.frame,
        crop: plan.crop,
        scales: plan.crop_scales.clone(),
        classes: if balanced { by_class(clips.labels()) } else { Vec::new() },
        mixup: if plan.network == Network::Flow { 0.0 } else { plan.mixup },
    }
}

/// The clips of each class that has any, by label.
fn by_class(labels: impl Iterator<Item = usize>) -> Vec<Vec<usize>> {
    let mut classes: HashMap<usize, Vec<usize>> = HashMap::new();
    labels.enumerate().for_each(|(clip, label)| classes.entry(label).or_default().push(clip));
    let mut classes: Vec<_> = classes.into_iter().collect();
    classes.sort_unstable();
    classes.into_iter().map(|(_, clips)| clips).collect()
}

/// Creates the run folder and its `config.toml`; refuses one that holds another run.
fn prepare_folder(plan: &TrainingPlan) -> Result<()> {
    let dir: &Path = &plan.run_dir;
    fs::create_dir_all(dir).map_err(|error| Error::io(dir, &error))?;
    let path = dir.join("config.toml");
    let text =
        toml::to_string_pretty(plan).map_err(|error| Error::file(&path, error.to_string(), "Report this plan"))?;
    let text = format!("# Motionscope {}\n{text}", env!("CARGO_PKG_VERSION"));
    match fs::read_to_string(&path) {
        Ok(before)
            if checkpoint::find(dir).is_some()
                && toml::from_str::<TrainingPlan>(&before).ok()
                    != Some(TrainingPlan { cache: None, ..plan.clone() }) =>
        {
            Err(Error::file(dir, "holds a run with other settings", "Choose another run folder, or delete this one"))
        }
        _ => atomic::replace(&path, |writer| writer.write_all(text.as_bytes())),
    }
}

fn diverging(progress: &Progress) -> Error {
    let cause = format!(
        "the loss was not finite at step {}; the step was skipped and the rate lowered to {} of the plan's",
        progress.step, progress.rate_factor
    );
    Error::new("training", cause, "If this happens again, start anew with a lower rate or a longer warm-up")
}

/// The speed of the last steps.
#[derive(Default)]
struct Pace {
    /// Duration of each step, and of the waiting for its batches.
    steps: VecDeque<[f64; 2]>,
}

impl Pace {
    fn push(&mut self, step: Duration, waited: Duration) {
        self.steps.push_back([step, waited].map(|time| time.as_secs_f64()));
        if self.steps.len() > SPEED_WINDOW {
            self.steps.pop_front();
        }
    }

    fn steps_per_sec(&self) -> f64 {
        self.steps.len() as f64 / self.seconds(0)
    }

    fn stall(&self) -> f64 {
        self.seconds(1) / self.seconds(0)
    }

    fn seconds(&self, of: usize) -> f64 {
        self.steps.iter().map(|step| step[of]).sum::<f64>().max(1e-9)
    }
}
