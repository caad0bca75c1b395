//! The protocol of the [`Engine`](super::Engine): requests and messages, used by the window and the tests.
//!
//! Values of which only the newest matters (the frame, its [`Analysis`](super::Analysis)) are not messages but kept in
//! [slots](super::Latest).

mod event;
mod jobs;
mod live;
mod request;
mod topic;

pub use event::Message;
pub use jobs::{
    BenchmarkPlan, ClipScoresOrder, ClipWindow, EvaluationOrder, EvaluationSource, EvaluationStart, FlowExport,
    OverlayExport, PredictionFolder, PredictionOrder, PredictionProgress, PredictionReport, ProjectLabels,
    StepTimingOrder, SuggestionOrder, SuggestionStart,
};
pub use live::{LiveEvent, LiveOrder, LiveSettings, RecordingOrder, RemovedCorrection};
pub use request::{FlowSelection, Request};
pub use topic::Topic;
