//! Predictions for long videos: probabilities of every class over time, the bouts in them, their agreement with labels,
//! and summaries.

mod agreement;
mod agreement_tables;
mod bout_choices;
mod bout_matches;
mod bouts;
mod compared;
mod frame_scores;
mod labelled;
mod predicted;
mod raster;
mod sequence;
mod store;
mod summary;

pub use agreement::{Agreement, ClassAgreement, Disagreement, FrameAgreement, LikeliestClass, cohen_kappa};
pub use agreement_tables::{confusion_csv, disagreements_csv};
pub use bout_choices::{BoutChoices, ChosenBouts};
pub use bout_matches::BoutAgreement;
pub use bouts::{Bout, BoutSettings, bouts, exclusive_bouts};
pub use compared::{TwiceLabelled, Unlabelled};
pub use frame_scores::FrameScores;
pub use labelled::{LabelledSpan, LabelledVideo, LabelledVideos};
pub use predicted::{
    PREDICTIONS_ENDING, for_each_prediction, is_background_class, predicted_labels, predicted_segments,
    prediction_files,
};
pub use raster::{raster_svg, transitions_svg};
pub use sequence::{
    PredictionSource, SequenceCard, SequenceData, SequenceEvent, SequenceFigures, SequenceModel, SequencePlan,
    SequenceRecording, SequenceSettings, train_sequence,
};
pub use store::{
    FeatureCounts, PredictionFacts, PredictionWriter, read_features, read_prediction_facts, read_predictions,
    write_frame_csv,
};
pub use summary::{ClassSummary, Ethogram, LabelledBout, SummaryScope};
