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
mod job;
mod laboratory;
pub mod live;
mod message;
mod model_folder;
mod model_info;
mod outbox;
mod pinned;
mod project_videos;
mod recogniser;
mod slot;
mod studio;
mod suggestions;
mod training_run;
mod worker;

pub use analysis::{Analysis, FlowView, Scores, Timing};
pub use annotation::{AnnotatedExport, annotate};
pub use clip_frames::ClipFrames;
pub use evaluation::{EvaluationOrder, EvaluationStart};
pub use handle::Engine;
pub use laboratory::{
    BenchmarkPlan, ClipMeasure, FlowExport, FlowSource, FlowStatistics, FlowStrip, Inspection, LaboratorySettings,
    MAX_STRIDE, ScalarMap, SourceFlow, TemporalInput,
};
pub use live::{
    LiveEvent, LiveOrder, LiveResult, LiveSettings, LiveView, RecordingOrder, RecordingStatus, Smoothing, Watcher,
};
pub use message::{FlowSelection, Message, Request};
pub use model_folder::{default_model, flow_model};
pub use model_info::ModelInfo;
pub use outbox::Wake;
pub use pinned::{Outlook, Pin, PinnedOutlooks, PinnedWish};
pub use project_videos::{LabelExport, examine, export_labels, facts_of, look_into, time_videos, videos_in};
pub use recogniser::{Recogniser, WINDOW_PAIRS, WindowResult};
pub use slot::Slot;
pub use studio::{
    FileState, FileWish, SearchId, SearchResult, Studio, StudioNews, Thumbnail, ThumbnailKey, ThumbnailWish,
};
pub use suggestions::{Prediction, SuggestionOrder, SuggestionStart, WindowPrediction, model_stamp};
pub use training_run::SHARES_EVERY;

pub use crate::nets::WINDOW_FRAMES;
