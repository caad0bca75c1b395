//! The running training as its events tell it: what it does, how far it is, and its curves.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::diagnostics::TrainingDiagnostics;
use super::old_and_new::OldAndNew;
use super::run_curves::{EarlierRuns, RunCurves, curves_table};
use super::summary::{parameters_text, summary};
use crate::app::ui::curves::Curves;
use crate::app::ui::progress::Progress;
use crate::training::{
    CutShort, EndingWork, Fit, Network, Preparation, ResumedRun, RunKind, Snapshot, StepMetrics, TrainingEvent,
    TrainingPlan,
};

/// What is being done with clips before the first step.
#[derive(Debug, Clone, Copy)]
pub struct Preparing {
    /// What for.
    pub what: Preparation,
    /// Clips so far.
    pub done: usize,
    /// Of so many.
    pub of: usize,
    progress: Progress,
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
    /// Ended on request before there were networks to be saved.
    Discarded,
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
    /// Whether the present run has looked at all clips, before its first step.
    pub has_prepared: bool,
    /// When this run began.
    began: Option<Instant>,
    /// Since when it reports no progress: it was asked for, its turn came, or its clips are looked at.
    asked: Option<Instant>,
    /// How far it was when it was resumed, until its next step.
    pub resumed: Option<ResumedAt>,
    /// What fits into the time limit, if that is little, until it is answered.
    pub few_steps: Option<Fit>,
    /// What the time limit left undone of each run.
    pub cut_short: Vec<CutShort>,
    /// What it does between its last step and the next, or its end.
    pub ending: Option<EndingWork>,
    /// The model that it starts from.
    pub base: Option<PathBuf>,
    /// The runs that were asked for, in turn.
    pub plans: Vec<TrainingPlan>,
    /// Which of how many runs this is, and what it trains, where there are several.
    pub part: Option<(usize, usize, Network)>,
    /// The parameters of each run so far, where there are several.
    streams: Vec<(Network, usize)>,
    /// The curves of the runs before this one, where there are several.
    earlier: EarlierRuns,
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
    /// Whether the networks that were trained last are loaded: a run that is resumed saves others to the same folder.
    pub is_loaded: bool,
    /// The step that it rolls back to once the step in work is done.
    pub rolling_back: Option<usize>,
    /// Whether it has finished while the Training panel was not shown, and has not been looked at since.
    pub has_unseen_result: bool,
    /// Time spent making steps before the last pause, and when they were taken up again.
    clock: (Duration, Option<Instant>),
    /// The present run's place among those in turn, and the time that was spent before it.
    before: (usize, Duration),
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
            cut_short: Vec::new(),
            ending: None,
            base: None,
            plans: Vec::new(),
            part: None,
            streams: Vec::new(),
            earlier: EarlierRuns::default(),
            latest: None,
            losses: Curves::default(),
            shares: Curves::default(),
            diagnostics: TrainingDiagnostics::default(),
            snapshots: Vec::new(),
            is_loaded: false,
            rolling_back: None,
            has_unseen_result: false,
            clock: (Duration::ZERO, None),
            before: (0, Duration::ZERO),
        }
    }
}

impl TrainingState {
    /// A training that was just asked for.
    pub fn starting() -> Self {
        Self { phase: TrainingPhase::Preparing, asked: Some(Instant::now()), ..Self::default() }
    }

    /// Runs of `plans`, from `base`, that are taken up again; those of the same training that have ended took `seconds`.
    pub fn taken_up(plans: Vec<TrainingPlan>, seconds: f64) -> Self {
        let spent = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        let base = plans.first().and_then(|plan| plan.base.clone());
        Self { base, plans, clock: (spent, None), before: (0, spent), ..Self::starting() }
    }

    /// The share that is done of what is under way: of the clips that are looked at before the first step, then of the steps.
    pub fn share_done(&self) -> f64 {
        let resumed = self.resumed.map_or(0.0, |resumed| resumed.done);
        let steps = || self.latest.as_ref().map_or(resumed, |latest| latest.done);
        self.preparing.map_or_else(steps, |preparing| preparing.share())
    }

