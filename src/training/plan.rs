//! What to train, on what, and how: everything a run needs to be repeated, saved as `config.toml` in its folder.

use std::path::PathBuf;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::clip_cache::CachePlan;
use super::dataset::DataSource;
use super::losses::UnsupervisedLoss;
use crate::error::{Error, Result};
use crate::nets::{Backbone, MotionConfig};
use crate::video::Geometry;

/// Which network of the hidden two-stream model a run trains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// MotionNet, without labels.
    #[default]
    Flow,
    /// The spatial stream, on single frames.
    Spatial,
    /// The temporal stream, stacked on MotionNet.
    Temporal,
}

/// How the temporal stream is trained through MotionNet (paper, section 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum TemporalMode {
    /// MotionNet frozen, action loss only. The frozen flow of a clip is computed once and kept in memory.
    #[default]
    A,
    /// Both trained, action loss only.
    B,
    /// Both trained, action loss and all unsupervised losses.
    C,
}

/// The update rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum OptimiserKind {
    /// Adam, β 0.9/0.999, δ 1e-8.
    #[default]
    Adam,
    /// Stochastic gradient descent with momentum 0.9.
    Sgd,
}

/// How the rate falls after the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleKind {
    /// Half a cosine to zero at the last step.
    #[default]
    Cosine,
    /// Halved at 25, 50, 62.5, 75 and 87.5 % of the steps, the proportions of the released MotionNet training.
    Halving,
    /// Divided by ten at 31 and 59 % of the steps, the proportions of the released end-to-end training.
    Tenths,
    /// Unchanged.
    Constant,
}

/// A training run. `Default` trains a pairwise MotionNet-16 as the shipped weights were.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingPlan {
    /// What to train.
    pub network: Network,
    /// The clips to train on.
    pub data: DataSource,
    /// Clips to measure on while training; never trained on.
    pub validation: Option<DataSource>,
    /// Where decoded clips are kept on disk, if they are: no part of what makes one run the same as another.
    #[serde(skip)]
    pub cache: Option<CachePlan>,
    /// A model folder whose networks the run starts from and whose other networks it keeps.
    pub base: Option<PathBuf>,
    /// ImageNet weights to start a stream from, where the base has none.
    pub imagenet: Option<PathBuf>,
    /// Where the run is kept. A checkpoint found here is resumed.
    pub run_dir: PathBuf,
    /// MotionNet, where the base has none.
    pub motion: MotionConfig,
    /// The classifier, where the base has none.
    pub backbone: Backbone,
    /// The unsupervised loss.
    pub loss: UnsupervisedLoss,
    /// Weight of the unsupervised loss beside the action loss in mode (c).
    pub unsupervised_weight: f64,
    /// How the temporal stream is trained.
    pub mode: TemporalMode,
    /// The update rule.
    pub optimiser: OptimiserKind,
    /// How the rate falls.
    pub schedule: ScheduleKind,
    /// Highest learning rate.
    pub rate: f64,
    /// Rate of MotionNet relative to the stream's in modes (b) and (c); 0.001 in the released training.
    pub motion_rate: f64,
    /// L2 penalty on convolution weights (not on biases and deconvolutions).
    pub weight_decay: f64,
    /// Steps over which the rate rises from zero.
    pub warm_up: usize,
    /// Largest norm of the whole gradient.
    pub clip_norm: f64,
    /// Number of steps.
    pub steps: usize,
    /// Windows (or frames, for the spatial stream) a step.
    pub batch: usize,
    /// Seed of every random choice.
    pub seed: u64,
    /// Size the frames are decoded to.
    pub frame: Geometry,
    /// Size the network sees while training; sides must be multiples of 32.
    pub crop: Geometry,
    /// Largest temporal stride between the frames of a window.
    pub max_stride: usize,
    /// Write a checkpoint every so many steps.
    pub checkpoint_every: usize,
}

impl Default for TrainingPlan {
    fn default() -> Self {
        Self {
            network: Network::Flow,
            data: DataSource::Folder(PathBuf::new()),
            validation: None,
            cache: None,
            base: None,
            imagenet: None,
            run_dir: PathBuf::from("runs/flow"),
            motion: MotionConfig { frames: 2, width: 16, ..MotionConfig::default() },
            backbone: Backbone::SqueezeNet,
            loss: UnsupervisedLoss::default(),
            unsupervised_weight: 1.0,
            mode: TemporalMode::A,
            optimiser: OptimiserKind::Adam,
            schedule: ScheduleKind::Cosine,
            rate: 5e-4,
            motion_rate: 0.1,
            weight_decay: 0.0,
            warm_up: 100,
            clip_norm: 10.0,
            steps: 3000,
            batch: 16,
            seed: 1,
            frame: Geometry { width: 160, height: 120 },
            crop: Geometry { width: 128, height: 96 },
            max_stride: 1,
            checkpoint_every: 100,
        }
    }
}

impl TrainingPlan {
    /// A plan with the values that suit `network`.
    pub fn of(network: Network) -> Self {
        let flow = Self { network, ..Self::default() };
        match network {
            Network::Flow => flow,
            Network::Temporal => {
                Self { run_dir: PathBuf::from("runs/temporal"), rate: 1e-4, weight_decay: 5e-4, steps: 1200, ..flow }
            }
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

    /// Refuses what could never train, naming the option and its range.
    pub fn check(&self) -> Result<()> {
        let refuse = |option: &str, cause: String, remedy: &str| Err(Error::new(option, cause, remedy));
        if self.steps == 0 || self.batch == 0 || self.checkpoint_every == 0 || self.max_stride == 0 {
            return refuse(
                "training plan",
                "a count is zero".into(),
                "Steps, batch, stride and checkpoint interval start at 1",
            );
        }
        if !(self.rate > 0.0 && self.rate <= 1.0) {
            return refuse("rate", format!("{} is outside 0…1", self.rate), "Usual rates lie between 1e-6 and 1e-2");
        }
        if self.clip_norm.is_nan() || self.clip_norm <= 0.0 {
            return refuse(
                "clip norm",
                format!("{} is not positive", self.clip_norm),
                "Use 10, or a very large number to switch clipping off",
            );
        }
        let Geometry { width, height } = self.crop;
        if width == 0 || height == 0 || !width.is_multiple_of(32) || !height.is_multiple_of(32) {
            return refuse(
                "crop",
                format!("{width}×{height}"),
                "The sides must be multiples of 32, for example 128×96",
            );
        }
        if width > self.frame.width || height > self.frame.height {
            let frame = self.frame;
            return refuse(
                "crop",
                format!("{width}×{height} is larger than the frames ({}×{})", frame.width, frame.height),
                "Make the crop smaller or the frames larger",
            );
        }
        Ok(())
    }
}
