//! What one can ask of the [`Engine`](super::Engine) and what it tells: the requests and the messages that the
//! window and the tests are written against.
//!
//! Values of which only the newest matters (the frame, its [`Analysis`](super::Analysis)) are not messages: they lie in
//! [slots](super::Slot).

use std::path::PathBuf;

use super::{
    AnnotatedExport, BenchmarkPlan, ClipMeasure, EvaluationOrder, EvaluationStart, FlowExport, FlowSource,
    LaboratorySettings, LiveEvent, LiveOrder, LiveSettings, ModelInfo, PinnedWish, RecordingOrder, SuggestionOrder,
    SuggestionStart,
};
use crate::error::{Error, Result};
use crate::evaluation::flow_benchmarks::BenchmarkPair;
use crate::evaluation::{FlowReport, PairResult};
use crate::training::{LossSwitches, TrainingEvent, TrainingPlan};
use crate::video::{CameraDevice, PlayerCommand, VideoInfo};

/// Something to be done, in the order of sending; no request blocks its sender.
#[expect(clippy::large_enum_variant, reason = "requests are few, and sent one at a time")]
#[derive(Debug, Clone)]
pub enum Request {
    /// Opens a clip in place of the present one. Answered by [`Message::Opened`] or [`Message::Problem`].
    Open(PathBuf),
    /// Closes the clip.
    Close,
    /// Play, pause, seek …; without a clip nothing happens.
    Player(PlayerCommand),
    /// Uses the networks of a model folder from now on. If they cannot be loaded the present ones stay.
    LoadModel(PathBuf),
    /// Chooses which of the flows is shown.
    Select(FlowSelection),
    /// Chooses what the flow laboratory works on.
    Laboratory(Box<LaboratorySettings>),
    /// Computes the figures of all sources over the whole clip, or stops doing so. Answered by [`Message::Measured`].
    MeasureClip(bool),
    /// Writes flow of the whole clip to files or a video, or stops doing so: what is written stays. Answered by
    /// [`Message::ExportProgress`], [`Message::Exported`] and [`Message::ExportEnded`].
    Export(Option<FlowExport>),
    /// Writes a clip as a video with flow, bars and labels drawn in, in place of an export under way. Answered by
    /// [`Message::ExportProgress`], [`Message::Annotated`] and [`Message::ExportEnded`]; stopped by `Export(None)`, and then
    /// nothing is written.
    ExportAnnotated(Box<AnnotatedExport>),
    /// Measures a method on a flow benchmark, or stops doing so. Answered by the messages named `Benchmark…`.
    Benchmark(Option<BenchmarkPlan>),
    /// Makes a pair of a benchmark a clip. Answered by [`Message::PairReady`].
    ShowPair(Box<BenchmarkPair>),
    /// Scores the clips of a list, after the end of the one before, or stops doing so: what is scored stays. Answered by the
    /// messages named `Evaluation…`.
    Evaluate(Option<Box<EvaluationOrder>>),
    /// Watches a live source in place of the clip or of another source, or stops doing so. What happens around it is told in
    /// [`Message::Live`]; what is seen lies in [`Engine::live`](super::Engine::live).
    Live(Option<LiveOrder>),
    /// Makes the answers about the live source in another way.
    SetLive(LiveSettings),
    /// Lists the cameras of this machine. Answered by [`Message::Cameras`].
    ListCameras,
    /// Records the live source to a file from now on, or completes the recording. Answered by [`LiveEvent::Recorded`].
    RecordLive(Option<Box<RecordingOrder>>),
    /// Holds the last seconds of the live source for a correction, or lets go of them.
    HoldLive(bool),
    /// Saves the seconds that are held, else the last ones, as a clip of a class. Answered by [`LiveEvent::Corrected`].
    CorrectLive {
        /// The folder with a sub-folder per class.
        folder: PathBuf,
        /// The right class.
        class: String,
    },
    /// Counts the clips in a folder of corrections. Answered by [`LiveEvent::Corrections`].
    CountCorrections(PathBuf),
    /// Lets the model say what it sees in videos nobody has labelled, or stops doing so: what is said stays. Answered by the messages
    /// named `Suggestions…`.
    Suggest(Option<Box<SuggestionOrder>>),
    /// Trains a network; one training at a time.
    Train(TrainingPlan),
    /// Trains networks one after the other, as one training.
    TrainInTurn(Vec<TrainingPlan>),
    /// Holds the training after the present step.
    PauseTraining,
    /// Goes on with a held training.
    ResumeTraining,
    /// Changes what of the training's loss counts, from the next step on.
    SwitchLoss(LossSwitches),
    /// Lets the training look every so many steps at what MotionNet's gradient consists of; 0 for never.
    ShareGradients(usize),
    /// Lets the training go back to its snapshot of this step.
    RollBackTraining(usize),
    /// Ends the training with a checkpoint.
    StopTraining,
    /// Works out what models make of pinned windows, in place of what was asked for before. The outlooks lie in a slot.
    Pin(Box<PinnedWish>),
    /// Writes the generated sample project into a folder.
    WriteSample(PathBuf),
}

/// Which flow of the stack, and at which scale of the pyramid, is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowSelection {
    /// The i-th of the window's ten pairs; `None`: the pair that begins at the current frame.
    pub pair: Option<usize>,
    /// Level of the pyramid, 2 (finest, half resolution) to 6.
    pub level: usize,
}

impl Default for FlowSelection {
    fn default() -> Self {
        Self { pair: None, level: 2 }
    }
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Message {
    /// A clip is open and its first frame is on the way.
    Opened(VideoInfo),
    /// A source cannot work on this clip, with the reason; `None` once it can.
    SourceUnavailable(FlowSource, Option<Error>),
    /// Figures of one more frame while the clip is measured.
    Measured(ClipMeasure),
    /// The measurement of the clip is over, or was stopped.
    MeasureEnded,
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
    /// Suggestions begin to be made.
    SuggestionsStarted(Box<SuggestionStart>),
    /// All suggestions are made, or it was stopped.
    SuggestionsEnded,
    /// A model is in use.
    ModelLoaded(ModelInfo),
    /// News of the running training.
    Training(TrainingEvent),
    /// The training ended without a model; no further [`Message::Training`] follows.
    TrainingFailed(Error),
    /// So many of so many clips of the sample project are written.
    SampleProgress(usize, usize),
    /// The sample project lies in this folder.
    SampleWritten(PathBuf),
    /// The sample project could not be written.
    SampleFailed(Error),
    /// Worth telling, nothing to do about it.
    Note(String),
    /// Something failed; the engine goes on.
    Problem(Error),
}

impl Message {
    /// Whether it only reports progress, so that a later one takes its place.
    pub fn is_telemetry(&self) -> bool {
        match self {
            Self::Training(event) => matches!(
                event,
                TrainingEvent::Step(_) | TrainingEvent::Preparing { .. } | TrainingEvent::GradientShares(_)
            ),
            Self::ExportProgress { .. } | Self::SampleProgress(..) => true,
            _ => false,
        }
    }
}
