//! State of evaluations: the run under way, the report that grows from it or was opened, and its
//! baseline.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::ui::progress::Progress;
use crate::data::LabelledClip;
use crate::engine::{EvaluationStart, Message};
use crate::error::Error;
use crate::evaluation::{ActionsReport, ClipScores, Comparison, EvaluationPlan, ReportSource, rule_of_views};
use crate::nets::fusion::Fusion;
use crate::plural::counted;

/// The page in the folder of a report.
const PAGE: &str = "report.html";
/// Minimum ratio of the time since the last report to its cost before the next one is made.
const PATIENCE: u32 = 8;

/// Purpose of reading a saved report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportPurpose {
    /// To show it.
    Show,
    /// To compare it with the one that is shown.
    Compare,
}

/// The action that would discard unsaved results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultsLoss {
    /// Quitting the program.
    Quit,
    /// Starting another evaluation.
    Evaluate,
    /// Starting another benchmark run.
    Benchmark,
}

/// The phase of the evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EvaluationPhase {
    /// Idle; nothing has been evaluated since the start.
    #[default]
    Idle,
    /// Reading the list and the model.
    Preparing,
    /// Scoring clips.
    Running,
    /// Stop requested; a view of the present clip is still being scored.
    Stopping,
    /// Over.
    Ended,
}

/// An evaluation of this session.
struct EvaluationRun {
    start: EvaluationStart,
    plan: EvaluationPlan,
    scores: ClipScores,
    began: Instant,
    /// Duration, once it is over.
    took: Option<Duration>,
    /// Number of clips in the report.
    reported: usize,
    /// Number of scored clips in a saved report.
    saved: usize,
    /// Time at which the report was made, and its cost.
    made: (Instant, Duration),
}

impl EvaluationRun {
    /// Returns the provenance of the report, with the fusion in the command: it may have changed since.
    fn source(&self) -> ReportSource {
        let Fusion { rule, temporal_weight, unsure_below: _ } = self.plan.fusion;
        let rule = format!("{rule:?}").to_lowercase();
        let with_fusion = |command: &String| format!("{command} --fusion {rule} --weight {temporal_weight}");
        let command = self.start.source.command.as_ref().map(with_fusion);
        ReportSource { command, ..self.start.source.clone() }
    }
}

/// The report that the shown one is compared with.
pub struct Baseline {
    /// The file it was read from.
    pub path: PathBuf,
    /// The report.
    pub report: ActionsReport,
    /// Differences of the shown report from it, or the reason if they cannot be compared.
    pub comparison: Result<Comparison, Error>,
}

/// The window's state of the evaluation.
#[derive(Default)]
pub struct EvaluationState {
    /// The present phase.
    pub phase: EvaluationPhase,
    /// Errors that prevented or ended it.
    pub errors: Vec<Error>,
    /// The requested plan, until it begins.
    plan: Option<EvaluationPlan>,
    work: Option<Progress>,
    run: Option<EvaluationRun>,
    /// The report that is shown.
    report: Option<Arc<ActionsReport>>,
    /// The file it was read from, if it is not of this session.
    file: Option<PathBuf>,
    /// The report it is compared with.
    pub baseline: Option<Baseline>,
    /// Counts begun evaluations and changes of the shown report.
    shown: usize,
    /// The folder that the report which is shown is being saved to, and that report.
    saving: Option<(PathBuf, Arc<ActionsReport>)>,
    /// Number of clips of this session's evaluation in that report.
    saving_clips: usize,
    /// The folder that a report of this session was saved to last, and that report.
    saved: Option<(PathBuf, Arc<ActionsReport>)>,
}

impl EvaluationState {
    /// Records that an evaluation was requested.
    pub fn begin(&mut self, plan: EvaluationPlan) {
        self.phase = EvaluationPhase::Preparing;
        self.errors.clear();
        self.work = Some(Progress::begin(0, "clips"));
        self.plan = Some(plan);
    }

