//! The throughput of a run and its estimated remaining time.

use std::collections::VecDeque;
use std::time::Duration;

/// Number of steps over which the throughput is averaged.
const WINDOW: usize = 20;
/// Number of initial steps in which devices are still autotuning.
const TUNING: usize = 3;

/// A running measurement of the time of recent steps and checkpoints.
#[derive(Default)]
pub struct Throughput {
    /// Seconds of each step, and the part spent waiting for its batches.
    steps: VecDeque<[f64; 2]>,
    /// Number of steps so far, including those of autotuning.
    seen: usize,
    /// Seconds of a checkpoint including validation: a moving average in which the last one has a weight of one half.
    checkpoint: Option<f64>,
}

impl Throughput {
    /// Adds a step, during which `waited` was spent waiting for batches.
    pub fn push(&mut self, step: Duration, waited: Duration) {
        self.seen += 1;
        // The first steps give an estimate until there are better measurements.
        if self.seen <= TUNING + 1 {
            self.steps.clear();
        }
        self.steps.push_back([step, waited].map(|time| time.as_secs_f64()));
        if self.steps.len() > WINDOW {
            self.steps.pop_front();
        }
    }

    /// Adds a checkpoint.
    pub fn push_checkpoint(&mut self, took: Duration) {
        let secs = took.as_secs_f64();
        self.checkpoint = Some(self.checkpoint.map_or(secs, |before| (before + secs) / 2.0));
    }

    /// Returns the steps per second, excluding the time between steps.
    pub fn steps_per_sec(&self) -> f64 {
        self.steps.len() as f64 / self.seconds(0)
    }

    /// Returns the seconds per step, excluding the time between steps; `None` before the first step.
    pub fn step_secs(&self) -> Option<f64> {
        (!self.steps.is_empty()).then(|| 1.0 / self.steps_per_sec())
    }

    /// Returns the number of further steps, with a checkpoint every `checkpoint_every`, that fit in `secs` seconds;
    /// `None` before the first step.
    pub fn fitting(&self, secs: f64, checkpoint_every: usize) -> Option<usize> {
        self.step_secs().map(|_| (secs.max(0.0) / self.eta_secs(1, checkpoint_every)) as usize)
    }

    /// Returns the fraction of the steps' time spent waiting for batches.
    pub fn stall(&self) -> f64 {
        self.seconds(1) / self.seconds(0)
    }

    /// Returns the estimated seconds for `steps` further steps with a checkpoint every `checkpoint_every`.
    pub fn eta_secs(&self, steps: usize, checkpoint_every: usize) -> f64 {
        let checkpoints = steps as f64 / checkpoint_every as f64 * self.checkpoint.unwrap_or_default();
        steps as f64 / self.steps_per_sec() + checkpoints
    }

    fn seconds(&self, of: usize) -> f64 {
        self.steps.iter().map(|step| step[of]).sum::<f64>().max(1e-9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tuning_is_left_out_and_checkpoints_are_counted() {
        let mut pace = Throughput::default();
        let secs = Duration::from_secs_f64;
        (0..3).for_each(|_| pace.push(secs(30.0), secs(0.0)));
        assert!(pace.steps_per_sec() < 0.04, "something is told from the first step on");
        (0..10).for_each(|_| pace.push(secs(0.5), secs(0.1)));
        assert!((pace.steps_per_sec() - 2.0).abs() < 1e-9 && (pace.stall() - 0.2).abs() < 1e-9);
        assert!((pace.eta_secs(100, 50) - 50.0).abs() < 1e-9);
        pace.push_checkpoint(secs(3.0));
        pace.push_checkpoint(secs(5.0));
        assert!((pace.eta_secs(100, 50) - 58.0).abs() < 1e-9, "two checkpoints of four seconds");
        assert_eq!((pace.fitting(58.5, 50), pace.fitting(-1.0, 50)), (Some(100), Some(0)));
        assert_eq!(Throughput::default().fitting(60.0, 50), None);
    }
}
