//! What the window knows of flow benchmarks: the runs of this session, one column each in the table.

use crate::engine::Message;
use crate::evaluation::flow_benchmarks::{BenchmarkPair, FlowDataset};
use crate::evaluation::{FlowReport, PairResult};

/// Runs that are kept; more columns cannot be told apart.
const MOST: usize = 6;

/// One method on one benchmark.
pub struct BenchmarkRun {
    /// Which benchmark.
    pub dataset: FlowDataset,
    /// The method in words.
    pub method: String,
    /// All pairs, in the order in which they are measured.
    pub pairs: Vec<BenchmarkPair>,
    /// What is measured so far.
    pub results: Vec<PairResult>,
    /// Everything, once all pairs are measured.
    pub report: Option<FlowReport>,
}

/// The runs of this session.
#[derive(Default)]
pub struct BenchmarkState {
    /// The runs on one benchmark, the oldest first.
    pub runs: Vec<BenchmarkRun>,
    /// The benchmark that is being measured.
    running: Option<FlowDataset>,
}

impl BenchmarkState {
    /// A run on `dataset` was asked for; runs on another one make way.
    pub fn begin(&mut self, dataset: FlowDataset) {
        self.runs.retain(|run| run.dataset == dataset);
        self.running = Some(dataset);
    }

    /// Whether a benchmark is under way.
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// How many of how many pairs of the present run are measured.
    pub fn progress(&self) -> Option<(usize, usize)> {
        let run = self.runs.last().filter(|run| self.is_running() && run.report.is_none())?;
        Some((run.results.len(), run.pairs.len()))
    }

    /// Takes a message in.
    pub fn receive(&mut self, message: &Message) {
        match (message, self.running) {
            (Message::BenchmarkStarted { pairs, method }, Some(dataset)) => {
                // A method that is measured again takes its old place among the columns.
                self.runs.retain(|run| run.method != *method);
                if self.runs.len() >= MOST {
                    self.runs.remove(0);
                }
                let (method, pairs) = (method.clone(), pairs.clone());
                self.runs.push(BenchmarkRun { dataset, method, pairs, results: Vec::new(), report: None });
            }
            (Message::BenchmarkPair(result), Some(_)) => {
                if let Some(run) = self.runs.last_mut() {
                    run.results.push((**result).clone());
                }
            }
            (Message::BenchmarkReport(report), Some(_)) => {
                if let Some(run) = self.runs.last_mut() {
                    run.report = Some((**report).clone());
                }
            }
            (Message::BenchmarkEnded, _) => self.running = None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_has_one_column_and_another_benchmark_begins_anew() {
        let mut state = BenchmarkState::default();
        let started = |method: &str| Message::BenchmarkStarted { pairs: Vec::new(), method: method.into() };
        state.begin(FlowDataset::Middlebury);
        for method in ["TV-L1", "MotionNet", "TV-L1"] {
            state.receive(&started(method));
        }
        let methods = |state: &BenchmarkState| state.runs.iter().map(|run| run.method.clone()).collect::<Vec<_>>();
        assert_eq!(methods(&state), ["MotionNet", "TV-L1"]);
        assert!(state.is_running() && state.progress() == Some((0, 0)));
        state.receive(&Message::BenchmarkEnded);
        assert!(!state.is_running() && state.progress().is_none());
        state.begin(FlowDataset::Kitti2015);
        state.receive(&started("TV-L1"));
        assert_eq!(methods(&state), ["TV-L1"]);
    }
}
