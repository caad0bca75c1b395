//! The events and controls of a training run, used by the window and the command line alike.

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

/// The step, from 0, whose gradient shares are measured first.
const FIRST_SHARES: usize = 4;

/// What is done with the clips before the first step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preparation {
    /// The motion of each is found, for a stream that looks at the square around it.
    FindMotion,
    /// The last layer of a stream from another task is fitted to their features.
    ExtractFeatures,
}

impl Preparation {
    /// Returns what is going on, as a heading has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::FindMotion => "Finding the motion",
            Self::ExtractFeatures => "Extracting features",
        }
    }
}

/// What the time limit left undone of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutShort {
    /// What is trained.
    pub network: Network,
    /// Steps that were made, or clips that were looked at.
    pub done: usize,
    /// How many there should have been.
    pub of: usize,
    /// What is counted.
    pub counted: CutCount,
}

/// What is counted of a run that was cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CutCount {
    /// Steps.
    Steps,
    /// Clips to learn from.
    Clips,
}

impl CutShort {
    /// Returns what was cut of the steps of a run of `plan` that stands at `progress`; none if nothing was.
    pub(in crate::training) fn of_steps(plan: &TrainingPlan, progress: &Progress) -> Option<Self> {
        let (network, done, of) = (plan.network, progress.step, plan.steps);
        let cut = Self { network, done, of, counted: CutCount::Steps };
        progress.is_cut_short(plan).then_some(cut)
    }

    /// Returns the same in words, a sentence.
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

/// What a run does after a step, before it makes the next or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndingWork {
    /// It measures on clips that are not trained on.
    Measure,
    /// It writes a checkpoint, with the optimisers.
    SaveCheckpoint,
    /// It writes a model folder.
    SaveModel,
}

/// Something that happened in a run.
#[derive(Debug, Clone)]
pub enum TrainingEvent {
    /// One of several runs begins.
    Part {
        /// Which one, from 0.
        number: usize,
        /// How many there are.
        of: usize,
        /// What it trains.
        network: Network,
    },
    /// The data is read and the networks are built.
    Started {
        /// Where the run is kept.
        run_dir: PathBuf,
        /// Number of clips that are trained on.
        clips: usize,
        /// Names of the classes, in the order of their labels; empty where none are needed.
        classes: Vec<String>,
        /// Number of trained parameters.
        parameters: usize,
        /// The step a checkpoint was resumed from, 0 for a fresh run.
        resumed_at: usize,
    },
    /// The run is resumed from a checkpoint; holds what was measured before.
    Resuming(Box<ResumedRun>),
    /// Before the first step, clips are looked at.
    Preparing {
        /// What for.
        what: Preparation,
        /// Clips processed so far.
        done: usize,
        /// Number of clips.
        of: usize,
    },
    /// So few steps fit into the time limit that the run learns little; a warning says the same.
    FewSteps(Fit),
    /// A step was made.
    Step(StepMetrics),
    /// A measurement on clips that are not trained on.
    Validation {
        /// After so many steps.
        step: usize,
        /// What was measured, for example `top-1`.
        name: String,
        /// The value.
        value: f32,
        /// Class and guess of every clip that was answered, in the order of the clips; empty where nothing is recognised.
        guesses: Vec<[usize; 2]>,
    },
    /// The loss switches from the next step on: sent at the start and on each change.
    Switched {
        /// After so many steps.
        step: usize,
        /// What counts.
        switches: LossSwitches,
    },
    /// What MotionNet's gradient consisted of, where that is wanted.
    GradientShares(GradientShares),
    /// The last measurement was the best so far, and the networks were kept as they are now.
    Best {
        /// After so many steps.
        step: usize,
        /// What was measured.
        name: String,
        /// The value.
        value: f32,
        /// A model folder with these networks.
        model_dir: PathBuf,
    },
    /// The run ends before its last step because no measurement was better for as long as its plan allows.
    OutOfPatience {
        /// The step of the best measurement.
        best_step: usize,
    },
    /// The time limit ends the run before all that its plan wants is done.
    CutShort(CutShort),
    /// Work that can take long begins after a step; the next step, a pause or the end follows.
    Ending(EndingWork),
    /// A checkpoint was written.
    Checkpoint(PathBuf),
    /// The snapshots that there are from now on, by rising steps.
    Snapshots(Vec<Snapshot>),
    /// The run was rolled back to a snapshot and continues from there; events of later steps are void.
    RolledBack {
        /// The step that it had reached.
        from: usize,
        /// The step of the snapshot.
        to: usize,
        /// What is left of the plan's rate from now on, 0…1.
        rate_factor: f64,
        /// Why it diverged; none if it was asked to go back.
        diverged: Option<Error>,
    },
    /// Something went wrong that the run can live with.
    Warning(Error),
    /// The run waits.
    Paused,
    /// The run continues after a pause.
    Resumed,
    /// The run has ended, at its last step or on request.
    Finished {
        /// A model folder with the trained networks.
        model_dir: PathBuf,
        /// Whether steps are left; starting the same run again resumes here.
        stopped_early: bool,
    },
}

