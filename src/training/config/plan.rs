//! The settings of a run: all that is needed to reproduce it, saved as `config.toml` in its folder.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use super::choices::{ClassBalance, Network, OptimiserKind, ScheduleKind, TemporalMode};
use super::distillation::Distillation;
use super::freeze::Freeze;
use super::range::{TEACHER_WEIGHTS, within};
use super::run_kind::RunKind;
use crate::data::clip_cache::CachePlan;
use crate::data::{DataSource, PairAugmentation};
use crate::error::{Error, Result};
use crate::nets::{
    Architecture, Backbone, FlowMean, FlowReading, FlowResolution, FlowSource, JointArchitecture, MotionConfig,
    MotionCrop, MotionCue, WINDOW_FRAMES,
};
use crate::training::objective::losses::{SupervisedLoss, UnsupervisedLoss};
use crate::training::probe::linear;
use crate::video::Geometry;

/// Clip norm that disables gradient clipping.
pub const NO_CLIPPING: f64 = 1e30;

/// Settings of a training run. `Default` trains a pairwise MotionNet-16 like the shipped weights.
///
/// ```
/// use motionscope::training::{Network, TrainingPlan};
///
/// let plan = TrainingPlan { steps: 200, batch: 8, ..TrainingPlan::of(Network::Flow) };
/// assert!(plan.check().is_ok() && plan.trains_motion());
/// let error = TrainingPlan { rate: -1.0, ..plan }.check().unwrap_err();
/// assert_eq!(error.subject, "learning rate");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingPlan {
    /// The network to train.
    pub network: Network,
    /// The training clips.
    pub data: DataSource,
    /// Validation clips, which are never trained on.
    pub validation: Option<DataSource>,
    /// Disk cache of decoded clips, if any. It does not affect the result of the run and is not saved.
    #[serde(skip)]
    pub cache: Option<CachePlan>,
    /// Fraction of each class's recordings that is held out of the training clips for validation; 0 for none.
    pub hold_out: f64,
    /// Maximum number of validation clips per checkpoint, evenly spaced over the list.
    pub validation_clips: usize,
    /// Number of validations without improvement after which the run ends; `None` to run all steps.
    pub patience: Option<usize>,
    /// Base model folder: the run starts from its networks and keeps those it does not train.
    pub base: Option<PathBuf>,
    /// `true` to keep the base's other classes in the stream, before the new ones.
    pub keep_classes: bool,
    /// Model folder with the same classes whose other stream is added to the result.
    pub join: Option<PathBuf>,
    /// Training or a linear probe.
    #[serde(rename = "feature_windows")]
    pub kind: RunKind,
    /// ImageNet weights to initialise a stream from, if the base has none.
    pub imagenet: Option<PathBuf>,
    /// Folder of the run. A checkpoint found in it is resumed.
    pub run_dir: PathBuf,
    /// Configuration of MotionNet, if the base has none.
    pub motion: MotionConfig,
    /// Architecture of the joint network, if one is trained; its width is that of `motion`.
    pub joint: JointArchitecture,
    /// Units of the hidden layers of the branched network; `None` for 64 times its width.
    pub joint_hidden: Option<usize>,
    /// Model folders whose flow networks initialise parts of a stacked motion network; other parts start fresh.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PathBuf>,
    /// Backbone of the classifier, if the base has none.
    pub backbone: Backbone,
    /// Type of motion input of the temporal stream; `None` for the base's, or flow.
    pub input: Option<MotionCue>,
    /// Number of images or flows per clip of a network for clips, or of flows in a stack; `None` for the base's or the
    /// default.
    pub clip_frames: Option<usize>,
    /// Resolution at which the temporal stream reads flow; `None` for the base's or that of the frames.
    pub flow_resolution: Option<FlowResolution>,
    /// Flow crop of the temporal stream; `None` for the base's or the whole flow.
    pub temporal_crop: Option<MotionCrop>,
    /// Grey level that is subtracted from flow; `None` for the base's or the backbone's default.
    pub flow_mean: Option<FlowMean>,
    /// Frame crop of the spatial stream; `None` for the base's or the whole frame.
    pub spatial_crop: Option<MotionCrop>,
    /// The unsupervised loss.
    pub loss: UnsupervisedLoss,
    /// The loss against true flow, which replaces the unsupervised loss; `None` without ground truth.
    pub supervised: Option<SupervisedLoss>,
    /// Clips from which NextFlow learns the next frame, in every second sample.
    pub next_frames: Option<DataSource>,
    /// Augmentation of pairs with true flow, applied before cropping.
    pub augmentation: PairAugmentation,
    /// Weight of the unsupervised loss relative to the action loss in mode (c).
    pub unsupervised_weight: f64,
    /// A teacher model whose scores a stream learns from in addition to the labels.
    pub distillation: Option<Distillation>,
    /// Training mode of the temporal stream.
    pub mode: TemporalMode,
    /// Flow method of the temporal stream; anything but MotionNet requires mode (a). `None` for the one that the base's
    /// stream was trained on, or MotionNet.
    pub flow_source: Option<FlowSource>,
    /// Frozen parts of the networks.
    pub freeze: Vec<Freeze>,
    /// Probability of the stream's dropouts; `None` for the base's or the architecture's.
    pub dropout: Option<f64>,
    /// The update rule.
    pub optimiser: OptimiserKind,
    /// Learning rate schedule.
    pub schedule: ScheduleKind,
    /// Peak learning rate.
    pub rate: f64,
    /// Learning rate of MotionNet relative to the stream's in modes (b) and (c); 0.001 in the released training.
    pub motion_rate: f64,
    /// Learning rate of the stream's layers before the last, relative to `rate`.
    pub body_rate: f64,
    /// Learning rate of the stream's last layer, relative to `rate`.
    pub head_rate: f64,
    /// Learning rate of the stream's biases relative to their weights'; 2 in the released training.
    pub bias_rate: f64,
    /// Steps at which the step schedule multiplies the learning rate by `factor`.
    pub milestones: Vec<usize>,
    /// Factor of the step schedule.
    pub factor: f64,
    /// L2 penalty on convolution weights (not on biases and deconvolutions).
    pub weight_decay: f64,
    /// Number of warm-up steps, in which the learning rate rises from zero.
    pub warm_up: usize,
    /// Maximum norm of the whole gradient; [`NO_CLIPPING`] for no limit.
    pub clip_norm: f64,
    /// Number of steps.
    pub steps: usize,
    /// Batch size in windows, or in frames for the spatial stream.
    pub batch: usize,
    /// Gradient accumulation: number of batches whose mean gradient makes a step.
    pub accumulate: usize,
    /// Number of segments of a clip; a window (or frame) is drawn from each, and the stream's logits are averaged over
    /// them before the action loss (temporal segment networks, Wang et al. 2016). A batch then holds that many times
    /// more windows.
    pub segments: usize,
    /// Decay of the exponential moving average of the weights, which is validated and exported; 0 for the weights
    /// themselves.
    pub ema: f64,
    /// Label smoothing: share of the target that is spread over all classes (Szegedy et al. 2016).
    pub label_smoothing: f64,
    /// α of mixup (Zhang et al. 2018), applied to the stream's input; 0 for none.
    pub mixup: f64,
    /// Balancing of classes of different size.
    pub balance: ClassBalance,
    /// `true` to predict classes independently, with a sigmoid each instead of a softmax over all; overlapping segments
    /// then show several classes at once.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub multi_label: bool,
    /// Random seed of the run.
    pub seed: u64,
    /// Size to which frames are decoded.
    pub frame: Geometry,
    /// Size of the network's input in training; sides must be multiples of 32.
    pub crop: Geometry,
    /// Sides of the crops relative to the largest one that fits, in descending order; width and height are neighbours
    /// in the list.
    pub crop_scales: Vec<f32>,
    /// Largest temporal stride between the frames of a window.
    pub max_stride: usize,
    /// Steps between checkpoints.
    pub checkpoint_every: usize,
    /// Number of checkpoints kept as snapshots, for inspection and roll-back; older ones are thinned out.
    pub snapshots: usize,
    /// Size limit of all snapshots in megabytes, including those between checkpoints; 0 for no limit. Fewer are kept of
    /// large networks, but at least the first and the newest.
    pub snapshots_mb: usize,
    /// Divergence threshold: if the smoothed loss exceeds its best value by this factor, the run returns to a snapshot
    /// and continues at half the learning rate; 0 to disable.
    pub divergence: f64,
    /// Maximum number of roll-backs, after which the run ends with an error.
    pub max_roll_backs: usize,
    /// Time limit of the run in seconds, excluding pauses. The learning rate follows the elapsed share of the time if
    /// that is larger than the share of the steps. Such a run is not reproducible, as its progress and its learning
    /// rates depend on the speed of the machine.
    pub budget_secs: Option<f64>,
}

