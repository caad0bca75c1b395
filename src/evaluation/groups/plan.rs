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

/// An evaluation by groups.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupsPlan {
    /// Where it is kept. Folds that are scored there are not scored again.
    pub run_dir: PathBuf,
    /// What the data are called in the report.
    pub data: String,
    /// The model folder whose networks every fold starts from.
    pub model: PathBuf,
    /// How many folds.
    pub folds: FoldCount,
    /// How networks are made.
    pub learning: Learning,
    /// How clips are seen.
    pub protocol: Protocol,
    /// How the streams are joined; `None` for the rule and weight of the model.
    pub fusion: Option<Fusion>,
    /// Seed of the last layers.
    pub seed: u64,
}

/// The training method of a fold.
#[derive(Debug, Clone, PartialEq)]
pub enum Learning {
    /// New last layers on the streams of the model as they are, or on ImageNet weights of a backbone in place of its spatial
    /// stream's.
    LastLayers {
        /// The weights and the architecture that they are of.
        imagenet: Option<(PathBuf, Backbone)>,
    },
    /// Training runs one after the other, each from the networks of the one before, the first from the model unless it names
    /// a base of its own. Their data and folders are replaced by the fold's.
    Plans(Vec<TrainingPlan>),
}

/// What the folds of an evaluation share.
#[derive(Clone, Copy)]
pub(super) struct GroupsContext<'a> {
    pub plan: &'a GroupsPlan,
    pub dataset: &'a Dataset,
    pub device: &'a Device,
    /// The clip whose features are extracted first: machines that begin elsewhere find those of the others.
    pub first: usize,
    /// Returns whether the work is to stop.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

impl GroupsContext<'_> {
    /// Returns the message of a stop: how to resume.
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
    /// The progress of feature extraction by a stream.
    Extracted {
        /// Which stream.
        stream: &'static str,
        /// Clips processed.
        done: usize,
        /// Clips in all.
        of: usize,
    },
    /// A clip cannot be read.
    Unreadable(&'a Error),
    /// A class has no clip outside of the fold, so that its clips cannot be recognised.
    Unlearnable {
        /// The fold.
        fold: &'a str,
        /// The class.
        class: &'a str,
    },
    /// A fold begins.
    FoldBegins {
        /// Its name.
        fold: &'a str,
        /// Its number, from 1.
        number: usize,
        /// How many there are.
        of: usize,
    },
    /// News of a training.
    Training(&'a TrainingEvent),
    /// A clip of the fold was scored.
    Scored {
        /// Clips scored.
        done: usize,
        /// Clips of the fold.
        of: usize,
    },
    /// A fold is scored, now or in an earlier call.
    FoldDone(&'a FoldResult),
}
