//! State of the flow benchmarks: the runs of this session, one column each in the table.

use std::path::{Path, PathBuf};

use crate::app::ui::progress::Progress;
use crate::engine::{BenchmarkPlan, FlowSource, Message};
use crate::evaluation::flow_benchmarks::{BenchmarkPair, FlowDataset};
use crate::evaluation::{FlowReport, PairResult};

/// Maximum number of runs kept; more columns are hard to distinguish.
const MOST: usize = 6;

/// One method on one benchmark.
pub struct BenchmarkRun {
    /// The benchmark.
    pub dataset: FlowDataset,
    /// The requested plan.
    plan: BenchmarkPlan,
    /// The method in words.
    pub method: String,
    /// All pairs, in the order in which they are measured.
    pub pairs: Vec<BenchmarkPair>,
    /// The results so far.
    pub results: Vec<PairResult>,
    /// The report, once all pairs are measured or the run is stopped.
    pub report: Option<FlowReport>,
    /// `true` if the run has finished, was stopped or failed.
    pub ended: bool,
    /// `true` if its report was saved.
    is_saved: bool,
}

/// The state of one pair of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PairState<'a> {
    /// Measured.
    Measured(&'a PairResult),
    /// Not measured yet.
    Pending,
    /// The run ended before it.
    NotMeasured,
    /// The measurement failed.
    Failed,
}

impl BenchmarkRun {
    /// Returns the state of `pair`, which may belong to another run.
    pub fn state_of(&self, pair: &BenchmarkPair) -> PairState<'_> {
        if let Some(result) = self.result_of(pair) {
            return PairState::Measured(result);
        }
        let Some(place) = self.pairs.iter().position(|other| other.name == pair.name) else {
            return PairState::NotMeasured;
        };
        // Pairs are measured in order, so one that was skipped has failed.
        let outcomes = self.report.as_ref().map(|report| report.pairs.len() + report.failures.len());
        let passed = self.pairs[place..].iter().any(|later| self.result_of(later).is_some());
        match () {
            () if passed || outcomes == Some(self.pairs.len()) => PairState::Failed,
            () if self.ended => PairState::NotMeasured,
            () => PairState::Pending,
        }
    }

    /// Returns `true` if it has results that are not saved.
    fn is_unsaved(&self) -> bool {
        !self.is_saved && !self.results.is_empty()
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
    /// The benchmark that is being measured, and its progress.
    running: Option<(BenchmarkPlan, Progress)>,
    /// The file that reports are being written to, and their methods.
    saving: Option<(PathBuf, Vec<String>)>,
}

impl BenchmarkState {
    /// Records that the run of `plan` was requested; the runs that it replaces stay until it has started.
    pub fn begin(&mut self, plan: BenchmarkPlan) {
        self.running = Some((plan, Progress::begin(0, "pairs")));
    }

    /// Returns `true` if a benchmark is under way.
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Returns the progress of the present run.
    pub fn progress(&self) -> Option<Progress> {
        self.running.as_ref().map(|(_, progress)| *progress)
    }

    /// Returns the reports that can be saved: those of the runs that are over, the oldest first.
    pub fn reports(&self) -> Vec<FlowReport> {
        self.runs.iter().filter_map(|run| run.report.clone()).collect()
    }

    /// Returns what can be saved, in words.
    pub fn saved_in_words(&self) -> Option<String> {
        in_words(self.runs.iter().filter(|run| run.report.is_some()))
    }

    /// Records that all reports are being saved to the file at `path`.
    pub fn saved_in(&mut self, path: &Path) {
        let methods = self.reports().into_iter().map(|report| report.method).collect();
        self.saving = Some((path.to_owned(), methods));
    }

    /// Records that the file at `path` was written; returns `true` if it holds reports.
    pub fn written(&mut self, path: &Path) -> bool {
        let Some((_, methods)) = self.saving.take_if(|(saving, _)| saving == path) else { return false };
        self.runs.iter_mut().filter(|run| methods.contains(&run.method)).for_each(|run| run.is_saved = true);
        true
    }

    /// Returns the results that are not saved, in words.
    pub fn unsaved(&self) -> Option<String> {
        in_words(self.runs.iter().filter(|run| run.is_unsaved()))
    }

    /// Returns the results that are not saved and that the run of `plan` would replace, in words.
    pub fn unsaved_replaced_by(&self, plan: &BenchmarkPlan) -> Option<String> {
        let is_replaced = |run: &&BenchmarkRun| run.dataset != plan.dataset || is_same_method(&run.plan, plan);
        // If no column is left, the run replaces the oldest one.
        let oldest =
            self.runs.first().filter(|_| self.runs.len() >= MOST && !self.runs.iter().any(|run| is_replaced(&run)));
        let replaced = self.runs.iter().filter(is_replaced).chain(oldest);
        in_words(replaced.filter(|run| run.is_unsaved()))
    }

    /// Returns `true` if there are reports that are not saved yet.
    pub fn can_save(&self) -> bool {
        self.runs.iter().any(|run| run.report.is_some() && !run.is_saved)
    }

