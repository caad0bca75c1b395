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

/// An order to time the steps of trainings.
#[derive(Debug, Clone)]
pub struct StepTimingOrder {
    /// Its number, by which the answer is known.
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
    /// How the streams are fused.
    pub fusion: Fusion,
    /// How flow is coloured.
    pub colours: FlowColours,
    /// What may be written.
    pub guard: OutputGuard,
}

/// An order for an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationOrder {
    /// The clips.
    pub source: EvaluationSource,
    /// The model folder.
    pub model: PathBuf,
    /// How the clips are seen.
    pub protocol: Protocol,
    /// The command that does the same, but for the fusion, if there is one.
    pub command: Option<String>,
}

/// The clips of an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub enum EvaluationSource {
    /// Those of a folder or list.
    Data(DataSource),
    /// The labelled clips and segments of a project.
    Labels(Box<ProjectLabels>),
}

/// The labels of a project as they are at a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectLabels {
    /// The folder of the project.
    pub project: PathBuf,
    /// Its classes, videos and labels.
    pub document: Document,
    /// Where its videos are.
    pub paths: BTreeMap<VideoId, PathBuf>,
}

impl ProjectLabels {
    /// Returns those of `project` as it is now.
    pub fn of(project: &Project) -> Self {
        let document = project.document().clone();
        let paths = document.videos.keys().filter_map(|id| Some((*id, project.video_path(*id)?))).collect();
        Self { project: project.dir().to_owned(), document, paths }
    }
}

/// An evaluation that begins.
#[derive(Debug, Clone)]
pub struct EvaluationStart {
    /// Name of the model.
    pub model: String,
    /// Which model it is, where and when it is measured.
    pub source: ReportSource,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// How many clips there are.
    pub clips: usize,
    /// Rows of the list that are left out.
    pub left_out: Vec<Error>,
    /// What a reader of the results has to know of the clips.
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
    /// The folder that it was unpacked to.
    pub root: PathBuf,
    /// Whose flow; `None` for no motion at all. Only sources that work on pictures can be measured.
    pub source: Option<FlowSource>,
    /// Sizes at which a network sees the pictures, from coarse to fine; see `MotionNetFlow::with_scales`.
    pub scales: Vec<f32>,
    /// Whether its flow is refined variationally.
    pub refine: bool,
}

/// An export of flow.
#[derive(Debug, Clone, PartialEq)]
pub enum FlowExport {
    /// A file per pair into a folder; its flow is in pixels of the video.
    Folder {
        /// The folder, which is made if need be.
        dir: PathBuf,
        /// Whose flow.
        source: FlowSource,
        /// The format of the files.
        format: FlowFormat,
        /// Displacement that the levels of two-stream pictures span to either side, pixels.
        bound_px: f32,
        /// How flow is coloured in pictures.
        colours: FlowColours,
        /// What may be written.
        guard: OutputGuard,
    },
    /// A video: the frame and the flow of each source in Middlebury's colours.
    Video {
        /// The .mp4 file.
        path: PathBuf,
        /// Whose flows, from left to right.
        sources: Vec<FlowSource>,
        /// How flow is coloured.
        colours: FlowColours,
        /// What may be written.
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

    /// Returns how flow is coloured.
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

/// An order to score windows all over a clip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClipScoresOrder {
    /// Names the order: what is said for an earlier one is for nobody.
    pub id: u64,
    /// The clip.
    pub clip: PathBuf,
    /// The model folder.
    pub model: PathBuf,
    /// The classes of the model that was loaded from there: another one may be there by now.
    pub classes: Vec<String>,
}

/// The scores of one of the windows that are spread over a clip.
#[derive(Debug, Clone, PartialEq)]
pub struct ClipWindow {
    /// The order that it belongs to.
    pub id: u64,
    /// First frame of the window.
    pub start: usize,
    /// The frame after its last one.
    pub end: usize,
    /// How many windows there will be.
    pub total: usize,
    /// Logits of the streams.
    pub scores: Scores,
}

/// An order for label suggestions.
#[derive(Debug, Clone, PartialEq)]
pub struct SuggestionOrder {
    /// The model folder.
    pub model: PathBuf,
    /// How the streams are joined.
    pub fusion: Fusion,
    /// The videos in the order in which they are wanted.
    pub videos: Vec<(VideoId, PathBuf)>,
}

/// Suggestions that begin to be made.
#[derive(Debug, Clone)]
pub struct SuggestionStart {
    /// Names of the model's classes.
    pub classes: Vec<String>,
    /// How many videos there are.
    pub videos: usize,
    /// What is said of each, or why it cannot be read, in their order. A channel of its own: however late the reader looks,
    /// none is lost.
    pub outcomes: Receiver<(VideoId, Result<Arc<Prediction>>)>,
}

/// An order for predictions of videos.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PredictionOrder {
    /// The model folder.
    pub model: PathBuf,
    /// The videos, in the order in which they are predicted.
    pub videos: Vec<NamedVideo>,
    /// Where the files are written.
    pub folder: PredictionFolder,
    /// Every how many frames a video is scored.
    pub stride: NonZeroUsize,
    /// Whether files that hold something else are replaced.
    pub existing: Existing,
}

/// Where predictions are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PredictionFolder {
    /// The folder of the model in the project in this folder.
    Project(PathBuf),
    /// This folder.
    Chosen(PathBuf),
}

/// How far predictions are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PredictionProgress {
    /// The number of the video that is predicted, from 1.
    pub video: usize,
    /// The number of videos.
    pub videos: usize,
    /// Its frames that are scored.
    pub done: usize,
    /// Its frames to score.
    pub of: usize,
}

/// The result of predictions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PredictionReport {
    /// Where the files are.
    pub folder: PathBuf,
    /// Videos that were predicted.
    pub predicted: usize,
    /// Videos that had predictions of this model and stride before.
    pub complete: usize,
    /// Videos that failed; each is a problem of its own.
    pub failed: usize,
    /// Whether it was stopped before all videos were done.
    pub is_stopped: bool,
}
