//! Events and controls of a training run, used by both the window and the command line.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::checkpoint::Progress;
use super::curves::ResumedRun;
use super::snapshots::Snapshot;
use crate::error::Error;
use crate::training::config::plan::{Network, TrainingPlan};
use crate::training::objective::losses::LossSwitches;
use crate::training::optim::gradient_shares::GradientShares;
use crate::training::step_times::Fit;

/// Step (from 0) at which gradient shares are first measured.
const FIRST_SHARES: usize = 4;

/// Preparation of the clips before the first step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preparation {
    /// Locates the motion in each clip, for a stream that reads the square around it.
    FindMotion,
    /// Extracts features to which the last layer of a pretrained stream is fitted.
    ExtractFeatures,
}

impl Preparation {
    /// Returns the name of the activity for a heading.
    pub fn name(self) -> &'static str {
        match self {
            Self::FindMotion => "Finding the motion",
            Self::ExtractFeatures => "Extracting features",
        }
    }
}

/// Work that a run did not complete because of the time limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutShort {
    /// The network that is trained.
    pub network: Network,
    /// Number of steps done, or of clips processed.
    pub done: usize,
    /// Planned number of steps or clips.
    pub of: usize,
    /// The unit of both numbers.
    pub counted: CutCount,
}

/// The unit in which a run that was cut short is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CutCount {
    /// Training steps.
    Steps,
    /// Training clips.
    Clips,
}

impl CutShort {
    /// Returns the steps that the time limit cut from a run of `plan` that ended at `progress`; `None` if it was not
    /// cut.
    pub(in crate::training) fn of_steps(plan: &TrainingPlan, progress: &Progress) -> Option<Self> {
        let (network, done, of) = (plan.network, progress.step, plan.steps);
        let cut = Self { network, done, of, counted: CutCount::Steps };
        progress.is_cut_short(plan).then_some(cut)
    }

    /// Returns a sentence that describes it.
    pub fn in_words(&self) -> String {
        let Self { network, done, of, counted } = self;
        let stream = match network {
            Network::Flow => "flow network",
            Network::Spatial => "spatial stream",
            Network::Temporal => "temporal stream",
            Network::Joint => "joint network",
        };
        let done = match counted {
            CutCount::Steps => format!("stopped the {stream} after {done} of {of} steps"),
            CutCount::Clips => format!("left {done} of {of} clips for the {stream} to learn from"),
        };
        format!("The time limit {done}.")
    }
}

/// Work of a run after a step, before the next step or its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndingWork {
    /// Validation.
    Measure,
    /// Writing a checkpoint, including the optimisers.
    SaveCheckpoint,
    /// Writing a model folder.
    SaveModel,
}

