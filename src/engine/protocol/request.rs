//! The requests to the [`Engine`](super::super::Engine).

use std::path::PathBuf;

use super::{
    BenchmarkPlan, ClipScoresOrder, EvaluationOrder, FlowExport, LiveOrder, LiveSettings, OverlayExport,
    PredictionOrder, RecordingOrder, RemovedCorrection, StepTimingOrder, SuggestionOrder,
};
use crate::engine::flow::FlowSettings;
use crate::engine::pinned::PinnedRequest;
use crate::evaluation::flow_benchmarks::BenchmarkPair;
use crate::sample::SampleSize;
use crate::training::{LossSwitches, TrainingPlan};
use crate::video::PlayerCommand;

/// Something to be done, in the order of sending; no request blocks its sender.
#[expect(clippy::large_enum_variant, reason = "requests are few, and sent one at a time")]
#[derive(Debug, Clone)]
pub enum Request {
    /// Opens a clip in place of the present one. Answered by `Message::Opened` or `Message::OpenFailed`.
    Open(PathBuf),
    /// Closes the clip.
    Close,
    /// Play, pause, seek …; without a clip nothing happens.
    Player(PlayerCommand),
    /// Uses the networks of a model folder from now on. If they cannot be loaded the present ones stay. Answered by
    /// `Message::ModelLoaded` or `Message::ModelFailed`.
    LoadModel(PathBuf),
    /// Times a training step of each plan, or stops doing so. Answered by `Message::StepsTimed` unless it is stopped.
    TimeSteps(Option<Box<StepTimingOrder>>),
    /// Uses no model that is still being loaded: the present one stays.
    CancelLoading,
    /// Chooses which of the flows is shown.
    Select(FlowSelection),
    /// Chooses what the flow comparison works on.
    FlowComparison(Box<FlowSettings>),
    /// Computes the figures of all sources over the whole clip as the measurement of this number, in place of one under way, or
    /// stops doing so. Answered by `Message::Measured` and `Message::MeasureEnded`.
    MeasureClip(Option<u64>),
    /// Writes flow of the whole clip to files or a video, or stops doing so: what is written stays. Answered by
    /// `Message::ExportProgress`, `Message::Exported` and `Message::ExportEnded`.
    Export(Option<FlowExport>),
    /// Writes a clip as a video with flow, bars and labels drawn in, in place of an export under way. Answered by
    /// `Message::ExportProgress`, `Message::Annotated` and `Message::ExportEnded`; stopped by `Export(None)`, and then
    /// nothing is written.
    ExportAnnotated(Box<OverlayExport>),
    /// Measures a method on a flow benchmark, or stops doing so. Answered by the messages named `Benchmark…`.
    Benchmark(Option<BenchmarkPlan>),
    /// Makes a pair of a benchmark a clip. Answered by `Message::PairReady`.
    ShowPair(Box<BenchmarkPair>),
    /// Scores the clips of a list, after the end of the one before, or stops doing so: what is scored stays. Answered by the
    /// messages named `Evaluation…`.
    Evaluate(Option<Box<EvaluationOrder>>),
    /// Watches a live source in place of the clip or of another source, or stops doing so. Its events arrive as
    /// `Message::Live`; `Engine::live` has the frames and predictions.
    Live(Option<LiveOrder>),
    /// Makes the answers about the live source in another way.
    SetLive(LiveSettings),
    /// Lists the cameras of this machine. Answered by `Message::Cameras`.
    ListCameras,
    /// Records the live source to a file from now on, or completes the recording. Answered by `LiveEvent::Recorded`.
    RecordLive(Option<Box<RecordingOrder>>),
    /// Holds the last seconds of the live source for a correction, or lets go of them.
    HoldLive(bool),
    /// Saves the seconds that are held, else the last ones, as a clip of a class. Answered by `LiveEvent::Corrected`.
    CorrectLive {
        /// The folder with a sub-folder per class.
        folder: PathBuf,
        /// The right class.
        class: String,
    },
    /// Lists the clips in a folder of corrections. Answered by `LiveEvent::Corrections`.
    ListCorrections(PathBuf),
    /// Moves a clip out of a folder of corrections. Answered by `LiveEvent::CorrectionRemoved`.
    RemoveCorrection {
        /// The folder with a sub-folder per class.
        folder: PathBuf,
        /// The clip.
        clip: PathBuf,
    },
    /// Moves a clip back that was removed. Answered by `LiveEvent::Corrections`.
    RestoreCorrection(RemovedCorrection),
    /// Lets the model say what it sees in videos nobody has labelled, or stops doing so: what is said stays. Answered by the messages
    /// named `Suggestions…`.
    Suggest(Option<Box<SuggestionOrder>>),
    /// Writes predictions of videos, in place of those under way, or stops doing so: what is scored is kept and continued by the next
    /// such order. Answered by `Message::PredictionProgress`, `Message::Predicted` and `Message::PredictionsEnded`.
    Predict(Option<Box<PredictionOrder>>),
    /// Scores windows all over a clip, in place of another, or stops doing so: what is scored stays. Opening or closing a clip
    /// and loading a model stop it. Answered by `Message::ClipWindow` and `Message::ClipScoresEnded`.
    ScoreClip(Option<ClipScoresOrder>),
    /// Trains a network; one training at a time.
    Train(TrainingPlan),
    /// Trains networks one after the other, as one training.
    TrainInTurn(Vec<TrainingPlan>),
    /// Holds the training after the present step.
    PauseTraining,
    /// Resumes a paused training.
    ResumeTraining,
    /// Changes what of the training's loss counts, from the next step on.
    SwitchLoss(LossSwitches),
    /// Sets the steps between measurements of MotionNet's gradient shares; 0 for never.
    ShareGradients(usize),
    /// Lets the training go back to its snapshot of this step.
    RollBackTraining(usize),
    /// Ends the training with a checkpoint.
    StopTraining,
    /// Computes predictions for pinned windows, replacing the previous request. The newest results are in [`Engine::pinned`](super::super::Engine::pinned).
    Pin(Box<PinnedRequest>),
    /// Writes so much of the generated sample project into a folder, or ends that.
    WriteSample(Option<(PathBuf, SampleSize)>),
}

/// The selected flow of the stack and scale of the pyramid.
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
