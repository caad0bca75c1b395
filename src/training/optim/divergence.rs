//! Divergence detection, which rolls a run back to a snapshot.
//!
//! The loss is smoothed over about [`SPAN`] steps and judged from step [`SETTLED`] on. A run diverges when for [`SUSTAINED`] steps on end the smoothed loss is above
//! the plan's factor times its best, or when as many steps as [`SKIPPED`] in a row had to be skipped because numbers were not
//! finite. A small loss may double by chance: losses below a tenth of the initial one, or below that of guessing, raise no
//! alarm.

use serde::{Deserialize, Serialize};

/// Steps over which the loss is smoothed.
const SPAN: usize = 20;
/// Steps before which nothing is judged.
const SETTLED: usize = 10;
/// Steps on end that must be above the limit.
const SUSTAINED: usize = 5;
/// Skipped steps in a row that are an alarm.
const SKIPPED: usize = 3;
/// Share of the first smoothed loss below which its best is not counted.
const FLOOR: f64 = 0.1;

/// The divergence detector; part of the checkpoint, so that a resumed run raises the same alarms.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Watch {
    /// Finite losses so far.
    steps: usize,
    smoothed: f64,
    /// The smoothed loss when it was first judged, and the lowest since.
    first: f64,
    best: f64,
    /// Steps on end above the limit, and skipped ones.
    above: usize,
    skipped: usize,
}

/// Above which a smoothed loss is one of divergence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// Times the best; 0 for none.
    pub factor: f64,
    /// What guessing costs: no lower loss is an alarm. 0 without classes.
    pub chance: f64,
}

impl Watch {
    /// Takes the loss of a step in, none for a skipped one. Returns why the run diverges, if it does.
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

    /// Returns whether nothing pointed to divergence: the smoothed loss was at most half-way to the limit.
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

    /// The step at which losses raise an alarm.
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
