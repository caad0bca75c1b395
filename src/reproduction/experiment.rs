//! A row of a table: what is trained and measured for it.

use std::path::{Path, PathBuf};

use crate::descriptors::FisherSettings;
use crate::evaluation::flow_benchmarks::FlowDataset;
use crate::nets::fusion::Fusion;
use crate::training::TrainingPlan;

/// A row of a table.
#[derive(Debug, Clone)]
pub struct ExperimentRow {
    /// The name of its folder.
    pub id: String,
    /// Name in the table.
    pub name: String,
    /// Source of its figures.
    pub work: Work,
    /// Published figures, one per column.
    pub published: Vec<Option<f64>>,
}

/// The method by which a row is computed.
#[derive(Debug, Clone)]
pub enum Work {
    /// Train a stream, then measure it on the test clips.
    Stream(Box<Training>),
    /// Fuse the scores of two other rows, given by their ids.
    Fusion {
        /// Row of the spatial stream.
        spatial: &'static str,
        /// Row of the temporal stream.
        temporal: &'static str,
        /// Fusion rule.
        fusion: Fusion,
    },
    /// Train a flow network on ground-truth flow, then train a stream on its flow and measure it like the others.
    TwoStage {
        /// The flow network.
        flow: Box<FlowTraining>,
        /// The stream, which starts from the model of that network.
        stream: Box<Training>,
    },
    /// Fit a linear SVM on Fisher vectors of motion vectors, then measure it on the test clips.
    Fisher(FisherSettings),
    /// Train networks, C3D or 3DNet each, then fit a linear SVM on their concatenated descriptors and measure it on the
    /// test clips.
    Descriptors(Vec<Training>),
    /// Measure a flow method on a benchmark.
    FlowError {
        /// The benchmark.
        dataset: FlowDataset,
        /// Folder of the benchmark.
        root: PathBuf,
        /// The method.
        method: FlowMethod,
    },
    /// Train a flow network on ground-truth flow, then measure it on a benchmark.
    TaughtFlowError {
        /// The benchmark.
        dataset: FlowDataset,
        /// Folder of the benchmark.
        root: PathBuf,
        /// The flow network.
        flow: Box<FlowTraining>,
    },
}

/// The supervised training of a flow network, and the trainings of the networks in its stack.
#[derive(Debug, Clone)]
pub struct FlowTraining {
    /// Its own training, which uses the models of the others as its parts.
    pub plan: TrainingPlan,
    /// The trainings that come first.
    pub before: Vec<FlowTraining>,
}

/// A training, and the one whose model it starts from.
#[derive(Debug, Clone)]
pub struct Training {
    /// The settings; the base is set only if no training creates it.
    pub plan: TrainingPlan,
    /// The training whose model is the base.
    pub base: Option<Box<Training>>,
}

/// A method of Table 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowMethod {
    /// TV-L1 of OpenCV.
    Tvl1,
    /// DIS with the preset `medium`.
    Dis,
    /// A single pass, as in the paper.
    MotionNet,
    /// Over several scales.
    CoarseToFine,
    /// Over several scales, refined variationally.
    Refined,
}

/// Returns the folder of a row's training.
pub(super) fn run_dir(dir: &Path, id: &str) -> PathBuf {
    dir.join(id).join("run")
}

/// Returns the folder of the classifier of the row in folder `dir`.
pub(super) fn classifier_dir(dir: &Path) -> PathBuf {
    dir.join("model")
}

/// Returns the model folders of `trainings`.
pub(super) fn model_dirs(trainings: &[Training]) -> Vec<PathBuf> {
    trainings.iter().map(|training| training.plan.run_dir.join("model")).collect()
}
