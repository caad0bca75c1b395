//! The progress of a run, the steps that fit in its time limit, and its end.

use super::{TIMED_STEPS, TrainingRunState};
use crate::error::{Error, Result};
use crate::training::optim::optimizer::Spent;
use crate::training::probe::out_of_fold::OutOfFold;
use crate::training::run::checkpoint::Progress;
use crate::training::run::events::{CutShort, EndingWork, TrainingEvent};
use crate::training::step_times::Fit;

impl TrainingRunState<'_> {
    /// Saves the final state and exports the model.
    pub(super) fn finish(mut self) -> Result<()> {
        if self.is_complete() && self.progress.measured < self.progress.step {
            self.measure()?;
        }
        if self.progress.measured != self.progress.step {
            OutOfFold::discard(&self.plan.run_dir); // they belong to other weights than the model
        }
        self.save_the_rest()?;
        let model_dir = self.plan.run_dir.join("model");
        (self.on_event)(TrainingEvent::Ending(EndingWork::SaveModel));
        self.export(&model_dir)?;
        if let Some(best) = self.progress.best.filter(|_| self.progress.is_out_of_patience(self.plan)) {
            (self.on_event)(TrainingEvent::OutOfPatience { best_step: best.step });
        }
        if let Some(cut) = CutShort::of_steps(self.plan, &self.progress) {
            (self.on_event)(TrainingEvent::CutShort(cut));
        }
        self.report_short();
        let stopped_early = !self.is_complete();
        (self.on_event)(TrainingEvent::Finished { model_dir, stopped_early });
        Ok(())
    }

    pub(super) fn is_complete(&self) -> bool {
        self.progress.is_last_of(self.plan)
    }

    /// Returns the completed fraction of the run, by steps or by time.
    pub(super) fn done(&self) -> f64 {
        (self.progress.step as f64 / self.plan.steps as f64).max(self.spent()).min(1.0)
    }

    /// Returns the spent fraction of the time budget; 0 without one.
    pub(super) fn spent(&self) -> f64 {
        self.plan.budget_secs.map_or(0.0, |budget| self.progress.seconds / budget)
    }

    /// Returns the spent fraction of the part of the time budget that is available for steps, before the next step and,
    /// as estimated, after it.
    pub(super) fn spent_by_step(&self) -> Option<Spent> {
        let Progress { seconds, prepared, .. } = self.progress;
        let for_steps = (self.plan.budget_secs? - prepared).max(1e-9);
        let share = |seconds: f64| (seconds - prepared) / for_steps;
        let step_secs = self.pace.step_secs().unwrap_or_default();
        Some(Spent { before: share(seconds), after: share(seconds + step_secs) })
    }

    /// Returns the total number of steps that fit in the time budget at the current speed; `None` without a budget.
    pub(super) fn steps_that_fit(&self) -> Option<usize> {
        let left = self.plan.budget_secs? - self.progress.seconds;
        let more = self.pace.fitting(left, self.plan.checkpoint_every)?;
        Some((self.progress.step + more).min(self.plan.steps))
    }

    /// Reports once if only few steps fit in the time limit, as soon as the speed is known or the time is over.
    pub(super) fn report_few_steps(&mut self) {
        let is_timed = self.progress.step == TIMED_STEPS || (self.progress.step < TIMED_STEPS && self.spent() >= 1.0);
        let fit = || Fit::new(self.plan, self.steps_that_fit()?, self.pace.step_secs()?);
        if let Some(fit) = fit().filter(|fit| is_timed && fit.is_few()) {
            (self.on_event)(TrainingEvent::Warning(Error::new("time limit", fit.in_words(), fit.remedy())));
            (self.on_event)(TrainingEvent::FewSteps(fit));
        }
    }
}