    /// Returns `true` if an evaluation is under way.
    pub fn is_running(&self) -> bool {
        use EvaluationPhase as P;
        matches!(self.phase, P::Preparing | P::Running | P::Stopping)
    }

    /// Returns the report that is shown.
    pub fn report(&self) -> Option<&Arc<ActionsReport>> {
        self.report.as_ref()
    }

    /// Returns a number that changes with each evaluation and each report that is shown instead.
    pub fn shown(&self) -> usize {
        self.shown
    }

    /// Returns the file that the shown report was read from.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Records that the shown report is being saved to the folder `dir`.
    pub fn saved_in(&mut self, dir: &Path) {
        self.saving = self.report.clone().map(|report| (dir.to_owned(), report));
        let own = self.report.as_ref().filter(|_| self.file.is_none());
        self.saving_clips = own.map_or(0, |report| report.clips);
    }

    /// Records that the folder `dir` was written; returns `true` if it holds a report.
    pub fn written(&mut self, dir: &Path) -> bool {
        let Some(saved) = self.saving.take_if(|(saving, _)| saving == dir) else { return false };
        if let Some(run) = &mut self.run {
            run.saved = run.saved.max(self.saving_clips);
        }
        self.saved = Some(saved);
        true
    }

    /// Returns a text on what is lost with the results of this session's evaluation, unless a report of all its clips
    /// was saved.
    pub fn unsaved(&self) -> Option<String> {
        let run = self.run.as_ref()?;
        let clips = run.scores.clips().len();
        let data = Path::new(&run.plan.data).file_name().map(|name| name.to_string_lossy());
        let data = data.unwrap_or_else(|| run.plan.data.as_str().into());
        (clips > run.saved).then(|| format!("{} of {data}, scored by {}", counted(clips, "clip"), run.start.model))
    }

    /// Returns the page of the report that is shown, if it was saved as it is.
    pub fn saved_page(&self) -> Option<PathBuf> {
        if let Some(file) = &self.file {
            return Some(file.with_file_name(PAGE));
        }
        let (dir, report) = self.saved.as_ref()?;
        self.report.as_ref().is_some_and(|shown| Arc::ptr_eq(shown, report)).then(|| dir.join(PAGE))
    }

    /// Returns `true` if the fusion can be changed: a saved report has no scores.
    pub fn can_fuse(&self) -> bool {
        self.file.is_none() && self.run.as_ref().is_some_and(|run| run.scores.tables().iter().all(Option::is_some))
    }

    /// Returns the errors of rows of the list that were left out.
    pub fn left_out(&self) -> &[Error] {
        self.run.as_ref().filter(|_| self.file.is_none()).map_or(&[], |run| &run.start.left_out)
    }

    /// Returns `true` if an evaluation of this session has begun.
    pub fn has_run(&self) -> bool {
        self.run.is_some()
    }

    /// Returns the progress of the latest evaluation, also after its end.
    pub fn work(&self) -> Option<Progress> {
        self.work
    }

    /// Returns the clips per second, and the elapsed seconds.
    pub fn pace(&self) -> Option<(f64, f64)> {
        let run = self.run.as_ref()?;
        let secs = run.took.unwrap_or_else(|| run.began.elapsed()).as_secs_f64();
        let unit = self.work.and_then(|work| work.unit_secs()).filter(|unit| *unit > 0.0);
        Some((unit.map_or(run.scores.seen() as f64 / secs.max(1e-3), |unit| 1.0 / unit), secs))
    }

    /// Returns the clip of result `index` of the shown report; `clips` is the folder of the clips of a saved report.
    pub fn clip(&self, index: usize, clips: Option<&Path>) -> Option<LabelledClip> {
        if let (None, Some(run)) = (&self.file, &self.run) {
            return run.scores.clips().get(index).cloned();
        }
        let report = self.report.as_ref()?;
        let (result, file) = (report.results.get(index)?, *report.files().get(index)?);
        let path = clips?.join(file);
        Some(LabelledClip {
            path,
            label: result.label,
            segment_secs: result.segment_secs,
            group: None,
            also: Vec::new(),
        })
    }