    /// Handles a message of the engine.
    pub fn receive(&mut self, message: &Message) {
        match (message, &mut self.running) {
            (Message::BenchmarkStarted { pairs, method }, Some((plan, progress))) => {
                progress.advance(0, pairs.len());
                let (plan, dataset) = (plan.clone(), plan.dataset);
                // A method has one column, even if it is measured again, and the table shows one benchmark.
                self.runs.retain(|run| run.dataset == dataset && run.method != *method);
                if self.runs.len() >= MOST {
                    self.runs.remove(0);
                }
                let (method, pairs) = (method.clone(), pairs.clone());
                let (results, report, is_saved) = (Vec::new(), None, false);
                if let Some((_, saved)) = &mut self.saving {
                    saved.retain(|saved| *saved != method);
                }
                self.runs.push(BenchmarkRun { dataset, plan, method, pairs, results, report, ended: false, is_saved });
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

/// Returns the benchmark and the methods of `runs`; `None` without any.
fn in_words<'a>(runs: impl Iterator<Item = &'a BenchmarkRun>) -> Option<String> {
    let runs: Vec<&BenchmarkRun> = runs.collect();
    let methods: Vec<&str> = runs.iter().map(|run| run.method.as_str()).collect();
    Some(format!("{} benchmark of {}", runs.first()?.dataset.title(), methods.join(", ")))
}

/// Returns `true` if two plans may have the same method, whose column the later one takes: two networks of the same
/// architecture have the same name.
fn is_same_method(one: &BenchmarkPlan, other: &BenchmarkPlan) -> bool {
    let is_network =
        |plan: &BenchmarkPlan| matches!(plan.source, Some(FlowSource::Network | FlowSource::SecondNetwork));
    match is_network(one) && is_network(other) {
        true => one.scales == other.scales && one.refine == other.refine,
        false => one.source == other.source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::MeanResult;

    fn plan(dataset: FlowDataset, source: FlowSource) -> BenchmarkPlan {
        BenchmarkPlan { dataset, root: "/benchmark".into(), source: Some(source), scales: vec![1.0], refine: true }
    }

    fn tvl1(dataset: FlowDataset) -> BenchmarkPlan {
        plan(dataset, FlowSource::Tvl1)
    }

    #[test]
    fn a_method_has_one_column_and_another_benchmark_begins_anew() {
        let mut state = BenchmarkState::default();
        let started = |method: &str| Message::BenchmarkStarted { pairs: Vec::new(), method: method.into() };
        state.begin(tvl1(FlowDataset::Middlebury));
        for method in ["TV-L1", "MotionNet", "TV-L1"] {
            state.receive(&started(method));
        }
        let methods = |state: &BenchmarkState| state.runs.iter().map(|run| run.method.clone()).collect::<Vec<_>>();
        assert_eq!(methods(&state), ["MotionNet", "TV-L1"]);
        assert!(state.is_running() && state.progress().is_some());
        state.receive(&Message::BenchmarkEnded);
        assert!(!state.is_running() && state.progress().is_none());
        state.begin(tvl1(FlowDataset::Kitti2015));
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
        state.begin(tvl1(FlowDataset::Middlebury));
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
        let measure = |state: &mut BenchmarkState, dataset, source: FlowSource, has_report: bool| {
            state.begin(plan(dataset, source));
            state.receive(&Message::BenchmarkStarted { pairs: Vec::new(), method: source.name().into() });
            state.receive(&Message::BenchmarkPair(Box::new(result.clone())));
            if has_report {
                let (pairs, failures, errors) = (vec![result.clone()], Vec::new(), None);
                let mean = MeanResult { pairs: 0, errors, zero_epe: None, ms: 1.0 };
                let report = FlowReport { dataset, method: source.name().into(), pairs, mean, failures };
                state.receive(&Message::BenchmarkReport(Box::new(report)));
            }
            state.receive(&Message::BenchmarkEnded);
        };
        let middlebury = FlowDataset::Middlebury;
        for source in [FlowSource::Dis, FlowSource::Tvl1] {
            assert!(!state.can_save() || source == FlowSource::Tvl1);
            measure(&mut state, middlebury, source, true);
        }
        let unsaved = state.unsaved().unwrap();
        assert!(unsaved.contains("Middlebury") && unsaved.ends_with("benchmark of DIS, TV-L1"), "{unsaved}");
        assert_eq!(state.saved_in_words(), Some(unsaved.clone()), "all that is shown is saved");
        // The same method, or another benchmark, takes the place of results.
        let replaced = |state: &BenchmarkState, dataset, source| state.unsaved_replaced_by(&plan(dataset, source));
        assert!(replaced(&state, middlebury, FlowSource::Tvl1).unwrap().ends_with("benchmark of TV-L1"));
        assert_eq!(replaced(&state, middlebury, FlowSource::Network), None);
        assert_eq!(replaced(&state, FlowDataset::Kitti2015, FlowSource::Network), Some(unsaved));
        state.begin(plan(FlowDataset::Kitti2015, FlowSource::Network));
        state.receive(&Message::BenchmarkEnded);
        assert_eq!(state.runs.len(), 2, "a run that cannot start replaces nothing");
        state.saved_in(Path::new("/b.csv"));
        measure(&mut state, middlebury, FlowSource::Dis, false); // meanwhile
        assert!(!state.written(Path::new("/other.csv")) && state.written(Path::new("/b.csv")));
        assert!(state.unsaved().unwrap().ends_with("benchmark of DIS") && !state.can_save());
        assert_eq!(replaced(&state, middlebury, FlowSource::Tvl1), None);
    }

    #[test]
    fn two_networks_may_share_a_column() {
        let network = |source, refine| BenchmarkPlan { refine, ..plan(FlowDataset::Middlebury, source) };
        let first = network(FlowSource::Network, true);
        assert!(is_same_method(&first, &network(FlowSource::SecondNetwork, true)));
        assert!(!is_same_method(&first, &network(FlowSource::Network, false)));
        let tvl1 = |refine| network(FlowSource::Tvl1, refine);
        assert!(is_same_method(&tvl1(true), &tvl1(false)) && !is_same_method(&first, &tvl1(true)));
    }
}
