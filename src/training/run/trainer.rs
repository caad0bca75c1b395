//! A training run from plan to finished model: build or resume, step, measure, save, report.

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

/// Steps after which the speed of a run is known well enough.
const TIMED_STEPS: usize = 2;
/// The NaN guard gives up when the rate has been halved this often.
const MAX_HALVINGS: i32 = 10;

/// Trains as `plan` says until its last step, until it no longer gets better, or until `control` stops it, and reports to
/// `on_event`. Blocks.
///
/// The run folder holds `config.toml`, `metrics.csv`, the checkpoint, [`snapshots`] of earlier ones and, in the
/// end, the model; with clips to measure on, `best` is the model that did best on them so far. A checkpoint found there is
/// resumed and leads to the same numbers as a run that was never interrupted, unless the plan has a time budget or the number
/// of threads is another: the gradients of convolutions are summed in as many parts as threads need. What was
/// changed by hand meanwhile is in `interventions.csv`.
///
/// A run that diverges goes back to a snapshot and on at half the rate.
///
/// # Errors
/// A plan that cannot train, unreadable data or weights, a run folder of another plan, a full disk, a diverged run. What was
/// saved before remains and the same call resumes it.
pub fn run(
    plan: &TrainingPlan,
    device: &Device,
    control: &TrainingControl,
    on_event: &mut dyn FnMut(TrainingEvent),
) -> Result<()> {
    plan.check()?;
    let plan = &inherited(plan)?;
    plan.check()?; // The base may decide the source of the flow.
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
    /// Makes batches from the present step on; none before the first and after the run went back.
    loader: Option<Loader>,
    pace: Throughput,
    /// Clips about which the person has heard already.
    reported: BTreeSet<String>,
    /// Clips that were left out because they have too few frames.
    short: BTreeSet<usize>,
    /// Whether a clip was named whose last frame is repeated.
    reported_filled: bool,
    /// The square around the motion of each clip, where the stream looks at it.
    squares: Vec<Option<MotionSquare>>,
    /// When the run was saved last, and how long that took.
    saved: (Instant, Duration),
    /// The steps of the last checkpoint and of the last snapshot that were written.
    written: [Option<usize>; 2],
    /// Tells a run that was interrupted from one that ended.
    _under_way: UnderWay,
    /// Nobody else trains in the folder meanwhile.
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

    /// Finds the square around the motion of every clip, where the stream looks at it: again after a resume, with the same result.
    /// That takes its time of the budget.
    fn find_squares(&mut self, squares: Option<&MotionSquares>) -> Result<()> {
        let Some(squares) = squares else { return Ok(()) };
        let mut clock = Clock::start(self.plan, self.control);
        self.squares = squares.all(&mut clock, self.on_event)?.ok_or_else(|| stopped(self.plan))?;
        let seconds = clock.seconds();
        self.progress.seconds += seconds;
        self.progress.prepared += seconds;
        Ok(())
    }

    /// Fits a new last layer to the clips, where one is needed, and keeps what the run starts from.
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

    /// Makes steps until there is a reason to end.
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

    /// Changes the loss switches. Saved at once, so that a resumed run uses them from the same step.
    fn switch(&mut self, switches: LossSwitches) -> Result<()> {
        let (before, step) = (self.objective.switches(), self.progress.step);
        match self.objective.switch(switches) {
            Ok(()) if before != switches => {
                self.progress.switches = Some(switches);
                self.progress.watch = Watch::default(); // It is another loss.
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

    /// One step: its batches, the update, what is reported of it. Returns whether it stands: the run may have diverged and gone back.
    fn step(&mut self) -> Result<bool> {
        let began = Instant::now();
        let (step, mut waited) = (self.progress.step, Duration::ZERO);
        for part in 0..self.plan.accumulate {
            let asked = Instant::now();
            let batch = self.batch()?;
            waited += asked.elapsed();
            // Dropout, the same after a resume.
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

    /// Goes back to the last good snapshot and on from there.
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

    /// Returns the newest snapshot of a step before this one at which the loss was calm, else the oldest.
    fn last_good(&self) -> Option<Snapshot> {
        let mut snapshots = snapshots::list(&self.plan.run_dir);
        // Of the plan's steps only: a run of the same seed goes back to the same step, however fast it is.
        snapshots.retain(|snapshot| snapshot.step < self.progress.step && self.is_planned(snapshot.step));
        let is_calm = |snapshot: &&Snapshot| {
            checkpoint::read(&snapshot.checkpoint()).is_ok_and(|progress| progress.watch.is_calm(self.limit()))
        };
        snapshots.iter().rev().find(is_calm).or(snapshots.first()).cloned()
    }

    /// Above which the loss means divergence.
    fn limit(&self) -> Limit {
        let classes = self.start.classes();
        let chance =
            if classes > 1 { (classes as f64).ln() * f64::from(self.objective.switches().action) } else { 0.0 };
        Limit { factor: self.plan.divergence, chance }
    }

    /// Tells and writes down what MotionNet's gradient consists of.
    fn share(&mut self, shares: GradientShares) -> Result<()> {
        self.history.shares(&shares)?;
        (self.on_event)(TrainingEvent::GradientShares(shares));
        Ok(())
    }

    /// Tells and writes down what a step measured.
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

    /// Saves, then measures: whatever happens while it measures, the steps are kept.
    fn checkpoint(&mut self) -> Result<()> {
        let began = Instant::now();
        let written = self.write_checkpoint()?;
        self.progress.seconds += began.elapsed().as_secs_f64();
        self.measure_and_keep(&written)?;
        self.saved.0 = Instant::now();
        self.pace.push_checkpoint(began.elapsed());
        Ok(())
    }

    /// Measures the networks of the checkpoint just written, adds to it what was found, and keeps it as a snapshot.
    fn measure_and_keep(&mut self, checkpoint: &Path) -> Result<()> {
        let began = Instant::now();
        self.measure()?;
        self.history.flush()?;
        self.progress.seconds += began.elapsed().as_secs_f64();
        checkpoint::amend(checkpoint, &self.progress)?;
        self.keep_snapshot(checkpoint);
        Ok(())
    }

    /// Returns whether the run ended after a checkpoint and before the measurement that follows it.
    fn owes_measurement(&self) -> bool {
        let Progress { step, measured, .. } = self.progress;
        self.validator.has_clips() && self.is_checkpoint() && measured < step
    }

    /// Measures the networks and keeps them if they are the best so far. A run that dies in between has its checkpoint already,
    /// measures again and finds the same; so does one that is stopped with steps left, which does not wait for it.
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
            (self.on_event)(TrainingEvent::Warning(error)); // the run can do without
        }
        let Some(measured) = measurements.last() else { return Ok(()) };
        let values: Vec<_> = measurements.iter().map(|measured| (measured.name, measured.value)).collect();
        self.history.measured(step, &values)?;
        self.progress.measured = step;
        self.written[1] = None; // its snapshot says what was measured
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

    /// Saves, and waits until the run is resumed, applying other requests meanwhile.
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

    /// Goes back to the snapshot of `step`, if there is one that can be read.
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

    /// Takes networks, optimisers and position from a snapshot and returns the step that the run had reached. What was measured
    /// best remains, and so do a rate that was lowered and what of the loss counts.
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
        self.written = [None; 2]; // what was written of these steps is of other networks
        Ok(now.step)
    }

    /// Makes it last that the run went back from step `from`.
    fn rolled_back(&mut self, from: usize, diverged: Option<Error>) -> Result<()> {
        let Progress { step: to, rate_factor, .. } = self.progress;
        OutOfFold::discard(&self.plan.run_dir); // They are of weights that the run has left.
        self.write_checkpoint()?; // first: what is resumed drops the later metrics as well
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

    /// Returns whether the plan has a checkpoint after step `step`.
    fn is_planned(&self, step: usize) -> bool {
        step.is_multiple_of(self.plan.checkpoint_every)
    }
}

/// The remedy for a run that does not converge.
const DIVERGED_REMEDY: &str = "If this happens again, restart with a lower learning rate or a longer warm-up";

fn not_finite(progress: &Progress) -> Error {
    let cause = format!(
        "the loss was not finite at step {}; the step was skipped and the learning rate lowered to {} of the plan's",
        progress.step, progress.rate_factor
    );
    Error::new("training", cause, DIVERGED_REMEDY)
}
