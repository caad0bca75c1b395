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
    /// The paper's figures, one a column.
    pub published: Vec<Option<f64>>,
}

/// The method by which a row is computed.
#[derive(Debug, Clone)]
pub enum Work {
    /// A stream is trained, then measured on the test clips.
    Stream(Box<Training>),
    /// The scores of two other rows are fused, by their ids.
    Fusion {
        /// The row of the spatial stream.
        spatial: &'static str,
        /// The row of the temporal stream.
        temporal: &'static str,
        /// How their scores are fused.
        fusion: Fusion,
    },
    /// A flow network is taught true flow; then a stream is trained on its flow and measured like the others.
    TwoStage {
        /// The flow network.
        flow: Box<FlowTraining>,
        /// The stream, which starts from the model of that network.
        stream: Box<Training>,
    },
    /// Motion vectors, Fisher vectors and a linear SVM, learned and then measured on the test clips.
    Fisher(FisherSettings),
    /// Networks are trained, C3D or 3DNet each, then a linear SVM on their joined descriptors, which is measured on the test clips.
    Descriptors(Vec<Training>),
    /// A flow method is measured on a benchmark.
    FlowError {
        /// The benchmark.
        dataset: FlowDataset,
        /// Folder of the benchmark.
        root: PathBuf,
        /// The method.
        method: FlowMethod,
    },
    /// A flow network is taught true flow, then measured on a benchmark.
    TaughtFlowError {
        /// The benchmark.
        dataset: FlowDataset,
        /// Folder of the benchmark.
        root: PathBuf,
        /// The flow network.
        flow: Box<FlowTraining>,
    },
}

/// A training of a flow network against true flow, and those of the networks that it is a stack of.
#[derive(Debug, Clone)]
pub struct FlowTraining {
    /// Its own training, with the models of the others as its parts.
    pub plan: TrainingPlan,
    /// The trainings before it.
    pub before: Vec<FlowTraining>,
}

/// A training, and the one it starts from.
#[derive(Debug, Clone)]
pub struct Training {
    /// Everything; its base if no training makes one.
    pub plan: TrainingPlan,
    /// The training whose model is its base.
    pub base: Option<Box<Training>>,
}

/// A method of Table 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowMethod {
    /// OpenCV's.
    Tvl1,
    /// With the preset `medium`.
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
