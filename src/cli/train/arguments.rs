//! What can be asked of `motionscope train`, and the training plan made from it.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::super::arguments::DeviceArg;
use super::super::list_arguments::ListArgs;
use super::super::values::{geometry, named, non_negative, positive};
use crate::error::Result;
use crate::nets::{Architecture, Backbone};
use crate::training::{
    CachePlan, LossPreset, Network, OptimiserKind, ScheduleKind, Subset, TemporalMode, TrainingPlan,
};
use crate::video::Geometry;

const EXAMPLES: &str = "\
Examples:
  motionscope train flow --folder sample/clips --run runs/flow
  motionscope train temporal --folder sample/clips --base runs/flow/model --run runs/temporal
  motionscope train spatial --data videos --list trainlist01.txt --classes classInd.txt \\
                    --validation-list testlist01.txt --base runs/temporal/model --imagenet squeezenet.safetensors

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
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    networks: NetworkArgs,
    #[command(flatten)]
    loss: LossArgs,
    #[command(flatten)]
    solver: SolverArgs,
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
    /// Largest step between the frames of a window
    #[arg(long, value_name = "N")]
    max_stride: Option<usize>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Networks")]
struct NetworkArgs {
    /// Model folder to start from; its other networks are kept
    #[arg(long, value_name = "DIR")]
    base: Option<PathBuf>,
    /// ImageNet weights of the backbone to start a new stream from (.safetensors, .pth, .caffemodel, .onnx)
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
    /// Architecture of a new stream: squeezenet1-0, mobilenet-v2, bn-inception, resnet18, resnet50 or vgg16
    #[arg(long, value_parser = named::<Backbone>)]
    backbone: Option<Backbone>,
    /// Temporal stream: (a) MotionNet frozen, (b) both by the action loss, (c) both by all losses
    #[arg(long, value_enum)]
    mode: Option<TemporalMode>,
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
struct SolverArgs {
    /// Number of steps
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Windows, or frames of the spatial stream, in a step
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// Highest learning rate
    #[arg(long, value_parser = non_negative)]
    rate: Option<f64>,
    /// Rate of MotionNet relative to the stream's, in modes (b) and (c)
    #[arg(long, value_parser = non_negative)]
    motion_rate: Option<f64>,
    /// Update rule
    #[arg(long, value_enum)]
    optimiser: Option<OptimiserKind>,
    /// How the rate falls
    #[arg(long, value_enum)]
    schedule: Option<ScheduleKind>,
    /// Steps over which the rate rises from zero
    #[arg(long, value_name = "N")]
    warm_up: Option<usize>,
    /// L2 penalty on convolution weights
    #[arg(long, value_parser = non_negative)]
    weight_decay: Option<f64>,
    /// Largest norm of the gradient
    #[arg(long, value_parser = non_negative)]
    clip_norm: Option<f64>,
    /// Seed of every random choice
    #[arg(long)]
    seed: Option<u64>,
    /// Steps between two checkpoints
    #[arg(long, value_name = "N")]
    checkpoint_every: Option<usize>,
}

impl TrainArgs {
    /// The plan: what was given, and for the rest what suits the network.
    ///
    /// # Errors
    /// If the values could never train.
    pub fn plan(&self) -> Result<TrainingPlan> {
        let mut plan = TrainingPlan::of(self.network);
        set(&mut plan.run_dir, &self.run);
        self.data.apply(&mut plan);
        self.networks.apply(&mut plan);
        self.loss.apply(&mut plan);
        self.solver.apply(&mut plan);
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
        set(&mut plan.mode, &self.mode);
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
        set(&mut plan.rate, &self.rate);
        set(&mut plan.motion_rate, &self.motion_rate);
        set(&mut plan.optimiser, &self.optimiser);
        set(&mut plan.schedule, &self.schedule);
        set(&mut plan.warm_up, &self.warm_up);
        set(&mut plan.weight_decay, &self.weight_decay);
        set(&mut plan.clip_norm, &self.clip_norm);
        set(&mut plan.seed, &self.seed);
        set(&mut plan.checkpoint_every, &self.checkpoint_every);
    }
}

/// Replaces a usual value by one that was given.
fn set<T: Clone>(value: &mut T, given: &Option<T>) {
    if let Some(given) = given {
        value.clone_from(given);
    }
}