impl Default for TrainingPlan {
    fn default() -> Self {
        Self {
            network: Network::Flow,
            data: DataSource::Folder(PathBuf::new()),
            validation: None,
            cache: None,
            hold_out: 0.0,
            validation_clips: 60,
            patience: None,
            base: None,
            keep_classes: false,
            join: None,
            kind: RunKind::Training,
            imagenet: None,
            run_dir: PathBuf::from("runs/flow"),
            motion: MotionConfig { frames: 2, width: 16, ..MotionConfig::default() },
            joint: JointArchitecture::Branched,
            joint_hidden: None,
            parts: Vec::new(),
            backbone: Backbone::SqueezeNet,
            input: None,
            clip_frames: None,
            flow_resolution: None,
            temporal_crop: None,
            flow_mean: None,
            spatial_crop: None,
            loss: UnsupervisedLoss::default(),
            supervised: None,
            next_frames: None,
            augmentation: PairAugmentation::None,
            unsupervised_weight: 1.0,
            distillation: None,
            mode: TemporalMode::A,
            flow_source: None,
            freeze: Vec::new(),
            dropout: None,
            optimiser: OptimiserKind::Adam,
            schedule: ScheduleKind::Cosine,
            rate: 5e-4,
            motion_rate: 0.1,
            body_rate: 1.0,
            head_rate: 1.0,
            bias_rate: 1.0,
            milestones: Vec::new(),
            factor: 0.1,
            weight_decay: 0.0,
            warm_up: 100,
            clip_norm: 10.0,
            steps: 3000,
            batch: 16,
            accumulate: 1,
            segments: 1,
            ema: 0.0,
            label_smoothing: 0.0,
            mixup: 0.0,
            balance: ClassBalance::None,
            multi_label: false,
            seed: 1,
            frame: Geometry { width: 160, height: 120 },
            crop: Geometry { width: 128, height: 96 },
            crop_scales: vec![1.0, 0.875, 0.75],
            max_stride: 1,
            checkpoint_every: 100,
            snapshots: 12,
            snapshots_mb: 500,
            divergence: 3.0,
            max_roll_backs: 3,
            budget_secs: None,
        }
    }
}