    /// Handles a message of the engine.
    pub fn receive(&mut self, message: &Message) {
        match message {
            Message::EvaluationStarted(start) => self.started(start),
            Message::EvaluationFailed(errors) => self.errors.clone_from(errors),
            Message::EvaluationEnded => self.ended(),
            _ => {}
        }
    }

    /// Takes the clips scored since the last call.
    pub fn refresh(&mut self) {
        let Some(run) = &mut self.run else { return };
        for outcome in run.start.outcomes.try_iter() {
            match outcome {
                Ok(clip) => run.scores.push(clip),
                Err(error) => run.scores.fail(&error.to_string()),
            }
            self.work.iter_mut().for_each(Progress::count);
        }
        let (made, cost) = run.made;
        if run.reported != run.scores.seen() && made.elapsed() >= PATIENCE * cost {
            self.make_report();
        }
    }

    /// Changes the fusion of the streams at once; if softmax scores were averaged, the released rule is replaced by
    /// that of softmax.
    pub fn fuse(&mut self, fusion: Fusion) {
        if !self.can_fuse() {
            return;
        }
        let (Some(run), Some(report)) = (&mut self.run, &mut self.report) else { return };
        let fusion = fusion_of(&run.start, fusion);
        run.plan.fusion = fusion;
        let report = Arc::make_mut(report);
        run.scores.fuse(report, fusion);
        report.source = Some(run.source());
        self.compare();
    }

    /// Shows a saved report.
    pub fn open(&mut self, path: PathBuf, report: ActionsReport) {
        self.errors.clear();
        self.shown += 1;
        self.report = Some(Arc::new(report));
        self.file = Some(path);
        self.compare();
    }

    /// Shows this session's evaluation again.
    pub fn close_file(&mut self) {
        self.shown += 1;
        self.file = None;
        self.report = None;
        self.make_report();
    }

    /// Sets the report to compare with.
    pub fn set_against(&mut self, path: PathBuf, report: ActionsReport) {
        let comparison =
            Err(Error::new("comparison", "there is no evaluation to compare it with", "Evaluate a model first"));
        self.baseline = Some(Baseline { path, report, comparison });
        self.compare();
    }

    fn started(&mut self, start: &EvaluationStart) {
        // A person who stops it during preparation keeps the results of the last one.
        if self.phase == EvaluationPhase::Stopping {
            return;
        }
        let Some(mut plan) = self.plan.take() else { return };
        plan.fusion = fusion_of(start, plan.fusion);
        if self.phase == EvaluationPhase::Preparing {
            self.phase = EvaluationPhase::Running;
        }
        self.work.iter_mut().for_each(|work| work.advance(0, start.clips));
        (self.file, self.report, self.saving) = (None, None, None);
        self.shown += 1;
        let (now, scores) =
            (Instant::now(), ClipScores::new(start.classes.len()).with_thresholds(start.thresholds.clone()));
        let (start, made) = (start.clone(), (now, Duration::ZERO));
        self.run = Some(EvaluationRun { start, plan, scores, began: now, took: None, reported: 0, saved: 0, made });
    }

    fn ended(&mut self) {
        self.phase = EvaluationPhase::Ended;
        self.plan = None;
        let Some(run) = self.run.as_mut().filter(|run| run.took.is_none()) else { return };
        run.took = Some(run.began.elapsed());
        run.made.1 = Duration::ZERO; // the last report waits for nothing
        self.refresh();
        self.work.iter_mut().for_each(Progress::end);
        self.make_report();
    }

    /// Makes the report of all scored clips, unless a saved one is shown.
    fn make_report(&mut self) {
        let Some(run) = self.run.as_mut().filter(|_| self.file.is_none()) else { return };
        let seen = run.scores.seen();
        if seen == 0 {
            return;
        }
        let began = Instant::now();
        let mut report = run.scores.report(&run.start.model, &run.start.classes, &run.plan);
        report.source = Some(run.source());
        if run.took.is_none() || seen < run.start.clips {
            report.remarks.clear(); // Classes that were not reached are not without clips.
        }
        report.remarks.extend(run.start.remarks.iter().cloned());
        report.stopped_of = (run.took.is_some() && seen < run.start.clips).then_some(run.start.clips);
        self.report = Some(Arc::new(report));
        run.reported = seen;
        self.compare();
        if let Some(run) = &mut self.run {
            run.made = (Instant::now(), began.elapsed());
        }
    }

