//! A network with its optimiser: gradient accumulation, gradient norm, clipping, updates with per-group learning rates,
//! weight averaging, and checkpoints of all of it.

use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleVisitor, Param, ParamGroup};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamWConfig, GradientsAccumulator, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::store::ModuleRecord;
use burn::tensor::{Gradients, Tensor};

use super::ema::Ema;
use super::fused_adam::FusedAdam;
use super::param_groups::{NetworkPart, ParamGroupRates, freeze};
use super::sum_of_squares::sum_of_squares;
use crate::error::{Error, Result};
use crate::training::config::plan::{OptimiserKind, ScheduleKind, TrainingPlan};

/// A network that is being trained.
pub struct Optimizer<M: Module> {
    network: Option<M>, // `None` only inside `step`, which moves the network out and back
    optimiser: ModuleOptimizer,
    /// The optimiser before its first step.
    unused: ModuleOptimizer,
    accumulated: GradientsAccumulator<M>,
    rates: ParamGroupRates,
    average: Option<Ema<M>>,
    clip_norm: f64,
}

/// The gradient of one network.
pub struct Gradient {
    parts: GradientsParams,
    /// Sum of squares of all gradient elements; `None` if the network has no gradient.
    pub squares: Option<Tensor<1>>,
}

impl<M: Module> Optimizer<M> {
    /// Creates the optimiser of `plan` for `network`, which is `part` of the run.
    ///
    /// # Errors
    /// If the plan freezes a layer that the network does not have, or all of them.
    pub fn new(network: M, plan: &TrainingPlan, part: NetworkPart) -> Result<Self> {
        let network = freeze(network, plan, part)?;
        Ok(Self {
            rates: ParamGroupRates::new(plan, part),
            average: (plan.ema > 0.0).then(|| Ema::new(&network, plan.ema)),
            network: Some(network),
            optimiser: optimiser(plan),
            unused: optimiser(plan),
            accumulated: GradientsAccumulator::new(),
            clip_norm: plan.clip_norm,
        })
    }

    /// Returns the network with its current weights.
    pub fn network(&self) -> &M {
        self.network.as_ref().expect("a step always puts the network back")
    }

    /// Returns the network to be validated and exported: the moving average if there is one. Without autodiff.
    pub fn result(&self) -> M {
        self.average.as_ref().map_or_else(|| self.network().valid(), |average| average.network().clone())
    }

    /// Removes this network's part from `gradients` and returns it.
    pub fn part(&self, gradients: &mut Gradients) -> GradientsParams {
        GradientsParams::from_module(gradients, self.network())
    }

    /// Adds a part to the accumulated gradient.
    pub fn accumulate(&mut self, part: GradientsParams) {
        let network = self.network.as_ref().expect("a step always puts the network back");
        self.accumulated.accumulate(network, part);
    }

    /// Takes the accumulated gradient.
    pub fn gradient(&mut self) -> Gradient {
        let parts = self.accumulated.grads();
        Gradient { squares: squares(self.network(), &parts), parts }
    }

    /// Performs step `step` with a finite gradient of norm `norm`, which is clipped to the plan's limit.
    pub fn step(&mut self, mut gradient: Gradient, norm: f64, rate: f64, step: usize) {
        let mut network = self.network.take().expect("a step always puts the network back");
        if norm > self.clip_norm {
            network.visit(&mut LossScale { gradients: &mut gradient.parts, factor: self.clip_norm / norm });
        }
        for (multiplier, parts) in self.rates.split(&network, gradient.parts) {
            network = self.optimiser.step(rate * multiplier, network, parts);
        }
        if let Some(average) = &mut self.average {
            average.update(&network, step);
        }
        self.network = Some(network);
    }

