//! Evaluation of models on held-out clips, and of flow methods on benchmarks.
//!
//! For actions, a [`Protocol`] and its [`Crops`] define the views of a clip, a [`ClipScorer`] computes their mean
//! logits, a [`ScoreTable`] contains the logits of all clips, and a [`StreamReport`] compares a table with the labels.
//! [`evaluate_actions`] collects [`ClipScores`] into an [`ActionsReport`], and a [`Comparison`] compares two of them.
//! In untrimmed video, a sliding window yields [`segments`], which are compared with annotated ones.

mod actions;
mod actions_part;
mod actions_report;
mod calibration;
mod class_match;
mod clip_descriptor;
mod clip_pictures;
mod clip_scorer;
mod clip_scores;
mod comparison;
mod confusion;
mod crops;
mod descriptor_svm;
mod fisher;
mod flow;
mod flow_remark;
mod groups;
mod held_out_report;
mod html;
mod interval;
mod label_list;
mod motion_net_flow;
mod multi_label;
mod plan;
mod protocol;
mod report_folder;
mod report_source;
mod score_table;
mod segment_files;
pub mod segments;
mod stream_report;
mod view_average;
mod weight_sweep;
mod window_scores;

pub use crate::data::flow_benchmarks;
pub use actions::{ActionsOutcome, check_classes, evaluate_actions, score_clips};
pub use actions_part::{ActionsPart, ActionsSettings, clips_of_shard, inputs_of_clips, score_clips_at};
pub use actions_report::{ActionsReport, ClipResult, FoldResult};
pub use calibration::{Calibration, ReliabilityBin};
pub use class_match::{MatchedClips, match_class_names, match_classes};
pub use clip_descriptor::{clip_descriptor, mean_of_length_one};
pub use clip_pictures::ClipPictures;
pub use clip_scorer::ClipScorer;
pub use clip_scores::{ClipScores, ScoredClip};
pub use comparison::{ClipChange, Comparison, StreamChange};
pub use confusion::{ClassFigures, ConfusedPair, Confusion};
pub use crops::{Crops, View};
pub use descriptor_svm::{DescriptorNetworks, SvmPlan, TrainedSvm, evaluate_svm, train_svm};
pub use fisher::evaluate_fisher;
pub use flow::{FlowReport, MeanResult, PairResult, evaluate_flow, measure_pair};
pub use flow_remark::flow_remark;
pub use groups::{
    Fold, FoldCount, GroupsEvaluation, GroupsEvent, GroupsOutcome, GroupsPlan, GroupsSettings, Learning, ScoredFold,
    evaluate_groups, folds,
};
pub use held_out_report::{HeldOutReport, HeldOutStream};
pub use interval::{interval_in_percent, interval_of_share, wilson_interval};
pub use label_list::{LabelList, LabelOrigin};
pub use motion_net_flow::MotionNetFlow;
pub use multi_label::MultiLabelFigures;
pub use plan::EvaluationPlan;
pub use protocol::{Protocol, Spread};
pub use report_source::ReportSource;
pub use score_table::ScoreTable;
pub use segment_files::{SegmentTruth, read_detections, write_detections};
pub use stream_report::{Guess, Scale, StreamReport};
pub use view_average::{ViewAverage, average_remark, fusion_of_views, rule_of_views};
pub use weight_sweep::{SweepPoint, weight_sweep};
pub use window_scores::{detect, find_scores};