    fn compare(&mut self) {
        if let (Some(report), Some(baseline)) = (&self.report, &mut self.baseline) {
            let shown = self.file.clone().unwrap_or_else(|| "this evaluation".into());
            let paths = [baseline.path.as_path(), shown.as_path()];
            baseline.comparison = Comparison::between([&baseline.report, report], paths);
        }
    }
}

/// Returns the fusion of the scores of an evaluation for the requested `fusion`.
fn fusion_of(start: &EvaluationStart, fusion: Fusion) -> Fusion {
    Fusion { rule: rule_of_views(start.by_softmax, fusion.rule), ..fusion }
}

#[cfg(test)]
mod tests {
    use crossbeam_channel::{Sender, unbounded};

    use super::*;
    use crate::error::Result;
    use crate::evaluation::{Protocol, ScoredClip};
    use crate::nets::fusion::FusionRule;
    use crate::training::FlowSource;
    use crate::training::validation::PhotometricError;

    type Outcomes = Sender<Result<ScoredClip>>;

    fn started(clips: usize) -> (EvaluationState, Outcomes) {
        started_with(clips, false)
    }

    fn started_with(clips: usize, by_softmax: bool) -> (EvaluationState, Outcomes) {
        let mut state = EvaluationState::default();
        let plan = EvaluationPlan {
            data: "list".into(),
            protocol: Protocol::PAPER,
            fusion: Fusion::default(),
            flow_source: FlowSource::MotionNet,
        };
        state.begin(plan);
        let (sender, outcomes) = unbounded();
        let classes = vec!["a".into(), "b".into()];
        let start = EvaluationStart {
            model: "m".into(),
            source: ReportSource { command: Some("evaluate".into()), ..Default::default() },
            classes,
            clips,
            left_out: Vec::new(),
            remarks: vec!["1 clip not evaluated".into()],
            by_softmax,
            thresholds: Vec::new(),
            outcomes,
        };
        state.receive(&Message::EvaluationStarted(Box::new(start)));
        (state, sender)
    }

    /// Returns a clip of class 0 that the spatial stream gets right and the temporal one wrong.
    fn scored(name: &str) -> Result<ScoredClip> {
        let clip = LabelledClip { path: name.into(), label: 0, segment_secs: None, group: None, also: Vec::new() };
        let (spatial, temporal) = (Some(vec![1.0, 0.0]), Some(vec![0.0, 1.0]));
        Ok(ScoredClip { clip, spatial, temporal, photometric: PhotometricError::default() })
    }

    #[test]
    fn results_grow_and_a_stopped_run_says_so() {
        let (mut state, outcomes) = started(3);
        assert!(state.is_running() && state.report().is_none());
        outcomes.send(scored("/c/a/1.avi")).unwrap();
        state.refresh();
        assert_eq!(state.work().map(|work| work.counts()), Some((1, 3)));
        assert_eq!(
            state.report().unwrap().remarks,
            ["1 clip not evaluated"],
            "nothing of classes that were not reached yet"
        );
        outcomes.send(Err(Error::new("2.avi", "torn", "Copy it"))).unwrap();
        state.receive(&Message::EvaluationEnded);
        let report = state.report().unwrap();
        assert_eq!((report.clips, report.stopped_of, report.failures.len()), (1, Some(3), 1));
        assert_eq!(report.remarks, ["1 clip not evaluated"], "nor of those that were never reached");
        assert_eq!(state.clip(0, None).unwrap().path, Path::new("/c/a/1.avi"));
        assert!(!state.is_running());
    }