impl TrainingPlan {
    /// Returns a plan with defaults for `network`.
    pub fn of(network: Network) -> Self {
        let flow = Self { network, ..Self::default() };
        match network {
            Network::Flow => flow,
            Network::Temporal => {
                Self { run_dir: PathBuf::from("runs/temporal"), rate: 1e-4, weight_decay: 5e-4, steps: 1200, ..flow }
            }
            Network::Joint => Self {
                run_dir: PathBuf::from("runs/joint"),
                motion: MotionConfig { frames: WINDOW_FRAMES, ..flow.motion.clone() },
                rate: 1e-4,
                weight_decay: 5e-4,
                steps: 1200,
                batch: 8,
                ..flow
            },
            Network::Spatial => Self {
                run_dir: PathBuf::from("runs/spatial"),
                rate: 2e-5,
                weight_decay: 5e-4,
                warm_up: 10,
                steps: 80,
                checkpoint_every: 40,
                frame: Geometry { width: 227, height: 227 },
                crop: Geometry { width: 224, height: 224 },
                ..flow
            },
        }
    }

    /// Returns `true` if the run changes MotionNet.
    pub fn trains_motion(&self) -> bool {
        match self.network {
            Network::Flow | Network::Joint => true,
            Network::Temporal => self.mode != TemporalMode::A && !self.freeze.contains(&Freeze::Motion),
            Network::Spatial => false,
        }
    }

    /// Returns the flow method of the temporal stream; MotionNet if the plan leaves it to the base.
    pub fn flow_source(&self) -> FlowSource {
        self.flow_source.unwrap_or_default()
    }

    /// Returns the parent folder of the run, whose files its runs share.
    pub(in crate::training) fn runs_dir(&self) -> &Path {
        self.run_dir.parent().unwrap_or(Path::new("."))
    }

    /// Returns `true` if there are validation clips.
    pub fn validates(&self) -> bool {
        self.validation.is_some() || self.hold_out > 0.0
    }

