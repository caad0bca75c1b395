//! A training run from plan to finished model: build or resume, step, validate, save, report.

mod ending;
mod left_out;
mod saving;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use burn::tensor::Device;

use super::base_clips::BaseClips;
use super::checkpoint;
use super::checkpoint::{Best, Progress};
use super::clock::{Clock, stopped};
use super::curves::ResumedRun;
use super::events::{EndingWork, StepMetrics, TrainingControl, TrainingEvent};
use super::folder::{inherited, prepare_folder};
use super::history::History;
use super::run_clips::RunClips;
use super::snapshots;
use super::snapshots::Snapshot;
use super::under_way::UnderWay;
use crate::data::augmentation::Sampler;
use crate::data::clip_cache::ClipCache;
use crate::data::clips::Clips;
use crate::data::memory::resident_bytes;
use crate::error::{Error, Result};
use crate::file_lock::FileLock;
use crate::gpu::is_gpu;
use crate::nets::MotionSquare;
use crate::training::config::plan::{Network, TrainingPlan};
use crate::training::loader;
use crate::training::loader::{Batch, Loader};
use crate::training::model_init::ModelInit;
use crate::training::motion_squares::MotionSquares;
use crate::training::objective::losses::LossSwitches;
use crate::training::objective::{Objective, Outcome};
use crate::training::optim::divergence::{Limit, Watch};
use crate::training::optim::gradient_shares::GradientShares;
use crate::training::optim::optimizer::rate_at;
use crate::training::optim::throughput::Throughput;
use crate::training::probe::linear_probe;
use crate::training::probe::out_of_fold::OutOfFold;
use crate::training::sampling::sampler;
use crate::training::validation::Validator;

/// Number of steps after which the speed of a run is reliable.
const TIMED_STEPS: usize = 2;
/// Maximum number of halvings of the learning rate, after which the NaN guard gives up.
const MAX_HALVINGS: i32 = 10;

/// Executes the training run `plan` until its last step, until validation no longer improves, or until `control` stops
/// it, and reports to `on_event`. Blocks until done.
///
/// The run folder contains `config.toml`, `metrics.csv`, the checkpoint, [`snapshots`] of earlier ones and, at the end,
/// the model; with validation clips, `best` is the model with the best result so far. A checkpoint found there is
/// resumed and gives the same results as an uninterrupted run, unless the plan has a time budget or the number of
/// threads differs, on which the summation order of convolution gradients depends. Manual changes are logged in
/// `interventions.csv`.
///
/// A run that diverges returns to a snapshot and continues at half the learning rate.
///
/// # Errors
/// If the plan is invalid, data or weights cannot be read, the run folder belongs to another plan, the disk is full, or
/// the run diverges. What was saved before remains, and the same call resumes it.
pub fn run(
    plan: &TrainingPlan,
    device: &Device,
    control: &TrainingControl,
    on_event: &mut dyn FnMut(TrainingEvent),
) -> Result<()> {
    plan.check()?;
    let plan = &inherited(plan)?;
    plan.check()?; // again, as the base may determine the flow source
    if let Some(views) = plan.kind.views() {
        return linear_probe::run(&plan.as_carried_out(), views, device, control, on_event);
    }
    let mut run = TrainingRunState::prepare(plan, device.clone().autodiff(), control, on_event)?;
    run.train()?;
    run.finish()
}

/// A run in progress.
struct TrainingRunState<'a> {
    plan: &'a TrainingPlan,
    device: Device,
    control: &'a TrainingControl,
    on_event: &'a mut dyn FnMut(TrainingEvent),
    clips: Arc<Clips>,
    start: ModelInit,
    objective: Objective,
    validator: Validator,
    history: History,
    progress: Progress,
    /// Loader of batches from the current step on; `None` before the first step and after a roll-back.
    loader: Option<Loader>,
    pace: Throughput,
    /// Clips that have already been reported.
    reported: BTreeSet<String>,
    /// Clips that were left out because they have too few frames.
    short: BTreeSet<usize>,
    /// `true` once a clip whose last frame is repeated was reported.
    reported_filled: bool,
    /// The square around the motion of each clip, if the stream reads it.
    squares: Vec<Option<MotionSquare>>,
    /// Time of the last save, and its duration.
    saved: (Instant, Duration),
    /// Steps of the last checkpoint and of the last snapshot written.
    written: [Option<usize>; 2],
    /// Mark that distinguishes interrupted runs from finished ones.
    _under_way: UnderWay,
    /// Lock that prevents other trainings in the folder.
    _lock: FileLock,
}

