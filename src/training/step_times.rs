//! Estimates of the number of steps in a time budget, measured or from earlier similar runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::config::plan::{Network, TrainingPlan};
use super::config::run_kind::RunKind;
use super::run::checkpoint;
use crate::files;
use crate::plural::counted;

/// Number of steps below which a run learns little.
const FEW_STEPS: usize = 100;
/// Number of steps from which the step time of an earlier run is reliable: devices are autotuned in the first ones.
const TIMED_STEPS: usize = 5;

/// The estimated number of steps in the time limit of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// The network that is trained.
    pub network: Network,
    /// Seconds per step.
    pub step_secs: f64,
    /// Number of steps of the whole run.
    pub steps: usize,
    budget_secs: f64,
    batch: usize,
    wanted: usize,
}

impl Fit {
    /// Creates the estimate for a run of `plan` in whose time `steps` steps of `step_secs` fit; `None` without a time
    /// limit.
    pub fn new(plan: &TrainingPlan, steps: usize, step_secs: f64) -> Option<Self> {
        let (steps, wanted) = (steps.min(plan.steps), FEW_STEPS.min(plan.steps));
        let (network, batch) = (plan.network, plan.batch);
        plan.budget_secs.map(|budget_secs| Self { network, step_secs, steps, budget_secs, batch, wanted })
    }

    /// Returns `true` if the steps are too few to learn from.
    pub fn is_few(&self) -> bool {
        self.steps < self.wanted
    }

    /// Returns the estimate as text.
    pub fn in_words(&self) -> String {
        let Self { steps, step_secs, budget_secs, .. } = self;
        let steps = counted(*steps, "step");
        format!("about {steps} of {step_secs:.1} s each fit into {:.1} minutes", budget_secs / 60.0)
    }

    /// Returns the batch size with which enough steps would fit, assuming that the step time is proportional to it;
    /// `None` if the steps are not too few or no smaller batch would help.
    pub fn smaller_batch(&self) -> Option<usize> {
        let batch = (self.batch * self.steps / self.wanted.max(1)).max(1);
        (self.is_few() && batch < self.batch).then_some(batch)
    }

    /// Returns the remedy for too few steps.
    pub fn remedy(&self) -> String {
        let Some(batch) = self.smaller_batch() else {
            return "Increase the time limit, or train fewer layers".into();
        };
        let steps = (self.steps.max(1) * self.batch / batch).min(self.wanted);
        format!(
            "Increase the time limit, train fewer layers, or reduce the batch size: with {batch}, about {} fit",
            counted(steps, "step")
        )
    }
}

/// The step times of earlier runs.
#[derive(Debug, Default)]
pub struct StepTimes(Vec<Earlier>);

#[derive(Debug)]
struct Earlier {
    plan: TrainingPlan,
    step_secs: f64,
    on_gpu: bool,
    ended: SystemTime,
}

impl StepTimes {
    /// Reads the step times of the runs in `folder`, from two small files of each.
    pub fn of_runs_in(folder: &Path) -> Self {
        let runs = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        Self(runs.filter_map(|run| Earlier::read(&run)).collect())
    }

    /// Returns the estimated steps in the time limit of a run of `plan` on a GPU or the CPU, from the latest run of the
    /// same networks there; `None` without a time limit or such a run. Saved plans have the settings inherited from
    /// their base filled in, which `plan` must have too.
    pub fn fit(&self, plan: &TrainingPlan, on_gpu: bool) -> Option<Fit> {
        let alike = self.0.iter().filter(|earlier| earlier.on_gpu == on_gpu && is_alike(&earlier.plan, plan));
        let latest = alike.max_by_key(|earlier| earlier.ended)?;
        let step_secs = latest.step_secs * samples(plan) / samples(&latest.plan);
        Fit::new(plan, (plan.budget_secs? / step_secs.max(1e-9)) as usize, step_secs)
    }
}

impl Earlier {
    fn read(run: &Path) -> Option<Self> {
        let plan: TrainingPlan = toml::from_str(&files::read_to_string(run.join("config.toml")).ok()?).ok()?;
        let checkpoint: PathBuf = checkpoint::find(run)?;
        let progress = checkpoint::read(&checkpoint).ok()?;
        let is_timed = plan.kind == RunKind::Training && progress.step >= TIMED_STEPS;
        let step_secs = (progress.seconds - progress.prepared) / progress.step.max(1) as f64;
        let ended = fs::metadata(&checkpoint).and_then(|facts| facts.modified()).ok()?;
        (is_timed && step_secs > 0.0).then_some(Self { plan, step_secs, on_gpu: progress.on_gpu?, ended })
    }
}