    /// Returns the plan as it is executed. Older versions saved the learning rates of whole streams for linear probes,
    /// which did not use them.
    pub(in crate::training) fn as_carried_out(&self) -> Self {
        if self.kind == RunKind::Training || self.schedule == ScheduleKind::Linear {
            return self.clone();
        }
        self.clone().of_last_layer()
    }

    /// Returns the plan with the learning rate settings of a linear probe.
    pub(in crate::training) fn of_last_layer(self) -> Self {
        let (rate, weight_decay) = (linear::RATE, linear::WEIGHT_DECAY);
        Self { rate, weight_decay, schedule: ScheduleKind::Linear, warm_up: 0, ..self }
    }

    /// Rejects settings that cannot be trained, naming the option and its range.
    pub fn check(&self) -> Result<()> {
        self.check_counts()?;
        if self.base.is_none() {
            self.motion.validate()?;
        }
        self.check_solver()?;
        self.check_regularisation()?;
        self.check_validation()?;
        self.check_frozen()?;
        self.check_clip_frames()?;
        self.check_cue()?;
        self.check_flow_source()?;
        self.check_flow_loss()?;
        self.check_distillation()?;
        self.check_truth()?;
        self.check_joint()?;
        self.check_parts()?;
        self.check_inputs()?;
        self.check_stride()?;
        self.check_last_layer()?;
        self.check_multi_label()?;
        self.check_crop()
    }

    fn check_counts(&self) -> Result<()> {
        let counts = [
            self.steps,
            self.batch,
            self.accumulate,
            self.segments,
            self.checkpoint_every,
            self.max_stride,
            self.validation_clips,
            self.patience.unwrap_or(1),
            self.snapshots,
        ];
        if counts.contains(&0) {
            let remedy = "Steps, batch, accumulation, segments, stride, checkpoint interval, snapshots, patience and validation clips must be at least 1";
            return Err(Error::new("training plan", "a count is zero", remedy));
        }
        Ok(())
    }

    fn check_solver(&self) -> Result<()> {
        if !(self.rate > 0.0 && self.rate <= 1.0) {
            let cause = format!("{} is outside 0…1", self.rate);
            return Err(Error::new("learning rate", cause, "Typical learning rates are between 1e-6 and 1e-2"));
        }
        let multipliers = [self.motion_rate, self.body_rate, self.head_rate, self.bias_rate];
        if let Some(wrong) = multipliers.into_iter().find(|rate| !(rate.is_finite() && *rate >= 0.0)) {
            let cause = format!("{wrong} is not a valid learning rate scale");
            return Err(Error::new(
                "learning rate scale",
                cause,
                "Use 1 for the full learning rate, 0 to freeze the part",
            ));
        }
        if self.clip_norm.is_nan() || self.clip_norm <= 0.0 {
            let cause = format!("{} is not positive", self.clip_norm);
            return Err(Error::new(
                "gradient clipping",
                cause,
                "Use a norm such as 10; --clip-norm 0 disables clipping",
            ));
        }
        if self.schedule == ScheduleKind::Step && self.milestones.is_empty() {
            let remedy = "Give the steps at which the learning rate drops, such as 5000,9500";
            return Err(Error::new("step schedule", "it has no milestones", remedy));
        }
        if self.divergence != 0.0 {
            within("divergence", self.divergence, 1.2, 1e9)?;
        }
        if let Some(secs) = self.budget_secs {
            within("time limit in seconds", secs, 1.0, 1e9)?;
        }
        within("factor", self.factor, 0.0, 1.0)
    }

    fn check_regularisation(&self) -> Result<()> {
        let needs_labels = [self.label_smoothing, self.mixup, self.dropout.unwrap_or(0.0)] != [0.0; 3];
        if self.network == Network::Flow && (needs_labels || self.balance == ClassBalance::Weighting) {
            let cause = "label smoothing, mixup, dropout and weighted classes are for streams";
            return Err(Error::new("flow network", cause, "Leave them out: MotionNet learns without labels"));
        }
        if self.network == Network::Flow && self.segments > 1 {
            let cause = "segments are for streams: MotionNet has no logits to average";
            return Err(Error::new("flow network", cause, "Omit them, or use a larger batch"));
        }
        within("EMA", self.ema, 0.0, 0.999_999)?;
        within("label smoothing", self.label_smoothing, 0.0, 0.999)?;
        within("dropout", self.dropout.unwrap_or(0.0), 0.0, 0.999)?;
        if self.mixup != 0.0 {
            within("mixup", self.mixup, 0.01, 1.0)?;
        }
        if self.mixup > 0.0 && self.batch < 2 {
            let remedy = "Use batches of 2 or more, or no mixup";
            return Err(Error::new("mixup", "mixup needs at least two samples per batch", remedy));
        }
        Ok(())
    }

