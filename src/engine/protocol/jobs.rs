//! Long-running jobs: the orders for exports, benchmarks, evaluations and suggestions.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::Receiver;

use crate::data::DataSource;
use crate::engine::flow::FlowSource;
use crate::engine::labeling::prediction::Prediction;
use crate::engine::{FlowColours, NamedVideo, Scores};
use crate::error::{Error, Result};
use crate::evaluation::flow_benchmarks::FlowDataset;
use crate::evaluation::{Protocol, ReportSource, ScoredClip};
use crate::flow::files::FlowFormat;
use crate::labels::{Document, Project, VideoId};
use crate::nets::fusion::Fusion;
use crate::output::{Existing, OutputGuard};
use crate::training::TrainingPlan;

/// An order to measure the duration of training steps.
#[derive(Debug, Clone)]
pub struct StepTimingOrder {
    /// Number that identifies the reply.
    pub id: u64,
    /// The trainings.
    pub plans: Vec<TrainingPlan>,
}

/// An order to export an annotated video.
#[derive(Debug, Clone, PartialEq)]
pub struct OverlayExport {
    /// The clip.
    pub clip: PathBuf,
    /// The .mp4 file.
    pub path: PathBuf,
    /// The model folder.
    pub model: PathBuf,
    /// Fusion of the streams.
    pub fusion: Fusion,
    /// Colours of the flow.
    pub colours: FlowColours,
    /// Permissions for the output files.
    pub guard: OutputGuard,
}

/// An order for an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationOrder {
    /// The clips.
    pub source: EvaluationSource,
    /// The model folder.
    pub model: PathBuf,
    /// Evaluation protocol: sampling of the clips and fusion.
    pub protocol: Protocol,
    /// The equivalent command line except for the fusion, if there is one.
    pub command: Option<String>,
}

/// The clips of an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub enum EvaluationSource {
    /// The clips of a folder or list.
    Data(DataSource),
    /// The labelled clips and segments of a project.
    Labels(Box<ProjectLabels>),
}

/// A snapshot of a project's labels.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectLabels {
    /// The folder of the project.
    pub project: PathBuf,
    /// Its classes, videos and labels.
    pub document: Document,
    /// Paths of its videos.
    pub paths: BTreeMap<VideoId, PathBuf>,
}

impl ProjectLabels {
    /// Creates a snapshot of `project`.
    pub fn of(project: &Project) -> Self {
        let document = project.document().clone();
        let paths = document.videos.keys().filter_map(|id| Some((*id, project.video_path(*id)?))).collect();
        Self { project: project.dir().to_owned(), document, paths }
    }
}

/// The start of an evaluation.
#[derive(Debug, Clone)]
pub struct EvaluationStart {
    /// Name of the model.
    pub model: String,
    /// The model, and place and time of the evaluation, for the report.
    pub source: ReportSource,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Number of clips.
    pub clips: usize,
    /// Errors of the list's rows that are skipped.
    pub left_out: Vec<Error>,
    /// Remarks about the clips for readers of the results.
    pub remarks: Vec<String>,
    /// Whether the views of a stream are averaged after softmax, which the released rule cannot fuse.
    pub by_softmax: bool,
    /// Thresholds of the classes of a multi-label model, where it has them.
    pub thresholds: Vec<f64>,
    /// What was said of each clip, or why it cannot be read, in their order. A channel of its own: however late the reader
    /// looks, none is lost.
    pub outcomes: Receiver<Result<ScoredClip>>,
}

/// The plan of a benchmark.
#[derive(Debug, Clone, PartialEq)]
pub struct BenchmarkPlan {
    /// The benchmark.
    pub dataset: FlowDataset,
    /// The folder with the unpacked benchmark.
    pub root: PathBuf,
    /// The source to evaluate; `None` for zero flow. Only sources that work on images can be evaluated.
    pub source: Option<FlowSource>,
    /// Relative sizes of a network's input images, from coarse to fine; see `MotionNetFlow::with_scales`.
    pub scales: Vec<f32>,
    /// Whether its flow is refined variationally.
    pub refine: bool,
}

