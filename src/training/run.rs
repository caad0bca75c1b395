//! A training run from plan to finished model: build or resume, step, save, report.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use burn::tensor::Device;

use super::augmentation::Sampler;
use super::checkpoint::{self, Progress};
use super::clip_cache::ClipCache;
use super::clips::Clips;
use super::dataset::Dataset;
use super::event::{StepMetrics, TrainingControl, TrainingEvent};
use super::history::History;
use super::loader::Loader;
use super::objective::Objective;
use super::plan::{Network, TrainingPlan};
use super::solver::rate_at;
use super::start::Start;
use super::validation::Validator;
use crate::error::{Error, Result};

/// Threads that decode and augment ahead of the step.
const LOADERS: usize = 2;
/// Steps over which the speed is averaged.
const SPEED_WINDOW: usize = 20;
/// The NaN guard gives up when the rate has been halved this often.
const MAX_HALVINGS: i32 = 10;

/// Trains as `plan` says until its last step or until `control` stops it, and reports to `on_event`. Blocks.
///
/// The run folder holds `config.toml`, `metrics.csv`, the checkpoint and, in the end, the model. A checkpoint found there is
/// resumed and leads to the same numbers as a run that was never interrupted.
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
    let device = device.clone().autodiff();
    let dataset = Dataset::open(&plan.data)?;
    let cache = plan.cache.clone().map(ClipCache::open).transpose()?.map(Arc::new);
    let clips = Arc::new(Clips::new(dataset.clips, plan.frame).with_cache(cache.clone()));
    prepare_folder(plan)?;

    let start = Start::build(plan, &dataset.classes, &device)?;
    let window = Objective::window(plan, &start.motion);
    let mut objective = Objective::new(plan, start.motion.clone(), start.stream.clone(), &clips, &device);
    let mut progress = Progress { step: 0, rate_factor: 1.0, seconds: 0.0 };
    if let Some(found) = checkpoint::find(&plan.run_dir) {
        progress = checkpoint::read(&found)?;
        objective = objective.load(&found)?;
    }
    let validator = Validator::new(plan, cache)?;
    let mut history = History::open(&plan.run_dir, progress.step)?;
    on_event(TrainingEvent::Started {
        run_dir: plan.run_dir.clone(),
        clips: clips.len(),
        classes: if plan.network == Network::Flow { Vec::new() } else { dataset.classes },
        parameters: objective.parameters(),
        resumed_at: progress.step,
    });

    if start.new_head && progress.step == 0 {
        objective.fit_head(start.classes(), &clips, control, on_event)?;
        if control.is_stopped() {
            // Without its last layer the stream is not a network for these classes: there is nothing to save.
            return Err(Error::new(
                &*plan.run_dir.to_string_lossy(),
                "stopped before the first step",
                "Start the run again",
            ));
        }
    }
    let sampler = Sampler {
        seed: plan.seed,
        batch: plan.batch,
        clips: clips.len(),
        window,
        max_stride: plan.max_stride,
        frame: plan.frame,
        crop: plan.crop,
    };
    let mut loader = Loader::start(clips, sampler, objective.pixels(), progress.step, LOADERS)?;
    let mut pace = Pace::default();
    while progress.step < plan.steps && !control.is_stopped() {
        if control.is_paused() {
            save(plan, &objective, &progress, &mut history, on_event)?;
            on_event(TrainingEvent::Paused);
            control.wait_while_paused();
            on_event(TrainingEvent::Resumed);
            pace = Pace::default();
            continue;
        }
        let began = Instant::now();
        let batch = loader.next()?;
        for warning in &batch.warnings {
            on_event(TrainingEvent::Warning(warning.clone()));
        }
        device.seed(plan.seed.wrapping_add(progress.step as u64)); // dropout, the same after a resume
        let rate = rate_at(plan, progress.step) * progress.rate_factor;
        let outcome = objective.step(&batch, rate)?;
        progress.step += 1;
        if outcome.skipped {
            progress.rate_factor /= 2.0;
            on_event(TrainingEvent::Warning(diverging(&progress)));
            if progress.rate_factor < 0.5f64.powi(MAX_HALVINGS) {
                return Err(diverging(&progress));
            }
        }
        let seconds = began.elapsed().as_secs_f64();
        progress.seconds += seconds;
        pace.push(seconds);
        let steps_per_sec = pace.steps_per_sec();
        let eta_secs = (plan.steps - progress.step) as f64 / steps_per_sec;
        let metrics = StepMetrics {
            step: progress.step,
            steps: plan.steps,
            loss: outcome.loss,
            terms: outcome.terms,
            accuracy: outcome.accuracy,
            rate,
            steps_per_sec,
            eta_secs,
        };
        history.push(&metrics)?;
        on_event(TrainingEvent::Step(metrics));
        if progress.step.is_multiple_of(plan.checkpoint_every) {
            save(plan, &objective, &progress, &mut history, on_event)?;
            validator.measure(&objective, &start.motion, progress.step, on_event)?;
        }
    }
    save(plan, &objective, &progress, &mut history, on_event)?;
    let model_dir = plan.run_dir.join("model");
    let seconds = progress.seconds;
    start.finish(&objective, plan, progress.step, seconds)?.save(&model_dir)?;
    on_event(TrainingEvent::Finished { model_dir, stopped_early: progress.step < plan.steps });
    Ok(())
}

fn save(
    plan: &TrainingPlan,
    objective: &Objective,
    progress: &Progress,
    history: &mut History,
    on_event: &mut dyn FnMut(TrainingEvent),
) -> Result<()> {
    history.flush()?;
    let written = checkpoint::write(&plan.run_dir, progress, |dir| objective.save(dir))?;
    on_event(TrainingEvent::Checkpoint(written));
    Ok(())
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
        _ => fs::write(&path, text).map_err(|error| Error::io(&path, &error)),
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
    seconds: VecDeque<f64>,
}

impl Pace {
    fn push(&mut self, seconds: f64) {
        self.seconds.push_back(seconds);
        if self.seconds.len() > SPEED_WINDOW {
            self.seconds.pop_front();
        }
    }

    fn steps_per_sec(&self) -> f64 {
        self.seconds.len() as f64 / self.seconds.iter().sum::<f64>().max(1e-9)
    }
}