    /// Returns for how long the current run has been reporting no progress, before its first step.
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
        let (clock, before) = ((self.elapsed(), None), self.before);
        // The run that was stopped brings its own curves along.
        let (base, plans, earlier) = (self.base.clone(), self.plans.clone(), self.earlier.clone());
        Self { base, plans, earlier, clock, before, cut_short: self.cut_short.clone(), ..Self::starting() }
    }

    /// The folder of the networks that were trained last.
    pub fn trained(&self) -> Option<&PathBuf> {
        match &self.phase {
            TrainingPhase::Finished { model_dir, .. } => Some(model_dir),
            _ => None,
        }
    }

    /// Notes that the model in folder `dir` was loaded.
    pub fn model_loaded(&mut self, dir: &Path) {
        self.is_loaded = self.trained().is_some_and(|trained| trained == dir);
    }

    /// Time spent, in all runs in turn and also before they were taken up again.
    pub fn elapsed(&self) -> Duration {
        self.clock.0 + self.clock.1.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Time left until the last layer is fitted, at the pace so far.
    pub fn preparing_left(&self) -> Option<Duration> {
        self.preparing?.progress.left()
    }

    /// Takes an event in.
    pub fn receive(&mut self, event: &TrainingEvent) {
        self.diagnostics.receive(event);
        match event {
            TrainingEvent::Part { number, of, network } => self.begin_part(*number, *of, *network),
            TrainingEvent::Started { run_dir, clips, classes, parameters, resumed_at } => {
                self.run_dir = Some(run_dir.clone());
                self.began = Some(Instant::now());
                let network = self.part.map(|(.., network)| network);
                self.cut_short.retain(|cut| network.is_some_and(|network| cut.network != network));
                self.streams.retain(|(other, _)| Some(*other) != network);
                self.streams.extend(network.map(|network| (network, *parameters)));
                self.summary =
                    summary(*clips, classes.len(), &parameters_text(*parameters, &self.streams), *resumed_at);
                self.enter(TrainingPhase::Running);
            }
            TrainingEvent::Resuming(resumed) => self.take_up(resumed),
            TrainingEvent::FewSteps(fit) => self.few_steps = Some(*fit),
            TrainingEvent::Preparing { what, done, of } => {
                self.has_prepared = done == of;
                let before = self.preparing.filter(|before| before.what == *what).map(|before| before.progress);
                let mut progress = before.unwrap_or_else(|| Progress::begin(0, "clips"));
                progress.advance(*done, *of);
                self.preparing = (done < of).then_some(Preparing { what: *what, done: *done, of: *of, progress });
                if done == of {
                    // What comes next is timed by itself.
                    (self.began, self.asked) = (Some(Instant::now()), Some(Instant::now()));
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
                self.is_loaded = false;
                self.enter(TrainingPhase::Finished { model_dir, stopped_early });
            }
            TrainingEvent::Best { .. }
            | TrainingEvent::OutOfPatience { .. }
            | TrainingEvent::Warning(_)
            | TrainingEvent::Switched { .. }
            | TrainingEvent::GradientShares(_) => {}
            TrainingEvent::Checkpoint(_) => self.ending = None,
            TrainingEvent::CutShort(cut) => {
                self.cut_short.retain(|other| other != cut);
                self.cut_short.push(*cut);
            }
            TrainingEvent::Ending(work) => self.ending = Some(*work),
            TrainingEvent::Snapshots(snapshots) => {
                self.snapshots.clone_from(snapshots);
                self.ending = None;
            }
            TrainingEvent::RolledBack { to, .. } => self.rolled_back(*to),
        }
    }

    /// Shows what a resumed run was before.
    fn take_up(&mut self, run: &ResumedRun) {
        let ResumedRun { step, steps, seconds, done, .. } = *run;
        self.resumed = Some(ResumedAt { step, steps, done });
        // The window may have seen some of it already.
        let known = self.elapsed().saturating_sub(self.before.1);
        self.clock.0 += Duration::try_from_secs_f64(seconds).unwrap_or_default().saturating_sub(known);
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

    /// Returns the network that the present or the last run trains, if that is known.
    pub fn network(&self) -> Option<Network> {
        let only = || self.plans.last().map(|plan| plan.network);
        self.part.map(|(.., network)| network).or_else(only)
    }

    /// Returns the streams, by name, that a training that was stopped did not come to, or that had no networks to be saved yet.
    pub fn untrained(&self) -> Vec<String> {
        let was_stopped = matches!(self.phase, TrainingPhase::Finished { stopped_early: true, .. });
        let plans = self.plans.iter().skip(if was_stopped { self.made_by().len() } else { self.plans.len() });
        plans.map(|plan| plan.network.name().to_lowercase()).collect()
    }

    /// Returns the runs that the networks trained last are the result of; all where that is not known.
    pub fn made_by(&self) -> &[TrainingPlan] {
        let run_dir = self.trained().and_then(|model| model.parent());
        // A run that was stopped before it had networks leaves those of the run before as the result.
        let of_result = self.plans.iter().position(|plan| Some(plan.run_dir.as_path()) == run_dir);
        let last = of_result.or(self.part.map(|(number, ..)| number));
        last.and_then(|last| self.plans.get(..=last)).unwrap_or(&self.plans)
    }

    /// Returns the models whose flows are to be compared; the reason if there is nothing to compare.
    pub fn old_and_new(&self) -> Result<OldAndNew, &'static str> {
        OldAndNew::of(self.base.as_deref(), self.trained().map(PathBuf::as_path), self.made_by())
    }

    /// The name of the run whose networks are the result, or of the last one that began.
    pub fn name_of_result(&self) -> Option<String> {
        let dir = self.trained().and_then(|model| model.parent()).or(self.run_dir.as_deref());
        dir.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned())
    }

    /// One of several runs begins: its curves are its own.
    fn begin_part(&mut self, number: usize, of: usize, network: Network) {
        let elapsed = self.elapsed();
        let before = if self.before.0 == number { self.before } else { (number, elapsed) };
        let (base, plans) = (self.base.take(), std::mem::take(&mut self.plans));
        let streams = std::mem::take(&mut self.streams);
        let (part, cut_short) = (Some((number, of, network)), std::mem::take(&mut self.cut_short));
        let mut earlier = std::mem::take(&mut self.earlier);
        earlier.turn_to(network, self.present_curves());
        let clock = (elapsed, None);
        *self = Self { part, base, plans, streams, earlier, clock, before, cut_short, ..Self::starting() };
    }

    /// Returns the curves of every run in turn that has some, the newest last.
    pub fn curves_by_run(&self) -> Vec<RunCurves<'_>> {
        self.earlier.with(self.present_curves())
    }

    /// Returns the curves of the run of `network`, else those of the newest run that has some.
    pub fn curves_of(&self, network: Option<Network>) -> RunCurves<'_> {
        let runs = self.curves_by_run();
        let chosen = runs.iter().find(|run| network.is_some() && run.network == network).or(runs.last());
        chosen.copied().unwrap_or_else(|| self.present_curves())
    }

    fn present_curves(&self) -> RunCurves<'_> {
        RunCurves {
            network: self.part.map(|(.., network)| network),
            losses: &self.losses,
            shares: &self.shares,
            gradient_shares: &self.diagnostics.shares,
            returns: &self.diagnostics.returns,
        }
    }

    /// Returns all curves as comma-separated values, a line a point.
    pub fn curves_table(&self) -> String {
        curves_table(&self.curves_by_run())
    }

    /// Changes the phase and stops or starts the clock with it.
    pub fn enter(&mut self, phase: TrainingPhase) {
        self.clock.0 = self.elapsed();
        let runs = matches!(phase, TrainingPhase::Running | TrainingPhase::Pausing | TrainingPhase::Stopping);
        self.clock.1 = runs.then(Instant::now);
        self.rolling_back = self.rolling_back.filter(|_| runs || phase == TrainingPhase::Paused);
        self.phase = phase;
    }

    /// What was measured after step `to` is void.
    fn rolled_back(&mut self, to: usize) {
        self.rolling_back = None;
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
        (self.resumed, self.ending) = (None, None);
    }
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
    fn the_curves_of_a_stream_stay_when_the_next_is_trained_and_stopped() {
        let mut training = TrainingState::starting();
        let part = |number, network| TrainingEvent::Part { number, of: 2, network };
        let stopped = || TrainingEvent::Finished { model_dir: "/runs/a/model".into(), stopped_early: true };
        let last = |training: &TrainingState, network| {
            let run = training.curves_of(network);
            (run.network, run.losses.get("loss").and_then(|curve| curve.points().last().copied()))
        };
        training.receive(&part(0, Network::Spatial));
        training.receive(&step(7, 0.7));
        let spatial = (Some(Network::Spatial), Some([7.0, 1.0]));
        assert_eq!(training.curves_table(), "curve,step,value\nloss,7,1\n");
        training.receive(&part(1, Network::Temporal));
        training.receive(&stopped());
        assert_eq!(last(&training, None), spatial, "the second has made no step");
        let mut training = training.resuming();
        training.receive(&part(1, Network::Temporal));
        training.receive(&step(3, 0.3));
        training.receive(&stopped());
        let temporal = (Some(Network::Temporal), Some([3.0, 1.0]));
        assert_eq!([None, Some(Network::Temporal)].map(|network| last(&training, network)), [temporal; 2]);
        assert_eq!(last(&training, Some(Network::Spatial)), spatial);
        assert_eq!(training.curves_table(), "network,curve,step,value\nspatial,loss,7,1\ntemporal,loss,3,1\n");
        assert!(TrainingState::starting().curves_by_run().is_empty(), "another training has none");
    }

    #[test]
    fn clips_and_steps_each_have_a_share_of_their_own() {
        let mut training = TrainingState::starting();
        let network = Network::Spatial;
        for number in 0..2 {
            training.receive(&TrainingEvent::Part { number, of: 2, network });
            let mut shares = Vec::new();
            for done in [0, 1, 3, 4] {
                let what = Preparation::ExtractFeatures;
                training.receive(&TrainingEvent::Preparing { what, done, of: 4 });
                shares.push(training.share_done());
            }
            assert_eq!(shares, [0.0, 0.25, 0.75, 0.0], "once all clips are looked at, no step is made yet");
            assert!(training.has_prepared && training.waiting().is_some());
            for (number, done) in [(1, 0.1), (10, 1.0)] {
                training.receive(&step(number, done));
                assert_eq!(training.share_done(), done, "as the count of the steps says");
            }
        }
    }

    #[test]
    fn time_that_was_spent_counts_once_however_a_training_is_taken_up() {
        let secs = Duration::from_secs;
        let seen = |training: &TrainingState| training.elapsed().as_secs();
        let resumed = |seconds| {
            let resumed = ResumedRun {
                step: 4,
                steps: 10,
                seconds,
                done: 0.4,
                curves: BTreeMap::new(),
                gradient_shares: BTreeMap::new(),
            };
            TrainingEvent::Resuming(Box::new(resumed))
        };
        let part = |number| TrainingEvent::Part { number, of: 2, network: Network::Spatial };
        // Stopped and resumed in the window: 40 s of the first run and 30 s of the second were seen.
        let mut training = TrainingState { clock: (secs(40), None), ..TrainingState::starting() };
        training.receive(&part(1));
        training.clock = (secs(70), None);
        let mut training = training.resuming();
        training.receive(&part(1));
        training.receive(&resumed(31.0));
        assert_eq!(seen(&training), 71, "40 s and the 31 s that the run itself counts");
        // After a restart: the first run, which has ended, took 40 s.
        let mut training = TrainingState::taken_up(vec![TrainingPlan::default()], 40.0);
        training.receive(&resumed(31.0));
        assert_eq!(seen(&training), 71);
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
        let gradient_shares = [("pixel".to_owned(), points.clone())].into();
        let resumed = ResumedRun { step: 4, steps: 10, seconds: 60.0, done: 0.4, curves, gradient_shares };
        training.receive(&TrainingEvent::Resuming(Box::new(resumed)));
        let named = |curves: &Curves| curves.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(named(&training.losses), ["loss", "pixel 2"], "the only other term is the loss itself");
        assert_eq!(named(&training.shares), ["batch", "validation top-1"]);
        assert_eq!(training.losses.get("loss").unwrap().points(), points);
        assert_eq!(training.diagnostics.shares.get("pixel").unwrap().points(), points);
        assert_eq!(training.share_done(), 0.4);
        assert!(training.elapsed() >= Duration::from_secs(60) && training.waiting().is_some());
        training.receive(&step(5, 0.5));
        assert_eq!((training.share_done(), training.waiting(), training.resumed), (0.5, None, None));
    }

    #[test]
    fn the_result_of_a_stream_that_was_stopped_too_early_is_that_of_the_stream_before() {
        let mut training = TrainingState::starting();
        let plan = |network, dir: &str| TrainingPlan { run_dir: dir.into(), ..TrainingPlan::of(network) };
        training.plans = vec![plan(Network::Spatial, "/runs/a-spatial"), plan(Network::Temporal, "/runs/a")];
        training.receive(&TrainingEvent::Part { number: 1, of: 2, network: Network::Temporal });
        let mut stop = |dir: &str| {
            let model_dir = PathBuf::from(dir).join("model");
            training.receive(&TrainingEvent::Finished { model_dir, stopped_early: true });
            (training.untrained(), training.name_of_result().unwrap(), training.resumable().is_some())
        };
        assert_eq!(stop("/runs/a-spatial"), (vec!["temporal".to_owned()], "a-spatial".to_owned(), true));
        assert_eq!(stop("/runs/a"), (vec![], "a".to_owned(), true));
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
