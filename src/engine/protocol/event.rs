//! The messages of the [`Engine`](super::super::Engine).

use std::path::PathBuf;

use super::{ClipWindow, EvaluationStart, LiveEvent, PredictionProgress, PredictionReport, SuggestionStart, Topic};
use crate::engine::ModelInfo;
use crate::engine::flow::{ClipMeasure, FlowSource};
use crate::error::{Error, Result};
use crate::evaluation::flow_benchmarks::BenchmarkPair;
use crate::evaluation::{FlowReport, PairResult};
use crate::training::{Network, TrainingEvent};
use crate::video::{CameraDevice, VideoInfo};

/// A message of the engine.
#[derive(Debug, Clone)]
pub enum Message {
    /// A clip is open; its first frame follows.
    Opened(VideoInfo),
    /// The clip of this path cannot be opened, or failed and was closed.
    OpenFailed(PathBuf, Error),
    /// A source does not support this clip, with the reason; `None` once it does.
    SourceUnavailable(FlowSource, Option<Error>),
    /// Statistics of one more frame from the measurement of the clip.
    Measured(ClipMeasure),
    /// The measurement of this number has ended or was stopped.
    MeasureEnded(u64),
    /// Progress of exporting the clip.
    ExportProgress {
        /// Number of pairs written.
        done: usize,
        /// Number of pairs of the clip.
        total: usize,
    },
    /// The flow of the clip was exported.
    Exported {
        /// The folder or the video.
        path: PathBuf,
        /// Number of pairs.
        pairs: usize,
    },
    /// The annotated video was written.
    Annotated {
        /// The video.
        path: PathBuf,
        /// Number of frames.
        frames: usize,
    },
    /// The export has ended or was stopped.
    ExportEnded,
    /// A benchmark has started.
    BenchmarkStarted {
        /// Its pairs, in the order in which they are measured.
        pairs: Vec<BenchmarkPair>,
        /// Description of the method.
        method: String,
    },
    /// One more pair of the benchmark was evaluated.
    BenchmarkPair(Box<PairResult>),
    /// All pairs were evaluated.
    BenchmarkReport(Box<FlowReport>),
    /// The benchmark has ended or was stopped.
    BenchmarkEnded,
    /// A benchmark pair is ready to be opened.
    PairReady {
        /// A clip of its two images.
        clip: PathBuf,
        /// Its ground-truth flow, if that is public.
        truth: Option<PathBuf>,
    },
    /// An evaluation has started to score clips.
    EvaluationStarted(Box<EvaluationStart>),
    /// An evaluation cannot start, or failed: all errors.
    EvaluationFailed(Vec<Error>),
    /// An evaluation has ended or was stopped.
    EvaluationEnded,
    /// An event of the live source.
    Live(LiveEvent),
    /// The cameras of this machine, or the error of listing them.
    Cameras(Result<Vec<CameraDevice>>),
    /// One more window of the whole clip was scored.
    ClipWindow(Box<ClipWindow>),
    /// The scoring of a whole clip has ended or was stopped; the number of its order.
    ClipScoresEnded(u64),
    /// Suggestions are being computed.
    SuggestionsStarted(Box<SuggestionStart>),
    /// All suggestions were computed, or it was stopped.
    SuggestionsEnded,
    /// Progress of predictions.
    PredictionProgress(PredictionProgress),
    /// All videos were predicted or failed, or it was stopped; not sent if none could be started.
    Predicted(PredictionReport),
    /// The prediction job has ended, for any reason.
    PredictionsEnded,
    /// A model was loaded and is in use.
    ModelLoaded(ModelInfo),
    /// The model of this folder cannot be loaded; the current one stays.
    ModelFailed(PathBuf, Error),
    /// An event of the running training.
    Training(TrainingEvent),
    /// The training ended without a model; no further [`Message::Training`] follows.
    TrainingFailed(Error),
    /// Progress of writing the sample project: number of clips done, and of all.
    SampleProgress(usize, usize),
    /// A clip of the sample project was written and can be opened; the first one is the one to show.
    SampleClip(PathBuf),
    /// The sample project was written to this folder.
    SampleWritten(PathBuf),
    /// The sample project could not be written.
    SampleFailed(Error),
    /// Writing the sample project has ended: complete, failed or stopped.
    SampleEnded,
    /// Duration of a training step for each plan of the order of this number, seconds, or the error.
    StepsTimed(u64, Result<Vec<(Network, f64)>>),
    /// The timing order of this number has ended.
    StepTimingEnded(u64),
    /// Information that requires no action.
    Note(String),
    /// A failure about this topic; the engine continues.
    Problem(Topic, Error),
}

impl Message {
    /// Returns whether it only reports progress, so that a later one supersedes it.
    pub fn is_telemetry(&self) -> bool {
        match self {
            Self::Training(event) => matches!(
                event,
                TrainingEvent::Step(_) | TrainingEvent::Preparing { .. } | TrainingEvent::GradientShares(_)
            ),
            Self::ExportProgress { .. } | Self::SampleProgress(..) | Self::PredictionProgress(_) => true,
            _ => false,
        }
    }
}
