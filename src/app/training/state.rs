//! The running training as its events tell it: what it does, how far it is, and its curves.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::diagnostics::TrainingDiagnostics;
use crate::app::ui::curves::Curves;
use crate::plural::counted;
use crate::training::{
    Fit, Network, Preparation, ResumedRun, RunKind, Snapshot, StepMetrics, TrainingEvent, TrainingPlan,
};

/// The share of the fit of a last layer that extracting its features takes: most of it, as its steps are fast.
const PREPARATION: f64 = 0.8;

/// What is being done with clips before the first step.
#[derive(Debug, Clone, Copy)]
pub struct Preparing {
    /// What for.
    pub what: Preparation,
    /// Clips so far.
    pub done: usize,
    /// Of so many.
    pub of: usize,
    since: Instant,
}

impl Preparing {
    fn share(&self) -> f64 {
        self.done as f64 / self.of.max(1) as f64
    }
}

/// How far a run was that is resumed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ResumedAt {
    /// Steps that were done.
    pub step: usize,
    /// Steps of the plan.
    pub steps: usize,
    /// The share that was done.
    done: f64,
}

/// What the training thread is doing.
#[derive(Debug, Clone, PartialEq)]
pub enum TrainingPhase {
    /// Nothing, and nothing has been trained since the start.
    Idle,
    /// Reading the clips and building the networks.
    Preparing,
    /// Making steps.
    Running,
    /// Told to hold; the present step is still being made.
    Pausing,
    /// Holding.
    Paused,
    /// Told to end; the present step and the last checkpoint are still being made.
    Stopping,
    /// Ended, with networks to show for it.
    Finished {
        /// The trained networks.
        model_dir: PathBuf,
        /// Whether steps were left.
        stopped_early: bool,
    },
    /// Ended with a problem, which the log and the notice tell.
    Failed,
}

/// The training's progress.
#[derive(Debug, Clone)]
pub struct TrainingState {
    /// What it does.
    pub phase: TrainingPhase,
    /// The run's folder.
    pub run_dir: Option<PathBuf>,
    /// Clips, classes and parameters in a sentence.
    pub summary: String,
    /// What is being done with clips before the first step.
    pub preparing: Option<Preparing>,
    /// Whether the present run has looked at clips before its first step.
    has_prepared: bool,
    /// When this run began.
    began: Option<Instant>,
    /// When it was asked for, or its turn came.
    asked: Option<Instant>,
    /// How far it was when it was resumed, until its next step.
    pub resumed: Option<ResumedAt>,
    /// What fits into the time limit, if that is little, until it is answered.
    pub few_steps: Option<Fit>,
    /// The model that it starts from.
    pub base: Option<PathBuf>,
    /// The runs that were asked for, in turn.
    pub plans: Vec<TrainingPlan>,
    /// Which of how many runs this is, and what it trains, where there are several.
    pub part: Option<(usize, usize, Network)>,
    /// The newest step.
    pub latest: Option<StepMetrics>,
    /// The loss and its terms by step.
    pub losses: Curves,
    /// Shares between 0 and 1 by step: the accuracy on the batch, measurements on the validation clips.
    pub shares: Curves,
    /// What else the panel shows of it.
    pub diagnostics: TrainingDiagnostics,
    /// The steps that the run can go back to.
    pub snapshots: Vec<Snapshot>,
    /// Time spent making steps before the last pause, and when they were taken up again.
    clock: (Duration, Option<Instant>),
}

impl Default for TrainingState {
    fn default() -> Self {
        Self {
            phase: TrainingPhase::Idle,
            run_dir: None,
            summary: String::new(),
            preparing: None,
            has_prepared: false,
            began: None,
            asked: None,
            resumed: None,
            few_steps: None,
            base: None,
            plans: Vec::new(),
            part: None,
            latest: None,
            losses: Curves::default(),
            shares: Curves::default(),
            diagnostics: TrainingDiagnostics::default(),
            snapshots: Vec::new(),
            clock: (Duration::ZERO, None),
        }
    }
}