impl<'a> TrainingRunState<'a> {
    /// Reads the clips and builds the networks, or resumes them from the checkpoint.
    fn prepare(
        plan: &'a TrainingPlan,
        device: Device,
        control: &'a TrainingControl,
        on_event: &'a mut dyn FnMut(TrainingEvent),
    ) -> Result<Self> {
        let run_clips = RunClips::of(plan)?;
        let cache = plan.cache.clone().map(ClipCache::open).transpose()?.map(Arc::new);
        let lock = prepare_folder(plan)?;
        let under_way = UnderWay::begin(&plan.run_dir, control);

        let found = checkpoint::find(&plan.run_dir);
        run_clips.keep(&plan.run_dir)?;
        let count = run_clips.count();
        let RunClips { dataset, measured, gone, warnings, .. } = run_clips;
        let of_base =
            if plan.network == Network::Flow { None } else { BaseClips::of(plan).warning(&measured, false, plan) };
        let start = ModelInit::build(plan, &dataset, found.is_some(), &device)?;
        let validator = Validator::new(plan, measured, cache.clone())
            .looking_at(|clips| start.motion_squares(plan, clips, cache.clone()));
        let squares = start.motion_squares(plan, dataset.clips.clone(), cache.clone());
        let clips = Arc::new(Clips::new(dataset.clips, plan.frame).with_cache(cache));
        let (motion, stream) = (start.motion.clone(), start.stream.clone());
        let mut objective = Objective::new(plan, motion, stream, start.classes(), &clips, &device)?
            .with_stream_teacher(&start.classes, &clips)?;
        let mut progress = Progress::start();
        if let Some(found) = &found {
            progress = checkpoint::read(found)?;
            objective.load(found)?;
            progress.switches.map_or(Ok(()), |switches| objective.switch(switches))?;
        }
        progress.on_gpu = Some(is_gpu(&device));
        let history = History::open(&plan.run_dir, progress.step, progress.measured)?;
        on_event(TrainingEvent::Started {
            run_dir: plan.run_dir.clone(),
            clips: count,
            classes: if plan.network == Network::Flow { Vec::new() } else { dataset.classes },
            parameters: objective.parameters(start.classes()),
            resumed_at: progress.step,
        });
        warnings.into_iter().chain(of_base).for_each(|warning| on_event(TrainingEvent::Warning(warning)));
        if progress.step > 0 {
            on_event(TrainingEvent::Resuming(Box::new(ResumedRun::of(plan, &progress))));
        }
        on_event(TrainingEvent::Switched { step: progress.step, switches: objective.switches() });
        let mut run = Self {
            plan,
            device,
            control,
            on_event,
            clips,
            start,
            objective,
            validator,
            history,
            progress,
            loader: None,
            pace: Throughput::default(),
            reported: gone.iter().map(|path| path.display().to_string()).collect(),
            short: BTreeSet::new(),
            reported_filled: false,
            squares: Vec::new(),
            saved: (Instant::now(), Duration::ZERO),
            written: [None; 2],
            _under_way: under_way,
            _lock: lock,
        };
        run.find_squares(squares.as_ref())?;
        match found {
            Some(found) if run.owes_measurement() => run.measure_and_keep(&found)?,
            Some(found) => run.keep_snapshot(&found), // the run may have ended between checkpoint and snapshot
            None => run.begin(squares.as_ref())?,
        }
        Ok(run)
    }

    /// Locates the square around the motion of every clip, if the stream reads it; repeated after a resume, with the
    /// same result. Its time counts towards the time budget.
    fn find_squares(&mut self, squares: Option<&MotionSquares>) -> Result<()> {
        let Some(squares) = squares else { return Ok(()) };
        let mut clock = Clock::start(self.plan, self.control);
        self.squares = squares.all(&mut clock, self.on_event)?.ok_or_else(|| stopped(self.plan))?;
        let seconds = clock.seconds();
        self.progress.seconds += seconds;
        self.progress.prepared += seconds;
        Ok(())
    }

    /// Fits a new last layer to the clips, if needed, and saves the initial state.
    fn begin(&mut self, squares: Option<&MotionSquares>) -> Result<()> {
        if self.start.new_head {
            let mut clock = Clock::start(self.plan, self.control);
            self.objective.fit_head(&self.start.rows(), &self.clips, squares, &mut clock, self.on_event)?;
            self.progress.seconds += clock.seconds();
            self.progress.prepared = self.progress.seconds;
            if self.control.is_stopped() {
                return Err(stopped(self.plan));
            }
        }
        self.save()
    }

