//! The elapsed time of feature extraction without pauses, and the spent fraction of a time budget.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::events::{TrainingControl, TrainingEvent};
use crate::error::Error;
use crate::training::config::plan::TrainingPlan;
use crate::training::optim::optimizer::Spent;

/// A clock of a run that stops during pauses.
pub struct Clock {
    control: TrainingControl,
    began: Instant,
    paused: Duration,
    budget_secs: Option<f64>,
}

impl Clock {
    /// Starts the clock, with the time budget of `plan` if it has one; `control` may pause it.
    pub fn start(plan: &TrainingPlan, control: &TrainingControl) -> Self {
        Self { control: control.clone(), began: Instant::now(), paused: Duration::ZERO, budget_secs: plan.budget_secs }
    }

    /// Returns the elapsed seconds, without pauses.
    pub fn seconds(&self) -> f64 {
        self.began.elapsed().saturating_sub(self.paused).as_secs_f64()
    }

    /// Returns the spent fraction of the time budget, more than 1 after its end; `None` without a budget.
    pub fn spent(&self) -> Option<f64> {
        self.budget_secs.map(|budget| self.seconds() / budget)
    }

    /// Returns `true` if a `share` of the budget is spent.
    pub fn is_over(&self, share: f64) -> bool {
        self.spent().is_some_and(|spent| spent >= share)
    }

    /// Returns `true` if the run is to end.
    pub fn is_stopped(&self) -> bool {
        self.control.is_stopped()
    }

    /// Blocks while the run is paused.
    pub fn wait_while_paused(&mut self, on_event: &mut dyn FnMut(TrainingEvent)) {
        let began = Instant::now();
        wait_while_paused(&self.control, on_event);
        self.paused += began.elapsed();
    }

    /// Returns the spent fraction of the budget that was left after a share `begun` of it, before update `step` (from
    /// 0) and after it.
    pub fn spent_since(&self, begun: f64, step: usize) -> Option<Spent> {
        let before = ((self.spent()? - begun) / (1.0 - begun).max(1e-9)).clamp(0.0, 1.0);
        Some(Spent { before, after: before + before / step.max(1) as f64 })
    }
}

/// Returns the indices of clips with these labels in the order of processing under a time limit: the first of each
/// class, then the second of each, and so on.
pub(in crate::training) fn by_turns(labels: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut seen: BTreeMap<usize, usize> = BTreeMap::new();
    let mut turns: Vec<(usize, usize)> = Vec::new();
    for (place, label) in labels.enumerate() {
        let turn = seen.entry(label).or_default();
        turns.push((*turn, place));
        *turn += 1;
    }
    turns.sort_unstable();
    turns.into_iter().map(|(_, place)| place).collect()
}

/// Returns the warning that only some of the clips were processed in time.
pub(in crate::training) fn time_is_up(looked_at: usize, of: usize) -> Error {
    let cause = format!("time limit reached after {looked_at} of {of} clips: the classifier is fitted to these");
    Error::new("time limit", cause, "Increase the time limit to train on all of them")
}

/// Returns the error of a run that was stopped before its stream had a last layer for its classes, so there is nothing
/// to save.
pub(in crate::training) fn stopped(plan: &TrainingPlan) -> Error {
    Error::cancelled(plan.run_dir.to_string_lossy(), "stopped before the first step", "Start the run again")
}

/// Blocks while the run is paused.
fn wait_while_paused(control: &TrainingControl, on_event: &mut dyn FnMut(TrainingEvent)) {
    if control.is_paused() {
        on_event(TrainingEvent::Paused);
        control.wait_while_paused();
        on_event(TrainingEvent::Resumed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_turn() {
        assert_eq!(by_turns([0, 0, 0, 1, 2, 2].into_iter()), [0, 3, 4, 1, 5, 2]);
        assert!(by_turns(std::iter::empty()).is_empty());
    }

    #[test]
    fn what_is_left_of_a_budget_is_shared_out_anew() {
        let plan = TrainingPlan { budget_secs: Some(100.0), ..TrainingPlan::default() };
        let began = Instant::now().checked_sub(Duration::from_secs(80)).unwrap();
        let clock = Clock { began, ..Clock::start(&plan, &TrainingControl::default()) };
        assert!(clock.is_over(0.8) && !clock.is_over(0.9));
        let spent = clock.spent_since(0.6, 10).unwrap(); // 20 of 40 seconds, 2 per step
        assert!((spent.before - 0.5).abs() < 0.05 && (spent.after - spent.before - 0.05).abs() < 0.01, "{spent:?}");
        assert!(Clock::start(&TrainingPlan::default(), &TrainingControl::default()).spent_since(0.0, 1).is_none());
    }
}
