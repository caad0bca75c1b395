//! The arguments of `motionscope train` and the training plan built from them.

mod losses;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use self::losses::LossArgs;
use super::super::list_arguments::ListArgs;
use super::super::model_arguments::DeviceArg;
use super::super::values::{choice, geometry, named, non_negative, positive, set};
use super::architecture::TrainedArchitecture;
use crate::data::flow_benchmarks::FlowDataset;
use crate::data::{CachePlan, DataSource, PairAugmentation, PairSource, Subset};
use crate::error::{Error, Result};
use crate::nets::{Backbone, FlowMean, FlowResolution, MotionCrop, MotionCue};
use crate::training::{
    ClassBalance, FlowSource, FlowTeacher, Freeze, NO_CLIPPING, Network, OptimiserKind, Recipe, ScheduleKind,
    TemporalMode, TrainingPlan,
};
use crate::video::Geometry;

const EXAMPLES: &str = "\
Examples:
  motionscope train flow --folder sample/clips --run-dir runs/flow
  motionscope train flow --folder sample/clips --teacher dis --census --occlusion --run-dir taught
  motionscope train flow --supervised --architecture flownet-s --pairs FlyingChairs \\
                    --frame 512x384 --crop 448x320
  motionscope train temporal --folder sample/clips --base runs/flow/model --run-dir runs/temporal
  motionscope train spatial --data videos --list trainlist01.txt --classes classInd.txt \\
                    --validation-list testlist01.txt --base runs/temporal/model \\
                    --imagenet squeezenet.safetensors

  motionscope train temporal --recipe paper --mode b --batch 8 --hold-out 0.1 --data videos \\
                    --list trainlist01.txt --classes classInd.txt --base models/vgg
  motionscope train temporal --flow-source tvl1 --folder sample/clips --run-dir runs/two-stage
  motionscope train joint --architecture branched --base runs/flow/model --folder sample/clips
  motionscope train joint --architecture actionflownet-16 --teacher dis --folder sample/clips
  motionscope train spatial --folder clips --freeze fire5 --head-lr-scale 10 --ema 0.999 \\
                    --hold-out 0.1 --patience 5

The run folder holds the final networks in model/ and, with validation clips, the best ones in
best/. Do not validate on the test list: a model selected on it can no longer be tested on it.
--hold-out takes whole recordings out of the training clips.

MotionNet, the backbone of a stream and its classifier layer have separate learning rates.
--freeze motion        freezes MotionNet
--freeze backbone      freezes all layers of the stream except the classifier
--freeze LAYER         freezes the layers up to LAYER (fire5, conv4_3)
--freeze motion:LAYER  freezes the layers of MotionNet up to LAYER, below a stream
--freeze norms         keeps the batch-norm statistics, for fine-tuning on few clips networks that
                       have them (efficientnet-lite2, resnet18 …); `motionscope tune` does so itself
--freeze partial-bn    keeps all of them but the first, as temporal segment networks do

--recipe paper uses the settings of the authors' released files: SGD or Adam, learning rates and
schedules, per-layer rates, twice the rate for biases, dropout, crops and an effective batch size of
128 (16 for flow). Other options override them. The learning rates are for VGG16 (--backbone vgg16);
smaller networks need lower ones. Training runs in 32-bit floats: Burn 0.22 has neither automatic
casts nor loss scaling for mixed precision.

Other defaults depend on the network. The run folder records all settings in config.toml.
Run the same command again to resume from the last checkpoint.

Exit codes: 0 finished, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C and 75
by SIGTERM with everything saved";