/// The measurements of one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepMetrics {
    /// Number of this step, from 1.
    pub step: usize,
    /// Number of steps of the run; with a time budget, as many as fit in it at this speed.
    pub steps: usize,
    /// The loss that was minimised.
    pub loss: f32,
    /// The terms it is made of, by name: `pixel 2`, `smooth 2`, `ssim 2` … for each level, `action`.
    pub terms: Vec<(String, f32)>,
    /// The weight of each of the terms in the loss, 0 for one that does not count.
    #[serde(default)]
    pub weights: Vec<f32>,
    /// Share of the batch whose class was right, where there are classes.
    pub accuracy: Option<f32>,
    /// The learning rate.
    pub rate: f64,
    /// Steps a second, averaged over the last ones. Those in which the device is still tuned are left out where there are others.
    pub steps_per_sec: f64,
    /// Share of the time of these steps that was spent waiting for the next batch, 0…1.
    #[serde(default)]
    pub stall: f64,
    /// Time left at this speed, with measurements and checkpoints; what is left of the budget if that is less.
    pub eta_secs: f64,
    /// The share of the run that is done, 0…1: of its steps, or of its time budget if that is more.
    #[serde(default)]
    pub done: f64,
    /// Resident memory of the process, if the system reports it.
    #[serde(default)]
    pub memory_bytes: Option<u64>,
}

/// Steers a run from another thread.
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
    /// Steps between measurements of the gradient shares; 0 for none.
    shares_every: usize,
    /// Time between saves beside those of the plan.
    save_every: Option<Duration>,
    /// Whether the run ends because the program does.
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
    /// Lets the run wait after its current step, which is saved first.
    pub fn pause(&self) {
        self.request(|requests| {
            if requests.run == RunRequest::Run {
                requests.run = RunRequest::Pause;
            }
        });
    }

    /// Lets a paused run continue.
    pub fn resume(&self) {
        self.request(|requests| {
            if requests.run == RunRequest::Pause {
                requests.run = RunRequest::Run;
            }
        });
    }

    /// Lets the run save and end after its current step. This cannot be taken back.
    pub fn stop(&self) {
        self.request(|requests| requests.run = RunRequest::Stop);
    }

    /// Lets the run save and end because the program does: it counts as interrupted.
    pub fn interrupt(&self) {
        self.request(|requests| {
            requests.interrupted |= requests.run != RunRequest::Stop; // what was stopped before is over
            requests.run = RunRequest::Stop;
        });
    }

    /// Lets the run go back to its snapshot of `step` after its current step, and continue from there unless it is paused.
    pub fn roll_back(&self, step: usize) {
        self.request(|requests| requests.roll_back = Some(step));
    }

    /// Changes what of the loss counts, from the next step on.
    pub fn switch(&self, switches: LossSwitches) {
        self.request(|requests| requests.switches = Some(switches));
    }

    /// Sets the steps between measurements of MotionNet's gradient shares; 0 for never, the default. A measurement
    /// costs about three steps and changes nothing of the training.
    pub fn share_gradients(&self, every: usize) {
        self.request(|requests| requests.shares_every = every);
    }

    /// Lets the run save with a snapshot at such intervals, besides the steps of its plan. Of a run whose saves take long they
    /// are longer. This changes nothing of the training.
    pub fn save_every(&self, interval: Duration) {
        self.request(|requests| requests.save_every = Some(interval));
    }

    /// Returns whether the run waits or is about to.
    pub fn is_paused(&self) -> bool {
        self.lock().run == RunRequest::Pause
    }

    /// Returns whether the run is to end, or has for this reason.
    pub fn is_stopped(&self) -> bool {
        self.lock().run == RunRequest::Stop
    }

    /// Returns whether the run is to end because the program does.
    pub(in crate::training) fn is_interrupted(&self) -> bool {
        self.lock().interrupted
    }

    /// Returns the step that the run is to go back to, once.
    pub(in crate::training) fn take_roll_back(&self) -> Option<usize> {
        self.lock().roll_back.take()
    }

    /// Returns newly requested loss switches, once.
    pub(in crate::training) fn take_switches(&self) -> Option<LossSwitches> {
        self.lock().switches.take()
    }

    /// Forgets requests that the network did not take for which they were made.
    pub(in crate::training) fn drop_requests(&self) {
        let mut requests = self.lock();
        (requests.roll_back, requests.switches) = (None, None);
    }

    /// Returns whether the gradient shares of step `step`, from 0, are to be measured.
    pub(in crate::training) fn wants_shares(&self, step: usize) -> bool {
        let every = self.lock().shares_every;
        // The first one waits until some steps are seen: it costs as much as three.
        every > 0 && step % every == FIRST_SHARES.min(every - 1)
    }

    /// Returns the time between saves beside those of the plan, if there are any.
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
