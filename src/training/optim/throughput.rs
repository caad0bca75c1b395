//! The speed of a run, and how long it will still take.

use std::collections::VecDeque;
use std::time::Duration;

/// Steps over which the speed is averaged.
const WINDOW: usize = 20;
/// Steps at the beginning in which devices are still tuned.
const TUNING: usize = 3;

/// A running measurement of the time of recent steps and checkpoints.
#[derive(Default)]
pub struct Throughput {
    /// Seconds of each step, and of the waiting for its batches.
    steps: VecDeque<[f64; 2]>,
    /// Steps so far, those of the tuning included.
    seen: usize,
    /// Seconds of a checkpoint with its measurement: an average in which the last one counts half.
    checkpoint: Option<f64>,
}

impl Throughput {
    /// Takes a step in, of which so much was spent `waited` for batches.
    pub fn push(&mut self, step: Duration, waited: Duration) {
        self.seen += 1;
        // A first estimate until there are better measurements.
        if self.seen <= TUNING + 1 {
            self.steps.clear();
        }
        self.steps.push_back([step, waited].map(|time| time.as_secs_f64()));
        if self.steps.len() > WINDOW {
            self.steps.pop_front();
        }
    }

    /// Takes a checkpoint in.
    pub fn push_checkpoint(&mut self, took: Duration) {
        let secs = took.as_secs_f64();
        self.checkpoint = Some(self.checkpoint.map_or(secs, |before| (before + secs) / 2.0));
    }

    /// Steps a second, without what is between them.
    pub fn steps_per_sec(&self) -> f64 {
        self.steps.len() as f64 / self.seconds(0)
    }

    /// Seconds of a step, without what is between steps; none before the first one.
    pub fn step_secs(&self) -> Option<f64> {
        (!self.steps.is_empty()).then(|| 1.0 / self.steps_per_sec())
    }

    /// Returns how many more steps with a checkpoint every `checkpoint_every` fit into so many seconds; none before the first
    /// step.
    pub fn fitting(&self, secs: f64, checkpoint_every: usize) -> Option<usize> {
        self.step_secs().map(|_| (secs.max(0.0) / self.eta_secs(1, checkpoint_every)) as usize)
    }

    /// Share of the time of the steps that was waited for batches.
    pub fn stall(&self) -> f64 {
        self.seconds(1) / self.seconds(0)
    }

    /// Seconds for `steps` more steps with a checkpoint every `checkpoint_every`.
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
