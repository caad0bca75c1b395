//! What can be asked of `motionscope train`, and the training plan made from it.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::super::list_arguments::ListArgs;
use super::super::model_arguments::DeviceArg;
use super::super::values::{geometry, named, non_negative, positive};
use crate::error::{Error, Result};
use crate::nets::{Architecture, Backbone};
use crate::training::{
    CachePlan, ClassBalance, FlowSource, Freeze, LossPreset, NO_CLIPPING, Network, OptimiserKind, Recipe, ScheduleKind,
    Subset, TemporalMode, TrainingPlan,
};
use crate::video::Geometry;

const EXAMPLES: &str = "\
Examples:
  motionscope train flow --folder sample/clips --run runs/flow
  motionscope train temporal --folder sample/clips --base runs/flow/model --run runs/temporal
  motionscope train spatial --data videos --list trainlist01.txt --classes classInd.txt \\
                    --validation-list testlist01.txt --base runs/temporal/model --imagenet squeezenet.safetensors

  motionscope train temporal --recipe paper --mode b --batch 8 --hold-out 0.1 --data videos --list trainlist01.txt \\
                    --classes classInd.txt --base models/vgg --run runs/paper
  motionscope train temporal --flow-source tvl1 --folder sample/clips --run runs/two-stage
  motionscope train spatial --folder clips --freeze fire5 --head-rate 10 --ema 0.999 --hold-out 0.1 --patience 5

The run folder holds the last networks in model/ and, with clips to measure on, the best ones in best/. Do not name a test list
to measure on: what is chosen by it is no longer tested by it. --hold-out takes whole recordings out of the training clips.

Parts: MotionNet, the body of a stream and its last layer have rates of their own. --freeze motion keeps MotionNet as it is,
--freeze body all but the last layer of the stream, --freeze LAYER the layers up to LAYER (fire5, conv4_3), --freeze
motion:LAYER those of MotionNet below a stream. --freeze norms keeps the statistics of batch normalisation, as one wants when a
network with it (efficientnet-lite2, resnet18, …) is tuned on few clips; `motionscope tune` does so by itself.

--recipe paper trains as the authors' released files say: SGD or Adam, rates and their fall, rates of the parts, biases at
twice the rate, dropout, crops and an effective batch of 128 (16 for flow); what is given besides replaces its values. The rates
are those of VGG16 (--backbone vgg16); smaller networks want lower ones. Computing is in 32 bits: Burn 0.22 has neither automatic
casts nor loss scaling for training in mixed precision.

Where a value is not given, a usual one for the network is taken; the run folder records all of them in config.toml.
The same command resumes a run from its last checkpoint.

Exit codes: 0 trained to the end, 1 failed, 2 wrong usage, 130 ended early with everything saved";

