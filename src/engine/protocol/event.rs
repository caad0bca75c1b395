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
    /// A clip is open and its first frame is on the way.
    Opened(VideoInfo),
    /// The clip of this path cannot be opened, or broke off: it is closed.
    OpenFailed(PathBuf, Error),
    /// A source cannot work on this clip, with the reason; `None` once it can.
    SourceUnavailable(FlowSource, Option<Error>),
    /// Figures of one more frame while the clip is measured.
    Measured(ClipMeasure),
    /// The measurement of this number is over, or was stopped.
    MeasureEnded(u64),
    /// So many pairs of the clip are exported.
    ExportProgress {
        /// Pairs that are written.
        done: usize,
        /// Pairs of the clip.
        total: usize,
    },
    /// The flow of the clip is written.
    Exported {
        /// The folder or the video.
        path: PathBuf,
        /// How many pairs.
        pairs: usize,
    },
    /// The annotated video is written.
    Annotated {
        /// The video.
        path: PathBuf,
        /// Its frames.
        frames: usize,
    },
    /// The export is over, or was stopped.
    ExportEnded,
    /// A benchmark begins.
    BenchmarkStarted {
        /// Its pairs, in the order in which they are measured.
        pairs: Vec<BenchmarkPair>,
        /// The method in words.
        method: String,
    },
    /// One more pair of the benchmark is measured.
    BenchmarkPair(Box<PairResult>),
    /// All pairs are measured.
    BenchmarkReport(Box<FlowReport>),
    /// The benchmark is over, or was stopped.
    BenchmarkEnded,
    /// A pair of a benchmark can be opened.
    PairReady {
        /// A clip of its two pictures.
        clip: PathBuf,
        /// Its true flow, where that is public.
        truth: Option<PathBuf>,
    },
    /// An evaluation begins to score clips.
    EvaluationStarted(Box<EvaluationStart>),
    /// An evaluation cannot begin, or broke off: everything that is wrong.
    EvaluationFailed(Vec<Error>),
    /// An evaluation is over, or was stopped.
    EvaluationEnded,
    /// News of the live source.
    Live(LiveEvent),
    /// The cameras of this machine, or why they cannot be listed.
    Cameras(Result<Vec<CameraDevice>>),
    /// One more window of the whole clip is scored.
    ClipWindow(Box<ClipWindow>),
    /// The scoring of a whole clip is over, or was stopped; of which order.
    ClipScoresEnded(u64),
    /// Suggestions begin to be made.
    SuggestionsStarted(Box<SuggestionStart>),
    /// All suggestions are made, or it was stopped.
    SuggestionsEnded,
    /// How far predictions are.
    PredictionProgress(PredictionProgress),
    /// All videos are predicted or failed, or it was stopped; missing if none could be begun.
    Predicted(PredictionReport),
    /// Nothing is predicted any more, whatever the reason.
    PredictionsEnded,
    /// A model is in use.
    ModelLoaded(ModelInfo),
    /// The model of this folder cannot be loaded; the one in use stays.
    ModelFailed(PathBuf, Error),
    /// News of the running training.
    Training(TrainingEvent),
    /// The training ended without a model; no further [`Message::Training`] follows.
    TrainingFailed(Error),
    /// The progress of writing the sample project: clips done, and all.
    SampleProgress(usize, usize),
    /// A clip of the sample project was written and can be opened: the one to look at first, then the others.
    SampleClip(PathBuf),
    /// The sample project was written to this folder.
    SampleWritten(PathBuf),
    /// The sample project could not be written.
    SampleFailed(Error),
    /// The sample project is not being written any more, whether it is complete, failed or was stopped.
    SampleEnded,
    /// How long a training step of each plan of the order of this number takes, seconds, or why that is not known.
    StepsTimed(u64, Result<Vec<(Network, f64)>>),
    /// The order of this number has ended.
    StepTimingEnded(u64),
    /// Worth telling, nothing to do about it.
    Note(String),
    /// Something of this topic failed; the engine continues.
    Problem(Topic, Error),
}

impl Message {
    /// Returns whether it only reports progress, so that a later one takes its place.
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