    /// Executes steps until the run is complete or stopped.
    fn train(&mut self) -> Result<()> {
        loop {
            // Asked first: a roll-back requested before a stop, or during the last step, is part of what is saved.
            let is_stopped = self.control.is_stopped();
            self.apply_roll_back()?;
            if is_stopped || self.is_complete() {
                break;
            }
            self.apply_requests()?;
            if self.control.is_paused() {
                self.pause()?;
                continue;
            }
            if !self.step()? {
                continue;
            }
            if self.is_checkpoint() {
                self.checkpoint()?;
            } else if self.is_due_by_time() {
                self.save_by_time()?;
            }
        }
        self.loader = None;
        Ok(())
    }

    /// Applies pending control requests, except pause and stop.
    fn apply_requests(&mut self) -> Result<()> {
        self.apply_roll_back()?;
        self.control.take_switches().map_or(Ok(()), |switches| self.switch(switches))
    }

    /// Goes back to the snapshots that were asked for.
    fn apply_roll_back(&mut self) -> Result<()> {
        while let Some(step) = self.control.take_roll_back() {
            self.roll_back_to(step)?;
        }
        Ok(())
    }

    /// Changes the loss switches. The change is saved immediately, so a resumed run uses it from the same step.
    fn switch(&mut self, switches: LossSwitches) -> Result<()> {
        let (before, step) = (self.objective.switches(), self.progress.step);
        match self.objective.switch(switches) {
            Ok(()) if before != switches => {
                self.progress.switches = Some(switches);
                self.progress.watch = Watch::default(); // the loss has changed
                for change in before.changes(&switches) {
                    self.history.intervened(step, &change)?;
                }
                self.write_checkpoint()?;
            }
            Ok(()) => {}
            Err(error) => (self.on_event)(TrainingEvent::Warning(error)),
        }
        (self.on_event)(TrainingEvent::Switched { step, switches: self.objective.switches() });
        Ok(())
    }

    /// Returns the next batch.
    fn batch(&mut self) -> Result<Batch> {
        let loader = match &mut self.loader {
            Some(loader) => loader,
            none => {
                let first = self.progress.step * self.plan.accumulate;
                let sampler = Sampler {
                    seen: self.start.spatial_crop,
                    squares: self.squares.clone(),
                    ..sampler(self.plan, &self.clips, self.objective.window(&self.start.motion))
                };
                let pixels = self.objective.pixels();
                none.insert(Loader::start(self.clips.clone(), sampler, pixels, first, loader::threads())?)
            }
        };
        let batch = loader.next()?;
        self.report_left_out(&batch)?;
        Ok(batch)
    }

    /// Executes one step: its batches, the update, and the report. Returns `false` if the run diverged and was rolled
    /// back.
    fn step(&mut self) -> Result<bool> {
        let began = Instant::now();
        let (step, mut waited) = (self.progress.step, Duration::ZERO);
        for part in 0..self.plan.accumulate {
            let asked = Instant::now();
            let batch = self.batch()?;
            waited += asked.elapsed();
            // Seed for dropout, the same after a resume.
            self.device.seed(self.plan.seed.wrapping_add((step * self.plan.accumulate + part) as u64));
            if part == 0 && self.control.wants_shares(step) {
                let shares = self.objective.accumulate_and_share(batch, step + 1)?;
                shares.map_or(Ok(()), |shares| self.share(shares))?;
            } else {
                self.objective.accumulate(batch)?;
            }
        }
        let rate = rate_at(self.plan, step, self.spent_by_step()) * self.progress.rate_factor;
        let outcome = self.objective.step(rate, step)?;
        self.progress.step += 1;
        self.progress.seconds += began.elapsed().as_secs_f64();
        self.pace.push(began.elapsed(), waited);
        let loss = (!outcome.skipped).then_some(f64::from(outcome.loss));
        self.report(outcome, rate)?;
        let diverged = self.progress.watch.push(loss, self.limit());
        match loss {
            None => self.halve_rate()?,
            Some(_) if diverged.is_some() => self.progress.rate_factor /= 2.0,
            Some(_) => {}
        }
        let stands = diverged.is_none();
        diverged.map_or(Ok(()), |cause| self.recover(cause))?;
        Ok(stands)
    }

    /// The NaN guard: continues at half the learning rate.
    fn halve_rate(&mut self) -> Result<()> {
        self.progress.rate_factor /= 2.0;
        (self.on_event)(TrainingEvent::Warning(not_finite(&self.progress)));
        if self.progress.rate_factor < 0.5f64.powi(MAX_HALVINGS) {
            return Err(not_finite(&self.progress));
        }
        Ok(())
    }

