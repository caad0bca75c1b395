//! Everything that runs while a person watches: named threads behind one handle, requests in, messages out.
//!
//! The window talks to an [`Engine`]; the command line uses the [`Recogniser`] directly, on its own thread.

mod analysis;
mod annotation;
mod clip;
mod clip_frames;
mod coordinator;
mod evaluation;
mod flow_cache;
mod follower;
mod handle;
mod inference;
mod laboratory;
pub mod live;
mod model_folder;
mod model_info;
mod pinned;
mod prediction;
mod project_videos;
mod protocol;
mod recogniser;
mod runtime;
mod studio;
mod suggestions;

pub use analysis::{Analysis, FlowView, Scores, Timing};
pub use annotation::annotate;
pub use clip_frames::ClipFrames;
pub use handle::Engine;
pub use laboratory::{
    ClipMeasure, FlowSource, FlowStatistics, FlowStrip, Inspection, LaboratorySettings, MAX_STRIDE, ScalarMap,
    SourceFlow, TemporalInput,
};
pub use live::{LiveResult, LiveView, RecordingStatus, Smoothing, Watcher};
pub use model_folder::{default_model, flow_model};
pub use model_info::ModelInfo;
pub use pinned::{Outlook, Pin, PinnedOutlooks, PinnedWish};
pub use prediction::{Prediction, WindowPrediction};
pub use project_videos::{LabelExport, examine, export_labels, facts_of, look_into, time_videos, videos_in};
pub use protocol::{
    AnnotatedExport, BenchmarkPlan, EvaluationOrder, EvaluationStart, FlowExport, FlowSelection, LiveEvent, LiveOrder,
    LiveSettings, Message, RecordingOrder, Request, SuggestionOrder, SuggestionStart,
};
pub use recogniser::{Recogniser, WINDOW_PAIRS, WindowResult};
pub use runtime::events::Wake;
pub use runtime::latest::Latest;
pub use runtime::training_run::SHARES_EVERY;
pub use studio::{
    FileState, FileWish, SearchId, SearchResult, Studio, StudioNews, Thumbnail, ThumbnailKey, ThumbnailWish,
};
pub use suggestions::model_stamp;

pub use crate::nets::WINDOW_FRAMES;
