//! Runs a reproduction from its settings to the table: trains, measures and stores every row, then measures the speeds.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::event::ReproductionEvent as Event;
use super::experiment::{ExperimentRow, FlowMethod, FlowTraining, Training, Work};
use super::folder;
use super::row::{rows, selected};
use super::row_result::RowResult;
use super::settings::{PaperTable, ReproductionSettings};
use super::speed::Speeds;
use super::table::{ACCURACY, EPE, FL, MS, PARAMETERS, RATIO, ReproductionTable, SIZE};
use crate::command_line;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::evaluation::flow_benchmarks::FlowDataset;
use crate::evaluation::{
    ActionsReport, EvaluationPlan, MotionNetFlow, ReportSource, Scale, ScoreTable, StreamReport, evaluate_actions,
    evaluate_flow,
};
use crate::flow::FlowEstimator;
use crate::flow::dis::{Dis, DisPreset};
use crate::flow::tvl1::{Tvl1, Tvl1OnGpu, Tvl1Parameters};
use crate::gpu::Compute;
use crate::nets::fusion::Fusion;
use crate::nets::{HiddenTwoStream, Stream, weights};
use crate::panic_guard::caught;
use crate::training::{self, Network, TrainingControl, TrainingPlan};
use crate::video::ffmpeg_version;

/// How a reproduction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Every row has its figures.
    Complete,
    /// Some rows failed; the table states why.
    SomeMissing,
    /// Stopped on request; the same call resumes it.
    Stopped,
}

/// Trains and measures the rows of the settings' table that are missing in folder `dir`, and writes the table there.
/// `fresh` starts over; `only` names the rows to run, all if empty. Blocks until done or stopped by `control`.
///
/// A failed row does not affect the others. The same call resumes after any interruption: rows with a `row.json` are
/// kept, trainings resume from their checkpoints.
///
/// # Errors
/// If the settings are invalid or differ from those in the folder, a list cannot be read, or the folder cannot be
/// written.
pub fn reproduce(
    settings: &ReproductionSettings,
    dir: &Path,
    fresh: bool,
    only: &[String],
    compute: &Compute,
    control: &TrainingControl,
    on_event: &mut dyn FnMut(Event),
) -> Result<(ReproductionTable, Ending)> {
    settings.check()?;
    let sample = dir.join("sample");
    let rows = rows(settings, dir, &settings.lists(&sample).train);
    let selected = selected(&rows, only)?;
    let is_finished = |row: &ExperimentRow| RowResult::read(&dir.join(&row.id)).is_some();
    if fresh || !rows.iter().filter(|row| selected.contains(row.id.as_str())).all(is_finished) {
        settings.check_base()?;
    }
    check_pairs(settings, &rows, &selected)?;
    if fresh {
        folder::clear(dir, &rows)?;
    }
    folder::prepare(dir, settings)?;
    let test = test_clips(settings, dir, on_event)?;
    let mut run = ReproductionRun::new(settings, dir, compute, control, on_event, test);
    let outcomes = run.rows(&rows, &selected);
    let has_all = rows.iter().zip(&outcomes).all(|(row, outcome)| {
        !selected.contains(row.id.as_str()) || matches!(outcome, Some(Ok(result)) if result.failures.is_empty())
    });
    let speeds = run.speeds(&rows, &outcomes)?;
    let table = run.table(rows, outcomes, &speeds);
    table.write(dir)?;
    let ending = match (control.is_stopped(), has_all) {
        (true, _) => Ending::Stopped,
        (false, true) => Ending::Complete,
        (false, false) => Ending::SomeMissing,
    };
    Ok((table, ending))
}

/// Rejects rows that need ground-truth flow if no pairs are given and none are generated: settings cannot be added to a
/// folder after the other rows are trained.
pub(super) fn check_pairs(
    settings: &ReproductionSettings,
    rows: &[ExperimentRow],
    selected: &BTreeSet<&str>,
) -> Result<()> {
    if settings.pairs.is_some() || settings.generated_pairs().is_some() {
        return Ok(());
    }
    let is_taught = |row: &&ExperimentRow| matches!(row.work, Work::TwoStage { .. } | Work::TaughtFlowError { .. });
    let mut taught = rows.iter().filter(|row| selected.contains(row.id.as_str())).filter(is_taught);
    taught.next().map_or(Ok(()), |row| {
        let cause = format!("the row {} learns from pairs with true flow, and none are given", row.id);
        Err(Error::new("true flow", cause, "Pass a folder of them, such as --pairs FlyingChairs, or name other --rows"))
    })
}