    /// Writes the network, the optimiser's state and the average as `name.bpk`, `name-optimiser.bpk` and `name-average.bpk`
    /// into `dir`.
    pub fn save(&self, dir: &Path, name: &str) -> Result<()> {
        let refuse = |path: PathBuf| {
            move |error: burn::store::RecordError| {
                Error::file(
                    &path,
                    format!("cannot write the checkpoint: {error}"),
                    "Free some space or check the access rights; the previous checkpoint is intact: resume with the same command",
                )
            }
        };
        let [network, optimiser, average] = files(dir, name);
        self.network().clone().into_record().save(&network).map_err(refuse(network))?;
        self.optimiser.save(&optimiser).map_err(refuse(optimiser))?;
        self.average
            .as_ref()
            .map_or(Ok(()), |kept| kept.network().clone().into_record().save(&average).map_err(refuse(average)))
    }

    /// Restores the state written by [`Self::save`]; on failure, everything is unchanged.
    pub fn load(&self, dir: &Path, name: &str) -> Result<Self> {
        // A network shares its running statistics with its copies, including the one into which the checkpoint is read.
        let before = self.network().valid().into_record();
        self.read(dir, name).inspect_err(|_| {
            // These are the network's own values, so loading them cannot fail.
            let _ = self.network().clone().try_load_record(before);
        })
    }

    fn read(&self, dir: &Path, name: &str) -> Result<Self> {
        let refuse = |path: &Path| {
            let path = path.to_owned();
            move |error: burn::store::RecordError| {
                Error::file(
                    &path,
                    format!("not a checkpoint of this run: {error}"),
                    "Choose another run folder, or delete this checkpoint to start over",
                )
            }
        };
        let [network, optimiser, average] = files(dir, name);
        let load = |path: &Path, network: M| -> Result<M> {
            let record = ModuleRecord::load(path).map_err(refuse(path))?;
            network.try_load_record(record).map_err(refuse(path))
        };
        let restored = load(&network, self.network().clone())?;
        let kept =
            self.average.as_ref().map(|kept| Ok(kept.with(load(&average, kept.network().clone())?))).transpose()?;
        Ok(Self {
            rates: self.rates,
            network: Some(restored),
            optimiser: self.unused.clone().load(&optimiser).map_err(refuse(&optimiser))?,
            unused: self.unused.clone(),
            accumulated: GradientsAccumulator::new(),
            average: kept,
            clip_norm: self.clip_norm,
        })
    }
}

/// Returns the files of a network, its optimiser and its average.
fn files(dir: &Path, name: &str) -> [PathBuf; 3] {
    ["", "-optimiser", "-average"].map(|suffix| dir.join(format!("{name}{suffix}.bpk")))
}

/// Substrings of the names of weights without L2 penalty: transposed convolutions, batch normalisation (also as the
/// second element of ActionFlowNet's pairs), and slopes of PReLUs (He et al. 2015, Section 2.1).
const NOT_PENALISED: [&str; 7] =
    ["deconv", "upsample_flow", "upsampled_flow", "upsampled_frame", ".bn.", ".1.weight", "relu"];

/// Returns the plan's update rule, with an L2 penalty on convolution weights only (spec, section 2).
fn optimiser(plan: &TrainingPlan) -> ModuleOptimizer {
    let without = ParamGroup::from_any_predicates(NOT_PENALISED.to_vec());
    let penalised = ParamGroup::from_predicate("weight").exclude(without);
    let decay = Some(WeightDecayConfig::new(plan.weight_decay as f32)).filter(|_| plan.weight_decay > 0.0);
    match plan.optimiser {
        OptimiserKind::Adam => {
            let penalty = plan.weight_decay as f32;
            ModuleOptimizer::from(FusedAdam::new(0.0)).with_group(penalised, FusedAdam::new(penalty), None)
        }
        OptimiserKind::AdamW => {
            let adam = AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(0.0);
            let penalty = plan.weight_decay as f32;
            adam.init().with_group(penalised, adam.with_weight_decay(penalty).build(), None)
        }
        OptimiserKind::Sgd => {
            let sgd =
                SgdConfig::new().with_momentum(Some(MomentumConfig::new().with_momentum(0.9).with_dampening(0.0)));
            sgd.init().with_group(penalised, sgd.with_weight_decay(decay).build(), None)
        }
    }
}

