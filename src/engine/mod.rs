//! The engine behind a window: named threads with one handle, which receives requests and sends messages.
//!
//! The window talks to an [`Engine`]; the command line uses the [`InferencePipeline`] directly, on its own thread.

mod dense;
mod dispatcher;
mod evaluation;
mod flow;
mod flow_colours;
mod handle;
mod inference;
mod labeling;
pub mod live;
mod overlay_video;
mod pinned;
mod protocol;
mod runtime;

pub use dense::{
    DenseEnd, DensePrediction, NamedVideo, PredictorEvent, ScoredFrame, SourceVideo, VideoEnd, VideoPredictor,
    model_predictions, prediction_targets,
};
pub use flow::{
    ClipMeasure, FlowBasis, FlowDiagnostics, FlowSettings, FlowSource, FlowStack, FlowStatistics, MAX_STRIDE,
    ScalarMap, SourceFlow, TemporalInput,
};
pub use flow_colours::FlowColours;
pub use handle::Engine;
pub use inference::analysis::{Analysis, FlowView, Scores, Timing};
pub use inference::clip_frames::ClipFrames;
pub use inference::model_folder::{default_model, dis_model, flow_model, sample_model};
pub use inference::model_info::ModelInfo;
pub use inference::pipeline::{GoOn, InferencePipeline, WINDOW_PAIRS, WindowResult};
pub use inference::target::shown_pair;
pub use labeling::media::{LabelExport, examine, export_labels, facts_of, probe, time_videos, videos_in};
pub use labeling::prediction::{Prediction, WindowPrediction};
pub use labeling::suggestions::model_stamp;
pub use labeling::{
    FileState, Labeling, LabelingEvent, ProbeRequest, SearchId, SearchResult, Thumbnail, ThumbnailKey, ThumbnailRequest,
};
pub use live::{LiveInference, LiveResult, LiveView, RecordingStatus, SceneChange, Smoothing};
pub use overlay_video::annotate;
pub use pinned::{Pin, PinnedPrediction, PinnedRequest, PinnedResults};
pub use protocol::{
    BenchmarkPlan, ClipScoresOrder, ClipWindow, EvaluationOrder, EvaluationSource, EvaluationStart, FlowExport,
    FlowSelection, LiveEvent, LiveOrder, LiveSettings, Message, OverlayExport, PredictionFolder, PredictionOrder,
    PredictionProgress, PredictionReport, ProjectLabels, RecordingOrder, RemovedCorrection, Request, StepTimingOrder,
    SuggestionOrder, SuggestionStart, Topic,
};
pub use runtime::events::Wake;
pub use runtime::latest::Latest;
pub use runtime::training_run::SHARES_EVERY;

pub use crate::nets::WINDOW_FRAMES;