    fn check_validation(&self) -> Result<()> {
        within("hold-out", self.hold_out, 0.0, 0.9)?;
        if self.hold_out > 0.0 && self.validation.is_some() {
            let remedy = "Use a hold-out or separate validation clips, not both";
            return Err(Error::new("hold-out", "there are validation clips already", remedy));
        }
        if self.patience.is_some() && !self.validates() {
            let remedy = "Hold out a tenth of the recordings, or name validation clips";
            return Err(Error::new("patience", "there are no validation clips", remedy));
        }
        Ok(())
    }

    /// Returns the flow input configuration of the temporal stream: the plan's settings, else the base's.
    pub fn flow_reading(&self, of_base: FlowReading) -> FlowReading {
        FlowReading {
            resolution: self.flow_resolution.unwrap_or(of_base.resolution),
            crop: self.temporal_crop.unwrap_or(of_base.crop),
            mean: self.flow_mean.unwrap_or(of_base.mean),
        }
    }

    fn check_frozen(&self) -> Result<()> {
        let refused = match self.network {
            Network::Flow | Network::Joint => {
                self.freeze.iter().find(|part| matches!(part, Freeze::Motion | Freeze::Body))
            }
            Network::Spatial => self.freeze.iter().find(|part| matches!(part, Freeze::Motion | Freeze::MotionUpTo(_))),
            Network::Temporal => None,
        };
        refused.map_or(Ok(()), |part| {
            let cause = format!("a run of the {:?} network cannot freeze '{part}'", self.network);
            Err(Error::new("freeze", cause.to_lowercase(), "Name a layer of the network that is trained"))
        })
    }

    fn check_flow_source(&self) -> Result<()> {
        let (name, source) = (self.flow_source().key(), "flow source");
        match (self.flow_source(), self.network, self.mode) {
            (FlowSource::MotionNet, ..) | (_, Network::Temporal, TemporalMode::A) => Ok(()),
            (_, Network::Temporal, mode) => {
                let cause = format!("mode ({}) trains MotionNet, but '{name}' does not use it", mode.key());
                Err(Error::new(source, cause, "Use mode a, or MotionNet as the source"))
            }
            (_, Network::Spatial, _) if self.backbone == Backbone::ThreeDNet => Ok(()),
            _ => Err(Error::new(source, format!("'{name}' is for the temporal stream"), "Leave it out")),
        }
    }

    /// Rejects flow losses beyond the paper unless MotionNet is trained by itself.
    fn check_flow_loss(&self) -> Result<()> {
        let UnsupervisedLoss { census, occlusion, teacher, teacher_weight, .. } = self.loss;
        if !TEACHER_WEIGHTS.contains(&teacher_weight) {
            let remedy = "Use a weight such as 1; leave out --teacher to train without one";
            let cause = format!("{teacher_weight:e} is outside 1e-6 to 1000");
            return Err(Error::new("teacher weight", cause, remedy));
        }
        let asked = [("census", census), ("occlusion", occlusion), ("teacher", teacher.is_some())];
        let learns_from_teacher = self.network == Network::Joint && self.joint.is_taught();
        match asked.into_iter().find(|(option, is_asked)| *is_asked && !(learns_from_teacher && *option == "teacher")) {
            Some((option, _)) if self.network != Network::Flow => {
                let cause =
                    format!("it is for training flow, not the {} network, whatever its mode", self.network.key());
                let remedy = format!("Train flow with --{option}, then pass its model folder as --base");
                Err(Error::new(option, cause, remedy))
            }
            _ => Ok(()),
        }
    }

    /// Rejects strides above 1 for precomputed flow, which is of adjacent frames.
    fn check_stride(&self) -> Result<()> {
        let is_frozen = self.network == Network::Temporal && !self.trains_motion();
        if self.max_stride > 1 && (is_frozen || self.kind != RunKind::Training) {
            let cause = format!("a stride of {} has no effect on precomputed flow", self.max_stride);
            let remedy = "Use 1, or train MotionNet in mode b or c";
            return Err(Error::new("max stride", cause, remedy));
        }
        Ok(())
    }