/// Maximum share of a time budget for the warm-up.
const LONGEST_WARM_UP: f64 = 0.25;

/// The fractions of a time budget spent before a step and, if known, after it.
#[derive(Debug, Clone, Copy)]
pub struct Spent {
    /// Fraction before the step.
    pub before: f64,
    /// Fraction after the step.
    pub after: f64,
}

/// Returns the learning rate of step `step` (from 0): a linear warm-up, then the plan's schedule.
///
/// With a time budget, of which a fraction is `spent`, both follow the steps or the time, whichever is further. The
/// warm-up then takes its share of the planned steps as a share of the time, at most a quarter, and the schedule starts
/// after it: the plan's peak rate is reached even if only few steps fit in the time.
pub fn rate_at(plan: &TrainingPlan, step: usize, spent: Option<Spent>) -> f64 {
    let steps = plan.steps.max(1) as f64;
    let done = (step as f64 / steps).max(spent.map_or(0.0, |spent| spent.before)).min(1.0);
    let warm_up = (plan.warm_up as f64 / steps).min(LONGEST_WARM_UP);
    let (warm, falling) = match spent {
        None => (((step + 1) as f64 / plan.warm_up.max(1) as f64).min(1.0), done),
        Some(Spent { after, .. }) => {
            let reached = ((step + 1) as f64 / steps).max(after);
            let warm = if warm_up > 0.0 { (reached / warm_up).min(1.0) } else { 1.0 };
            (warm, ((done - warm_up) / (1.0 - warm_up)).max(0.0))
        }
    };
    let passed = |marks: &[f64]| marks.iter().filter(|&&mark| done >= mark).count() as i32;
    let passed_steps = || plan.milestones.iter().filter(|&&mark| step >= mark || done >= mark as f64 / steps).count();
    let fall = match plan.schedule {
        ScheduleKind::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * falling).cos()),
        ScheduleKind::Linear => 1.0 - falling,
        ScheduleKind::Halving => 0.5f64.powi(passed(&[0.25, 0.5, 0.625, 0.75, 0.875])),
        ScheduleKind::Tenths => 0.1f64.powi(passed(&[0.3125, 0.59375])),
        ScheduleKind::Step => plan.factor.powi(passed_steps() as i32),
        ScheduleKind::Constant => 1.0,
    };
    plan.rate * warm * fall
}

/// Returns the sum of squares of all gradients of `network` together, on the device.
fn squares<M: Module>(network: &M, gradients: &GradientsParams) -> Option<Tensor<1>> {
    let mut squares = Squares { gradients, sums: Vec::new() };
    network.visit(&mut squares);
    (!squares.sums.is_empty()).then(|| Tensor::cat(squares.sums, 0).sum())
}

struct Squares<'a> {
    gradients: &'a GradientsParams,
    sums: Vec<Tensor<1>>,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.sums.extend(self.gradients.get::<D>(param.id).map(sum_of_squares));
    }
}

struct LossScale<'a> {
    gradients: &'a mut GradientsParams,
    factor: f64,
}

