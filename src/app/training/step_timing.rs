//! How long a step of the next run takes: measured on the engine's device while the form is looked at and nothing else needs the
//! device, again when the form has changed and rests.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use eframe::egui::Context;

use crate::app::training::probe_times::ProbeTimes;
use crate::engine::{Message, Request, StepTimingOrder};
use crate::error::Error;
use crate::training::{Network, TrainingPlan};

/// How long the form rests before a step is timed.
const REST: Duration = Duration::from_millis(700);

/// What is known of the time of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum StepTime {
    /// It is being measured, since so long; without a time, it will be when the form rests.
    Measuring(Option<Duration>),
    /// It is measured when what needs the device has ended.
    Waits,
    /// Seconds of a step of each network.
    Known(Vec<(Network, f64)>),
    /// It cannot be measured, and why.
    Failed(Error),
}

/// The measurements.
#[derive(Debug, Default)]
pub struct StepTiming {
    /// What is to be timed, and since when.
    wanted: Option<(Vec<TrainingPlan>, Instant)>,
    /// The number of the order that is under way, and when it was given.
    running: Option<(u64, Instant)>,
    orders: u64,
    /// What was measured of what is wanted.
    found: Option<Result<Vec<(Network, f64)>, Error>>,
    /// What linear probes took for a clip.
    pub probes: ProbeTimes,
}

impl StepTiming {
    /// Takes the plans that the form describes while it is looked at, and whether the device is free; returns what the engine is to do.
    pub fn follow(&mut self, plans: Option<Vec<TrainingPlan>>, is_free: bool, ctx: &Context) -> Option<Request> {
        let key: Option<Vec<_>> = plans.map(|plans| plans.into_iter().map(timed_part).collect());
        if let Some(key) = key.clone()
            && self.wanted.as_ref().is_none_or(|(known, _)| *known != key)
        {
            (self.wanted, self.found) = (Some((key, Instant::now())), None);
            if self.running.take().is_some() {
                return Some(Request::TimeSteps(None));
            }
        }
        let must_wait = key.is_none() || !is_free;
        if self.running.is_some() {
            return (must_wait && self.running.take().is_some()).then_some(Request::TimeSteps(None));
        }
        let (plans, since) = self.wanted.as_ref().filter(|_| !must_wait && self.found.is_none())?;
        let rest = REST.saturating_sub(since.elapsed());
        if !rest.is_zero() {
            ctx.request_repaint_after(rest);
            return None;
        }
        self.orders += 1;
        self.running = Some((self.orders, Instant::now()));
        Some(Request::TimeSteps(Some(Box::new(StepTimingOrder { id: self.orders, plans: plans.clone() }))))
    }

    /// Takes a message in.
    pub fn receive(&mut self, message: &Message) {
        match message {
            Message::StepsTimed(id, found) if self.is_of(*id) => self.found = Some(found.clone()),
            Message::StepTimingEnded(id) if self.is_of(*id) => {
                self.running = None;
                // Else it would be asked for again at once.
                let broken_off = || Err(Error::new("time per step", "the measurement broke off", "See the log"));
                self.found.get_or_insert_with(broken_off);
            }
            _ => {}
        }
    }

    fn is_of(&self, order: u64) -> bool {
        self.running.is_some_and(|(running, _)| running == order)
    }

    /// Returns what is known of `plans`, which may be others than were taken last: those of a form in which something is amiss are not
    /// taken. `is_free` tells whether the device is.
    pub fn time(&self, plans: &[TrainingPlan], is_free: bool) -> StepTime {
        let is_of_these = self.wanted.as_ref().is_some_and(|(wanted, _)| {
            wanted.len() == plans.len()
                && plans.iter().zip(wanted).all(|(plan, wanted)| timed_part(plan.clone()) == *wanted)
        });
        if !is_of_these {
            return if is_free { StepTime::Measuring(None) } else { StepTime::Waits };
        }
        match &self.found {
            Some(Ok(found)) => StepTime::Known(found.clone()),
            Some(Err(error)) => StepTime::Failed(error.clone()),
            None if is_free => StepTime::Measuring(self.running.map(|(_, since)| since.elapsed())),
            None => StepTime::Waits,
        }
    }
}

