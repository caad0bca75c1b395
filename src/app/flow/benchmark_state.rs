//! What the window knows of flow benchmarks: the runs of this session, one column each in the table.

use std::path::{Path, PathBuf};

use crate::app::ui::progress::Progress;
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
    /// Everything, once all pairs are measured or the run is stopped.
    pub report: Option<FlowReport>,
    /// Whether it is over, be it finished, stopped or failed.
    pub ended: bool,
    /// Whether its report was saved.
    is_saved: bool,
}

/// What is known of one pair of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PairState<'a> {
    /// It is measured.
    Measured(&'a PairResult),
    /// Its turn comes.
    Pending,
    /// Its turn never came.
    NotMeasured,
    /// It could not be measured.
    Failed,
}

impl BenchmarkRun {
    /// What is known of `pair`, which may be another run's.
    pub fn state_of(&self, pair: &BenchmarkPair) -> PairState<'_> {
        if let Some(result) = self.result_of(pair) {
            return PairState::Measured(result);
        }
        let Some(place) = self.pairs.iter().position(|other| other.name == pair.name) else {
            return PairState::NotMeasured;
        };
        // Pairs are measured in their order, so one that was passed over failed.
        let outcomes = self.report.as_ref().map(|report| report.pairs.len() + report.failures.len());
        let passed = self.pairs[place..].iter().any(|later| self.result_of(later).is_some());
        match () {
            () if passed || outcomes == Some(self.pairs.len()) => PairState::Failed,
            () if self.ended => PairState::NotMeasured,
            () => PairState::Pending,
        }
    }

    fn result_of(&self, pair: &BenchmarkPair) -> Option<&PairResult> {
        self.results.iter().find(|result| result.name == pair.name)
    }
}

/// The runs of this session.
#[derive(Default)]
pub struct BenchmarkState {
    /// The runs on one benchmark, the oldest first.
    pub runs: Vec<BenchmarkRun>,
    /// The benchmark that is being measured, and how far that is.
    running: Option<(FlowDataset, Progress)>,
    /// The file that a report is being written to, and its method.
    saving: Option<(PathBuf, String)>,
}

impl BenchmarkState {
    /// A run on `dataset` was asked for; runs on another one make way.
    pub fn begin(&mut self, dataset: FlowDataset) {
        self.runs.retain(|run| run.dataset == dataset);
        self.running = Some((dataset, Progress::begin(0, "pairs")));
    }

    /// Whether a benchmark is under way.
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// How far the present run is.
    pub fn progress(&self) -> Option<Progress> {
        self.running.map(|(_, progress)| progress)
    }

    /// The latest report is being saved to the file at `path`.
    pub fn saved_in(&mut self, path: &Path) {
        self.saving = self.runs.last().map(|run| (path.to_owned(), run.method.clone()));
    }

    /// The file at `path` is written; returns whether that was a report.
    pub fn written(&mut self, path: &Path) -> bool {
        let Some((_, method)) = self.saving.take_if(|(saving, _)| saving == path) else { return false };
        self.runs.iter_mut().filter(|run| run.method == method).for_each(|run| run.is_saved = true);
        true
    }

    /// Returns the results that are not saved, in words.
    pub fn unsaved(&self) -> Option<String> {
        let unsaved = || self.runs.iter().filter(|run| !run.is_saved && !run.results.is_empty());
        let dataset = unsaved().next()?.dataset.title();
        let methods: Vec<&str> = unsaved().map(|run| run.method.as_str()).collect();
        Some(format!("{dataset} benchmark of {}", methods.join(", ")))
    }

    /// Returns whether the report that is saved next is not saved yet.
    pub fn can_save(&self) -> bool {
        self.runs.last().is_some_and(|run| run.report.is_some() && !run.is_saved)
    }

    /// Takes a message in.
    pub fn receive(&mut self, message: &Message) {
        match (message, &mut self.running) {
            (Message::BenchmarkStarted { pairs, method }, Some((dataset, progress))) => {
                progress.advance(0, pairs.len());
                let dataset = *dataset;
                // A method that is measured again takes its old place among the columns.
                self.runs.retain(|run| run.method != *method);
                if self.runs.len() >= MOST {
                    self.runs.remove(0);
                }
                let (method, pairs) = (method.clone(), pairs.clone());
                let (results, report, is_saved) = (Vec::new(), None, false);
                self.saving = None;
                self.runs.push(BenchmarkRun { dataset, method, pairs, results, report, ended: false, is_saved });
            }
            (Message::BenchmarkPair(result), Some((_, progress))) => {
                progress.count();
                if let Some(run) = self.runs.last_mut() {
                    run.results.push((**result).clone());
                }
            }
            (Message::BenchmarkReport(report), Some(_)) => {
                if let Some(run) = self.runs.last_mut() {
                    run.report = Some((**report).clone());
                }
            }
            (Message::BenchmarkEnded, _) => {
                self.running = None;
                self.runs.iter_mut().for_each(|run| run.ended = true);
            }
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
        assert!(state.is_running() && state.progress().is_some());
        state.receive(&Message::BenchmarkEnded);
        assert!(!state.is_running() && state.progress().is_none());
        state.begin(FlowDataset::Kitti2015);
        state.receive(&started("TV-L1"));
        assert_eq!(methods(&state), ["TV-L1"]);
    }

    #[test]
    fn a_pair_is_measured_failed_to_come_or_left_out() {
        let pair = |name: &str| BenchmarkPair {
            name: name.into(),
            first: "0.png".into(),
            second: "1.png".into(),
            truth: None,
            occlusion: None,
            invalid: None,
        };
        let result = PairResult { name: "b".into(), width: 1, height: 1, errors: None, zero_epe: None, ms: 1.0 };
        let mut state = BenchmarkState::default();
        state.begin(FlowDataset::Middlebury);
        let pairs = ["a", "b", "c"].map(pair).to_vec();
        state.receive(&Message::BenchmarkStarted { pairs: pairs.clone(), method: "TV-L1".into() });
        state.receive(&Message::BenchmarkPair(Box::new(result.clone())));
        assert_eq!(state.progress().map(|progress| progress.counts()), Some((1, 3)));
        let states = |state: &BenchmarkState| -> Vec<String> {
            pairs.iter().map(|pair| format!("{:?}", state.runs[0].state_of(pair))).collect()
        };
        let measured = format!("{:?}", PairState::Measured(&result));
        assert_eq!(states(&state), ["Failed", measured.as_str(), "Pending"]);
        state.receive(&Message::BenchmarkEnded);
        assert_eq!(states(&state), ["Failed", measured.as_str(), "NotMeasured"]);
    }

    #[test]
    fn results_are_unsaved_until_their_table_is_written() {
        let result = PairResult { name: "b".into(), width: 1, height: 1, errors: None, zero_epe: None, ms: 1.0 };
        let mut state = BenchmarkState::default();
        for method in ["DIS", "TV-L1"] {
            state.begin(FlowDataset::Middlebury);
            state.receive(&Message::BenchmarkStarted { pairs: Vec::new(), method: method.into() });
            assert!(!state.can_save());
            state.receive(&Message::BenchmarkPair(Box::new(result.clone())));
            state.receive(&Message::BenchmarkEnded);
        }
        let unsaved = state.unsaved().unwrap();
        assert!(unsaved.contains("Middlebury") && unsaved.ends_with("benchmark of DIS, TV-L1"), "{unsaved}");
        state.saved_in(Path::new("/b.csv"));
        assert!(!state.written(Path::new("/other.csv")) && state.written(Path::new("/b.csv")));
        assert!(state.unsaved().unwrap().ends_with("benchmark of DIS"));
    }
}
