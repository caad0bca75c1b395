//! The panels: each draws one aspect of the session and asks for actions; none of them knows another feature's.

use super::layout::Pane;
use super::panel::Panel;

/// All panels of the dock with what they keep between repaints.
#[derive(Default)]
pub struct Panels {
    /// Frame and flow.
    pub viewer: super::viewer::panel::Viewer,
    /// What the streams say.
    pub scores: super::scores::panel::ScoresPanel,
    /// Where flow comes from.
    pub flow: super::flow::panel::FlowPanel,
    /// Figures of the flow.
    pub statistics: super::flow::statistics::StatisticsPanel,
    /// Methods against ground truth.
    pub benchmark: super::flow::benchmark::BenchmarkPanel,
    /// A model against labelled clips.
    pub evaluation: super::evaluation::panel::EvaluationPanel,
    /// A camera or a stream as it happens.
    pub live: super::live::panel::LivePanel,
    /// Videos and what a person says about them.
    pub project: super::labeling::panel::ProjectPanel,
    /// Predicted bouts of the open video.
    pub predictions: super::predictions::panel::PredictionsPanel,
    /// Making networks.
    pub training: super::training::panel::TrainingPanel,
    /// Trainings that were made.
    pub runs: super::runs::panel::RunsPanel,
    /// Parts of a job over several machines.
    pub cluster: super::cluster::panel::ClusterPanel,
    /// Windows before and now.
    pub pinned: super::pinned::panel::PinnedPanel,
    /// What happened.
    pub log: super::shell::log_panel::LogPanel,
}

impl Panels {
    /// The panel that `pane` stands for.
    pub fn get(&mut self, pane: Pane) -> &mut dyn Panel {
        match pane {
            Pane::Viewer => &mut self.viewer,
            Pane::Scores => &mut self.scores,
            Pane::Flow => &mut self.flow,
            Pane::Statistics => &mut self.statistics,
            Pane::Benchmark => &mut self.benchmark,
            Pane::Evaluation => &mut self.evaluation,
            Pane::Live => &mut self.live,
            Pane::Project => &mut self.project,
            Pane::Predictions => &mut self.predictions,
            Pane::Training => &mut self.training,
            Pane::Runs => &mut self.runs,
            Pane::Cluster => &mut self.cluster,
            Pane::Pinned => &mut self.pinned,
            Pane::Log => &mut self.log,
        }
    }
}
