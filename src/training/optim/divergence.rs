//! Divergence detection, which rolls a run back to a snapshot.
//!
//! The loss is smoothed over about [`SPAN`] steps and checked from step [`SETTLED`] on. A run diverges if the smoothed
//! loss exceeds the plan's factor times its best for [`SUSTAINED`] consecutive steps, or if [`SKIPPED`] consecutive
//! steps were skipped because of non-finite values. Small losses may double by chance: losses below a tenth of the
//! initial one, or below chance level, never raise an alarm.

use serde::{Deserialize, Serialize};

/// Number of steps over which the loss is smoothed.
const SPAN: usize = 20;
/// Number of initial steps that are not checked.
const SETTLED: usize = 10;
/// Number of consecutive steps above the limit that raise an alarm.
const SUSTAINED: usize = 5;
/// Number of consecutive skipped steps that raise an alarm.
const SKIPPED: usize = 3;
/// Floor of the best loss, as a fraction of the first smoothed loss.
const FLOOR: f64 = 0.1;

/// The divergence detector; part of the checkpoint, so that a resumed run raises the same alarms.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Watch {
    /// Number of finite losses so far.
    steps: usize,
    smoothed: f64,
    /// Smoothed loss at the first check, and the lowest since.
    first: f64,
    best: f64,
    /// Numbers of consecutive steps above the limit, and of consecutive skipped steps.
    above: usize,
    skipped: usize,
}

/// The limit above which a smoothed loss counts as divergence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// Factor on the best loss; 0 to disable.
    pub factor: f64,
    /// Loss at chance level: no lower loss raises an alarm. 0 without classes.
    pub chance: f64,
}

impl Watch {
    /// Adds the loss of a step, `None` for a skipped one. Returns the reason if the run diverges.
    pub fn push(&mut self, loss: Option<f64>, limit: Limit) -> Option<String> {
        if limit.factor == 0.0 {
            return None;
        }
        let Some(loss) = loss else {
            self.skipped += 1;
            return (self.skipped >= SKIPPED)
                .then(|| format!("the loss was not finite for {SKIPPED} consecutive steps"));
        };
        self.skipped = 0;
        self.steps += 1;
        self.smoothed += (loss - self.smoothed) / self.steps.min(SPAN) as f64;
        if self.steps == SETTLED {
            (self.first, self.best) = (self.smoothed, self.smoothed);
        }
        if self.steps < SETTLED {
            return None;
        }
        self.best = self.best.min(self.smoothed);
        self.above = if self.smoothed > self.highest(limit) { self.above + 1 } else { 0 };
        (self.above >= SUSTAINED).then(|| {
            let (smoothed, best, factor) = (self.smoothed, self.best, limit.factor);
            format!("the loss is {smoothed:.3} on average, more than {factor} times its best, {best:.3}")
        })
    }

    /// Returns `true` without signs of divergence: the smoothed loss was at most half-way to the limit.
    pub fn is_calm(&self, limit: Limit) -> bool {
        let halfway = Limit { factor: limit.factor.sqrt(), ..limit };
        self.skipped == 0 && (self.steps < SETTLED || self.smoothed <= self.highest(halfway))
    }

    fn highest(&self, limit: Limit) -> f64 {
        (limit.factor * self.best.max(FLOOR * self.first)).max(limit.chance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { factor: 3.0, chance: 0.0 };

    /// Returns the step at which losses raise an alarm.
    fn alarm(limit: Limit, losses: impl Iterator<Item = f64>) -> Option<usize> {
        let mut watch = Watch::default();
        losses.into_iter().position(|loss| watch.push(Some(loss).filter(|loss| loss.is_finite()), limit).is_some())
    }

    #[test]
    fn only_a_loss_that_stays_high_is_divergence() {
        let falling = |step: usize| 2.0 / (1.0 + step as f64 / 50.0);
        assert_eq!(alarm(LIMIT, (0..1000).map(falling)), None);
        let outlier = |step: usize| if step == 300 { 10.0 } else { falling(step) };
        assert_eq!(alarm(LIMIT, (0..1000).map(outlier)), None, "one batch is no divergence");
        let broken = |step: usize| if step >= 300 { 5.0 } else { falling(step) };
        let found = alarm(LIMIT, (0..1000).map(broken)).unwrap();
        assert!((305..325).contains(&found), "{found}");
        assert_eq!(alarm(Limit { factor: 0.0, ..LIMIT }, (0..1000).map(broken)), None, "switched off");
    }

    #[test]
    fn a_small_loss_may_multiply() {
        let forgetful = |step: usize| if step < 100 { 1e-3 } else { 0.9 };
        assert!(alarm(LIMIT, (0..300).map(forgetful)).is_some());
        let three_classes = Limit { chance: 3f64.ln(), ..LIMIT };
        assert_eq!(alarm(three_classes, (0..300).map(forgetful)), None, "no worse than guessing");
        let from_high = |step: usize| {
            if step < 25 {
                2.0
            } else if step < 200 {
                1e-3
            } else {
                0.5
            }
        };
        assert_eq!(alarm(LIMIT, (0..400).map(from_high)), None, "a quarter of where it began");
    }

    #[test]
    fn steps_that_are_not_finite_are_counted_in_a_row() {
        let nan = |step: usize| if step.is_multiple_of(3) { 1.0 } else { f64::NAN };
        assert_eq!(alarm(LIMIT, (0..100).map(nan)), None);
        assert_eq!(alarm(LIMIT, (0..100).map(|step| if step < 10 { 1.0 } else { f64::NAN })), Some(12));
    }

    #[test]
    fn what_leads_to_divergence_is_no_good_snapshot() {
        let mut watch = Watch::default();
        (0..100).for_each(|_| assert!(watch.push(Some(1.0), LIMIT).is_none()));
        assert!(watch.is_calm(LIMIT));
        (0..20).for_each(|_| assert!(watch.push(Some(2.5), LIMIT).is_none()));
        assert!(!watch.is_calm(LIMIT), "on the way up");
        let mut early = Watch::default();
        let rising = |step: usize| if step < 12 { 1.5 } else { 100.0 };
        let alarm = (0..30).position(|step| early.push(Some(rising(step)), LIMIT).is_some());
        assert_eq!(alarm, Some(16), "the fifth step above");
    }
}