/// Returns the number of samples per step.
fn samples(plan: &TrainingPlan) -> f64 {
    (plan.batch * plan.accumulate * plan.segments) as f64
}

/// Returns `true` if a sample has the same cost in both plans.
fn is_alike(one: &TrainingPlan, other: &TrainingPlan) -> bool {
    let key = |plan: &TrainingPlan| {
        let networks = (
            plan.network,
            (plan.backbone, plan.joint, plan.joint_hidden),
            plan.clip_frames,
            (plan.flow_resolution, plan.temporal_crop, plan.spatial_crop),
            plan.motion.clone(),
            plan.base.clone(),
        );
        let reads = (plan.input, plan.flow_source(), plan.distillation.clone());
        (networks, plan.mode, reads, plan.freeze.clone(), plan.frame, plan.crop)
    };
    key(one) == key(other)
}

#[cfg(test)]
mod tests {
    use super::super::run::checkpoint::Progress;
    use super::*;
    use crate::nets::MotionCrop;

    fn plan(batch: usize, minutes: f64) -> TrainingPlan {
        TrainingPlan { batch, steps: 1200, budget_secs: Some(60.0 * minutes), ..TrainingPlan::default() }
    }

    #[test]
    fn few_steps_come_with_a_batch_of_which_more_fit() {
        let fit = Fit::new(&plan(16, 5.0), 25, 12.0).unwrap();
        assert!(fit.is_few());
        assert_eq!(fit.in_words(), "about 25 steps of 12.0 s each fit into 5.0 minutes");
        assert!(fit.remedy().ends_with("with 4, about 100 steps fit"), "{}", fit.remedy());
        let none = Fit::new(&plan(16, 0.1), 0, 60.0).unwrap();
        assert!(none.remedy().ends_with("with 1, about 16 steps fit"), "{}", none.remedy());
        assert_eq!((fit.smaller_batch(), none.smaller_batch()), (Some(4), Some(1)));
        assert_eq!(Fit::new(&plan(16, 5.0), 100, 3.0).unwrap().smaller_batch(), None);
        assert!(!Fit::new(&plan(1, 5.0), 1, 300.0).unwrap().remedy().contains("batch"));
        assert!(!Fit::new(&plan(16, 5.0), 100, 3.0).unwrap().is_few());
        assert!(
            !Fit::new(&TrainingPlan { steps: 4, ..plan(16, 5.0) }, 900, 0.3).unwrap().is_few(),
            "no more are wanted"
        );
        assert_eq!(Fit::new(&TrainingPlan::default(), 100, 3.0), None);
    }

    #[test]
    fn the_latest_run_alike_says_how_many_steps_fit() {
        let dir = tempfile::tempdir().unwrap();
        let add = |name: &str, plan: &TrainingPlan, seconds: f64, on_gpu: Option<bool>| {
            let run = dir.path().join(name);
            fs::create_dir(&run).unwrap();
            fs::write(run.join("config.toml"), toml::to_string(plan).unwrap()).unwrap();
            let progress = Progress { step: 10, seconds, prepared: 20.0, on_gpu, ..Progress::start() };
            checkpoint::write(&run, &progress, |_| Ok(())).unwrap();
        };
        add("one", &plan(8, 5.0), 60.0, Some(false)); // 0.5 s per sample
        let around = Some(MotionCrop::Motion);
        let other = TrainingPlan { network: Network::Spatial, spatial_crop: around, ..plan(8, 5.0) };
        add("other networks", &other, 21.0, Some(false));
        add("of an older version", &plan(8, 5.0), 21.0, None);
        fs::create_dir(dir.path().join("no run")).unwrap();
        let times = StepTimes::of_runs_in(dir.path());
        let fit = times.fit(&plan(16, 2.0), false).unwrap();
        assert_eq!((fit.step_secs, fit.steps), (8.0, 15));
        assert_eq!(times.fit(&plan(16, 2.0), true), None, "nothing is known of that device");
        assert_eq!(times.fit(&TrainingPlan { mode: crate::training::TemporalMode::C, ..plan(16, 2.0) }, false), None);
        let spatial = TrainingPlan { network: Network::Spatial, ..plan(8, 5.0) };
        assert_eq!(
            times.fit(&spatial, false),
            None,
            "the run sees the square around the motion, the plan whole frames"
        );
        let spatial = TrainingPlan { spatial_crop: Some(MotionCrop::Whole), ..spatial };
        add("spatial", &spatial, 61.0, Some(false));
        assert_eq!(StepTimes::of_runs_in(dir.path()).fit(&spatial, false).map(|fit| fit.step_secs), Some(4.1));
        assert_eq!(StepTimes::of_runs_in(&dir.path().join("none")).fit(&plan(16, 2.0), false), None);
    }
}