    /// Returns to the last good snapshot and continues from there.
    fn recover(&mut self, cause: String) -> Result<()> {
        let from = self.progress.step;
        let error = Error::new("training", format!("diverged at step {from}: {cause}"), DIVERGED_REMEDY);
        if self.progress.roll_backs >= self.plan.max_roll_backs {
            return Err(error);
        }
        let snapshot = self.last_good().ok_or_else(|| error.clone())?;
        self.restore(&snapshot)?;
        self.progress.roll_backs += 1;
        self.rolled_back(from, Some(error))
    }

    /// Returns the newest snapshot before the current step at which the loss was calm, else the oldest.
    fn last_good(&self) -> Option<Snapshot> {
        let mut snapshots = snapshots::list(&self.plan.run_dir);
        // Only planned steps, so that runs with the same seed return to the same step regardless of their speed.
        snapshots.retain(|snapshot| snapshot.step < self.progress.step && self.is_planned(snapshot.step));
        let is_calm = |snapshot: &&Snapshot| {
            checkpoint::read(&snapshot.checkpoint()).is_ok_and(|progress| progress.watch.is_calm(self.limit()))
        };
        snapshots.iter().rev().find(is_calm).or(snapshots.first()).cloned()
    }

    /// Returns the limit above which the loss counts as divergence.
    fn limit(&self) -> Limit {
        let classes = self.start.classes();
        let chance =
            if classes > 1 { (classes as f64).ln() * f64::from(self.objective.switches().action) } else { 0.0 };
        Limit { factor: self.plan.divergence, chance }
    }

    /// Reports and saves the gradient shares of MotionNet.
    fn share(&mut self, shares: GradientShares) -> Result<()> {
        self.history.shares(&shares)?;
        (self.on_event)(TrainingEvent::GradientShares(shares));
        Ok(())
    }

    /// Reports and saves the metrics of a step.
    fn report(&mut self, outcome: Outcome, rate: f64) -> Result<()> {
        let plan = self.plan;
        let left = self.pace.eta_secs(plan.steps - self.progress.step, plan.checkpoint_every);
        let budget_left = plan.budget_secs.map_or(f64::INFINITY, |budget| (budget - self.progress.seconds).max(0.0));
        let metrics = StepMetrics {
            step: self.progress.step,
            steps: self.steps_that_fit().unwrap_or(plan.steps),
            loss: outcome.loss,
            terms: outcome.terms,
            weights: outcome.weights,
            accuracy: outcome.accuracy,
            rate,
            steps_per_sec: self.pace.steps_per_sec(),
            stall: self.pace.stall(),
            eta_secs: left.min(budget_left),
            memory_bytes: resident_bytes(),
            done: self.done(),
        };
        self.history.push(&metrics)?;
        (self.on_event)(TrainingEvent::Step(metrics));
        self.report_few_steps();
        Ok(())
    }

    /// Saves, then validates, so that a failure in validation loses no steps.
    fn checkpoint(&mut self) -> Result<()> {
        let began = Instant::now();
        let written = self.write_checkpoint()?;
        self.progress.seconds += began.elapsed().as_secs_f64();
        self.measure_and_keep(&written)?;
        self.saved.0 = Instant::now();
        self.pace.push_checkpoint(began.elapsed());
        Ok(())
    }

    /// Validates the networks of the checkpoint just written, adds the result to it, and saves it as a snapshot.
    fn measure_and_keep(&mut self, checkpoint: &Path) -> Result<()> {
        let began = Instant::now();
        self.measure()?;
        self.history.flush()?;
        self.progress.seconds += began.elapsed().as_secs_f64();
        checkpoint::amend(checkpoint, &self.progress)?;
        self.keep_snapshot(checkpoint);
        Ok(())
    }

    /// Returns `true` if the run ended between a checkpoint and the validation that follows it.
    fn owes_measurement(&self) -> bool {
        let Progress { step, measured, .. } = self.progress;
        self.validator.has_clips() && self.is_checkpoint() && measured < step
    }