/// Returns the test clips; Table 3 needs none. The sample is generated if no lists are given.
pub(super) fn test_clips(
    settings: &ReproductionSettings,
    dir: &Path,
    on_event: &mut dyn FnMut(Event),
) -> Result<Option<Dataset>> {
    if settings.table == PaperTable::Table3 {
        return Ok(None);
    }
    if settings.data.is_none() {
        folder::sample(dir, &mut |done, of| on_event(Event::Drawing { done, of }))?;
    }
    let lists = settings.lists(&dir.join("sample"));
    Dataset::open(&lists.train)?; // fail now, not after hours of other work
    Dataset::open(&lists.test).map(Some)
}

/// A reproduction in progress.
pub(super) struct ReproductionRun<'a> {
    pub(super) settings: &'a ReproductionSettings,
    pub(super) dir: &'a Path,
    pub(super) compute: &'a Compute,
    pub(super) control: &'a TrainingControl,
    pub(super) on_event: &'a mut dyn FnMut(Event),
    pub(super) test: Option<Dataset>,
    /// The models of this call's trainings, or why they failed, by folder.
    trained: HashMap<PathBuf, Result<PathBuf>>,
    /// True if a row was measured in this call.
    pub(super) measured_anew: bool,
}

impl<'a> ReproductionRun<'a> {
    /// Returns the run of `settings` in folder `dir`, measured on the clips of `test`, with no row done.
    pub(super) fn new(
        settings: &'a ReproductionSettings,
        dir: &'a Path,
        compute: &'a Compute,
        control: &'a TrainingControl,
        on_event: &'a mut dyn FnMut(Event),
        test: Option<Dataset>,
    ) -> Self {
        Self { settings, dir, compute, control, on_event, test, trained: HashMap::new(), measured_anew: false }
    }