    fn check_last_layer(&self) -> Result<()> {
        let subject = "linear probe";
        if (self.keep_classes || self.join.is_some()) && self.network == Network::Flow {
            return Err(Error::new("classes", "MotionNet predicts no classes", "Train a stream, or omit the classes"));
        }
        if self.keep_classes && self.base.is_none() {
            return Err(Error::new("classes", "there is no base model with classes to keep", "Choose a base model"));
        }
        if self.kind == RunKind::Training {
            return Ok(());
        }
        let refuse = |cause, remedy| Err(Error::new(subject, cause, remedy));
        match (self.network, &self.base, &self.imagenet) {
            (Network::Flow, ..) => refuse("MotionNet has none", "Train a stream"),
            (Network::Joint, ..) => refuse("a joint network is trained as a whole", "Train a stream"),
            (_, None, None) => {
                refuse("a linear probe needs a pretrained backbone", "Choose a base model or ImageNet weights")
            }
            _ if self.trains_motion() => refuse("it needs frozen flow", "Use mode a"),
            _ => match self.unused_of_last_layer() {
                Some(name) => {
                    let cause = format!("{name} has no effect on a linear probe");
                    Err(Error::new(subject, cause, "Use the default, or fine-tune more layers"))
                }
                None => Ok(()),
            },
        }
    }

    /// Returns a setting that was changed although a linear probe does not use it.
    fn unused_of_last_layer(&self) -> Option<&'static str> {
        let changed = [
            ("accumulation", self.accumulate > 1),
            ("segments", self.segments > 1),
            ("EMA", self.ema > 0.0),
            ("label smoothing", self.label_smoothing > 0.0),
            ("mixup", self.mixup > 0.0),
            ("class balance", self.balance != ClassBalance::None),
            ("patience", self.patience.is_some()),
        ];
        changed.into_iter().find(|(_, changed)| *changed).map(|(name, _)| name)
    }

    /// Returns the unit that crop sides must be multiples of, at least twice, where the unsupervised loss compares all
    /// levels; 0 where it does not, or where the base decides.
    fn loss_crop_unit(&self) -> u32 {
        let halved = if self.motion.small_displacement { 1 } else { 2 };
        match (self.network, self.motion.architecture) {
            (Network::Flow, architecture) if architecture.is_supervised() && self.base.is_none() => 64,
            (Network::Flow, Architecture::MotionNet) if self.base.is_none() => 32 * halved,
            (Network::Flow, Architecture::MotionNet) => 32,
            (Network::Temporal, _) if self.mode == TemporalMode::C => 32,
            (Network::Joint, _) if !self.joint.is_taught() => 32,
            _ => 0,
        }
    }

    fn check_crop(&self) -> Result<()> {
        let scales = &self.crop_scales;
        if scales.is_empty() || scales.iter().any(|scale| !(0.1..=1.0).contains(scale)) {
            let remedy = "Use for example 1,0.875,0.75,0.66";
            return Err(Error::new("crop scales", "every scale must be between 0.1 and 1", remedy));
        }
        let Geometry { width, height } = self.crop;
        if width == 0 || height == 0 || !width.is_multiple_of(32) || !height.is_multiple_of(32) {
            let remedy = "The sides must be multiples of 32, for example 128×96";
            return Err(Error::new("crop", format!("{width}×{height}"), remedy));
        }
        let unit = self.loss_crop_unit();
        // True flow at the coarsest level may be a single cell; a reconstructed image may not.
        let least = if self.supervised.is_some() { unit } else { 2 * unit };
        if unit > 0 && [width, height].iter().any(|side| !side.is_multiple_of(unit) || *side < least) {
            let title = self.motion.architecture.title();
            let cause = format!("{width}×{height} leaves too few pixels at the coarsest flow level");
            let remedy = format!("Use multiples of {unit} from {least} on for this {title}");
            return Err(Error::new("crop", cause, remedy));
        }
        let frame = self.frame;
        if width > frame.width || height > frame.height {
            let cause = format!("{width}×{height} is larger than the frames ({}×{})", frame.width, frame.height);
            return Err(Error::new("crop", cause, "Make the crop smaller or the frames larger"));
        }
        Ok(())
    }
}
