//! The plan and the progress events of an evaluation by groups.

use std::path::{Path, PathBuf};

use burn::tensor::Device;

use super::FoldCount;
use crate::data::Dataset;
use crate::error::Error;
use crate::evaluation::{FoldResult, Protocol};
use crate::nets::Backbone;
use crate::nets::fusion::Fusion;
use crate::training::{TrainingEvent, TrainingPlan};

/// The plan of an evaluation by groups.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupsPlan {
    /// The run folder. Folds already scored there are not scored again.
    pub run_dir: PathBuf,
    /// Name of the data in the report.
    pub data: String,
    /// The model folder whose networks every fold starts from.
    pub model: PathBuf,
    /// Number of folds.
    pub folds: FoldCount,
    /// Training method.
    pub learning: Learning,
    /// Views of a clip.
    pub protocol: Protocol,
    /// Fusion of the streams; `None` for the rule and weight of the model.
    pub fusion: Option<Fusion>,
    /// Seed of the last layers.
    pub seed: u64,
}

/// The training method of a fold.
#[derive(Debug, Clone, PartialEq)]
pub enum Learning {
    /// Fit new last layers on the frozen streams of the model, or on ImageNet weights of a backbone in place of its
    /// spatial stream.
    LastLayers {
        /// The weights and their architecture.
        imagenet: Option<(PathBuf, Backbone)>,
    },
    /// Training runs in sequence, each from the networks of the one before, the first from the model unless it names
    /// its own base. Their data and folders are replaced by the fold's.
    Plans(Vec<TrainingPlan>),
}

/// State shared by the folds of an evaluation.
#[derive(Clone, Copy)]
pub(super) struct GroupsContext<'a> {
    pub plan: &'a GroupsPlan,
    pub dataset: &'a Dataset,
    pub device: &'a Device,
    /// The clip whose features are extracted first: machines that start at different clips find each other's features.
    pub first: usize,
    /// Returns whether to stop.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

impl GroupsContext<'_> {
    /// Returns the message after a stop, which explains how to resume.
    pub fn stopped(self) -> Error {
        let subject = self.plan.run_dir.to_string_lossy();
        Error::cancelled(subject, "stopped, finished folds saved", "Run the same command again to resume")
    }
}

/// The folder and the clips of a fold.
pub(super) struct GroupPlace<'a> {
    pub dir: &'a Path,
    pub basis: &'a str,
}

/// A progress event of an evaluation by groups.
#[derive(Debug)]
pub enum GroupsEvent<'a> {
    /// Progress of feature extraction by a stream.
    Extracted {
        /// The stream.
        stream: &'static str,
        /// Number of processed clips.
        done: usize,
        /// Total number of clips.
        of: usize,
    },
    /// A clip cannot be read.
    Unreadable(&'a Error),
    /// A class has no clip outside the fold, so that its clips cannot be recognised.
    Unlearnable {
        /// The fold.
        fold: &'a str,
        /// The class.
        class: &'a str,
    },
    /// A fold starts.
    FoldBegins {
        /// Its name.
        fold: &'a str,
        /// Its number, from 1.
        number: usize,
        /// Number of folds.
        of: usize,
    },
    /// An event of a training.
    Training(&'a TrainingEvent),
    /// A clip of the fold was scored.
    Scored {
        /// Number of scored clips.
        done: usize,
        /// Number of clips in the fold.
        of: usize,
    },
    /// The fold is scored, now or in an earlier call.
    FoldDone(&'a FoldResult),
}