impl TrainingState {
    /// A training that was just asked for.
    pub fn starting() -> Self {
        Self { phase: TrainingPhase::Preparing, asked: Some(Instant::now()), ..Self::default() }
    }

    /// The share of the training that is done; of several runs each is an equal part.
    pub fn share_done(&self) -> f64 {
        let resumed = self.resumed.map_or(0.0, |resumed| resumed.done);
        let steps = self.latest.as_ref().map_or(resumed, |latest| latest.done);
        let of_run = match self.preparing {
            Some(preparing) => self.preparation() * preparing.share(),
            None if self.has_prepared => self.preparation() + (1.0 - self.preparation()) * steps,
            None => steps,
        };
        self.part.map_or(of_run, |(number, parts, _)| (number as f64 + of_run) / parts as f64)
    }

    /// Returns the share of the present run that is its preparation. Where whole networks are trained, it has a bar of its own, so
    /// that the share of the training is that of its steps.
    fn preparation(&self) -> f64 {
        let number = self.part.map_or(0, |(number, ..)| number);
        let trains = self.plans.get(number).is_some_and(|plan| plan.kind == RunKind::Training);
        if !trains {
            PREPARATION
        } else if self.preparing.is_some() {
            1.0
        } else {
            0.0
        }
    }

    /// Returns the time since the start of the current run, while it reports no progress yet.
    pub fn waiting(&self) -> Option<Duration> {
        let waits = matches!(self.phase, TrainingPhase::Preparing | TrainingPhase::Running);
        let is_silent = self.latest.is_none() && self.preparing.is_none();
        self.asked.filter(|_| waits && is_silent).map(|asked| asked.elapsed())
    }

    /// Whether the present run is a linear probe.
    pub fn is_probe(&self) -> bool {
        let number = self.part.map_or(0, |(number, ..)| number);
        self.plans.get(number).is_some_and(|plan| plan.kind != RunKind::Training)
    }

    /// Whether a training is under way, held or not.
    pub fn is_active(&self) -> bool {
        use TrainingPhase as P;
        matches!(self.phase, P::Preparing | P::Running | P::Pausing | P::Paused | P::Stopping)
    }

    /// The runs to be taken up again, in turn: those of a training that was stopped.
    pub fn resumable(&self) -> Option<&[TrainingPlan]> {
        let was_stopped = matches!(self.phase, TrainingPhase::Finished { stopped_early: true, .. });
        (was_stopped && !self.plans.is_empty()).then_some(self.plans.as_slice())
    }

    /// The training that takes those up.
    pub fn resuming(&self) -> Self {
        Self { base: self.base.clone(), plans: self.plans.clone(), ..Self::starting() }
    }

    /// The folder of the networks that were trained last.
    pub fn trained(&self) -> Option<&PathBuf> {
        match &self.phase {
            TrainingPhase::Finished { model_dir, .. } => Some(model_dir),
            _ => None,
        }
    }