/// `motionscope train`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(group = ArgGroup::new("data").args(["folder", "list", "pairs"]).required(true))]
pub(in crate::cli) struct TrainArgs {
    /// Network to train
    #[arg(value_parser = choice::<Network>())]
    network: Network,
    /// Published settings for options not given
    #[arg(long, value_parser = choice::<Recipe>())]
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
    /// Run folder; resumes from a checkpoint in it [default: runs/NETWORK]
    #[arg(long = "run-dir", alias = "run", value_name = "DIR")]
    run: Option<PathBuf>,
    #[command(flatten)]
    pub(super) device: DeviceArg,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Clips")]
struct DataArgs {
    /// Folder of clips with one sub-folder per class
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Root folder of the list
    #[arg(long, value_name = "DIR", visible_alias = "data", requires = "list", conflicts_with = "folder")]
    clips: Option<PathBuf>,
    /// List of clips: UCF101, HMDB51 (a folder), TSN, THUMOS14 (a folder), ActivityNet or CSV
    #[arg(long, value_name = "FILE", requires = "clips")]
    list: Option<PathBuf>,
    /// Class index (classInd.txt), if the list has no class names
    #[arg(long, value_name = "FILE", requires = "list", conflicts_with = "folder")]
    classes: Option<PathBuf>,
    /// Folder of pairs with true flow, for --supervised
    #[arg(long, value_name = "DIR", requires = "supervised")]
    pairs: Option<PathBuf>,
    /// Folder of clips without flow: NextFlow also learns their next frames, in half of each batch
    #[arg(long, value_name = "DIR", requires = "pairs")]
    next_frames: Option<PathBuf>,
    /// Layout of the pairs: flyingchairs, sintel-clean, sintel-final, kitti2012, kitti2015, middlebury
    #[arg(long, value_name = "NAME", default_value = "flyingchairs", value_parser = named::<FlowDataset>(), requires = "pairs")]
    dataset: FlowDataset,
    /// Augmentation of the pairs before they are cropped
    #[arg(long, value_parser = choice::<PairAugmentation>(), default_value = PairAugmentation::None.key(), requires = "pairs")]
    augmentation: PairAugmentation,
    /// Validation pairs with true flow, of the same layout
    #[arg(long, value_name = "DIR", requires = "pairs", conflicts_with_all = ["validation_folder", "validation_list"])]
    validation_pairs: Option<PathBuf>,
    /// Validation clips: a folder
    #[arg(long, value_name = "DIR", conflicts_with = "validation_list")]
    validation_folder: Option<PathBuf>,
    /// Validation clips: a list
    #[arg(long, value_name = "FILE", requires = "list")]
    validation_list: Option<PathBuf>,
    /// Fraction of the recordings of each class held out for validation, such as 0.1
    #[arg(long, value_name = "SHARE", value_parser = positive, conflicts_with_all = ["validation_folder", "validation_list", "validation_pairs"])]
    hold_out: Option<f64>,
    /// Maximum number of validation clips at a checkpoint [default: 60]
    #[arg(long, value_name = "N")]
    validation_clips: Option<usize>,
    /// Stop early after N validations without improvement
    #[arg(long, value_name = "N")]
    patience: Option<usize>,
    /// Balancing of classes of different size [default: none]
    #[arg(long, value_parser = choice::<ClassBalance>())]
    balance: Option<ClassBalance>,
    /// Answer each class by itself; segments that overlap are shown at the same time
    #[arg(long)]
    multi_label: bool,
    #[command(flatten)]
    lists: ListArgs,
    /// Cache folder for decoded clips, for data sets that do not fit into memory
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Maximum size of the cache, in gigabytes
    #[arg(long, value_name = "GB", default_value_t = 20.0, value_parser = positive, requires = "cache")]
    cache_max: f64,
    /// Size of the decoded frames
    #[arg(long, value_name = "WxH", value_parser = geometry)]
    frame: Option<Geometry>,
    /// Crop size of the network input; multiples of 32
    #[arg(long, value_name = "WxH", value_parser = geometry)]
    crop: Option<Geometry>,
    /// Scales of the random crops [default: 1,0.875,0.75]
    ///
    /// Relative to the largest crop that fits. Width and height use the same or neighbouring scales.
    #[arg(long, value_name = "S,…", value_delimiter = ',', allow_hyphen_values = true)]
    crop_scales: Option<Vec<f32>>,
    /// Maximum frame stride within a window, for augmentation; not with frozen flow (mode a)
    #[arg(long, value_name = "N")]
    max_stride: Option<usize>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Networks")]
struct NetworkArgs {
    /// Model folder to start from; its other networks are kept
    #[arg(long, value_name = "DIR")]
    base: Option<PathBuf>,
    /// Pretrained backbone weights (.safetensors, .pth, .caffemodel, .onnx) for a new stream
    ///
    /// ImageNet weights; for i3d, Kinetics weights.
    #[arg(long, value_name = "FILE")]
    imagenet: Option<PathBuf>,
    /// Motion network, such as motion-net; joint: branched, actionflownet-2 or actionflownet-16
    ///
    /// Motion networks: motion-net, tiny-motion-net, and those that are taught true flow: flownet-s, flownet-c, flownet-sd,
    /// flownet2-cs, flownet2-css, flownet2 and next-flow.
    #[arg(long, value_parser = TrainedArchitecture::parser())]
    architecture: Option<TrainedArchitecture>,
    /// Size of the two hidden layers of the branched network [default: 64 × width]
    #[arg(long, value_name = "N")]
    hidden: Option<usize>,
    /// Model folders of the networks that a stack (flownet2-cs, -css, flownet2) begins with
    ///
    /// flownet2-cs takes a flownet-c, flownet2-css a flownet2-cs, flownet2 a flownet2-css and a flownet-sd, all of one width.
    #[arg(long, value_name = "DIR,…", value_delimiter = ',', conflicts_with = "base")]
    parts: Vec<PathBuf>,
    /// Input frames of the motion network: 2 or 11
    #[arg(long, value_name = "N")]
    frames: Option<usize>,
    /// Channels of the motion network's first layer; 64 in the paper
    #[arg(long, value_name = "N")]
    width: Option<usize>,
    /// Use large first-layer kernels instead of those for small displacements
    #[arg(long)]
    no_small_displacement: bool,
    /// Omit the convolutions between deconvolutions (CDC)
    #[arg(long)]
    no_cdc: bool,
    /// Backbone of a new stream
    ///
    /// One of squeezenet1-0, mobilenet-v2, efficientnet-lite0, efficientnet-lite1, efficientnet-lite2, bn-inception,
    /// resnet18, i3d, c3d, c3d-padded and 3dnet (which read clips), resnet50, cnn-m-2048, emv and vgg16.
    #[arg(long, value_parser = named::<Backbone>())]
    backbone: Option<Backbone>,
    /// What the temporal stream reads: flow or rgb-difference [default: flow, or from the base]
    #[arg(long, value_parser = choice::<MotionCue>())]
    input: Option<MotionCue>,
    /// Clip length of an i3d or c3d, or flows of a stack [default: 64, 16, 10, or from the base]
    #[arg(long, value_name = "N")]
    clip_frames: Option<usize>,
    /// Flow resolution of the temporal stream: frames or flow [default: frames, or from the base]
    ///
    /// frames: upsampled to the size of MotionNet's frames, as in the paper. flow: half of it, as MotionNet predicts it: a
    /// quarter of the computation.
    #[arg(long, value_name = "RESOLUTION", value_parser = choice::<FlowResolution>())]
    flow_resolution: Option<FlowResolution>,
    /// View of the temporal stream: whole, motion or both [default: whole, or from the base]
    ///
    /// motion is the square around the motion in its flow; both averages the logits of the two.
    #[arg(long, value_name = "VIEW", value_parser = choice::<MotionCrop>())]
    temporal_crop: Option<MotionCrop>,
    /// Level subtracted from flow: middle or field [default: field for cnn-m-2048, or from the base]
    #[arg(long, value_name = "LEVEL", value_parser = choice::<FlowMean>())]
    flow_mean: Option<FlowMean>,
    /// View of the spatial stream: whole, motion or both [default: whole, or from the base]
    ///
    /// motion is the square around the motion, found in the flow of the temporal stream; both averages both logits.
    #[arg(long, value_name = "VIEW", value_parser = choice::<MotionCrop>())]
    spatial_crop: Option<MotionCrop>,
    /// End-to-end mode of the temporal stream: a, b or c
    #[arg(long, value_parser = choice::<TemporalMode>())]
    mode: Option<TemporalMode>,
    /// Flow input of the temporal stream, in mode a [default: motionnet, or from the base]
    ///
    /// All sources except motionnet are two-stage: flow is computed beforehand and quantised to 256 levels, as in stored
    /// flow images.
    #[arg(long, value_parser = choice::<FlowSource>())]
    flow_source: Option<FlowSource>,
    /// Freeze motion, backbone, norms, partial-bn, LAYER or motion:LAYER (see below); repeatable
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    freeze: Vec<Freeze>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Optimisation")]
pub(super) struct SolverArgs {
    /// Number of optimiser steps
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Batch size, in windows (spatial stream: frames)
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// Gradient accumulation steps [default: 1]
    #[arg(long, value_name = "N", conflicts_with = "effective_batch")]
    accumulate: Option<usize>,
    /// Effective batch size, a multiple of --batch; sets --accumulate
    #[arg(long, value_name = "N")]
    effective_batch: Option<usize>,
    /// Segments per clip, as in temporal segment networks [default: 1]
    ///
    /// One window or frame is sampled from each segment, and their scores are averaged before the loss. A batch holds K
    /// times as many samples.
    #[arg(long, value_name = "K")]
    segments: Option<usize>,
    /// Peak learning rate
    #[arg(long = "lr", alias = "rate", value_name = "LR", value_parser = non_negative)]
    rate: Option<f64>,
    /// Learning rate of MotionNet relative to --lr, in modes b and c
    #[arg(long = "motion-lr-scale", alias = "motion-rate", value_name = "X", value_parser = non_negative)]
    motion_rate: Option<f64>,
    /// Learning rate of the stream's backbone relative to --lr
    #[arg(long = "backbone-lr-scale", alias = "body-rate", value_name = "X", value_parser = non_negative)]
    body_rate: Option<f64>,
    /// Learning rate of the stream's classifier layer relative to --lr
    #[arg(long = "head-lr-scale", alias = "head-rate", value_name = "X", value_parser = non_negative)]
    head_rate: Option<f64>,
    /// Learning rate of the stream's biases relative to its weights; 2 in the released training
    #[arg(long = "bias-lr-scale", alias = "bias-rate", value_name = "X", value_parser = non_negative)]
    bias_rate: Option<f64>,
    /// Optimiser
    #[arg(long, visible_alias = "optimizer", value_parser = choice::<OptimiserKind>())]
    optimiser: Option<OptimiserKind>,
    /// Learning rate schedule
    #[arg(long, value_parser = choice::<ScheduleKind>())]
    schedule: Option<ScheduleKind>,
    /// Milestones of the step schedule, such as 5000,9500; implies --schedule step
    #[arg(long, value_name = "STEP,…", value_delimiter = ',', allow_hyphen_values = true)]
    milestones: Option<Vec<usize>>,
    /// Learning rate factor at each milestone [default: 0.1]
    #[arg(long, value_name = "X", value_parser = positive)]
    factor: Option<f64>,
    /// Warm-up steps
    #[arg(long, value_name = "N")]
    warm_up: Option<usize>,
    /// Weight decay (L2 penalty on convolution weights)
    #[arg(long, value_name = "X", value_parser = non_negative)]
    weight_decay: Option<f64>,
    /// Maximum gradient norm per network; 0 disables clipping
    #[arg(long, value_name = "X", value_parser = non_negative)]
    clip_norm: Option<f64>,
    /// Random seed
    #[arg(long)]
    seed: Option<u64>,
    /// Steps between checkpoints
    #[arg(long, value_name = "N")]
    checkpoint_every: Option<usize>,
    /// Number of checkpoints kept as snapshots, older ones sparser [default: 12]
    #[arg(long, value_name = "N")]
    snapshots: Option<usize>,
    /// Size limit of all snapshots together; 0 for none [default: 500]
    ///
    /// Fewer are kept of large networks, but at least the first and the newest.
    #[arg(long, value_name = "MB")]
    snapshots_mb: Option<usize>,
    /// Divergence threshold: smoothed loss relative to its best; 0 disables [default: 3]
    ///
    /// Above it, the run rolls back to a snapshot and continues at half the learning rate.
    #[arg(long, value_name = "X", value_parser = non_negative)]
    divergence: Option<f64>,
    /// Maximum number of roll-backs before the run fails [default: 3]
    #[arg(long, value_name = "N")]
    max_roll_backs: Option<usize>,
    /// Time limit in minutes; the schedule adapts to it
    ///
    /// The run stops at the limit even if steps remain, and is not exactly reproducible.
    #[arg(long, value_name = "MINUTES", value_parser = positive)]
    minutes: Option<f64>,
    /// Record the gradient shares of MotionNet's losses every N steps [default: never]
    ///
    /// Written to gradients.csv. Each measurement costs about three steps.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(super) gradient_shares: usize,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Regularisation")]
struct RegularisationArgs {
    /// EMA decay of the weights, such as 0.999; the average is validated and exported
    #[arg(long, value_name = "DECAY", value_parser = non_negative)]
    ema: Option<f64>,
    /// Label smoothing, such as 0.1
    #[arg(long, value_name = "X", value_parser = non_negative)]
    label_smoothing: Option<f64>,
    /// Mixup: α of the Beta(α, α) distribution, such as 0.2
    #[arg(long, value_name = "ALPHA", value_parser = positive)]
    mixup: Option<f64>,
    /// Dropout probability of the stream [default: from the base or the architecture]
    #[arg(long, value_name = "P", value_parser = non_negative)]
    dropout: Option<f64>,
}

impl TrainArgs {
    /// Returns the plan: the options given, and defaults for the network for the rest.
    ///
    /// # Errors
    /// If the values could never train.
    pub fn plan(&self) -> Result<TrainingPlan> {
        let usual = || TrainingPlan::of(self.network);
        let mut plan = self.recipe.map_or_else(usual, |recipe| recipe.plan(self.network, self.solver.steps));
        set(&mut plan.run_dir, &self.run);
        self.data.apply(&mut plan);
        self.networks.apply(&mut plan);
        self.loss.apply(&mut plan)?;
        self.solver.apply(&mut plan);
        self.regularisation.apply(&mut plan);
        self.networks.architecture.map_or(Ok(()), |architecture| architecture.check(self.network))?;
        if self.data.crop.is_none() {
            plan.fit_joint_crop();
        }
        if plan.network == Network::Joint && plan.joint.is_taught() {
            plan.loss.teacher.get_or_insert(FlowTeacher::Tvl1);
        }
        let of_recipe = || self.recipe.map(|recipe| recipe.effective_batch(self.network));
        match (self.solver.accumulate, self.solver.effective_batch.or_else(of_recipe)) {
            (None, Some(effective)) => plan.accumulate = batches(effective, plan.batch)?,
            (accumulate, _) => set(&mut plan.accumulate, &accumulate),
        }
        plan.check()?;
        self.check_effects(&plan)?;
        Ok(plan)
    }