/// An event of a training run.
#[derive(Debug, Clone)]
pub enum TrainingEvent {
    /// One of several runs begins.
    Part {
        /// Index of the run, from 0.
        number: usize,
        /// Number of runs.
        of: usize,
        /// The network it trains.
        network: Network,
    },
    /// The data has been read and the networks have been built.
    Started {
        /// Folder of the run.
        run_dir: PathBuf,
        /// Number of training clips.
        clips: usize,
        /// Names of the classes, in the order of their labels; empty where none are needed.
        classes: Vec<String>,
        /// Number of trained parameters.
        parameters: usize,
        /// Step of the checkpoint that was resumed, 0 for a fresh run.
        resumed_at: usize,
    },
    /// The run is resumed from a checkpoint; holds its previous results.
    Resuming(Box<ResumedRun>),
    /// Clips are processed before the first step.
    Preparing {
        /// Kind of processing.
        what: Preparation,
        /// Number of clips processed so far.
        done: usize,
        /// Total number of clips.
        of: usize,
    },
    /// Only few steps fit in the time limit, so the run will learn little; a warning with the same content is sent as
    /// well.
    FewSteps(Fit),
    /// A step was done.
    Step(StepMetrics),
    /// A validation result.
    Validation {
        /// Step of the validation.
        step: usize,
        /// Name of the metric, for example `top-1`.
        name: String,
        /// The value.
        value: f32,
        /// Label and predicted class of every classified clip, in the order of the clips; empty without a classifier.
        guesses: Vec<[usize; 2]>,
    },
    /// The loss switches from the next step on: sent at the start and on each change.
    Switched {
        /// Number of steps done before the change.
        step: usize,
        /// The enabled terms.
        switches: LossSwitches,
    },
    /// Gradient shares of MotionNet, if requested.
    GradientShares(GradientShares),
    /// The last validation result was the best so far, and the networks were saved.
    Best {
        /// Step of the validation.
        step: usize,
        /// Name of the metric.
        name: String,
        /// The value.
        value: f32,
        /// Model folder with these networks.
        model_dir: PathBuf,
    },
    /// The run ends early because validation has not improved for the plan's patience.
    OutOfPatience {
        /// Step of the best result.
        best_step: usize,
    },
    /// The time limit ends the run before it is complete.
    CutShort(CutShort),
    /// Potentially long work begins after a step; the next step, a pause or the end follows.
    Ending(EndingWork),
    /// A checkpoint was written.
    Checkpoint(PathBuf),
    /// All snapshots that exist now, in ascending order of steps.
    Snapshots(Vec<Snapshot>),
    /// The run was rolled back to a snapshot and continues from there; events of later steps are void.
    RolledBack {
        /// Step at which the run was.
        from: usize,
        /// The step of the snapshot.
        to: usize,
        /// Factor on the plan's learning rate from now on, 0…1.
        rate_factor: f64,
        /// Reason of the divergence; `None` for a requested roll-back.
        diverged: Option<Error>,
    },
    /// A problem that does not stop the run.
    Warning(Error),
    /// The run is paused.
    Paused,
    /// The run continues after a pause.
    Resumed,
    /// The run has ended, at its last step or on request.
    Finished {
        /// Model folder with the trained networks.
        model_dir: PathBuf,
        /// `true` if steps are left; starting the same run again resumes here.
        stopped_early: bool,
    },
}

/// The measurements of one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepMetrics {
    /// Number of this step, from 1.
    pub step: usize,
    /// Number of steps of the run; with a time budget, the number that fits in it at the current speed.
    pub steps: usize,
    /// The loss that was minimised.
    pub loss: f32,
    /// Loss terms by name: `pixel 2`, `smooth 2`, `ssim 2` … for each level, `action`.
    pub terms: Vec<(String, f32)>,
    /// Weight of each term in the loss, 0 if disabled.
    #[serde(default)]
    pub weights: Vec<f32>,
    /// Accuracy on the batch, if there are classes.
    pub accuracy: Option<f32>,
    /// The learning rate.
    pub rate: f64,
    /// Steps per second, averaged over the last steps, without those in which the device is still autotuning if there
    /// are others.
    pub steps_per_sec: f64,
    /// Fraction of the time of these steps spent waiting for the next batch, 0…1.
    #[serde(default)]
    pub stall: f64,
    /// Estimated remaining seconds, with validations and checkpoints; limited to the rest of the time budget.
    pub eta_secs: f64,
    /// Completed fraction of the run, 0…1: of its steps, or of its time budget if that is more.
    #[serde(default)]
    pub done: f64,
    /// Resident memory of the process in bytes, if the system reports it.
    #[serde(default)]
    pub memory_bytes: Option<u64>,
}

/// Controls a run from another thread.
#[derive(Debug, Clone, Default)]
pub struct TrainingControl {
    shared: Arc<(Mutex<ControlRequests>, Condvar)>,
}

/// Pending control requests.
#[derive(Debug, Default)]
struct ControlRequests {
    run: RunRequest,
    roll_back: Option<usize>,
    switches: Option<LossSwitches>,
    /// Number of steps between measurements of the gradient shares; 0 for none.
    shares_every: usize,
    /// Interval of saves in addition to those of the plan.
    save_every: Option<Duration>,
    /// `true` if the run ends because the program exits.
    interrupted: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum RunRequest {
    #[default]
    Run,
    Pause,
    Stop,
}

impl TrainingControl {
    /// Pauses the run after its current step, which is saved first.
    pub fn pause(&self) {
        self.request(|requests| {
            if requests.run == RunRequest::Run {
                requests.run = RunRequest::Pause;
            }
        });
    }

