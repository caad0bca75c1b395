//! Training steps without data loading (network, losses and optimiser), for benchmarks and for estimating a run's time
//! per step.

use std::sync::Arc;
use std::time::Instant;

use burn::tensor::Device;

use super::config::plan::{Network, TrainingPlan};
use super::loader::{Batch, Loader};
use super::model_init::{ModelInit, dataset};
use super::objective::Objective;
use super::optim::optimizer::rate_at;
use super::run::folder::inherited;
use super::sampling::sampler;
use crate::data::augmentation::Sampler;
use crate::data::clips::Clips;
use crate::error::{Error, Result};

/// Batch size of the first timed step.
const FEW: usize = 2;
/// Limit on the estimated time of a whole batch, in seconds; up to it, a whole batch is timed instead of extrapolating.
const WHOLE_SECS: f64 = 0.7;
/// Limit on the first step's time, in seconds; beyond it, the step is not repeated after the warm-up.
const LONG_SECS: f64 = 3.0;

/// Repeated training steps of a plan on a single batch.
pub struct BareSteps {
    plan: TrainingPlan,
    objective: Objective,
    clips: Arc<Clips>,
    sampler: Sampler,
    batch: Batch,
    /// Number of steps done.
    done: usize,
}

impl BareSteps {
    /// Loads the first batch of `plan` and builds its networks on `device`.
    ///
    /// # Errors
    /// If the plan, clips or weights cannot be trained on, or the plan's stream reads the square around the motion,
    /// which must first be located in all clips.
    pub fn new(plan: &TrainingPlan, device: &Device) -> Result<Self> {
        Self::of(plan, plan.batch, device)
    }

    /// Like [`new`](Self::new), with a batch of `size`.
    fn of(plan: &TrainingPlan, size: usize, device: &Device) -> Result<Self> {
        plan.check()?;
        let plan = &inherited(plan)?;
        plan.check()?;
        let device = device.clone().autodiff();
        let dataset = dataset(plan)?;
        // Built as if resumed, so that a new last layer already has its size.
        let start = ModelInit::build(plan, &dataset, true, &device)?;
        if start.motion_squares(plan, dataset.clips.clone(), None).is_some() {
            let cause = "it looks at the square around the motion, which is found before the first step";
            return Err(Error::new("time per step", cause, "Start the run to see its speed"));
        }
        let clips = Arc::new(Clips::new(dataset.clips, plan.frame));
        let (motion, stream) = (start.motion.clone(), start.stream.clone());
        let objective = Objective::new(plan, motion, stream, start.classes(), &clips, &device)?;
        let sampler = sampler(plan, &clips, objective.window(&start.motion));
        let mut steps = Self { plan: plan.clone(), objective, clips, sampler, batch: Batch::default(), done: 0 };
        steps.load(size)?;
        Ok(steps)
    }

    /// Runs one training step.
    ///
    /// # Errors
    /// If the device fails, or if the step is skipped because of a non-finite value, since skipped steps are faster.
    pub fn step(&mut self) -> Result<()> {
        self.objective.accumulate(self.batch.clone())?;
        let outcome = self.objective.step(rate_at(&self.plan, self.done, None), self.done)?;
        self.done += 1;
        if outcome.skipped {
            return Err(Error::new("benchmark", "a step was skipped: a number is not finite", "Report this"));
        }
        Ok(())
    }

    /// Loads a batch of `size` for the next steps.
    fn load(&mut self, size: usize) -> Result<()> {
        let sampler = Sampler { batch: size, ..self.sampler.clone() };
        // The loader is dropped here: otherwise it would decode further batches while steps are timed.
        self.batch = Loader::start(self.clips.clone(), sampler, self.objective.pixels(), 0, 1)?.next()?;
        Ok(())
    }

    /// Runs one step and returns its duration in seconds.
    fn timed(&mut self) -> Result<f64> {
        let began = Instant::now();
        self.step()?;
        Ok(began.elapsed().as_secs_f64())
    }
}

/// Returns the network of each plan and its seconds per step on `device`; `None` if stopped.
///
/// # Errors
/// If one of them cannot be trained.
pub fn step_times(
    plans: &[TrainingPlan],
    device: &Device,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Option<Vec<(Network, f64)>>> {
    let mut times = Vec::new();
    for plan in plans {
        let Some(secs) = step_secs(plan, device, is_stopped)? else { return Ok(None) };
        times.push((plan.network, secs));
    }
    Ok(Some(times))
}

/// Returns the seconds per step of `plan` on `device`, without loading. A whole batch is timed if that is quick, else
/// the time is extrapolated from a few samples. Returns `None` if stopped; `is_stopped` is checked between steps.
///
/// # Errors
/// Same as [`BareSteps::new`] and [`BareSteps::step`].
fn step_secs(plan: &TrainingPlan, device: &Device, is_stopped: &dyn Fn() -> bool) -> Result<Option<f64>> {
    if is_stopped() {
        return Ok(None);
    }
    let single = TrainingPlan { accumulate: 1, ..plan.clone() };
    let few = FEW.min(plan.batch);
    let mut steps = BareSteps::of(&single, few, device)?;
    // The first step includes the device's set-up, which is negligible in a long step.
    let first = steps.timed()?;
    if is_stopped() {
        return Ok(None);
    }
    let secs_of_few = if first > LONG_SECS { first } else { steps.timed()? };
    let mut secs = secs_of_few * plan.batch as f64 / few as f64;
    if few < plan.batch && secs <= WHOLE_SECS && !is_stopped() {
        steps.load(plan.batch)?;
        secs = steps.timed()?;
    }
    Ok((!is_stopped()).then_some(secs * plan.accumulate as f64))
}
