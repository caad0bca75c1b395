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

/// A request, executed in the order of sending; sending never blocks.
#[expect(clippy::large_enum_variant, reason = "requests are few, and sent one at a time")]
#[derive(Debug, Clone)]
pub enum Request {
    /// Opens a clip, replacing the current one. The reply is `Message::Opened` or `Message::OpenFailed`.
    Open(PathBuf),
    /// Closes the clip.
    Close,
    /// A player command (play, pause, seek …); ignored without a clip.
    Player(PlayerCommand),
    /// Loads the networks of a model folder for use; if that fails, the current ones stay. The reply is
    /// `Message::ModelLoaded` or `Message::ModelFailed`.
    LoadModel(PathBuf),
    /// Measures the duration of a training step for each plan; `None` stops it. The reply is `Message::StepsTimed`
    /// unless it is stopped.
    TimeSteps(Option<Box<StepTimingOrder>>),
    /// Cancels the loading of a model; the current one stays.
    CancelLoading,
    /// Selects the displayed flow.
    Select(FlowSelection),
    /// Sets the settings of the flow comparison.
    FlowComparison(Box<FlowSettings>),
    /// Computes the statistics of all sources over the whole clip as the measurement of this number, replacing the
    /// current one; `None` stops it. The replies are `Message::Measured` and `Message::MeasureEnded`.
    MeasureClip(Option<u64>),
    /// Writes flow of the whole clip to files or a video; `None` stops it and keeps the finished part. The replies are
    /// `Message::ExportProgress`, `Message::Exported` and `Message::ExportEnded`.
    Export(Option<FlowExport>),
    /// Writes a clip as a video with flow, bars and labels drawn in, replacing a running export. The replies are
    /// `Message::ExportProgress`, `Message::Annotated` and `Message::ExportEnded`; `Export(None)` stops it, and then
    /// nothing is written.
    ExportAnnotated(Box<OverlayExport>),
    /// Evaluates a method on a flow benchmark; `None` stops it. The replies are the messages named `Benchmark…`.
    Benchmark(Option<BenchmarkPlan>),
    /// Converts a benchmark pair to a clip. The reply is `Message::PairReady`.
    ShowPair(Box<BenchmarkPair>),
    /// Scores the clips of a list, after the end of the previous evaluation; `None` stops it and keeps the results so
    /// far. The replies are the messages named `Evaluation…`.
    Evaluate(Option<Box<EvaluationOrder>>),
    /// Starts a live source, replacing the clip or another source; `None` stops it. Its events arrive as
    /// `Message::Live`; `Engine::live` returns the frames and predictions.
    Live(Option<LiveOrder>),
    /// Changes the settings of live predictions.
    SetLive(LiveSettings),
    /// Lists the cameras of this machine. The reply is `Message::Cameras`.
    ListCameras,
    /// Records the live source to a file; `None` completes the recording. The reply is `LiveEvent::Recorded`.
    RecordLive(Option<Box<RecordingOrder>>),
    /// Holds the last seconds of the live source for a correction, or releases them.
    HoldLive(bool),
    /// Saves the held seconds, else the last ones, as a clip of a class. The reply is `LiveEvent::Corrected`.
    CorrectLive {
        /// The folder with a sub-folder per class.
        folder: PathBuf,
        /// The correct class.
        class: String,
    },
    /// Lists the clips in a folder of corrections. The reply is `LiveEvent::Corrections`.
    ListCorrections(PathBuf),
    /// Moves a clip out of a folder of corrections. The reply is `LiveEvent::CorrectionRemoved`.
    RemoveCorrection {
        /// The folder with a sub-folder per class.
        folder: PathBuf,
        /// The clip.
        clip: PathBuf,
    },
    /// Moves a removed clip back. The reply is `LiveEvent::Corrections`.
    RestoreCorrection(RemovedCorrection),
    /// Predicts labels for unlabelled videos; `None` stops it and keeps the predictions so far. The replies are the
    /// messages named `Suggestions…`.
    Suggest(Option<Box<SuggestionOrder>>),
    /// Writes predictions of videos, replacing a running job; `None` stops it. The scored part is kept and resumed by
    /// the next such order. The replies are `Message::PredictionProgress`, `Message::Predicted` and
    /// `Message::PredictionsEnded`.
    Predict(Option<Box<PredictionOrder>>),
    /// Scores windows spread over a clip, replacing another order; `None` stops it and keeps the scores so far. Opening
    /// or closing a clip and loading a model stop it. The replies are `Message::ClipWindow` and
    /// `Message::ClipScoresEnded`.
    ScoreClip(Option<ClipScoresOrder>),
    /// Trains a network; one training at a time.
    Train(TrainingPlan),
    /// Trains several networks in sequence, as one training.
    TrainInTurn(Vec<TrainingPlan>),
    /// Pauses the training after the current step.
    PauseTraining,
    /// Resumes a paused training.
    ResumeTraining,
    /// Selects the active terms of the training's loss, from the next step on.
    SwitchLoss(LossSwitches),
    /// Sets the steps between measurements of MotionNet's gradient shares; 0 for never.
    ShareGradients(usize),
    /// Rolls the training back to its snapshot of this step.
    RollBackTraining(usize),
    /// Ends the training with a checkpoint.
    StopTraining,
    /// Computes predictions for pinned windows, replacing the previous request. The newest results are in
    /// [`Engine::pinned`](super::super::Engine::pinned).
    Pin(Box<PinnedRequest>),
    /// Writes a sample project of this size into a folder; `None` stops it.
    WriteSample(Option<(PathBuf, SampleSize)>),
}

/// The selected flow: a pair of the window and a pyramid level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowSelection {
    /// Index among the window's ten pairs; `None` for the pair that begins at the current frame.
    pub pair: Option<usize>,
    /// Pyramid level, 2 (finest, half resolution) to 6.
    pub level: usize,
}

impl Default for FlowSelection {
    fn default() -> Self {
        Self { pair: None, level: 2 }
    }
}