impl ModuleVisitor for LossScale<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            self.gradients.register(param.id, gradient * self.factor);
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;
    use crate::nets::{
        Architecture, Backbone, CnnM, CnnMWidths, FlowNetLayers, MotionConfig, MotionNetwork, Stream, StreamConfig,
        StreamInput,
    };
    use crate::training::config::plan::Network;

    struct OptimizerValues(Vec<f32>);

    impl ModuleVisitor for OptimizerValues {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.extend(param.val().into_data().try_into_vec::<f32>().unwrap());
        }
    }

    /// Parameters of a network by name.
    #[derive(Default)]
    struct NamedValues {
        path: Vec<String>,
        values: Vec<(String, Vec<f32>)>,
    }

    impl NamedValues {
        fn of<M: Module>(network: &M) -> Vec<(String, Vec<f32>)> {
            let mut named = Self::default();
            network.visit(&mut named);
            named.values
        }
    }

    impl ModuleVisitor for NamedValues {
        fn enter_module(&mut self, name: &str, _container_type: &str) {
            self.path.push(name.to_owned());
        }

        fn exit_module(&mut self, _name: &str, _container_type: &str) {
            self.path.pop();
        }

        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.values.push((self.path.join("."), param.val().into_data().try_into_vec::<f32>().unwrap()));
        }
    }

    /// Returns the names of the weights that shrink in a step with zero gradient.
    fn shrinking<M: Module>(network: M, output: impl Fn(&M) -> Tensor<1>) -> Vec<String> {
        let plan = TrainingPlan {
            optimiser: OptimiserKind::Sgd,
            weight_decay: 0.5,
            warm_up: 0,
            ..TrainingPlan::of(Network::Flow)
        };
        let mut solver = Optimizer::new(network, &plan, NetworkPart::Motion).unwrap();
        let before = NamedValues::of(solver.network());
        let mut gradients = (output(solver.network()) * 0.0).backward();
        let part = solver.part(&mut gradients);
        solver.accumulate(part);
        let gradient = solver.gradient();
        solver.step(gradient, 1.0, 0.1, 0);
        let after = NamedValues::of(solver.network());
        before.into_iter().zip(after).filter(|(old, new)| old != new).map(|((name, _), _)| name).collect()
    }

    #[test]
    fn transposed_convolutions_and_slopes_are_not_penalised() {
        let device = Device::flex().autodiff();
        let config =
            MotionConfig { architecture: Architecture::NextFlow, width: 1, frames: 2, ..MotionConfig::default() };
        let of_next_flow = shrinking(config.init(&device), |network| {
            let MotionNetwork::FlowNet(network) = network else { panic!("not a flow network") };
            let FlowNetLayers::Next(layers) = &network.layers else { panic!("not NextFlow") };
            let (flows, frames) = layers.forward(Tensor::ones([1, 6, 64, 64], &device));
            flows.into_iter().chain(frames).map(Tensor::sum).reduce(|sum, level| sum + level).unwrap()
        });
        assert!(of_next_flow.iter().any(|name| name.ends_with("predict_frame2.weight")), "{of_next_flow:?}");
        assert!(
            !of_next_flow.iter().any(|name| name.contains("upsampled") || name.contains("deconv")),
            "{of_next_flow:?}"
        );

        let widths = CnnMWidths { conv1: 1, conv2: 1, conv3: 1, fc6: 1, fc7: 1, side: 1 };
        let config = StreamConfig { backbone: Backbone::Emv, input: StreamInput::STACK, classes: 2, dropout: None };
        let slopes = shrinking(CnnM::with_widths(widths, &config, &device), |network| {
            let fc6 = network.fc6(Tensor::ones([1, 20, 48, 48], &device));
            fc6.sum()
        });
        assert!(slopes.iter().any(|name| name.ends_with("conv1.weight")), "{slopes:?}");
        assert!(!slopes.iter().any(|name| name.contains("relu")), "{slopes:?}");
    }

    /// The statistics of batch normalisation are shared by all copies of a network, including those that a checkpoint
    /// is read into.
    #[test]
    fn a_checkpoint_that_cannot_be_read_leaves_everything_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let device = Device::flex().autodiff();
        let config =
            StreamConfig { backbone: Backbone::MobileNetV2, input: StreamInput::PICTURE, classes: 2, dropout: None };
        let plan = TrainingPlan::of(Network::Spatial);
        let solver = Optimizer::new(config.init(&device), &plan, NetworkPart::Stream).unwrap();
        let values = |solver: &Optimizer<Stream>| {
            let mut values = OptimizerValues(Vec::new());
            solver.network().visit(&mut values);
            values.0
        };
        let look = || {
            let frames = Tensor::<4>::random([2, 3, 32, 32], Distribution::Normal(0.0, 50.0), &Device::flex());
            solver.network().forward(Tensor::from_inner(frames).to_device(&device));
        };
        look();
        solver.save(dir.path(), "stream").unwrap();
        let saved = values(&solver);
        look();
        let before = values(&solver);
        assert_ne!(before, saved, "the statistics have moved");
        std::fs::write(dir.path().join("stream-optimiser.bpk"), "damaged").unwrap();
        assert!(solver.load(dir.path(), "stream").is_err());
        assert_eq!(values(&solver), before);
    }

    #[test]
    fn schedules_warm_up_and_fall() {
        let plan =
            |schedule| TrainingPlan { schedule, steps: 1000, warm_up: 100, rate: 1.0, ..TrainingPlan::default() };
        let cosine = plan(ScheduleKind::Cosine);
        assert!((rate_at(&cosine, 0, None) - 0.01).abs() < 1e-9);
        assert!((rate_at(&cosine, 500, None) - 0.5).abs() < 1e-9);
        assert!(rate_at(&cosine, 999, None) < 1e-5);
        let spent = |step, before| rate_at(&cosine, step, Some(Spent { before, after: before }));
        // The warm-up, a tenth, is over; half of the rest is done.
        assert!((spent(200, 0.55) - 0.5).abs() < 1e-9 && spent(200, 2.0) < 1e-9, "time is further than the steps");
        assert_eq!(spent(600, 0.5), spent(600, 0.1), "the steps are further than time");
        assert_eq!(
            [249, 250, 999].map(|step| rate_at(&plan(ScheduleKind::Halving), step, None)),
            [1.0, 0.5, 1.0 / 32.0]
        );
        assert!((rate_at(&plan(ScheduleKind::Tenths), 999, None) - 0.01).abs() < 1e-12);
        let steps = TrainingPlan { milestones: vec![300, 800], factor: 0.5, ..plan(ScheduleKind::Step) };
        assert_eq!([299, 300, 799, 800].map(|step| rate_at(&steps, step, None)), [1.0, 0.5, 0.5, 0.25]);
        assert_eq!([99, 999].map(|step| rate_at(&plan(ScheduleKind::Constant), step, None)), [1.0, 1.0]);
    }

    /// Nine steps of twelve hundred planned ones: the peak rate is still the chosen one.
    #[test]
    fn a_run_of_few_steps_in_its_time_reaches_its_rate() {
        for schedule in [ScheduleKind::Cosine, ScheduleKind::Linear, ScheduleKind::Constant] {
            for warm_up in [0, 100, 1200] {
                let plan = TrainingPlan { schedule, warm_up, steps: 1200, rate: 1e-4, ..TrainingPlan::default() };
                let rate = |step: usize| {
                    let [before, after] = [step, step + 1].map(|step| step as f64 / 9.0);
                    let after = if step == 0 { 0.0 } else { after }; // unknown in the first step
                    rate_at(&plan, step, Some(Spent { before, after }))
                };
                let highest = (0..9).map(rate).fold(0.0, f64::max);
                assert!((0.95e-4..=1e-4).contains(&highest), "{schedule:?}, {warm_up}: {highest}");
            }
        }
    }

    #[test]
    fn milestones_are_passed_by_time_as_well() {
        let plan = TrainingPlan {
            schedule: ScheduleKind::Step,
            milestones: vec![300, 800],
            factor: 0.5,
            steps: 1000,
            warm_up: 0,
            rate: 1.0,
            ..TrainingPlan::default()
        };
        let rate = |before: f64| rate_at(&plan, 5, Some(Spent { before, after: before }));
        assert_eq!([0.2, 0.3, 0.79, 0.8, 1.0].map(rate), [1.0, 0.5, 0.5, 0.25, 0.25]);
    }
}