    /// Resumes a paused run.
    pub fn resume(&self) {
        self.request(|requests| {
            if requests.run == RunRequest::Pause {
                requests.run = RunRequest::Run;
            }
        });
    }

    /// Stops the run after its current step, which is saved first. This cannot be undone.
    pub fn stop(&self) {
        self.request(|requests| requests.run = RunRequest::Stop);
    }

    /// Stops the run, after saving, because the program exits: it counts as interrupted.
    pub fn interrupt(&self) {
        self.request(|requests| {
            requests.interrupted |= requests.run != RunRequest::Stop; // a stopped run does not count as interrupted
            requests.run = RunRequest::Stop;
        });
    }

    /// Rolls the run back to its snapshot of `step` after its current step; it continues from there unless paused.
    pub fn roll_back(&self, step: usize) {
        self.request(|requests| requests.roll_back = Some(step));
    }

    /// Changes the loss switches, starting with the next step.
    pub fn switch(&self, switches: LossSwitches) {
        self.request(|requests| requests.switches = Some(switches));
    }

    /// Sets the number of steps between measurements of MotionNet's gradient shares; 0 for never, the default. A
    /// measurement costs about three steps and does not affect the training.
    pub fn share_gradients(&self, every: usize) {
        self.request(|requests| requests.shares_every = every);
    }

    /// Saves the run with a snapshot at this interval, in addition to the plan's checkpoints; the interval is longer if
    /// saving takes long. This does not affect the training.
    pub fn save_every(&self, interval: Duration) {
        self.request(|requests| requests.save_every = Some(interval));
    }

    /// Returns `true` if the run is paused or about to pause.
    pub fn is_paused(&self) -> bool {
        self.lock().run == RunRequest::Pause
    }

    /// Returns `true` if the run is to stop, or has stopped on request.
    pub fn is_stopped(&self) -> bool {
        self.lock().run == RunRequest::Stop
    }

    /// Returns `true` if the run is to stop because the program exits.
    pub(in crate::training) fn is_interrupted(&self) -> bool {
        self.lock().interrupted
    }

    /// Takes the requested roll-back step, if any.
    pub(in crate::training) fn take_roll_back(&self) -> Option<usize> {
        self.lock().roll_back.take()
    }

    /// Takes the newly requested loss switches, if any.
    pub(in crate::training) fn take_switches(&self) -> Option<LossSwitches> {
        self.lock().switches.take()
    }

    /// Drops pending requests that were meant for a previous network.
    pub(in crate::training) fn drop_requests(&self) {
        let mut requests = self.lock();
        (requests.roll_back, requests.switches) = (None, None);
    }

    /// Returns `true` if the gradient shares of step `step` (from 0) are to be measured.
    pub(in crate::training) fn wants_shares(&self, step: usize) -> bool {
        let every = self.lock().shares_every;
        // The first measurement, which costs about three steps, is delayed until some steps have been reported.
        every > 0 && step % every == FIRST_SHARES.min(every - 1)
    }

    /// Returns the interval of saves in addition to those of the plan, if any.
    pub(in crate::training) fn saves_every(&self) -> Option<Duration> {
        self.lock().save_every
    }

    /// Blocks while the run is paused.
    pub(in crate::training) fn wait_while_paused(&self) {
        self.wait_while(|requests| requests.run == RunRequest::Pause);
    }

    /// Blocks while the run is paused and no other request is pending.
    pub(in crate::training) fn wait_for_requests(&self) {
        self.wait_while(|requests| {
            requests.run == RunRequest::Pause && requests.roll_back.is_none() && requests.switches.is_none()
        });
    }

    fn wait_while(&self, condition: impl Fn(&ControlRequests) -> bool) {
        drop(self.shared.1.wait_while(self.lock(), |requests| condition(requests)));
    }

    fn request(&self, change: impl FnOnce(&mut ControlRequests)) {
        change(&mut self.lock());
        self.shared.1.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, ControlRequests> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