    /// Refuses options that have no effect on the run of `plan`.
    fn check_effects(&self, plan: &TrainingPlan) -> Result<()> {
        let (networks, loss, solver) = (&self.networks, &self.loss, &self.solver);
        let is_flow = plan.network == Network::Flow;
        let is_temporal = plan.network == Network::Temporal;
        let tunes_motion = is_temporal && plan.mode != TemporalMode::A;
        let is_joint = plan.network == Network::Joint;
        let is_branched = is_joint && !plan.joint.is_taught();
        let adds_losses = is_branched || (is_temporal && plan.mode == TemporalMode::C);
        let is_stream = !is_flow && !is_joint;
        let (of_streams, of_motion) = ("it is for streams", "the base has a motion network");
        let of_losses = "it is for MotionNet's losses: train flow, the branched network, or temporal in mode c";
        let of_added_losses = "it is for --mode c and the branched network";
        let is_stepped = plan.schedule == ScheduleKind::Step;
        let compares_frames = (is_flow || adds_losses) && plan.supervised.is_none();
        let options = [
            ("--mode", networks.mode.is_some(), is_temporal, "it is for the temporal stream"),
            ("--imagenet", networks.imagenet.is_some(), is_stream, of_streams),
            ("--backbone", networks.backbone.is_some(), is_stream, of_streams),
            ("--hidden", networks.hidden.is_some(), is_branched, "it is for the branched network"),
            ("--dropout", self.regularisation.dropout.is_some(), !is_joint || is_branched, "ActionFlowNet has none"),
            ("--frames", networks.frames.is_some(), !is_joint, "joint networks have a length of their own"),
            ("--no-small-displacement", networks.no_small_displacement, !is_joint, "joint networks have all layers"),
            ("--no-cdc", networks.no_cdc, !is_joint, "joint networks have all layers"),
            ("--gradient-shares", solver.gradient_shares > 0, !is_joint || is_branched, "it is for MotionNet's losses"),
            ("--architecture", networks.architecture.is_some(), plan.base.is_none() || is_joint, of_motion),
            ("--frames", networks.frames.is_some(), plan.base.is_none(), of_motion),
            ("--width", networks.width.is_some(), plan.base.is_none(), of_motion),
            ("--no-small-displacement", networks.no_small_displacement, plan.base.is_none(), of_motion),
            ("--no-cdc", networks.no_cdc, plan.base.is_none(), of_motion),
            ("--preset", loss.preset.is_some(), compares_frames, of_losses),
            ("--no-smoothness", loss.no_smoothness, compares_frames, of_losses),
            ("--no-ssim", loss.no_ssim, compares_frames, of_losses),
            ("--no-multi-scale", loss.no_multi_scale, compares_frames, of_losses),
            ("--temperature", loss.temperature.is_some(), is_stream, of_streams),
            ("--teacher-flow-source", loss.teacher_flow_source.is_some(), is_temporal, "it is for the temporal stream"),
            ("--unsupervised-weight", loss.unsupervised_weight.is_some(), adds_losses, of_added_losses),
            ("--motion-lr-scale", solver.motion_rate.is_some(), tunes_motion, "it is for --mode b and c"),
            ("--milestones", solver.milestones.is_some(), is_stepped, "it is for --schedule step"),
            ("--factor", solver.factor.is_some(), is_stepped, "it is for --schedule step"),
        ];
        match options.into_iter().find(|(_, is_given, has_effect, _)| *is_given && !has_effect) {
            Some((option, _, _, cause)) => Err(Error::usage(option, cause, "Leave it out")),
            None => Ok(()),
        }
    }
}

impl DataArgs {
    fn apply(&self, plan: &mut TrainingPlan) {
        let source = |folder: &Option<PathBuf>, list: &Option<PathBuf>, subset| {
            let clips = folder.as_ref().or(list.as_ref().and(self.clips.as_ref()))?;
            Some(self.lists.source(clips, list.as_deref(), self.classes.as_deref(), subset))
        };
        let pairs = |root: &Option<PathBuf>| {
            Some(DataSource::Pairs(PairSource { benchmark: self.dataset, root: root.clone()? }))
        };
        set(&mut plan.data, &source(&self.folder, &self.list, Subset::Train).or_else(|| pairs(&self.pairs)));
        plan.augmentation = self.augmentation;
        plan.next_frames = self.next_frames.clone().map(DataSource::Folder);
        plan.validation = source(&self.validation_folder, &self.validation_list, Subset::Test)
            .or_else(|| pairs(&self.validation_pairs));
        let max_bytes = (self.cache_max * 1e9) as u64;
        plan.cache = self.cache.clone().map(|dir| CachePlan { dir, max_bytes });
        set(&mut plan.hold_out, &self.hold_out);
        set(&mut plan.validation_clips, &self.validation_clips);
        plan.patience = self.patience;
        set(&mut plan.balance, &self.balance);
        plan.multi_label = self.multi_label;
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
        if let Some(architecture) = self.architecture {
            architecture.apply(plan);
        }
        plan.joint_hidden = self.hidden;
        plan.parts.clone_from(&self.parts);
        set(&mut plan.motion.frames, &self.frames);
        set(&mut plan.motion.width, &self.width);
        plan.motion.small_displacement = !self.no_small_displacement;
        plan.motion.cdc = !self.no_cdc;
        set(&mut plan.backbone, &self.backbone);
        plan.input = self.input;
        plan.clip_frames = self.clip_frames;
        plan.flow_resolution = self.flow_resolution;
        plan.temporal_crop = self.temporal_crop;
        plan.flow_mean = self.flow_mean;
        plan.spatial_crop = self.spatial_crop;
        set(&mut plan.mode, &self.mode);
        plan.flow_source = self.flow_source;
        plan.freeze.clone_from(&self.freeze);
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
        set(&mut plan.snapshots_mb, &self.snapshots_mb);
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

/// Returns the number of batches of size `batch` in an effective batch.
fn batches(effective: usize, batch: usize) -> Result<usize> {
    match effective.checked_rem(batch) {
        Some(0) if effective > 0 => Ok(effective / batch),
        _ => {
            let cause = format!("{effective} is not a multiple of the batch size {batch}");
            Err(Error::new("effective batch size", cause, "Choose a batch size that divides it, or pass --accumulate"))
        }
    }
}