/// An export of flow.
#[derive(Debug, Clone, PartialEq)]
pub enum FlowExport {
    /// One file per pair in a folder; the flow is in pixels of the video.
    Folder {
        /// The folder, which is created if missing.
        dir: PathBuf,
        /// The source of the flow.
        source: FlowSource,
        /// The format of the files.
        format: FlowFormat,
        /// Maximum displacement that the levels of two-stream images represent, pixels.
        bound_px: f32,
        /// Colours of the flow in images.
        colours: FlowColours,
        /// Permissions for the output files.
        guard: OutputGuard,
    },
    /// A video: the frame and the flow of each source in Middlebury colours.
    Video {
        /// The .mp4 file.
        path: PathBuf,
        /// The sources, from left to right.
        sources: Vec<FlowSource>,
        /// Colours of the flow.
        colours: FlowColours,
        /// Permissions for the output files.
        guard: OutputGuard,
    },
}

impl FlowExport {
    /// Returns its destination.
    pub fn path(&self) -> &PathBuf {
        match self {
            Self::Folder { dir, .. } => dir,
            Self::Video { path, .. } => path,
        }
    }

    /// Returns the colours of the flow.
    pub(in crate::engine) fn colours(&self) -> FlowColours {
        match self {
            Self::Folder { colours, .. } | Self::Video { colours, .. } => *colours,
        }
    }

    pub(in crate::engine) fn sources(&self) -> Vec<FlowSource> {
        match self {
            Self::Folder { source, .. } => vec![*source],
            Self::Video { sources, .. } => sources.clone(),
        }
    }
}

/// An order to score windows spread over a clip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClipScoresOrder {
    /// Number of the order, to discard results of earlier ones.
    pub id: u64,
    /// The clip.
    pub clip: PathBuf,
    /// The model folder.
    pub model: PathBuf,
    /// The classes of the loaded model: the folder may contain another one by now.
    pub classes: Vec<String>,
}

/// The scores of one of the windows that are spread over a clip.
#[derive(Debug, Clone, PartialEq)]
pub struct ClipWindow {
    /// Number of the order.
    pub id: u64,
    /// First frame of the window.
    pub start: usize,
    /// The frame after its last one.
    pub end: usize,
    /// Total number of windows.
    pub total: usize,
    /// Logits of the streams.
    pub scores: Scores,
}

/// An order for label suggestions.
#[derive(Debug, Clone, PartialEq)]
pub struct SuggestionOrder {
    /// The model folder.
    pub model: PathBuf,
    /// Fusion of the streams.
    pub fusion: Fusion,
    /// The videos in order of priority.
    pub videos: Vec<(VideoId, PathBuf)>,
}

/// The start of suggestions.
#[derive(Debug, Clone)]
pub struct SuggestionStart {
    /// Names of the model's classes.
    pub classes: Vec<String>,
    /// Number of videos.
    pub videos: usize,
    /// The prediction of each video, or its error, in order. A separate channel, so that none is lost even if it is
    /// read late.
    pub outcomes: Receiver<(VideoId, Result<Arc<Prediction>>)>,
}

/// An order for predictions of videos.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PredictionOrder {
    /// The model folder.
    pub model: PathBuf,
    /// The videos, in the order of processing.
    pub videos: Vec<NamedVideo>,
    /// Destination of the files.
    pub folder: PredictionFolder,
    /// Frame distance between scored frames.
    pub stride: NonZeroUsize,
    /// Whether files with other content are replaced.
    pub existing: Existing,
}

/// The destination of predictions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PredictionFolder {
    /// The folder of the model in the project in this folder.
    Project(PathBuf),
    /// This folder.
    Chosen(PathBuf),
}

/// The progress of predictions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PredictionProgress {
    /// Number of the current video, from 1.
    pub video: usize,
    /// The number of videos.
    pub videos: usize,
    /// Number of its scored frames.
    pub done: usize,
    /// Number of its frames to score.
    pub of: usize,
}

/// The result of predictions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PredictionReport {
    /// Folder with the files.
    pub folder: PathBuf,
    /// Number of videos predicted.
    pub predicted: usize,
    /// Number of videos that already had predictions of this model and stride.
    pub complete: usize,
    /// Number of videos that failed; each was reported as a problem.
    pub failed: usize,
    /// Whether it was stopped before all videos were done.
    pub is_stopped: bool,
}
