//! A benchmark of the training step: network, losses and optimiser without loading.

use std::sync::Arc;

use burn::tensor::Device;

use super::config::plan::{Network, TrainingPlan};
use super::loader::{Batch, Loader};
use super::objective::Objective;
use super::optim::optimizer::rate_at;
use super::sampling::sampler;
use crate::data::Dataset;
use crate::data::clips::Clips;
use crate::error::{Error, Result};

/// Training steps of MotionNet on one batch, again and again.
pub struct BareSteps {
    plan: TrainingPlan,
    objective: Objective,
    batch: Batch,
    /// Steps made.
    done: usize,
}

impl BareSteps {
    /// Loads the first batch of `plan`, which trains MotionNet, and builds a new network on `device`.
    ///
    /// # Errors
    /// A plan or clips that cannot be trained on.
    pub fn new(plan: &TrainingPlan, device: &Device) -> Result<Self> {
        plan.check()?;
        if plan.network != Network::Flow {
            return Err(Error::new("benchmark", "the plan trains a stream", "Use a plan that trains MotionNet"));
        }
        let device = device.clone().autodiff();
        let clips = Arc::new(Clips::new(Dataset::open(&plan.data)?.clips, plan.frame));
        let objective = Objective::new(plan, plan.motion.init(&device), None, 0, &clips, &device)?;
        let sampler = sampler(plan, &clips, plan.motion.frames);
        // The loader ends here: it would decode the next batches while steps are measured.
        let batch = Loader::start(clips, sampler, objective.pixels(), 0, 1)?.next()?;
        Ok(Self { plan: plan.clone(), objective, batch, done: 0 })
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
}