    #[test]
    fn another_weight_scores_at_once_and_a_saved_report_cannot() {
        let (mut state, outcomes) = started(1);
        outcomes.send(scored("/c/a/1.avi")).unwrap();
        state.receive(&Message::EvaluationEnded);
        let top1 = |state: &EvaluationState| state.report().unwrap().fused.as_ref().unwrap().top1;
        let report = state.report().unwrap();
        assert_eq!((top1(&state), report.stopped_of), (0.0, None));
        assert_eq!(report.remarks, ["1 of the model's 2 classes without clips: 'b'.", "1 clip not evaluated"]);
        state.fuse(Fusion { temporal_weight: 0.5, ..Fusion::default() });
        assert_eq!(top1(&state), 1.0);
        let command = state.report().unwrap().source.as_ref().unwrap().command.clone();
        assert_eq!(command.unwrap(), "evaluate --fusion released --weight 0.5");

        let saved = ActionsReport::clone(state.report().unwrap());
        state.open("report.json".into(), saved.clone());
        state.fuse(Fusion { temporal_weight: 9.0, ..Fusion::default() });
        assert_eq!((top1(&state), state.can_fuse()), (1.0, false));
        assert_eq!(state.clip(0, Some(Path::new("/d"))).unwrap().path, Path::new("/d/a/1.avi"));

        assert_eq!(state.saved_page().unwrap(), Path::new("report.html"), "beside report.json");

        state.set_against("other.json".into(), saved);
        let comparison = state.baseline.as_ref().unwrap().comparison.clone().unwrap();
        assert_eq!((comparison.common, comparison.streams.len()), (1, 3));
        state.close_file();
        assert!(state.can_fuse());

        assert_eq!(state.saved_page(), None);
        assert_eq!(state.unsaved().as_deref(), Some("1 clip of list, scored by m"));
        state.saved_in(Path::new("/out"));
        assert_eq!((state.saved_page(), state.unsaved().is_some()), (None, true), "saving may fail");
        state.written(Path::new("/out"));
        assert_eq!(state.saved_page().unwrap(), Path::new("/out/report.html"));
        state.fuse(Fusion { temporal_weight: 2.0, ..Fusion::default() });
        assert_eq!(state.saved_page(), None, "the saved page is of another weight");
        assert_eq!(state.unsaved(), None, "the scores are in it");
    }

    #[test]
    fn means_of_softmax_are_not_fused_by_the_released_rule() {
        let (mut state, outcomes) = started_with(1, true);
        let clip = ScoredClip {
            spatial: Some(vec![-0.1, -2.4]),
            temporal: Some(vec![-0.2, -1.7]),
            ..scored("/c/a/1.avi").unwrap()
        };
        outcomes.send(Ok(clip)).unwrap();
        state.receive(&Message::EvaluationEnded);
        let rule = |state: &EvaluationState| state.report().unwrap().fusion.rule;
        assert_eq!(rule(&state), FusionRule::Softmax, "the default would leave nothing");
        state.fuse(Fusion { rule: FusionRule::Logits, ..Fusion::default() });
        assert_eq!(rule(&state), FusionRule::Logits);
        state.fuse(Fusion::default());
        assert_eq!(rule(&state), FusionRule::Softmax);
        let command = state.report().unwrap().source.as_ref().unwrap().command.clone();
        assert!(command.unwrap().contains("--fusion softmax"));
    }

    #[test]
    fn what_cannot_begin_leaves_the_last_report() {
        let (mut state, outcomes) = started(1);
        outcomes.send(scored("/c/a/1.avi")).unwrap();
        state.receive(&Message::EvaluationEnded);
        state.begin(EvaluationPlan {
            data: "x".into(),
            protocol: Protocol::PAPER,
            fusion: Fusion::default(),
            flow_source: FlowSource::MotionNet,
        });
        state.receive(&Message::EvaluationFailed(vec![Error::new("x", "line 3", "Correct it")]));
        state.receive(&Message::EvaluationEnded);
        assert_eq!((state.errors.len(), state.report().unwrap().data.as_str()), (1, "list"));
    }
}