/// Returns the part of a plan on which the time of a step hangs.
fn timed_part(plan: TrainingPlan) -> TrainingPlan {
    let default = TrainingPlan::default();
    TrainingPlan {
        budget_secs: None,
        steps: default.steps,
        hold_out: 0.0,
        validation: None,
        run_dir: PathBuf::from("timed"),
        rate: default.rate,
        motion_rate: default.motion_rate,
        seed: default.seed,
        ..plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(batch: usize) -> Vec<TrainingPlan> {
        vec![TrainingPlan { batch, ..TrainingPlan::default() }]
    }

    fn plans(batch: usize) -> Option<Vec<TrainingPlan>> {
        Some(of(batch))
    }

    /// What is asked for once the form has rested.
    fn after_rest(timing: &mut StepTiming, plans: Option<Vec<TrainingPlan>>, is_free: bool) -> Option<Request> {
        if let Some((_, since)) = &mut timing.wanted {
            *since -= REST;
        }
        timing.follow(plans, is_free, &Context::default())
    }

    #[test]
    fn a_step_is_timed_when_the_form_rests_and_the_device_is_free_and_again_after_a_change() {
        let (mut timing, ctx) = (StepTiming::default(), Context::default());
        assert!(timing.follow(plans(8), true, &ctx).is_none(), "the form may still change");
        assert!(after_rest(&mut timing, plans(8), false).is_none());
        assert_eq!(
            ([false, true].map(|is_free| timing.time(&of(8), is_free))),
            [StepTime::Waits, StepTime::Measuring(None)]
        );
        let order = after_rest(&mut timing, plans(8), true);
        assert!(matches!(order, Some(Request::TimeSteps(Some(order))) if order.id == 1 && order.plans[0].batch == 8));
        assert!(matches!(timing.time(&of(8), true), StepTime::Measuring(Some(_))), "it says since when");
        timing.receive(&Message::StepsTimed(1, Ok(vec![(Network::Flow, 0.42)])));
        timing.receive(&Message::StepTimingEnded(1));
        assert_eq!(timing.time(&of(8), true), StepTime::Known(vec![(Network::Flow, 0.42)]));
        assert!(after_rest(&mut timing, plans(8), true).is_none(), "it is known");
        let other_rate = Some(vec![TrainingPlan { batch: 8, rate: 0.5, steps: 7, ..TrainingPlan::default() }]);
        assert!(after_rest(&mut timing, other_rate, true).is_none(), "a step takes as long");
        let other_budget = vec![TrainingPlan { batch: 8, budget_secs: Some(60.0), ..TrainingPlan::default() }];
        assert!(matches!(timing.time(&other_budget, true), StepTime::Known(_)), "a step takes as long");
        assert_eq!(timing.time(&of(4), true), StepTime::Measuring(None), "before it is taken");
        assert!(timing.follow(plans(4), true, &ctx).is_none());
        assert_eq!(timing.time(&of(4), true), StepTime::Measuring(None));
        assert!(matches!(after_rest(&mut timing, plans(4), true), Some(Request::TimeSteps(Some(_)))));
    }

    #[test]
    fn a_measurement_that_breaks_off_is_not_begun_again_at_once() {
        let mut timing = StepTiming::default();
        timing.follow(plans(8), true, &Context::default());
        assert!(after_rest(&mut timing, plans(8), true).is_some());
        timing.receive(&Message::StepTimingEnded(1));
        assert!(matches!(timing.time(&of(8), true), StepTime::Failed(_)));
        assert!(after_rest(&mut timing, plans(8), true).is_none());
    }

    #[test]
    fn what_is_under_way_ends_when_the_device_is_needed_or_nobody_looks() {
        for (next, is_free) in [(plans(8), false), (None, true), (plans(2), true)] {
            let mut timing = StepTiming::default();
            timing.follow(plans(8), true, &Context::default());
            assert!(matches!(after_rest(&mut timing, plans(8), true), Some(Request::TimeSteps(Some(_)))));
            let shown = next.clone().unwrap_or_else(|| of(8));
            let order = timing.follow(next, is_free, &Context::default());
            assert!(matches!(order, Some(Request::TimeSteps(None))));
            timing.receive(&Message::StepsTimed(1, Ok(vec![(Network::Flow, 0.42)])));
            assert!(!matches!(timing.time(&shown, true), StepTime::Known(_)), "too late");
        }
    }
}
