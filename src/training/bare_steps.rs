//! The training step by itself: network, losses and optimiser without loading, to be benchmarked and to be timed before a run.

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

/// Samples of the first step that is timed.
const FEW: usize = 2;
/// A whole batch that is estimated to take no longer is timed as it is, seconds.
const WHOLE_SECS: f64 = 0.7;
/// A first step that takes longer than this is not made again to be timed, in seconds.
const LONG_SECS: f64 = 3.0;

/// Training steps of a plan on one batch, again and again.
pub struct BareSteps {
    plan: TrainingPlan,
    objective: Objective,
    clips: Arc<Clips>,
    sampler: Sampler,
    batch: Batch,
    /// Steps made.
    done: usize,
}

impl BareSteps {
    /// Loads the first batch of `plan` and builds its networks on `device`.
    ///
    /// # Errors
    /// A plan, clips or weights that cannot be trained on, and a plan whose stream looks at the square around the motion, which is
    /// to be found in all clips first.
    pub fn new(plan: &TrainingPlan, device: &Device) -> Result<Self> {
        Self::of(plan, plan.batch, device)
    }

    /// The same of a batch of `size`.
    fn of(plan: &TrainingPlan, size: usize, device: &Device) -> Result<Self> {
        plan.check()?;
        let plan = &inherited(plan)?;
        plan.check()?;
        let device = device.clone().autodiff();
        let dataset = dataset(plan)?;
        // As if it were resumed, a new last layer has its size.
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

    /// Makes a step.
    ///
    /// # Errors
    /// If the device fails, or a step is skipped because a number is not finite: it takes less time than others.
    pub fn step(&mut self) -> Result<()> {
        self.objective.accumulate(self.batch.clone())?;
        let outcome = self.objective.step(rate_at(&self.plan, self.done, None), self.done)?;
        self.done += 1;
        if outcome.skipped {
            return Err(Error::new("benchmark", "a step was skipped: a number is not finite", "Report this"));
        }
        Ok(())
    }

    /// Takes a batch of `size` from now on.
    fn load(&mut self, size: usize) -> Result<()> {
        let sampler = Sampler { batch: size, ..self.sampler.clone() };
        // The loader ends here: it would decode the next batches while steps are measured.
        self.batch = Loader::start(self.clips.clone(), sampler, self.objective.pixels(), 0, 1)?.next()?;
        Ok(())
    }

    /// Makes a step and returns its seconds.
    fn timed(&mut self) -> Result<f64> {
        let began = Instant::now();
        self.step()?;
        Ok(began.elapsed().as_secs_f64())
    }
}

/// Returns the network of each plan and the seconds of a step of it on `device`; `None` if it was stopped.
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

/// Returns the seconds of a step of `plan` on `device`, loading aside: of a whole batch where that is quick, else estimated from a few
/// samples; `None` if it was stopped, which is asked for between steps.
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
    // The device is set up in the first step; of a long one that is a small part.
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