    /// Time spent making steps.
    pub fn elapsed(&self) -> Duration {
        self.clock.0 + self.clock.1.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Time left until the last layer is fitted, at the pace so far.
    pub fn preparing_left(&self) -> Option<Duration> {
        let Preparing { done, of, since, .. } = self.preparing.filter(|preparing| preparing.done > 0)?;
        Some(since.elapsed().mul_f64((of - done) as f64 / done as f64))
    }

    /// Takes an event in.
    pub fn receive(&mut self, event: &TrainingEvent) {
        self.diagnostics.receive(event);
        match event {
            TrainingEvent::Part { number, of, network } => self.begin_part(*number, *of, *network),
            TrainingEvent::Started { run_dir, clips, classes, parameters, resumed_at } => {
                self.run_dir = Some(run_dir.clone());
                self.began = Some(Instant::now());
                self.summary = summary(*clips, classes.len(), *parameters, *resumed_at);
                self.enter(TrainingPhase::Running);
            }
            TrainingEvent::Resuming(resumed) => self.take_up(resumed),
            TrainingEvent::FewSteps(fit) => self.few_steps = Some(*fit),
            TrainingEvent::Preparing { what, done, of } => {
                self.has_prepared |= *what == Preparation::ExtractFeatures;
                let since = self.preparing.filter(|before| before.what == *what).map(|before| before.since);
                let since = since.or(self.began).unwrap_or_else(Instant::now);
                self.preparing = (done < of).then_some(Preparing { what: *what, done: *done, of: *of, since });
                if done == of {
                    self.began = Some(Instant::now()); // what comes next is timed by itself
                }
            }
            TrainingEvent::Step(metrics) => self.step(metrics),
            TrainingEvent::Validation { step, name, value, .. } => {
                self.shares.push(&format!("validation {name}"), *step as f64, f64::from(*value));
            }
            TrainingEvent::Paused => self.enter(TrainingPhase::Paused),
            TrainingEvent::Resumed => self.enter(TrainingPhase::Running),
            TrainingEvent::Finished { model_dir, stopped_early } => {
                let (model_dir, stopped_early) = (model_dir.clone(), *stopped_early);
                self.enter(TrainingPhase::Finished { model_dir, stopped_early });
            }
            TrainingEvent::Best { .. }
            | TrainingEvent::OutOfPatience { .. }
            | TrainingEvent::Checkpoint(_)
            | TrainingEvent::Warning(_) => {}
            TrainingEvent::Switched { .. } | TrainingEvent::GradientShares(_) => {}
            TrainingEvent::Snapshots(snapshots) => self.snapshots.clone_from(snapshots),
            TrainingEvent::RolledBack { to, .. } => self.rolled_back(*to),
        }
    }

    /// Shows what a resumed run was before.
    fn take_up(&mut self, run: &ResumedRun) {
        let ResumedRun { step, steps, seconds, done, .. } = *run;
        self.resumed = Some(ResumedAt { step, steps, done });
        self.clock.0 += Duration::try_from_secs_f64(seconds).unwrap_or_default();
        for (name, points) in &run.curves {
            let (curves, name) = match name.as_str() {
                "rate" => continue,
                "accuracy" => (&mut self.shares, "batch"),
                measured if measured.starts_with("validation ") => (&mut self.shares, measured),
                // The only term of a loss is the loss.
                "action" if run.curves.get("loss") == Some(points) => continue,
                term => (&mut self.losses, term),
            };
            points.iter().for_each(|[x, y]| curves.push(name, *x, *y));
        }
    }

    /// One of several runs begins: its curves are its own.
    fn begin_part(&mut self, number: usize, of: usize, network: Network) {
        let clock = (self.elapsed(), None);
        let (base, plans) = (self.base.take(), std::mem::take(&mut self.plans));
        *self = Self { part: Some((number, of, network)), base, plans, clock, ..Self::starting() };
    }

    /// All curves as comma-separated values, a line a point.
    pub fn curves_table(&self) -> String {
        let curves = [&self.losses, &self.shares, &self.diagnostics.shares].map(Curves::table);
        format!("curve,step,value\n{}", curves.concat())
    }

    /// Changes the phase and stops or starts the clock with it.
    pub fn enter(&mut self, phase: TrainingPhase) {
        self.clock.0 = self.elapsed();
        let runs = matches!(phase, TrainingPhase::Running | TrainingPhase::Pausing | TrainingPhase::Stopping);
        self.clock.1 = runs.then(Instant::now);
        self.phase = phase;
    }

    /// What was measured after step `to` is void.
    fn rolled_back(&mut self, to: usize) {
        self.losses.cut(to as f64);
        self.shares.cut(to as f64);
        if let Some(latest) = &mut self.latest {
            latest.step = to;
            latest.done = latest.done.min(to as f64 / latest.steps as f64);
        }
    }

    fn step(&mut self, metrics: &StepMetrics) {
        let x = metrics.step as f64;
        self.losses.push("loss", x, f64::from(metrics.loss));
        let is_the_loss = |value: f32| metrics.terms.len() == 1 && value == metrics.loss;
        for (name, value) in metrics.terms.iter().filter(|(_, value)| !is_the_loss(*value)) {
            self.losses.push(name, x, f64::from(*value));
        }
        if let Some(accuracy) = metrics.accuracy {
            self.shares.push("batch", x, f64::from(accuracy));
        }
        self.latest = Some(metrics.clone());
        self.resumed = None;
    }
}

fn summary(clips: usize, classes: usize, parameters: usize, resumed_at: usize) -> String {
    let labels = if classes == 0 { "without labels".to_owned() } else { counted(classes, "class") };
    let resumed = if resumed_at == 0 { String::new() } else { format!(", resumed at step {resumed_at}") };
    let clips = counted(clips, "clip");
    format!("{clips}, {labels}, {} parameters{resumed}", crate::app::ui::format::thousands(parameters))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn step(step: usize, done: f64) -> TrainingEvent {
        TrainingEvent::Step(StepMetrics {
            step,
            steps: 10,
            loss: 1.0,
            terms: Vec::new(),
            weights: Vec::new(),
            accuracy: None,
            rate: 1.0,
            steps_per_sec: 1.0,
            stall: 0.0,
            eta_secs: 1.0,
            memory_bytes: None,
            done,
        })
    }

    #[test]
    fn the_share_that_is_done_never_falls() {
        let mut training = TrainingState::starting();
        let network = Network::Spatial;
        let parts = (0..2).flat_map(|number| {
            let preparing = |done| TrainingEvent::Preparing { what: Preparation::ExtractFeatures, done, of: 4 };
            let part = TrainingEvent::Part { number, of: 2, network };
            [part, preparing(1), preparing(3), preparing(4), step(1, 0.1), step(10, 1.0)]
        });
        let mut before = 0.0;
        for event in parts {
            training.receive(&event);
            assert!(training.share_done() >= before, "{event:?}: {} after {before}", training.share_done());
            before = training.share_done();
        }
        assert_eq!(before, 1.0);
    }

    #[test]
    fn a_resumed_run_shows_what_was_before() {
        let mut training = TrainingState::starting();
        assert!(training.waiting().is_some(), "elapsed time is shown from the start");
        let started = TrainingEvent::Started {
            run_dir: "/runs/a".into(),
            clips: 4,
            classes: vec![],
            parameters: 1,
            resumed_at: 4,
        };
        training.receive(&started);
        let points = vec![[1.0, 2.0], [4.0, 1.5]];
        let names = ["loss", "action", "accuracy", "rate", "validation top-1", "pixel 2"];
        let mut curves: BTreeMap<_, _> = names.map(|name| (name.to_owned(), points.clone())).into();
        curves.insert("pixel 2".into(), vec![[1.0, 7.0]]);
        let resumed = ResumedRun { step: 4, steps: 10, seconds: 60.0, done: 0.4, curves };
        training.receive(&TrainingEvent::Resuming(Box::new(resumed)));
        let named = |curves: &Curves| curves.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(named(&training.losses), ["loss", "pixel 2"], "the only other term is the loss itself");
        assert_eq!(named(&training.shares), ["batch", "validation top-1"]);
        assert_eq!(training.losses.get("loss").unwrap().points(), points);
        assert_eq!(training.share_done(), 0.4);
        assert!(training.elapsed() >= Duration::from_secs(60) && training.waiting().is_some());
        training.receive(&step(5, 0.5));
        assert_eq!((training.share_done(), training.waiting(), training.resumed), (0.5, None, None));
    }

    #[test]
    fn a_training_that_was_stopped_is_taken_up_with_its_own_runs() {
        let mut training = TrainingState::starting();
        training.plans = vec![TrainingPlan { run_dir: "/runs/a".into(), ..TrainingPlan::default() }];
        training.base = Some("/models/base".into());
        training.receive(&TrainingEvent::Part { number: 0, of: 1, network: Network::Spatial });
        assert_eq!(training.resumable(), None, "it is under way");
        let ended = |stopped_early| TrainingEvent::Finished { model_dir: "/runs/a/model".into(), stopped_early };
        training.receive(&ended(true));
        let resuming = training.resuming();
        assert_eq!((resuming.plans.as_slice(), &resuming.base), (training.resumable().unwrap(), &training.base));
        assert!(resuming.is_active());
        training.receive(&ended(false));
        assert_eq!(training.resumable(), None, "nothing is left of it");
    }
}