    /// Returns the result of every row that has one, also after a stop; for the others, of the `selected` rows reached
    /// before a stop.
    pub(super) fn rows(&mut self, rows: &[ExperimentRow], selected: &BTreeSet<&str>) -> Vec<Option<Result<RowResult>>> {
        let mut outcomes = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let dir = self.dir.join(&row.id);
            if let Some(kept) = RowResult::read(&dir) {
                (self.on_event)(Event::Kept(row.name.clone()));
                outcomes.push(Some(Ok(kept)));
                continue;
            }
            if self.control.is_stopped() || !selected.contains(row.id.as_str()) {
                outcomes.push(None);
                continue;
            }
            (self.on_event)(Event::Row { name: row.name.clone(), number: index + 1, of: rows.len() });
            let outcome = caught("row", || self.row(row)).and_then(|result| result.write(&dir).map(|()| result));
            if outcome.as_ref().is_err_and(Error::is_cancelled) {
                outcomes.push(None);
                continue;
            }
            self.tell(row, &outcome);
            outcomes.push(Some(outcome));
        }
        outcomes
    }

    fn tell(&mut self, row: &ExperimentRow, outcome: &Result<RowResult>) {
        self.measured_anew |= outcome.is_ok();
        (self.on_event)(match outcome {
            Ok(result) => {
                let figures = result.figures.iter().map(|(key, value)| format!("{key} {value:.3}"));
                Event::Done(format!("{}: {}", row.name, figures.collect::<Vec<_>>().join(", ")))
            }
            Err(error) => Event::Failed { name: row.name.clone(), error: error.clone() },
        });
    }

    fn row(&mut self, row: &ExperimentRow) -> Result<RowResult> {
        match &row.work {
            Work::Stream(training) => self.stream(row, training),
            Work::TwoStage { flow, stream } => {
                self.taught(flow)?;
                self.stream(row, stream)
            }
            Work::Fusion { spatial, temporal, fusion } => self.fusion(spatial, temporal, *fusion),
            Work::Fisher(settings) => self.fisher(row, settings),
            Work::Descriptors(trainings) => self.descriptors(row, trainings),
            Work::FlowError { dataset, root, method } => {
                let (estimator, device) = self.estimator(*method)?;
                self.flow_error(*dataset, root, estimator, device)
            }
            Work::TaughtFlowError { dataset, root, flow } => {
                let network = MotionNetFlow::load(&self.taught(flow)?, &self.compute.device)?;
                self.flow_error(*dataset, root, Box::new(network), self.compute.name.clone())
            }
        }
    }

    /// Trains a flow network on ground-truth flow, after the networks in its stack, and returns its model folder.
    /// Finished trainings are reused, others resume.
    fn taught(&mut self, flow: &FlowTraining) -> Result<PathBuf> {
        if self.settings.pairs.is_none() {
            let (count, size) = self.settings.generated_pairs().ok_or_else(|| {
                let cause = "the flow network of this row learns from pairs with true flow, and none are given";
                Error::new("true flow", cause, "Pass a folder of them, such as --pairs FlyingChairs")
            })?;
            let root = self.settings.true_pairs(self.dir).root;
            let on_event = &mut *self.on_event;
            folder::pairs(&root, count, size, &mut |done, of| on_event(Event::Drawing { done, of }))?;
        }
        flow.before.iter().try_for_each(|before| self.taught(before).map(drop))?;
        self.train(&Training { plan: flow.plan.clone(), base: None })
    }

    /// Trains a stream and measures it on the test clips.
    fn stream(&mut self, row: &ExperimentRow, training: &Training) -> Result<RowResult> {
        let model_dir = self.train(training)?;
        let model = HiddenTwoStream::load(&model_dir, &self.compute.device)?;
        let plan = EvaluationPlan {
            data: self.settings.lists(&self.dir.join("sample")).test.path().display().to_string(),
            protocol: self.settings.protocol()?,
            fusion: Fusion::default(),
            flow_source: training.plan.flow_source(),
        };
        let test = self.test.as_ref().ok_or_else(no_clips)?;
        let mut warnings = Vec::new();
        let mut progress = |done, of| {
            (self.on_event)(Event::Measuring { done, of });
            if self.control.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let mut outcome =
            evaluate_actions(&model, test, &plan, &mut progress, &mut |error| warnings.push(error.clone()))?;
        outcome.report.source =
            Some(ReportSource::of(&model.card, &model_dir, &self.compute.name, command_line::current()));
        warnings.into_iter().for_each(|error| (self.on_event)(Event::Warning(error)));
        let dir = self.dir.join(&row.id);
        outcome.report.write_folder(&dir.join("report"))?;
        outcome.scores.write(&dir.join("scores"))?;

        let report = outcome.report;
        let stream = if training.plan.network == Network::Spatial { &report.spatial } else { &report.temporal };
        let accuracy = stream.as_ref().map(|stream| (ACCURACY, 100.0 * stream.top1));
        let ratio = report.photometric_ratio.filter(|_| training.base.is_some());
        let ratio = ratio.map(|ratio| (RATIO, f64::from(ratio)));
        Ok(RowResult {
            figures: figures(accuracy.into_iter().chain(ratio).chain(size(parameters(&model, &training.plan)))),
            measured: report.clips,
            failures: report.failures,
            device: None,
        })
    }

    /// Trains the base of `training`, then `training` itself, and returns its model folder. Finished trainings are
    /// reused, others resume.
    pub(super) fn train(&mut self, training: &Training) -> Result<PathBuf> {
        let run_dir = &training.plan.run_dir;
        if let Some(known) = self.trained.get(run_dir) {
            return known.clone();
        }
        let outcome = self.train_now(training);
        if self.control.is_stopped() {
            return Err(Error::cancelled(
                run_dir.to_string_lossy(),
                "stopped, everything saved",
                "Run the same command again to resume",
            ));
        }
        self.trained.insert(run_dir.clone(), outcome.clone());
        outcome
    }

    fn train_now(&mut self, training: &Training) -> Result<PathBuf> {
        let base = training.base.as_ref().map(|base| self.train(base)).transpose()?;
        let plan = TrainingPlan { base: base.or_else(|| training.plan.base.clone()), ..training.plan.clone() };
        let on_event = &mut *self.on_event;
        training::run(&plan, &self.compute.device, self.control, &mut |event| on_event(Event::Training(event)))?;
        Ok(plan.run_dir.join("model"))
    }

    /// Fuses the scores of two rows.
    fn fusion(&mut self, spatial: &str, temporal: &str, fusion: Fusion) -> Result<RowResult> {
        let missing = |row: &str| {
            let cause = format!("the row {row}, whose scores it fuses, has no results");
            Error::new("fusion", cause, "Check why that row failed, then run the command again")
        };
        let read = |row: &str, scores: &str| {
            let dir = self.dir.join(row);
            let result = RowResult::read(&dir).ok_or_else(|| missing(row))?;
            let report = ActionsReport::read(&dir.join("report/report.json"))?;
            let millions = result.figures.get(PARAMETERS).copied();
            Ok((ScoreTable::read(&dir.join("scores").join(scores))?, report, millions))
        };
        let (spatial_scores, spatial_report, spatial_millions) = read(spatial, "spatial.npy")?;
        let (temporal_scores, report, temporal_millions) = read(temporal, "temporal.npy")?;
        let clips = |report: &ActionsReport| {
            report.results.iter().map(|result| (result.path.clone(), result.label)).collect::<Vec<_>>()
        };
        if clips(&spatial_report) != clips(&report) {
            let cause =
                format!("the rows {spatial} and {temporal} scored different clips, because some could not be read");
            return Err(Error::new("fusion", cause, "Repair the test clips and start over with --fresh"));
        }
        let labels: Vec<usize> = report.results.iter().map(|result| result.label).collect();
        let fused = ScoreTable::fused(&spatial_scores, &temporal_scores, fusion);
        let top1 = StreamReport::of(&fused, &labels, Scale::of(fusion.rule)).top1;
        let millions = spatial_millions.zip(temporal_millions).map(|(spatial, temporal)| spatial + temporal);
        Ok(RowResult {
            figures: figures(std::iter::once((ACCURACY, 100.0 * top1)).chain(millions.into_iter().flat_map(size))),
            measured: labels.len(),
            failures: report.failures,
            device: None,
        })
    }

    /// Measures a flow method on a benchmark.
    fn flow_error(
        &mut self,
        dataset: FlowDataset,
        root: &Path,
        mut estimator: Box<dyn FlowEstimator>,
        device: String,
    ) -> Result<RowResult> {
        let pairs = dataset.pairs(root)?;
        let mut done = 0;
        let report = evaluate_flow(dataset, &pairs, estimator.as_mut(), &mut |outcome| {
            done += 1;
            if let Err(error) = outcome {
                (self.on_event)(Event::Warning(error.clone()));
            }
            (self.on_event)(Event::Measuring { done, of: pairs.len() });
            if self.control.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if done < pairs.len() {
            return Err(Error::cancelled(root.to_string_lossy(), "stopped", "Run the same command again to resume"));
        }
        let errors = report.mean.errors.as_ref().map(|errors| errors.all);
        let errors = errors.ok_or_else(|| {
            Error::file(root, "no pair has a ground truth", "Choose the training pairs of the benchmark")
        })?;
        Ok(RowResult {
            figures: figures([(EPE, errors.epe), (FL, 100.0 * errors.fl), (MS, report.mean.ms)]),
            measured: report.mean.pairs,
            failures: report.failures,
            device: Some(device),
        })
    }

    /// Returns the method and its device: that of the networks, also for TV-L1 if it is a supported GPU.
    fn estimator(&self, method: FlowMethod) -> Result<(Box<dyn FlowEstimator>, String)> {
        let device = self.compute.name.clone();
        let motion_net = |scales: &[f32], refines: bool| {
            let model = self.settings.model.as_ref().ok_or_else(|| {
                Error::new("MotionNet", "no model was given", "Pass a model folder with the MotionNet to evaluate")
            })?;
            let network = MotionNetFlow::load(model, &self.compute.device)?.with_scales(scales);
            Ok(Box::new(network.with_refinement(refines)) as Box<dyn FlowEstimator>)
        };
        let parameters = Tvl1Parameters::opencv();
        Ok(match method {
            FlowMethod::Tvl1 => match self.compute.wgpu.as_ref().map(|wgpu| Tvl1OnGpu::new(wgpu, parameters)) {
                Some(Ok(tvl1)) => (Box::new(tvl1), device),
                Some(Err(_)) => (Box::new(Tvl1::new(parameters)?), "CPU".into()),
                None => (Box::new(Tvl1::new(parameters)?), device),
            },
            FlowMethod::Dis => {
                let on_cpu = if self.compute.wgpu.is_some() { "CPU".into() } else { device };
                (Box::new(Dis::new(DisPreset::Medium)), on_cpu)
            }
            FlowMethod::MotionNet => (motion_net(&[1.0], false)?, device),
            FlowMethod::CoarseToFine => (motion_net(&MotionNetFlow::COARSE_TO_FINE, false)?, device),
            FlowMethod::Refined => (motion_net(&MotionNetFlow::COARSE_TO_FINE, true)?, device),
        })
    }

    /// Returns the measured and the published values.
    fn table(
        &self,
        rows: Vec<ExperimentRow>,
        outcomes: Vec<Option<Result<RowResult>>>,
        speeds: &Speeds,
    ) -> ReproductionTable {
        let in_words = |outcome: Result<RowResult>| outcome.map_err(|error| error.to_string());
        let outcomes = outcomes.into_iter().map(|outcome| outcome.map(in_words)).collect();
        ReproductionTable::of(self.settings, rows, outcomes, speeds, self.compute.name.clone(), ffmpeg_version())
    }
}

/// Returns the number of parameters, in millions, of the networks that a row trained by `plan` runs. The motion network
/// counts if the temporal stream reads its flow.
fn parameters(model: &HiddenTwoStream, plan: &TrainingPlan) -> f64 {
    let reads_frames = model.temporal.as_ref().is_some_and(|stream| stream.input().modality.is_of_frames());
    let reads_motion_net = !reads_frames && plan.flow_source().needs_network();
    let count = match plan.network {
        Network::Spatial => model.spatial.as_ref().map_or(0, Stream::parameters),
        _ => {
            let motion = if reads_motion_net { weights::parameters(&model.motion) } else { 0 };
            motion + model.temporal.as_ref().map_or(0, Stream::parameters)
        }
    };
    count as f64 / 1e6
}

/// Returns the figures of networks with this many million parameters: the number, and their size in MB at 4 bytes each.
pub(super) fn size(millions: f64) -> [(&'static str, f64); 2] {
    [(PARAMETERS, millions), (SIZE, 4.0 * millions)]
}

pub(super) fn figures<'a>(figures: impl IntoIterator<Item = (&'a str, f64)>) -> BTreeMap<String, f64> {
    figures.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

pub(super) fn no_clips() -> Error {
    Error::new("reproduction", "there are no test clips", "Pass a test list")
}

#[cfg(test)]
mod tests {
    use super::super::settings::ReproductionScale;
    use super::*;
    use crate::data::DataSource;
    use crate::gpu::{DeviceChoice, choose};

    #[test]
    fn rows_and_speeds_that_are_finished_stay_in_the_table_after_a_stop() {
        let dir = tempfile::tempdir().unwrap();
        let settings = ReproductionSettings::of(PaperTable::Table1, ReproductionScale::Tiny);
        let rows = rows(&settings, dir.path(), &DataSource::Folder("clips".into()));
        let finished = rows[3].id.clone();
        let result = RowResult { figures: figures([(ACCURACY, 50.0)]), measured: 4, ..RowResult::default() };
        result.write(&dir.path().join(&finished)).unwrap();
        let (compute, control) = (choose(DeviceChoice::Cpu).unwrap(), TrainingControl::default());
        let fps = rows.iter().map(|row| (row.id.clone(), 7.5)).collect();
        Speeds::new(compute.name.clone(), fps, BTreeMap::new()).write(dir.path()).unwrap();
        control.stop();
        let mut on_event = |_| {};
        let mut run = ReproductionRun::new(&settings, dir.path(), &compute, &control, &mut on_event, None);
        let outcomes = run.rows(&rows, &selected(&rows, &[]).unwrap());
        let speeds = run.speeds(&rows, &outcomes).unwrap();
        let table = run.table(rows, outcomes, &speeds);
        for row in &table.rows {
            let expected = if row.id == finished { [Some(50.0), Some(7.5)] } else { [None, None] };
            assert_eq!((&row.measured[..2], row.missing.is_none()), (&expected[..], row.id == finished), "{row:?}");
        }
    }
}