    /// Validates the networks and saves them if they are the best so far. A run that dies in between already has its
    /// checkpoint, and validates again with the same result; so does one that is stopped early, which skips validation.
    fn measure(&mut self) -> Result<()> {
        let step = self.progress.step;
        let control = (!self.is_complete()).then_some(self.control);
        if !self.validator.has_clips() || control.is_some_and(TrainingControl::is_stopped) {
            return Ok(());
        }
        (self.on_event)(TrainingEvent::Ending(EndingWork::Measure));
        let measurements = self.validator.measure(&self.objective, &self.start.motion, step, control, self.on_event)?;
        if let Some(answers) = self.validator.take_logits()
            && let Err(error) = answers.write(&self.plan.run_dir)
        {
            (self.on_event)(TrainingEvent::Warning(error)); // not needed to continue
        }
        let Some(measured) = measurements.last() else { return Ok(()) };
        let values: Vec<_> = measurements.iter().map(|measured| (measured.name, measured.value)).collect();
        self.history.measured(step, &values)?;
        self.progress.measured = step;
        self.written[1] = None; // the snapshot is rewritten with the result
        if measured.beats(self.progress.best.map(|best| best.value)) {
            let model_dir = self.plan.run_dir.join("best");
            self.export(&model_dir)?;
            self.progress.best = Some(Best { step, value: measured.value, worse_since: 0 });
            let name = measured.name.into();
            (self.on_event)(TrainingEvent::Best { step, name, value: measured.value, model_dir });
        } else if let Some(best) = &mut self.progress.best {
            best.worse_since += 1;
        }
        Ok(())
    }

    /// Saves, and waits until the run is resumed, while applying other requests.
    fn pause(&mut self) -> Result<()> {
        self.save_with_snapshot()?;
        (self.on_event)(TrainingEvent::Paused);
        while self.control.is_paused() {
            self.control.wait_for_requests();
            self.apply_requests()?;
        }
        (self.on_event)(TrainingEvent::Resumed);
        self.saved.0 = Instant::now();
        self.pace = Throughput::default();
        Ok(())
    }

    /// Rolls back to the snapshot of `step`, if it exists and can be read.
    fn roll_back_to(&mut self, step: usize) -> Result<()> {
        let found = snapshots::list(&self.plan.run_dir).into_iter().find(|snapshot| snapshot.step == step);
        let unknown = || {
            let cause = format!("there is no snapshot of step {step}");
            Error::file(&self.plan.run_dir, cause, "Choose an existing one")
        };
        let restored = found.ok_or_else(unknown).and_then(|snapshot| self.restore(&snapshot));
        match restored {
            Ok(from) => self.rolled_back(from, None),
            Err(error) => {
                (self.on_event)(TrainingEvent::Warning(error));
                Ok(())
            }
        }
    }

    /// Loads networks, optimisers and position from a snapshot and returns the step at which the run was. The best
    /// result, a lowered learning rate and the loss switches are kept.
    fn restore(&mut self, snapshot: &Snapshot) -> Result<usize> {
        let checkpoint = snapshot.checkpoint();
        let found = checkpoint::read(&checkpoint)?;
        self.objective.load(&checkpoint)?;
        let now = self.progress.clone();
        let best = now.best.map(|best| Best { worse_since: 0, ..best });
        let watch = if found.switches == now.switches { found.watch } else { Watch::default() };
        let Progress { rate_factor, roll_backs, seconds, switches, .. } = now;
        self.progress = Progress { rate_factor, roll_backs, seconds, switches, best, watch, ..found };
        self.loader = None;
        self.written = [None; 2]; // earlier files of these steps have other networks
        Ok(now.step)
    }

    /// Saves and reports the roll-back from step `from`.
    fn rolled_back(&mut self, from: usize, diverged: Option<Error>) -> Result<()> {
        let Progress { step: to, rate_factor, .. } = self.progress;
        OutOfFold::discard(&self.plan.run_dir); // they belong to discarded weights
        self.write_checkpoint()?; // first, as resuming it also drops the later metrics
        self.history.roll_back(to)?;
        self.history.intervened(
            from,
            &format!("{} to step {to}", if diverged.is_some() { "diverged and rolled back" } else { "rolled back" }),
        )?;
        (self.on_event)(TrainingEvent::RolledBack { from, to, rate_factor, diverged });
        Ok(())
    }

    fn is_checkpoint(&self) -> bool {
        self.is_planned(self.progress.step)
    }

    /// Returns `true` if the plan has a checkpoint after step `step`.
    fn is_planned(&self, step: usize) -> bool {
        step.is_multiple_of(self.plan.checkpoint_every)
    }
}

/// Remedy for a run that does not converge.
const DIVERGED_REMEDY: &str = "If this happens again, restart with a lower learning rate or a longer warm-up";

fn not_finite(progress: &Progress) -> Error {
    let cause = format!(
        "the loss was not finite at step {}; the step was skipped and the learning rate lowered to {} of the plan's",
        progress.step, progress.rate_factor
    );
    Error::new("training", cause, DIVERGED_REMEDY)
}
