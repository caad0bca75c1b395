//! A training run from plan to finished model: build or resume, step, measure, save, report.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use burn::tensor::Device;

use super::augmentation::Sampler;
use super::checkpoint::{self, Best, Progress};
use super::clip_cache::ClipCache;
use super::clips::Clips;
use super::event::{StepMetrics, TrainingControl, TrainingEvent};
use super::head_run;
use super::history::History;
use super::hold_out;
use super::loader::Loader;
use super::objective::{Objective, Outcome};
use super::plan::{ClassBalance, Network, TrainingPlan};
use super::solver::rate_at;
use super::start::{self, Start};
use super::validation::Validator;
use crate::atomic;
use crate::error::{Error, Result};

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
    if plan.feature_windows > 0 {
        return head_run::run(plan, device, control, on_event);
    }
    let mut run = Run::prepare(plan, device.clone().autodiff(), control, on_event)?;
    run.fit_head()?;
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
        let mut dataset = start::dataset(plan)?;
        let held = hold_out::take(&mut dataset, plan.hold_out, plan.seed)?;
        let cache = plan.cache.clone().map(ClipCache::open).transpose()?.map(Arc::new);
        let validator = Validator::new(plan, held, &dataset.classes, cache.clone())?;
        let clips = Arc::new(Clips::new(dataset.clips, plan.frame).with_cache(cache));
        prepare_folder(plan)?;

        let start = Start::build(plan, &dataset.classes, &device)?;
        let (motion, stream) = (start.motion.clone(), start.stream.clone());
        let mut objective = Objective::new(plan, motion, stream, start.classes(), &clips, &device)?;
        let mut progress = Progress::START;
        if let Some(found) = checkpoint::find(&plan.run_dir) {
            progress = checkpoint::read(&found)?;
            objective = objective.load(&found)?;
        }
        let history = History::open(&plan.run_dir, progress.step)?;
        on_event(TrainingEvent::Started {
            run_dir: plan.run_dir.clone(),
            clips: clips.len(),
            classes: if plan.network == Network::Flow { Vec::new() } else { dataset.classes },
            parameters: objective.parameters(),
            resumed_at: progress.step,
        });
        let pace = Pace::default();
        Ok(Self { plan, device, control, on_event, clips, start, objective, validator, history, progress, pace })
    }

    /// Fits a new last layer to the clips before the first step.
    fn fit_head(&mut self) -> Result<()> {
        if !self.start.new_head || self.progress.step > 0 {
            return Ok(());
        }
        self.objective.fit_head(&self.start.rows(), &self.clips, self.control, self.on_event)?;
        if self.control.is_stopped() {
            // Without its last layer the stream is not a network for these classes: there is nothing to save.
            return Err(Error::new(
                &*self.plan.run_dir.to_string_lossy(),
                "stopped before the first step",
                "Start the run again",
            ));
        }
        Ok(())
    }

    /// Makes steps until there is a reason to end.
    fn train(&mut self) -> Result<()> {
        if self.is_complete() {
            return Ok(());
        }
        let first = self.progress.step * self.plan.accumulate;
        let sampler = sampler(self.plan, &self.clips, self.objective.window(&self.start.motion));
        let mut loader = Loader::start(self.clips.clone(), sampler, self.objective.pixels(), first, LOADERS)?;
        while !self.is_complete() && !self.control.is_stopped() {
            if self.control.is_paused() {
                self.pause()?;
                continue;
            }
            self.step(&mut loader)?;
            if self.progress.step.is_multiple_of(self.plan.checkpoint_every) {
                self.measure()?;
                self.save()?;
            }
        }
        Ok(())
    }

    /// One step: its batches, the update, what is reported of it.
    fn step(&mut self, loader: &mut Loader) -> Result<()> {
        let began = Instant::now();
        let mut waited = Duration::ZERO;
        for part in 0..self.plan.accumulate {
            let asked = Instant::now();
            let batch = loader.next()?;
            waited += asked.elapsed();
            for warning in &batch.warnings {
                (self.on_event)(TrainingEvent::Warning(warning.clone()));
            }
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

    /// Saves, and waits until the run is to go on.
    fn pause(&mut self) -> Result<()> {
        self.save()?;
        (self.on_event)(TrainingEvent::Paused);
        self.control.wait_while_paused();
        (self.on_event)(TrainingEvent::Resumed);
        self.pace = Pace::default();
        Ok(())
    }

    fn save(&mut self) -> Result<()> {
        self.history.flush()?;
        let objective = &self.objective;
        let written = checkpoint::write(&self.plan.run_dir, &self.progress, |dir| objective.save(dir))?;
        (self.on_event)(TrainingEvent::Checkpoint(written));
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
pub(super) fn prepare_folder(plan: &TrainingPlan) -> Result<()> {
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