/// `motionscope train`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(group = ArgGroup::new("data").args(["folder", "list"]).required(true))]
pub(in crate::cli) struct TrainArgs {
    /// What to train
    #[arg(value_enum)]
    network: Network,
    /// Published values for all that is not given
    #[arg(long, value_enum)]
    recipe: Option<Recipe>,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    networks: NetworkArgs,
    #[command(flatten)]
    loss: LossArgs,
    #[command(flatten)]
    pub(super) solver: SolverArgs,
    #[command(flatten)]
    regularisation: RegularisationArgs,
    /// Folder of the run; a checkpoint in it is resumed [default: runs/NETWORK]
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
    #[command(flatten)]
    pub(super) device: DeviceArg,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Clips")]
struct DataArgs {
    /// Folder with a sub-folder of clips for each class
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Folder that the paths of a list are relative to
    #[arg(long, value_name = "DIR", visible_alias = "data", requires = "list")]
    clips: Option<PathBuf>,
    /// List of clips: UCF101, HMDB51 (a folder), TSN, THUMOS14 (a folder), ActivityNet (JSON) or CSV
    #[arg(long, value_name = "FILE", requires = "clips")]
    list: Option<PathBuf>,
    /// The list's classes, where it does not tell them: classInd.txt
    #[arg(long, value_name = "FILE", requires = "list")]
    classes: Option<PathBuf>,
    /// Folder of clips to measure on, never trained on
    #[arg(long, value_name = "DIR", conflicts_with = "validation_list")]
    validation_folder: Option<PathBuf>,
    /// List of clips to measure on, never trained on
    #[arg(long, value_name = "FILE", requires = "list")]
    validation_list: Option<PathBuf>,
    /// Share of each class's recordings to take out of the training clips and measure on, such as 0.1
    #[arg(long, value_name = "SHARE", value_parser = positive, conflicts_with_all = ["validation_folder", "validation_list"])]
    hold_out: Option<f64>,
    /// Clips measured at most at a checkpoint [default: 60]
    #[arg(long, value_name = "N")]
    validation_clips: Option<usize>,
    /// End after so many measurements without a better one
    #[arg(long, value_name = "N")]
    patience: Option<usize>,
    /// What to do about classes of different size [default: none]
    #[arg(long, value_enum)]
    balance: Option<ClassBalance>,
    #[command(flatten)]
    lists: ListArgs,
    /// Folder to keep decoded clips in, for data sets that do not fit into memory
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Room that the decoded clips may take, in gigabytes
    #[arg(long, value_name = "GB", default_value_t = 20.0, value_parser = positive, requires = "cache")]
    cache_max: f64,
    /// Size to which frames are decoded
    #[arg(long, value_name = "WxH", value_parser = geometry)]
    frame: Option<Geometry>,
    /// Size of the crops the network sees; multiples of 32
    #[arg(long, value_name = "WxH", value_parser = geometry)]
    crop: Option<Geometry>,
    /// Sides of the random crops relative to the largest that fits; each pairs with its neighbours [default: 1,0.875,0.75]
    #[arg(long, value_name = "S,…", value_delimiter = ',')]
    crop_scales: Option<Vec<f32>>,
    /// Largest step between the frames of a window, where they are read in every step: not with frozen flow (mode a)
    #[arg(long, value_name = "N")]
    max_stride: Option<usize>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Networks")]
struct NetworkArgs {
    /// Model folder to start from; its other networks are kept
    #[arg(long, value_name = "DIR")]
    base: Option<PathBuf>,
    /// ImageNet weights of the backbone to start a new stream from, of i3d those of Kinetics (.safetensors, .pth, .caffemodel, .onnx)
    #[arg(long, value_name = "FILE")]
    imagenet: Option<PathBuf>,
    /// Motion network: motion-net or tiny-motion-net
    #[arg(long, value_parser = named::<Architecture>)]
    architecture: Option<Architecture>,
    /// Frames the motion network reads at once: 2 or 11
    #[arg(long, value_name = "N")]
    frames: Option<usize>,
    /// Feature maps of the motion network's first layer; 64 in the paper
    #[arg(long, value_name = "N")]
    width: Option<usize>,
    /// Large first layers instead of those for small displacements
    #[arg(long)]
    no_small_displacement: bool,
    /// No convolutions between the deconvolutions
    #[arg(long)]
    no_cdc: bool,
    /// Architecture of a new stream: squeezenet1-0, mobilenet-v2, efficientnet-lite0, -lite1 or -lite2,
    /// bn-inception, resnet18, i3d (reads clips), resnet50 or vgg16
    #[arg(long, value_parser = named::<Backbone>)]
    backbone: Option<Backbone>,
    /// Pictures, or flows, of the clips that an i3d reads [default: 64, or the base's]
    #[arg(long, value_name = "N")]
    clip_frames: Option<usize>,
    /// Temporal stream: (a) MotionNet frozen, (b) both by the action loss, (c) both by all losses
    #[arg(long, value_enum)]
    mode: Option<TemporalMode>,
    /// Temporal stream, mode (a): what it reads the flow of [default: motionnet]. All but motionnet are two-stage: the flow is
    /// made beforehand and rounded to the 256 levels of stored pictures
    #[arg(long, value_enum)]
    flow_source: Option<FlowSource>,
    /// What to leave as it is: motion, body, norms, LAYER or motion:LAYER, see below; may be given several times
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    freeze: Vec<Freeze>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Loss")]
struct LossArgs {
    /// Balance of the unsupervised terms
    #[arg(long, value_enum)]
    preset: Option<LossPreset>,
    /// Without the smoothness term
    #[arg(long)]
    no_smoothness: bool,
    /// Without the SSIM term
    #[arg(long)]
    no_ssim: bool,
    /// Loss on the finest scale alone
    #[arg(long)]
    no_multi_scale: bool,
    /// Weight of the unsupervised loss beside the action loss, in mode (c)
    #[arg(long, value_name = "W", value_parser = non_negative)]
    unsupervised_weight: Option<f64>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Solver")]
pub(super) struct SolverArgs {
    /// Number of steps
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Windows, or frames of the spatial stream, that are computed together: a step, unless several are accumulated
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// Batches whose mean gradient makes a step [default: 1]
    #[arg(long, value_name = "N", conflicts_with = "effective_batch")]
    accumulate: Option<usize>,
    /// Samples in a step, a multiple of the batch: accumulates as many batches
    #[arg(long, value_name = "N")]
    effective_batch: Option<usize>,
    /// Parts of a clip from each of which a window or frame is drawn; a stream's scores of all are averaged before the loss
    /// (temporal segment networks), and a batch holds so many times as many [default: 1]
    #[arg(long, value_name = "K")]
    segments: Option<usize>,
    /// Highest learning rate
    #[arg(long, value_parser = non_negative)]
    rate: Option<f64>,
    /// Rate of MotionNet relative to the stream's, in modes (b) and (c)
    #[arg(long, value_parser = non_negative)]
    motion_rate: Option<f64>,
    /// Rate of a stream's layers before the last, relative to the rate
    #[arg(long, value_parser = non_negative)]
    body_rate: Option<f64>,
    /// Rate of a stream's last layer, relative to the rate
    #[arg(long, value_parser = non_negative)]
    head_rate: Option<f64>,
    /// Rate of a stream's biases relative to their weights'; 2 in the released training
    #[arg(long, value_parser = non_negative)]
    bias_rate: Option<f64>,
    /// Update rule
    #[arg(long, value_enum)]
    optimiser: Option<OptimiserKind>,
    /// How the rate falls
    #[arg(long, value_enum)]
    schedule: Option<ScheduleKind>,
    /// Steps at which the step schedule falls, such as 5000,9500; implies that schedule
    #[arg(long, value_name = "STEP,…", value_delimiter = ',')]
    milestones: Option<Vec<usize>>,
    /// What the step schedule multiplies the rate by [default: 0.1]
    #[arg(long, value_parser = positive)]
    factor: Option<f64>,
    /// Steps over which the rate rises from zero
    #[arg(long, value_name = "N")]
    warm_up: Option<usize>,
    /// L2 penalty on convolution weights
    #[arg(long, value_parser = non_negative)]
    weight_decay: Option<f64>,
    /// Largest norm of the gradient of a network; 0 for any
    #[arg(long, value_parser = non_negative)]
    clip_norm: Option<f64>,
    /// Seed of every random choice
    #[arg(long)]
    seed: Option<u64>,
    /// Steps between two checkpoints
    #[arg(long, value_name = "N")]
    checkpoint_every: Option<usize>,
    /// Checkpoints kept as snapshots, fewer of older ones [default: 12]
    #[arg(long, value_name = "N")]
    snapshots: Option<usize>,
    /// Times its best that the smoothed loss must exceed for the run to go back to a snapshot and on at half the rate; 0 for never
    /// [default: 3]
    #[arg(long, value_name = "X", value_parser = non_negative)]
    divergence: Option<f64>,
    /// How often a run may go back before it fails [default: 3]
    #[arg(long, value_name = "N")]
    max_roll_backs: Option<usize>,
    /// End after so many minutes even if steps are left; the rate rises and falls with the time. Not repeatable step by step
    #[arg(long, value_name = "MINUTES", value_parser = positive)]
    minutes: Option<f64>,
    /// Steps between two looks at how much of MotionNet's gradient each kind of loss makes, written to gradients.csv; each costs
    /// about three steps [default: none]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(super) gradient_shares: usize,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Regularisation")]
struct RegularisationArgs {
    /// Decay of a moving average of the weights, which is then measured and exported; such as 0.999
    #[arg(long, value_name = "DECAY", value_parser = non_negative)]
    ema: Option<f64>,
    /// Share of the target spread over all classes; such as 0.1
    #[arg(long, value_name = "SHARE", value_parser = non_negative)]
    label_smoothing: Option<f64>,
    /// Mix what the stream reads of two samples, with shares from Beta(α, α); such as 0.2
    #[arg(long, value_name = "ALPHA", value_parser = positive)]
    mixup: Option<f64>,
    /// Probability of the stream's dropouts [default: the base's or the architecture's own]
    #[arg(long, value_name = "P", value_parser = non_negative)]
    dropout: Option<f64>,
}

impl TrainArgs {
    /// The plan: what was given, and for the rest what suits the network.
    ///
    /// # Errors
    /// If the values could never train.
    pub fn plan(&self) -> Result<TrainingPlan> {
        let usual = || TrainingPlan::of(self.network);
        let mut plan = self.recipe.map_or_else(usual, |recipe| recipe.plan(self.network, self.solver.steps));
        set(&mut plan.run_dir, &self.run);
        self.data.apply(&mut plan);
        self.networks.apply(&mut plan);
        self.loss.apply(&mut plan);
        self.solver.apply(&mut plan);
        self.regularisation.apply(&mut plan);
        let of_recipe = || self.recipe.map(|recipe| recipe.effective_batch(self.network));
        match (self.solver.accumulate, self.solver.effective_batch.or_else(of_recipe)) {
            (None, Some(effective)) => plan.accumulate = batches(effective, plan.batch)?,
            (accumulate, _) => set(&mut plan.accumulate, &accumulate),
        }
        plan.check()?;
        Ok(plan)
    }
}

impl DataArgs {
    fn apply(&self, plan: &mut TrainingPlan) {
        let source = |folder: &Option<PathBuf>, list: &Option<PathBuf>, subset| {
            let clips = folder.as_ref().or(list.as_ref().and(self.clips.as_ref()))?;
            Some(self.lists.source(clips, list.as_deref(), self.classes.as_deref(), subset))
        };
        set(&mut plan.data, &source(&self.folder, &self.list, Subset::Train));
        plan.validation = source(&self.validation_folder, &self.validation_list, Subset::Test);
        let max_bytes = (self.cache_max * 1e9) as u64;
        plan.cache = self.cache.clone().map(|dir| CachePlan { dir, max_bytes });
        set(&mut plan.hold_out, &self.hold_out);
        set(&mut plan.validation_clips, &self.validation_clips);
        plan.patience = self.patience;
        set(&mut plan.balance, &self.balance);
        set(&mut plan.crop_scales, &self.crop_scales);
        set(&mut plan.frame, &self.frame);
        set(&mut plan.crop, &self.crop);
        set(&mut plan.max_stride, &self.max_stride);
    }
}

impl NetworkArgs {
    fn apply(&self, plan: &mut TrainingPlan) {
        plan.base.clone_from(&self.base);
        plan.imagenet.clone_from(&self.imagenet);
        set(&mut plan.motion.architecture, &self.architecture);
        set(&mut plan.motion.frames, &self.frames);
        set(&mut plan.motion.width, &self.width);
        plan.motion.small_displacement = !self.no_small_displacement;
        plan.motion.cdc = !self.no_cdc;
        set(&mut plan.backbone, &self.backbone);
        plan.clip_frames = self.clip_frames;
        set(&mut plan.mode, &self.mode);
        set(&mut plan.flow_source, &self.flow_source);
        plan.freeze.clone_from(&self.freeze);
    }
}

impl LossArgs {
    fn apply(&self, plan: &mut TrainingPlan) {
        set(&mut plan.loss.preset, &self.preset);
        plan.loss.smoothness = !self.no_smoothness;
        plan.loss.ssim = !self.no_ssim;
        plan.loss.multi_scale = !self.no_multi_scale;
        set(&mut plan.unsupervised_weight, &self.unsupervised_weight);
    }
}

impl SolverArgs {
    fn apply(&self, plan: &mut TrainingPlan) {
        set(&mut plan.steps, &self.steps);
        set(&mut plan.batch, &self.batch);
        set(&mut plan.segments, &self.segments);
        set(&mut plan.rate, &self.rate);
        set(&mut plan.motion_rate, &self.motion_rate);
        set(&mut plan.optimiser, &self.optimiser);
        set(&mut plan.body_rate, &self.body_rate);
        set(&mut plan.head_rate, &self.head_rate);
        set(&mut plan.bias_rate, &self.bias_rate);
        let schedule = self.schedule.or(self.milestones.is_some().then_some(ScheduleKind::Step));
        set(&mut plan.schedule, &schedule);
        set(&mut plan.milestones, &self.milestones);
        set(&mut plan.factor, &self.factor);
        set(&mut plan.warm_up, &self.warm_up);
        set(&mut plan.weight_decay, &self.weight_decay);
        let clip_norm = self.clip_norm.map(|norm| if norm == 0.0 { NO_CLIPPING } else { norm });
        set(&mut plan.clip_norm, &clip_norm);
        set(&mut plan.seed, &self.seed);
        set(&mut plan.checkpoint_every, &self.checkpoint_every);
        set(&mut plan.snapshots, &self.snapshots);
        set(&mut plan.divergence, &self.divergence);
        set(&mut plan.max_roll_backs, &self.max_roll_backs);
        plan.budget_secs = self.minutes.map(|minutes| 60.0 * minutes);
    }
}

impl RegularisationArgs {
    fn apply(&self, plan: &mut TrainingPlan) {
        set(&mut plan.ema, &self.ema);
        set(&mut plan.label_smoothing, &self.label_smoothing);
        set(&mut plan.mixup, &self.mixup);
        plan.dropout = self.dropout.or(plan.dropout);
    }
}

/// How many batches of `batch` samples make an effective one.
fn batches(effective: usize, batch: usize) -> Result<usize> {
    match effective.checked_rem(batch) {
        Some(0) if effective > 0 => Ok(effective / batch),
        _ => {
            let cause = format!("{effective} samples are no whole number of batches of {batch}");
            Err(Error::new("effective batch", cause, "Choose a batch that divides it, or give --accumulate"))
        }
    }
}

/// Replaces a usual value by one that was given.
fn set<T: Clone>(value: &mut T, given: &Option<T>) {
    if let Some(given) = given {
        value.clone_from(given);
    }
}
